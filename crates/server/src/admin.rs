//! The listeners of the API, admin and portal: the API of `control` behind the HTTP/1.1 codec of
//! `net`, each on a thread of its own so that no worker ever waits for it.

mod places;
mod refusal;
mod try_it;

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use architrave_config::{Admin, Portal, Snapshot};
use architrave_control::{
    Api, BODY_BYTES_MAX, Dependencies, OverTls, Platform, Stream as AnswerStream, Surface, Try,
    UsageDesk,
};
use architrave_core::shutdown::ShutdownSignal;
use architrave_core::{Clock, task};
use architrave_net::fields::Fields;
use architrave_net::h1::HeadLimits;
use architrave_net::socket::{check_free_beside, listen_tcp, overlap};
use architrave_net::tls::ServerTls;
use architrave_net::whole::{WholeLimits, WholeResponse, serve_whole};
use architrave_net::{RequestHead, Stream};
use architrave_proxy::forwarded::claimed;
use architrave_telemetry::Metrics;
use architrave_telemetry::metrics::gateway::Seated;
use bytes::Bytes;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::engine::{Engine, EnginePort};
use crate::sockets::Inherited;
use places::{Place, Places};
use refusal::Refusals;

/// Connections at once: the admin API is for people and scrapers, not for traffic.
const CONNECTIONS_MAX: usize = 128;

/// How long answers under way may take when the listener closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A handshake is three round trips of at most a second, with room for loss.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

const LIMITS: WholeLimits = WholeLimits {
    head: HeadLimits { head_bytes_max: 16 * 1024, headers_max: 64, uri_bytes_max: 4 * 1024 },
    body_bytes_max: BODY_BYTES_MAX,
    message: Duration::from_secs(30),
    idle: Duration::from_secs(60),
    ends_with_client: false,
};

/// Both listeners of the API.
pub(crate) struct ApiServers {
    admin: AdminServer,
    portal: AdminServer,
}

/// What [`ApiServers::apply`] will do.
#[derive(Debug)]
pub(crate) struct PreparedApis {
    admin: PreparedAdmin,
    portal: PreparedAdmin,
}

impl ApiServers {
    /// No listener yet; [`ApiServers::apply`] opens them. To be called on the control runtime.
    #[must_use]
    pub(crate) fn new(
        engine: &Arc<Engine>,
        platform: Option<&Platform>,
        clock: &Clock,
        shutdown: &ShutdownSignal,
    ) -> Self {
        let server = |surface| AdminServer {
            engine: Arc::clone(engine),
            surface,
            clock: clock.clone(),
            platform: platform.cloned(),
            control: Handle::current(),
            shutdown: shutdown.clone(),
            current: None,
        };
        Self { admin: server(Surface::Admin), portal: server(Surface::Portal) }
    }

    /// The API for what the gateway does by itself: nobody reaches it.
    pub(crate) fn of_ourselves(&self) -> Api {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        self.admin.api(&Admin::at(nowhere), nowhere)
    }

    /// Where the admin listener is.
    #[must_use]
    pub(crate) fn admin(&self) -> Option<SocketAddr> {
        self.admin.address()
    }

    /// Where the portal listener is.
    #[must_use]
    pub(crate) fn portal(&self) -> Option<SocketAddr> {
        self.portal.address()
    }

    /// Their sockets with their labels, for a new process.
    pub(crate) fn labelled(&self) -> impl Iterator<Item = (String, BorrowedFd<'_>)> {
        [&self.admin, &self.portal].into_iter().filter_map(AdminServer::labelled)
    }

    /// Binds what a configuration needs and is not there yet, or takes it from an old process.
    ///
    /// # Errors
    /// When an address is taken or not ours, or a certificate cannot be read.
    pub(crate) fn prepare(
        &self,
        snapshot: &Snapshot,
        inherited: &mut Inherited,
    ) -> anyhow::Result<PreparedApis> {
        let portal = snapshot.portal.as_ref().map(Portal::as_listener);
        Ok(PreparedApis {
            admin: self.admin.prepare(snapshot.admin.clone(), inherited)?,
            portal: self.portal.prepare(portal, inherited)?,
        })
    }

    /// Opens, moves or closes them, or gives them other settings where they are.
    ///
    /// # Errors
    /// When the system has no thread or file left; the old listener stays then.
    pub(crate) fn apply(&mut self, prepared: PreparedApis) -> anyhow::Result<()> {
        self.admin.apply(prepared.admin)?;
        self.portal.apply(prepared.portal)
    }

    /// Closes them; a new process has taken over their sockets.
    pub(crate) fn close(&mut self) {
        self.admin.current = None;
        self.portal.current = None;
    }

    /// Reads their certificates again where the files have changed. On an error the old ones stay.
    pub(crate) fn reload_changed_certificates(&self) {
        self.admin.reload_changed_certificates();
        self.portal.reload_changed_certificates();
    }
}

/// One listener of the API, wherever it is now.
struct AdminServer {
    engine: Arc<Engine>,
    surface: Surface,
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
    front: Arc<ArcSwap<Front>>,
    _open: watch::Sender<()>,
}

/// What becomes of one; nothing can go wrong with it any more but the system.
#[derive(Debug)]
enum PreparedAdmin {
    /// No listener.
    Close,
    /// The same socket, perhaps with another token.
    Stay(Admin, Option<Arc<ServerTls>>),
    /// A new socket, which is already bound.
    Open(Admin, Option<Arc<ServerTls>>, std::net::TcpListener),
}

/// What a connection meets.
struct Front {
    api: Api,
    tls: Option<Arc<ServerTls>>,
    trusted_proxies: Vec<IpNet>,
}

impl AdminServer {
    /// Where it listens.
    fn address(&self) -> Option<SocketAddr> {
        self.current.as_ref().map(|running| running.address)
    }

    /// Its socket with its label, for a new process.
    fn labelled(&self) -> Option<(String, BorrowedFd<'_>)> {
        let running = self.current.as_ref()?;
        Some((self.label(running.admin.address), running.copy.as_fd()))
    }

    /// Binds what `wanted` needs and is not there yet, or takes it from an old process.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    fn prepare(
        &self,
        wanted: Option<Admin>,
        inherited: &mut Inherited,
    ) -> anyhow::Result<PreparedAdmin> {
        let Some(admin) = wanted else { return Ok(PreparedAdmin::Close) };
        let tls = self.tls(&admin)?;
        if self.current.as_ref().is_some_and(|running| running.admin.address == admin.address) {
            return Ok(PreparedAdmin::Stay(admin, tls));
        }
        let socket = match inherited.take(&self.label(admin.address)) {
            Some(fd) => std::net::TcpListener::from(fd),
            None => self
                .bind(admin.address)
                .with_context(|| format!("{}: cannot listen on {}", self.word(), admin.address))?,
        };
        Ok(PreparedAdmin::Open(admin, tls, socket))
    }

    /// Binds beside the socket that there is: it may move from one address of a port to all of them.
    fn bind(&self, address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
        if address.port() != 0 {
            let current = self.current.as_ref().filter(|it| overlap(it.address, address));
            let ours: Vec<_> = current.iter().map(|running| running.copy.as_fd()).collect();
            check_free_beside(address, true, &ours)?;
        }
        listen_tcp(address, true)
    }

    /// The TLS that is wanted: the one that there is, where its settings are the same.
    fn tls(&self, admin: &Admin) -> anyhow::Result<Option<Arc<ServerTls>>> {
        let Some(settings) = &admin.tls else { return Ok(None) };
        let current = self.current.as_ref().and_then(|running| running.front.load().tls.clone());
        if let Some(current) = current.filter(|current| current.settings() == settings) {
            return Ok(Some(current));
        }
        let loaded = ServerTls::load_http1(settings).context(self.word())?;
        Ok(Some(Arc::new(loaded)))
    }

    /// Reads its certificates again where their files have changed. On an error the old ones stay.
    fn reload_changed_certificates(&self) {
        let tls = self.current.as_ref().and_then(|running| running.front.load().tls.clone());
        match tls.map(|tls| tls.reload_if_changed()) {
            Some(Ok(true)) => tracing::info!(listener = self.word(), "certificates read again"),
            Some(Err(error)) => {
                tracing::error!(listener = self.word(), %error, "the old certificates stay");
            }
            Some(Ok(false)) | None => {}
        }
    }

    /// Opens, moves or closes the listener, or gives it another token where it is.
    ///
    /// # Errors
    /// When the system has no thread or file left; the old listener stays then.
    fn apply(&mut self, prepared: PreparedAdmin) -> anyhow::Result<()> {
        match prepared {
            PreparedAdmin::Close => self.current = None,
            PreparedAdmin::Open(admin, tls, socket) => {
                self.current = Some(self.open(admin, tls, socket)?);
            }
            PreparedAdmin::Stay(admin, tls) => {
                let Some(mut running) = self.current.take() else { return Ok(()) };
                if running.admin != admin {
                    let front = self.front(&admin, tls, running.address);
                    running.front.store(Arc::new(front));
                    running.admin = admin;
                }
                self.current = Some(running);
            }
        }
        Ok(())
    }

    const fn word(&self) -> &'static str {
        match self.surface {
            Surface::Admin => "admin",
            Surface::Portal => "portal",
        }
    }

    /// What tells its socket from others when it is handed over.
    fn label(&self, address: SocketAddr) -> String {
        format!("{} {address}", self.word())
    }

    fn front(&self, admin: &Admin, tls: Option<Arc<ServerTls>>, address: SocketAddr) -> Front {
        let api = self.api(admin, address);
        Front { api, tls, trusted_proxies: admin.trusted_proxies.clone() }
    }

    fn api(&self, admin: &Admin, address: SocketAddr) -> Api {
        Api::new(Dependencies {
            surface: self.surface,
            admin: Admin { address, ..admin.clone() },
            registry: Arc::clone(self.engine.registry()),
            metrics: Arc::clone(&self.engine.gateway().metrics),
            config: Arc::new(EnginePort(Arc::clone(&self.engine))),
            models: Arc::new(EnginePort(Arc::clone(&self.engine))),
            provider_tests: Arc::new(EnginePort(Arc::clone(&self.engine))),
            desired: Arc::new(EnginePort(Arc::clone(&self.engine))),
            identity: Arc::new(EnginePort(Arc::clone(&self.engine))),
            directory: Arc::new(EnginePort(Arc::clone(&self.engine))),
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

    fn open(
        &self,
        admin: Admin,
        tls: Option<Arc<ServerTls>>,
        socket: std::net::TcpListener,
    ) -> anyhow::Result<Running> {
        let address = socket.local_addr()?;
        let copy = socket.try_clone()?;
        let front = Arc::new(ArcSwap::from_pointee(self.front(&admin, tls, address)));
        let (open, closed) = watch::channel(());
        let desk = Desk {
            engine: Arc::clone(&self.engine),
            front: Arc::clone(&front),
            control: self.control.clone(),
            metrics: Arc::clone(&self.engine.gateway().metrics),
            surface: self.surface,
        };
        let clock = self.clock.clone();
        let shutdown = self.shutdown.clone();
        std::thread::Builder::new().name(self.word().into()).spawn(move || {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    return tracing::error!(%error, "a listener of the API could not start");
                }
            };
            runtime.block_on(async move {
                match TcpListener::from_std(socket) {
                    Ok(socket) => serve(socket, desk, Refusals::new(clock), closed, shutdown).await,
                    Err(error) => tracing::error!(%error, "a listener of the API could not start"),
                }
            });
        })?;
        Ok(Running { admin, address, copy, front, _open: open })
    }
}

/// Where requests are answered: by the API in force, on the control runtime.
#[derive(Clone)]
struct Desk {
    engine: Arc<Engine>,
    front: Arc<ArcSwap<Front>>,
    control: Handle,
    metrics: Arc<Metrics>,
    surface: Surface,
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
        if let Some(place) = places.take() {
            desk.seated(if place.is_anothers { Seated::Displacing } else { Seated::Free });
            task::spawn_local(desk.clone().attend(stream, peer.ip(), place));
        } else {
            desk.seated(Seated::Refused);
            if let Some(count) = refusals.note() {
                tracing::warn!(count, "connections to the API refused: every place is taken");
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
    /// Counts a connection to the admin listener.
    fn seated(&self, seated: Seated) {
        if self.surface == Surface::Admin {
            self.metrics.gateway().admin_connected(seated);
        }
    }

    /// Serves one connection until it ends, or until another needs its place.
    async fn attend(self, stream: TcpStream, peer: IpAddr, place: Place) {
        let tls = self.front.load().tls.clone();
        let from = Whence { peer, is_over_tls: tls.is_some() };
        let answer = |head, body| async {
            place.answering(true);
            let answer = self.answer(from, head, body).await;
            place.answering(false);
            answer
        };
        let serving = async {
            let stream = match tls {
                None => Stream::from(stream),
                Some(tls) => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Stream::from(stream),
                    // Whoever speaks no TLS here finds that out; scanners do so all day.
                    Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS on admin"),
                    Err(_late) => return,
                },
            };
            serve_whole(stream, &LIMITS, answer).await;
        };
        tokio::select! {
            () = serving => {}
            () = place.lost() => {}
        }
    }

    /// Hands a request to the API, on the control runtime, and its answer back.
    async fn answer(&self, from: Whence, head: RequestHead, body: Vec<u8>) -> WholeResponse {
        let Some(mut request) = request_of(&head, body) else {
            return WholeResponse { status: 400, ..WholeResponse::default() };
        };
        let front = self.front.load_full();
        let claimed = claimed(&front.trusted_proxies, from.peer, &head.fields);
        let peer = claimed.map_or(from.peer, |claimed| claimed.client);
        let is_secure = claimed.and_then(|claimed| claimed.is_secure);
        if is_secure.unwrap_or(from.is_over_tls) {
            request.extensions_mut().insert(OverTls);
        }
        let call =
            self.control.spawn(async move { front.api.call(request, peer.to_canonical()).await });
        let Ok(response) = call.await else {
            return WholeResponse { status: 500, ..WholeResponse::default() };
        };
        let (mut parts, body) = response.into_parts();
        if let Some(call) = parts.extensions.remove::<Try>() {
            return try_it::relay(&self.engine, call).await;
        }
        let rest = parts.extensions.remove::<AnswerStream>().and_then(|stream| stream.take());
        let mut fields = Fields::new();
        for (name, value) in &parts.headers {
            fields.append(name.as_str(), value.as_bytes());
        }
        WholeResponse { status: parts.status.as_u16(), fields, body: body.to_vec(), rest }
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
struct Whence {
    peer: IpAddr,
    is_over_tls: bool,
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
