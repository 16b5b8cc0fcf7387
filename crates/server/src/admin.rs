//! The admin listener: the admin API of `control` behind the HTTP/1.1 codec of `net`, on a thread
//! of its own so that no worker ever waits for it.

mod places;
mod refusal;

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use architrave_config::Admin;
use architrave_control::{
    Api, BODY_BYTES_MAX, Dependencies, Platform, Stream as AnswerStream, UsageDesk,
};
use architrave_core::shutdown::ShutdownSignal;
use architrave_core::{Clock, task};
use architrave_net::fields::Fields;
use architrave_net::h1::HeadLimits;
use architrave_net::socket::listen_tcp;
use architrave_net::whole::{WholeLimits, WholeResponse, serve_whole};
use architrave_net::{RequestHead, Stream};
use architrave_telemetry::Metrics;
use architrave_telemetry::metrics::gateway::Seated;
use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::watch;

use crate::engine::{Engine, EnginePort};
use crate::sockets::Inherited;
use places::{Place, Places};
use refusal::Refusals;

/// Connections at once: the admin API is for people and scrapers, not for traffic.
const CONNECTIONS_MAX: usize = 128;

/// How long answers under way may take when the listener closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

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
    /// What is remembered of people beside the database; `None` without one.
    platform: Option<Platform>,
    control: Handle,
    shutdown: ShutdownSignal,
    current: Option<Running>,
}

/// An admin listener at one place; dropped, it closes.
struct Running {
    admin: Admin,
    address: SocketAddr,
    /// For a new process.
    copy: std::net::TcpListener,
    api: Arc<ArcSwap<Api>>,
    _open: watch::Sender<()>,
}

/// What [`AdminServer::apply`] will do; nothing can go wrong with it any more but the system.
#[derive(Debug)]
pub(crate) enum PreparedAdmin {
    /// No listener.
    Close,
    /// The same socket, perhaps with another token.
    Stay(Admin),
    /// A new socket, which is already bound.
    Open(Admin, std::net::TcpListener),
}

impl AdminServer {
    /// No listener yet; [`AdminServer::apply`] opens one. To be called on the control runtime.
    #[must_use]
    pub(crate) fn new(engine: Arc<Engine>, clock: Clock, shutdown: ShutdownSignal) -> Self {
        let platform = engine.store().map(|store| Platform::new(store.clone(), clock.clone()));
        Self { engine, clock, platform, control: Handle::current(), shutdown, current: None }
    }

    /// Where it listens.
    #[must_use]
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.current.as_ref().map(|running| running.address)
    }

    /// Its socket with its label, for a new process.
    #[must_use]
    pub(crate) fn labelled(&self) -> Option<(String, BorrowedFd<'_>)> {
        let running = self.current.as_ref()?;
        Some((label(running.admin.address), running.copy.as_fd()))
    }

    /// Binds what `wanted` needs and is not there yet, or takes it from an old process.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub(crate) fn prepare(
        &self,
        wanted: Option<Admin>,
        inherited: &mut Inherited,
    ) -> anyhow::Result<PreparedAdmin> {
        let Some(admin) = wanted else { return Ok(PreparedAdmin::Close) };
        if self.current.as_ref().is_some_and(|running| running.admin.address == admin.address) {
            return Ok(PreparedAdmin::Stay(admin));
        }
        let socket = match inherited.take(&label(admin.address)) {
            Some(fd) => std::net::TcpListener::from(fd),
            None => listen_tcp(admin.address, false)
                .with_context(|| format!("admin: cannot listen on {}", admin.address))?,
        };
        Ok(PreparedAdmin::Open(admin, socket))
    }

    /// Opens, moves or closes the listener, or gives it another token where it is.
    ///
    /// # Errors
    /// When the system has no thread or file left; the old listener stays then.
    pub(crate) fn apply(&mut self, prepared: PreparedAdmin) -> anyhow::Result<()> {
        match prepared {
            PreparedAdmin::Close => self.current = None,
            PreparedAdmin::Open(admin, socket) => self.current = Some(self.open(admin, socket)?),
            PreparedAdmin::Stay(admin) => {
                let Some(mut running) = self.current.take() else { return Ok(()) };
                if running.admin != admin {
                    running.api.store(Arc::new(self.api(&admin, running.address)));
                    running.admin = admin;
                }
                self.current = Some(running);
            }
        }
        Ok(())
    }

    /// Closes the listener; a new process has taken over its socket.
    pub(crate) fn close(&mut self) {
        self.current = None;
    }

    fn api(&self, admin: &Admin, address: SocketAddr) -> Api {
        Api::new(Dependencies {
            admin: Admin { address, ..admin.clone() },
            registry: Arc::clone(self.engine.registry()),
            metrics: Arc::clone(&self.engine.gateway().metrics),
            config: Arc::new(EnginePort(Arc::clone(&self.engine))),
            models: Arc::new(EnginePort(Arc::clone(&self.engine))),
            desired: Arc::new(EnginePort(Arc::clone(&self.engine))),
            platform: self.platform.clone(),
            usage: self.usage_desk(),
            clock: self.clock.clone(),
        })
    }

    fn usage_desk(&self) -> Option<UsageDesk> {
        let (store, keeper) = self.engine.usage()?;
        let port = Arc::new(EnginePort(Arc::clone(&self.engine)));
        Some(UsageDesk { store: store.clone(), port, tail: keeper.tail().clone() })
    }

    fn open(&self, admin: Admin, socket: std::net::TcpListener) -> anyhow::Result<Running> {
        let address = socket.local_addr()?;
        let copy = socket.try_clone()?;
        let api = Arc::new(ArcSwap::from_pointee(self.api(&admin, address)));
        let (open, closed) = watch::channel(());
        let desk = Desk {
            api: Arc::clone(&api),
            control: self.control.clone(),
            metrics: Arc::clone(&self.engine.gateway().metrics),
        };
        let clock = self.clock.clone();
        let shutdown = self.shutdown.clone();
        std::thread::Builder::new().name("admin".into()).spawn(move || {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return tracing::error!(%error, "the admin listener could not start"),
            };
            runtime.block_on(async move {
                match TcpListener::from_std(socket) {
                    Ok(socket) => serve(socket, desk, Refusals::new(clock), closed, shutdown).await,
                    Err(error) => tracing::error!(%error, "the admin listener could not start"),
                }
            });
        })?;
        Ok(Running { admin, address, copy, api, _open: open })
    }
}

/// What tells the admin socket from others when it is handed over.
fn label(address: SocketAddr) -> String {
    format!("admin {address}")
}

/// Where requests are answered: by the API in force, on the control runtime.
#[derive(Clone)]
struct Desk {
    api: Arc<ArcSwap<Api>>,
    control: Handle,
    metrics: Arc<Metrics>,
}

async fn serve(
    socket: TcpListener,
    desk: Desk,
    refusals: Refusals,
    mut closed: watch::Receiver<()>,
    mut shutdown: ShutdownSignal,
) {
    let places = Places::new(CONNECTIONS_MAX);
    let refusals = Rc::new(refusals);
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            // The sender is dropped when the listener is to close.
            _closed = closed.changed() => break,
            // While draining it goes on: `/readyz` must be able to say so.
            () = shutdown.ended() => return,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let admin = desk.metrics.gateway();
        if let Some(place) = places.take() {
            admin.admin_connected(if place.is_anothers {
                Seated::Displacing
            } else {
                Seated::Free
            });
            task::spawn_local(desk.clone().attend(stream, peer.ip(), place));
        } else {
            admin.admin_connected(Seated::Refused);
            if let Some(count) = refusals.note() {
                tracing::warn!(count, "admin connections refused: every place is taken");
            }
            let refusals = Rc::clone(&refusals);
            task::spawn_local(async move { refusals.refuse(stream).await });
        }
    }
    drop(socket);
    // The request that made us close has its answer still to come.
    let _late = tokio::time::timeout(CLOSE_TIMEOUT, places.free()).await;
}

impl Desk {
    /// Serves one connection until it ends, or until another needs its place.
    async fn attend(self, stream: TcpStream, peer: IpAddr, place: Place) {
        let answer = |head, body| async {
            place.answering(true);
            let answer = self.answer(peer, head, body).await;
            place.answering(false);
            answer
        };
        tokio::select! {
            () = serve_whole(Stream::from(stream), &LIMITS, answer) => {}
            () = place.lost() => {}
        }
    }

    /// Hands a request to the API, on the control runtime, and its answer back.
    async fn answer(&self, peer: IpAddr, head: RequestHead, body: Vec<u8>) -> WholeResponse {
        let Some(request) = request_of(&head, body) else {
            return WholeResponse { status: 400, ..WholeResponse::default() };
        };
        let api = self.api.load_full();
        let call = self.control.spawn(async move { api.call(request, peer.to_canonical()).await });
        let Ok(response) = call.await else {
            return WholeResponse { status: 500, ..WholeResponse::default() };
        };
        let (mut parts, body) = response.into_parts();
        let rest = parts.extensions.remove::<AnswerStream>().and_then(|stream| stream.take());
        let mut fields = Fields::new();
        for (name, value) in &parts.headers {
            fields.append(name.as_str(), value.as_bytes());
        }
        WholeResponse { status: parts.status.as_u16(), fields, body: body.to_vec(), rest }
    }
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
