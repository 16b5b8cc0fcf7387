//! Records what was relayed without being understood: tunnels, and all of layer 4.

use std::net::SocketAddr;

use architrave_core::Moment;
use architrave_telemetry::{AccessEntry, Termination, Timings, TlsEntry};

use crate::connection::Connection;
use crate::respond::TunnelEnd;
use crate::worker::Worker;

/// What is left of a relay that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relayed<'a> {
    /// When it began.
    pub began: Moment,
    /// `tcp`, `tls` or `udp`; `tunnel` behind a 101.
    pub protocol: &'a str,
    /// The server name of passed-through TLS.
    pub server_name: Option<&'a str>,
    /// The upstream, once chosen.
    pub upstream: Option<&'a str>,
    /// The endpoint, once chosen.
    pub endpoint: Option<SocketAddr>,
    /// Attempts at endpoints.
    pub attempts: u32,
    /// How long the parts took that are known; the whole is worked out.
    pub timings: Timings,
    /// Bytes from the client.
    pub up_bytes: u64,
    /// Bytes to the client.
    pub down_bytes: u64,
    /// Why it failed, when it did.
    pub reason: Option<architrave_core::Reason>,
    /// Who ended it.
    pub termination: Termination,
}

/// Records a tunnel.
pub(crate) fn record_tunnel(
    worker: &Worker,
    connection: &Connection,
    began: Moment,
    end: &TunnelEnd,
) {
    let relayed = Relayed {
        began,
        protocol: "tunnel",
        server_name: None,
        upstream: None,
        endpoint: None,
        attempts: 0,
        timings: Timings::default(),
        up_bytes: end.up_bytes,
        down_bytes: end.down_bytes,
        reason: None,
        termination: end.termination,
    };
    connection.listener.metrics.relayed(worker.index(), end.up_bytes, end.down_bytes);
    record(worker, connection, &relayed);
}

/// Records a relay: figures and a line. Its bytes are counted while they flow, not here.
pub(crate) fn record(worker: &Worker, connection: &Connection, relayed: &Relayed<'_>) {
    let total = worker.now().since(relayed.began);
    let metrics = &connection.listener.metrics;
    metrics.relay_ended(worker.index(), relayed.termination, total);
    worker.with_log(|log| {
        if !log.is_enabled() {
            return;
        }
        let listener = connection.listener.config.name.as_str();
        let began = worker.wall() - total;
        let mut entry = AccessEntry::new(began, connection.client, listener, relayed.protocol);
        entry.timings = Timings { total, ..relayed.timings };
        entry.peer = (connection.peer != connection.client).then_some(connection.peer);
        entry.tls =
            relayed.server_name.map(|sni| TlsEntry { sni: Some(sni), ..TlsEntry::default() });
        entry.reason = relayed.reason;
        entry.termination = relayed.termination;
        entry.request_bytes = relayed.up_bytes;
        entry.response_bytes = relayed.down_bytes;
        entry.upstream = relayed.upstream;
        entry.endpoint = relayed.endpoint;
        entry.attempts = relayed.attempts;
        log.write(&entry);
    });
}
