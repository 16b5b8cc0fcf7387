//! The admin listener: the admin API of `control` behind the HTTP/1.1 codec of `net`, on a thread
//! of its own so that no worker ever waits for it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_config::Admin;
use architrave_control::{Api, BODY_BYTES_MAX, Dependencies};
use architrave_core::shutdown::ShutdownSignal;
use architrave_core::{Clock, task};
use architrave_net::fields::Fields;
use architrave_net::h1::HeadLimits;
use architrave_net::socket::listen_tcp;
use architrave_net::whole::{WholeLimits, WholeResponse, serve_whole};
use architrave_net::{RequestHead, Stream};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::{Semaphore, watch};

use crate::engine::{Engine, EnginePort};

/// Connections at once: the admin API is for people and scrapers, not for traffic.
const CONNECTIONS_MAX: usize = 128;

const LIMITS: WholeLimits = WholeLimits {
    head: HeadLimits { head_bytes_max: 16 * 1024, headers_max: 64, uri_bytes_max: 4 * 1024 },
    body_bytes_max: BODY_BYTES_MAX,
    message: Duration::from_secs(30),
    idle: Duration::from_secs(60),
};

/// The admin listener, wherever it is now.
pub(crate) struct AdminServer {
    engine: Arc<Engine>,
    clock: Clock,
    control: Handle,
    shutdown: ShutdownSignal,
    current: Option<Running>,
}

/// An admin listener at one place; dropped, it closes.
struct Running {
    admin: Admin,
    address: SocketAddr,
    _open: watch::Sender<()>,
}

impl AdminServer {
    /// No listener yet; [`AdminServer::apply`] opens one. To be called on the control runtime.
    #[must_use]
    pub(crate) fn new(engine: Arc<Engine>, clock: Clock, shutdown: ShutdownSignal) -> Self {
        Self { engine, clock, control: Handle::current(), shutdown, current: None }
    }

    /// Where it listens.
    #[must_use]
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.current.as_ref().map(|running| running.address)
    }

    /// Opens, moves or closes the listener as the configuration wants it.
    ///
    /// # Errors
    /// When the address is taken; the old listener stays then.
    pub(crate) fn apply(&mut self, wanted: Option<Admin>) -> anyhow::Result<()> {
        let Some(admin) = wanted else {
            self.current = None;
            return Ok(());
        };
        if self.current.as_ref().is_some_and(|running| running.admin == admin) {
            return Ok(());
        }
        let is_same_address =
            self.current.as_ref().is_some_and(|running| running.admin.address == admin.address);
        if is_same_address {
            // Another token at the same place: the old listener must go first.
            self.current = None;
        }
        self.current = Some(self.open(admin)?);
        Ok(())
    }

    fn open(&self, admin: Admin) -> anyhow::Result<Running> {
        let socket = listen_tcp(admin.address, false)
            .with_context(|| format!("admin: cannot listen on {}", admin.address))?;
        let address = socket.local_addr()?;
        let api = Api::new(Dependencies {
            admin: Admin { address, ..admin.clone() },
            registry: Arc::clone(self.engine.registry()),
            metrics: Arc::clone(&self.engine.gateway().metrics),
            config: Arc::new(EnginePort(Arc::clone(&self.engine))),
            clock: self.clock.clone(),
        });
        let (open, closed) = watch::channel(());
        let (control, shutdown) = (self.control.clone(), self.shutdown.clone());
        std::thread::Builder::new().name("admin".into()).spawn(move || {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return tracing::error!(%error, "the admin listener could not start"),
            };
            runtime.block_on(async move {
                match TcpListener::from_std(socket) {
                    Ok(socket) => serve(socket, api, control, closed, shutdown).await,
                    Err(error) => tracing::error!(%error, "the admin listener could not start"),
                }
            });
        })?;
        Ok(Running { admin, address, _open: open })
    }
}

async fn serve(
    socket: TcpListener,
    api: Api,
    control: Handle,
    mut closed: watch::Receiver<()>,
    mut shutdown: ShutdownSignal,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            // The sender is dropped when the listener is to close.
            _closed = closed.changed() => return,
            // While draining it goes on: `/readyz` must be able to say so.
            () = shutdown.ended() => return,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (api, control) = (api.clone(), control.clone());
        task::spawn_local(async move {
            let answer = |head, body| answer(api.clone(), control.clone(), peer.ip(), head, body);
            serve_whole(Stream::from(stream), &LIMITS, answer).await;
            drop(place);
        });
    }
}

/// Hands a request to the API, on the control runtime, and its answer back.
async fn answer(
    api: Api,
    control: Handle,
    peer: IpAddr,
    head: RequestHead,
    body: Vec<u8>,
) -> WholeResponse {
    let Some(request) = request_of(&head, body) else {
        return WholeResponse { status: 400, ..WholeResponse::default() };
    };
    let call = control.spawn(async move { api.call(request, peer.to_canonical()).await });
    let Ok(response) = call.await else {
        return WholeResponse { status: 500, ..WholeResponse::default() };
    };
    let (parts, body) = response.into_parts();
    let mut fields = Fields::new();
    for (name, value) in &parts.headers {
        fields.append(name.as_str(), value.as_bytes());
    }
    WholeResponse { status: parts.status.as_u16(), fields, body: body.to_vec() }
}

fn request_of(head: &RequestHead, body: Vec<u8>) -> Option<http::Request<Bytes>> {
    let mut request = http::Request::builder()
        .method(head.method.as_str())
        .uri(head.target.as_str())
        .header(http::header::HOST, head.authority.as_str());
    for field in head.fields.iter().filter(|field| !field.known.is_hop_by_hop()) {
        request = request.header(field.name, field.value);
    }
    request.body(Bytes::from(body)).ok()
}
