//! Tunnels: what becomes of an HTTP/1.1 connection after a 101 (WebSocket and the like).

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

use architrave_balance::Load;
use architrave_core::Reason;
use architrave_core::name::{ConsumerName, RouteName, ServiceName};
use architrave_net::h1::Persist;
use architrave_net::{
    Duplex, DuplexEnd, Framing, Known, ResponseHead, ResponseOptions, Stream, Writer, hop,
};
use architrave_policy::ParallelGuard;
use architrave_policy::directory::{Application, Counters};
use architrave_telemetry::{Party, Phase, Termination};

use crate::assembly::LiveUpstream;
use crate::attempt::Answered;
use crate::exchange::Exchange;
use crate::identity::Identity;
use crate::queue::Place;
use crate::serve::Ending;

/// The endpoint's side of a tunnel, and what must live as long as it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// Until it is relayed.
    endpoint: Option<Stream>,
    /// The upstream.
    pub upstream: Arc<LiveUpstream>,
    /// What it has to do with.
    pub names: TunnelNames,
    /// Bytes from the client so far.
    pub up_bytes: u64,
    /// Bytes to the client so far.
    pub down_bytes: u64,
    /// Who ended it, once somebody has.
    pub end: Option<DuplexEnd>,
    /// A consumer's place among its parallel requests: a tunnel is one for as long as it lasts.
    _parallel: Option<ParallelGuard>,
    _load: Option<Load>,
    _place: Place,
}

/// What the exchange that a tunnel began with had to do with. Names, not the objects: a tunnel
/// may outlive many an assembly.
#[derive(Debug)]
pub(crate) struct TunnelNames {
    /// The client, behind trusted proxies.
    pub client: SocketAddr,
    /// The route.
    pub route: Option<RouteName>,
    /// The service.
    pub service: Option<ServiceName>,
    /// Who called.
    pub consumer: Option<ConsumerName>,
    /// The application that calls, where it is one.
    pub application: Option<Arc<Application>>,
    /// What is counted of its subscription.
    pub subscription: Option<Arc<Counters>>,
    /// The endpoint.
    pub endpoint: SocketAddr,
    /// Attempts made to reach it.
    pub attempts: u32,
    /// By which the line of the exchange is found.
    pub identity: Identity,
}

/// Passes the 101 on; what follows is no longer HTTP.
pub(super) async fn begin(
    exchange: &mut Exchange<'_>,
    (mut head, answered): (ResponseHead, Answered),
    upstream: &Arc<LiveUpstream>,
    writer: &mut Writer,
) -> Ending {
    let upgrade = head.fields.get_known(Known::Upgrade).map(<[u8]>::to_vec);
    hop::strip_hop_by_hop(&mut head.fields);
    if let Some(upgrade) = upgrade {
        head.fields.append_known(Known::Upgrade, b"Upgrade", &upgrade);
    }
    exchange.status = 101;
    let options =
        ResponseOptions { framing: Framing::Empty, persist: Persist::Upgrade, is_to_head: false };
    let sent = match writer.send_response(&head, options) {
        Ok(()) => writer.flush().await,
        Err(error) => Err(error),
    };
    let endpoint = answered.call.into_tunnel();
    match (sent, endpoint) {
        (Ok(()), Some(endpoint)) => Ending::Tunnel(Box::new(Tunnel {
            endpoint: Some(endpoint),
            upstream: Arc::clone(upstream),
            names: TunnelNames::of(exchange, answered.endpoint.address()),
            up_bytes: 0,
            down_bytes: 0,
            end: None,
            _parallel: exchange.admission.parallel.take(),
            _load: answered.load,
            _place: answered.place,
        })),
        _ => {
            exchange.reason = Some(Reason::ClientClosed);
            exchange.termination =
                Termination::Ended { party: Party::Client, phase: Phase::ResponseBody };
            Ending::Close
        }
    }
}

impl TunnelNames {
    fn of(exchange: &Exchange<'_>, endpoint: SocketAddr) -> Self {
        let matched = exchange.matched.as_ref();
        let service = matched.and_then(|matched| matched.service);
        Self {
            client: exchange.client,
            route: matched.map(|matched| matched.route.config.name.clone()),
            service: service.map(|service| service.name.clone()),
            consumer: exchange.consumer().map(|consumer| consumer.name.clone()),
            application: exchange.admission.application.clone(),
            subscription: exchange.admission.subscription.clone(),
            endpoint,
            attempts: exchange.attempts,
            identity: exchange.identity.clone(),
        }
    }
}

impl Tunnel {
    /// Relays until both sides are done. `moved` is told of bytes from and to the client.
    pub(crate) async fn run(&mut self, client: Stream, mut moved: impl FnMut(u64, u64)) {
        let Some(endpoint) = self.endpoint.take() else { return };
        let mut duplex = Duplex::new(client, endpoint, self.upstream.config.timeouts.idle);
        let end = poll_fn(|context| {
            let polled = duplex.poll(context);
            let up = duplex.up_bytes() - self.up_bytes;
            let down = duplex.down_bytes() - self.down_bytes;
            if up + down > 0 {
                moved(up, down);
            }
            self.up_bytes += up;
            self.down_bytes += down;
            polled
        })
        .await;
        self.end = Some(end);
    }
}
