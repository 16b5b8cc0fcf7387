//! Tunnels: what becomes of an HTTP/1.1 connection after a 101 (WebSocket and the like).

use std::sync::Arc;

use architrave_balance::Load;
use architrave_core::Reason;
use architrave_net::h1::Persist;
use architrave_net::{Duplex, DuplexEnd, Framing, Known, ResponseOptions, Stream, Writer, hop};
use architrave_telemetry::{Party, Phase, Termination};

use crate::assembly::LiveUpstream;
use crate::dispatch::Forwarded;
use crate::exchange::Exchange;
use crate::queue::Place;
use crate::serve::Ending;

/// The endpoint's side of a tunnel, and what must live as long as it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    endpoint: Stream,
    upstream: Arc<LiveUpstream>,
    _load: Option<Load>,
    _place: Place,
}

/// Passes the 101 on; what follows is no longer HTTP.
pub(super) async fn begin(
    exchange: &mut Exchange<'_>,
    forwarded: Forwarded<'_, '_>,
    writer: &mut Writer,
) -> Ending {
    let answered = forwarded.answered;
    let mut head = answered.head;
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
            endpoint,
            upstream: Arc::clone(forwarded.upstream),
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

/// What went through a tunnel, and how it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TunnelEnd {
    /// Bytes from the client.
    pub up_bytes: u64,
    /// Bytes to the client.
    pub down_bytes: u64,
    /// Who ended it.
    pub termination: Termination,
}

impl Tunnel {
    /// Relays until both sides are done.
    pub(crate) async fn run(self, client: Stream) -> TunnelEnd {
        let idle = self.upstream.config.timeouts.idle;
        let mut duplex = Duplex::new(client, self.endpoint, idle);
        let end = duplex.run().await;
        let ended_by = |party| Termination::Ended { party, phase: Phase::Tunnel };
        TunnelEnd {
            up_bytes: duplex.up_bytes(),
            down_bytes: duplex.down_bytes(),
            termination: match end {
                DuplexEnd::Finished => Termination::Complete,
                DuplexEnd::ClientFailed => ended_by(Party::Client),
                DuplexEnd::EndpointFailed => ended_by(Party::Endpoint),
                DuplexEnd::Idle => ended_by(Party::Gateway),
            },
        }
    }
}
