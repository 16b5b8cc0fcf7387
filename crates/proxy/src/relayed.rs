//! Records what was relayed without being understood: tunnels, and all of layer 4.

use std::net::SocketAddr;

use architrave_core::name::{ConsumerName, RouteName, ServiceName};
use architrave_core::{Moment, Reason};
use architrave_net::DuplexEnd;
use architrave_telemetry::{AccessEntry, HttpEntry, Party, Phase, Termination, Timings, TlsEntry};

use crate::connection::Connection;
use crate::respond::Tunnel;
use crate::worker::Worker;

/// What is left of a relay that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relayed<'a> {
    /// Who asked, behind trusted proxies.
    pub client: SocketAddr,
    /// When it began.
    pub began: Moment,
    /// `tcp`, `tls` or `udp`; `tunnel` behind a 101.
    pub protocol: &'a str,
    /// The server name of passed-through TLS.
    pub server_name: Option<&'a str>,
    /// Of a tunnel: what of the exchange that it began with is said again.
    pub http: Option<HttpEntry<'a>>,
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
    pub reason: Option<Reason>,
    /// Who ended it.
    pub termination: Termination,
}

impl<'a> Relayed<'a> {
    /// A relay that ended in good order and of which nothing else is known yet.
    pub(crate) fn new(began: Moment, client: SocketAddr, protocol: &'a str) -> Self {
        Self {
            client,
            began,
            protocol,
            server_name: None,
            http: None,
            upstream: None,
            endpoint: None,
            attempts: 0,
            timings: Timings::default(),
            up_bytes: 0,
            down_bytes: 0,
            reason: None,
            termination: Termination::Complete,
        }
    }
}

/// Why a relay ended before both sides were done, and who ended it: where nobody has, the gateway,
/// which ends itself.
pub(crate) const fn cut_short(end: Option<DuplexEnd>) -> Option<(Reason, Termination)> {
    let (party, reason) = match end {
        Some(DuplexEnd::Finished) => return None,
        Some(DuplexEnd::ClientFailed) => (Party::Client, Reason::ClientClosed),
        Some(DuplexEnd::EndpointFailed) => (Party::Endpoint, Reason::UpstreamReset),
        Some(DuplexEnd::Idle) => (Party::Gateway, Reason::StallTimeout),
        None => (Party::Gateway, Reason::ShuttingDown),
    };
    Some((reason, Termination::Ended { party, phase: Phase::Tunnel }))
}

/// A tunnel that is recorded however it ends: also when it is dropped on its way, as those are that
/// are left when the time for draining is over.
pub(crate) struct TunnelRecord<'a> {
    worker: &'a Worker,
    connection: &'a Connection,
    began: Moment,
    /// The tunnel.
    pub tunnel: Tunnel,
}

impl<'a> TunnelRecord<'a> {
    /// A tunnel that begins.
    pub(crate) fn new(worker: &'a Worker, connection: &'a Connection, tunnel: Tunnel) -> Self {
        Self { worker, connection, began: worker.now(), tunnel }
    }
}

impl Drop for TunnelRecord<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            record_tunnel(self.worker, self.connection, self.began, &self.tunnel);
        }
    }
}

fn record_tunnel(worker: &Worker, connection: &Connection, began: Moment, tunnel: &Tunnel) {
    let names = &tunnel.names;
    let application = names.application.as_ref().map(|application| &*application.name);
    let plan = names.subscription.as_ref().map(|counters| &counters.plan);
    let http = HttpEntry {
        route: names.route.as_ref().map(RouteName::as_str),
        service: names.service.as_ref().map(ServiceName::as_str),
        consumer: names.consumer.as_ref().map(ConsumerName::as_str).or(application),
        application,
        plan: plan.map(|plan| plan.name.as_str()),
        product: plan.map(|plan| plan.product.as_str()),
        team: names.application.as_ref().and_then(|application| application.team.as_deref()),
        request_id: Some(names.identity.request_id()),
        trace_id: Some(names.identity.trace_id()),
        ..HttpEntry::default()
    };
    let cut_short = cut_short(tunnel.end);
    let relayed = Relayed {
        http: Some(http),
        upstream: Some(tunnel.upstream.config.name.as_str()),
        endpoint: Some(names.endpoint),
        attempts: names.attempts,
        up_bytes: tunnel.up_bytes,
        down_bytes: tunnel.down_bytes,
        reason: cut_short.map(|(reason, _)| reason),
        termination: cut_short.map_or(Termination::Complete, |(_, termination)| termination),
        ..Relayed::new(began, names.client, "tunnel")
    };
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
        let mut entry = AccessEntry::new(began, relayed.client, listener, relayed.protocol);
        entry.timings = Timings { total, ..relayed.timings };
        entry.peer = (connection.peer != relayed.client).then_some(connection.peer);
        entry.http = relayed.http;
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
