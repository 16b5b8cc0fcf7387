//! Tests only: one worker on the test's own thread, with real sockets and the clock of the system.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use arc_swap::ArcSwap;
use architrave_balance::EndpointStatus;
use architrave_config::{AccessLogTarget, NoSources};
use architrave_core::shutdown::Shutdown;
use architrave_core::{Clock, task};
use architrave_telemetry::{AccessLog, LineForm, Metrics};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

use crate::accept::serve_socket;
use crate::assembly::{Assembly, LiveUpstream, Parts};
use crate::gateway::Gateway;
use crate::keyring::Keyring;
use crate::persistence::CookieSeal;
use crate::worker::{Socket, Worker};

/// One worker that serves the first listener of a file.
pub(crate) struct Stage {
    pub(crate) worker: Rc<Worker>,
    pub(crate) address: SocketAddr,
    /// Tells the socket to close.
    pub(crate) closing: watch::Sender<bool>,
    _shutdown: Shutdown,
    _retired: RefCell<Receiver<Arc<Assembly>>>,
}

impl Stage {
    /// Serves on `ip` by what the file says, whatever address it names.
    pub(crate) fn start(ip: Ipv4Addr, file: &str, log: &AccessLogTarget) -> Self {
        let snapshot = architrave_config::load(file, "test", &NoSources).unwrap();
        let protocol = &snapshot.listeners[0].protocol;
        let is_udp = matches!(protocol, architrave_config::ListenerProtocol::Udp(_));
        let (clock, metrics) = (Clock::system(), Metrics::new(1));
        let parts = Parts::new(Arc::clone(&metrics));
        let assembly = Assembly::build(Arc::new(snapshot), None, &parts, clock.now()).unwrap();
        let (retired, receiver) = std::sync::mpsc::sync_channel(8);
        let shutdown = Shutdown::default();
        let worker = Worker::new(
            0,
            Arc::new(Gateway {
                assembly: ArcSwap::from_pointee(assembly),
                clock,
                metrics,
                access_log: AccessLog::open(log, LineForm::Json).unwrap(),
                usage: None,
                shutdown: shutdown.signal(),
                cookie_seal: CookieSeal::new(&Keyring::new(vec![[7; 32]])),
                mcp_seals: crate::mcp::McpSeals::new(&Keyring::new(vec![[7; 32]])),
                kept: std::sync::Arc::default(),
                talk_keys: crate::TalkKeys::default(),
                directory: Arc::clone(&parts.directory),
                unpriced: crate::dispatch::llm::unpriced::UnpricedModels::default(),
                offload: crate::offload::Offload::start().unwrap(),
                retired,
            }),
        );
        let (socket, address) = bind(ip, is_udp);
        let closing = watch::Sender::new(false);
        task::spawn_local(serve_socket(
            Rc::clone(&worker),
            Rc::default(),
            socket,
            closing.subscribe(),
        ));
        Self { worker, address, closing, _shutdown: shutdown, _retired: RefCell::new(receiver) }
    }

    /// The first upstream.
    pub(crate) fn upstream(&self) -> Arc<LiveUpstream> {
        Arc::clone(&self.worker.pinned().assembly().upstreams[0])
    }

    /// An endpoint of the first upstream.
    pub(crate) fn endpoint(&self, place: usize) -> EndpointStatus {
        self.upstream().balance.status(self.worker.now()).swap_remove(place).1
    }

    /// Connections or flows open at the listener.
    pub(crate) fn open(&self) -> usize {
        let listener = self.worker.pinned().assembly().listener_at(0).unwrap();
        listener.open.load(std::sync::atomic::Ordering::Acquire)
    }

    /// The page of metrics.
    pub(crate) fn metrics(&self) -> String {
        let mut page = String::new();
        self.worker.gateway().metrics.encode(&mut page);
        page
    }
}

fn bind(ip: Ipv4Addr, is_udp: bool) -> (Socket, SocketAddr) {
    if is_udp {
        let socket = std::net::UdpSocket::bind((ip, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        return (Socket::Udp(socket), address);
    }
    let socket = std::net::TcpListener::bind((ip, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (Socket::Tcp(socket), address)
}

/// Runs `work` as a worker does, within a time that no test comes near to.
pub(crate) fn on_a_worker(work: impl Future<Output = ()>) {
    let runtime =
        Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    let limit = Duration::from_secs(20);
    runtime.block_on(async { tokio::time::timeout(limit, work).await.expect("in time") });
}

/// Waits until the claim holds.
pub(crate) async fn eventually(claim: impl Fn() -> bool) {
    while !claim() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
