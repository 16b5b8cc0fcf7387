//! What is counted of a listener: connections, handshakes, protocol errors, and for layer 4 the
//! relays with their bytes.

use std::sync::OnceLock;
use std::time::Duration;

use architrave_core::Reason;
use architrave_core::metric::Metric;

use crate::sample::SampleSink;
use crate::tally::{Histogram, HistogramTotal, RELAY_BOUNDS, Reasons, Shards, Tally};
use crate::termination::Termination;

/// The counters of one listener. A connection must be opened and closed by the same worker.
#[derive(Debug)]
pub struct ListenerMetrics(Shards<Block>);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Block {
    opened: Tally,
    closed: Tally,
    refused: Tally,
    exchanges_begun: Tally,
    exchanges_ended: Tally,
    tls_handshakes_failed: Tally,
    protocol_errors: Reasons,
    relays: OnceLock<Box<Relays>>,
}

/// Only listeners of layer 4 need these.
#[derive(Debug)]
struct Relays {
    received_bytes: Tally,
    sent_bytes: Tally,
    duration: Histogram,
    ended: [Tally; Termination::COUNT],
}

impl Default for Relays {
    fn default() -> Self {
        Self {
            received_bytes: Tally::default(),
            sent_bytes: Tally::default(),
            duration: Histogram::default(),
            ended: std::array::from_fn(|_| Tally::default()),
        }
    }
}

impl ListenerMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self(Shards::new(workers))
    }

    /// A connection was accepted, or a UDP flow begun.
    pub fn connection_opened(&self, worker: usize) {
        self.0.of(worker).opened.add(1);
    }

    /// A connection or flow that was counted as opened is gone.
    pub fn connection_closed(&self, worker: usize) {
        self.0.of(worker).closed.add(1);
    }

    /// A connection was closed at once; it is not counted as opened.
    pub fn connection_refused(&self, worker: usize) {
        self.0.of(worker).refused.add(1);
    }

    /// An exchange began on a connection.
    #[inline]
    pub fn exchange_begun(&self, worker: usize) {
        self.0.of(worker).exchanges_begun.add(1);
    }

    /// An exchange ended, in whatever way.
    #[inline]
    pub fn exchange_ended(&self, worker: usize) {
        self.0.of(worker).exchanges_ended.add(1);
    }

    /// Exchanges in flight, and connections or flows open: at this moment, or nearly.
    #[must_use]
    pub fn open(&self) -> (u64, u64) {
        let of = |begun: fn(&Block) -> &Tally, ended: fn(&Block) -> &Tally| {
            let ended = self.0.sum(ended);
            self.0.sum(begun).saturating_sub(ended)
        };
        let exchanges = of(|block| &block.exchanges_begun, |block| &block.exchanges_ended);
        (exchanges, of(|block| &block.opened, |block| &block.closed))
    }

    /// A TLS handshake with a client failed or took too long.
    pub fn tls_handshake_failed(&self, worker: usize) {
        self.0.of(worker).tls_handshakes_failed.add(1);
    }

    /// A client broke the protocol.
    pub fn protocol_error(&self, worker: usize, reason: Reason) {
        self.0.of(worker).protocol_errors.add(reason);
    }

    /// Bytes were relayed on layer 4; to be called while they flow, not only at the end.
    pub fn relayed(&self, worker: usize, received_bytes: u64, sent_bytes: u64) {
        let relays = self.0.of(worker).relays.get_or_init(Box::default);
        relays.received_bytes.add(received_bytes);
        relays.sent_bytes.add(sent_bytes);
    }

    /// A connection or flow of layer 4 ended after `duration`.
    pub fn relay_ended(&self, worker: usize, termination: Termination, duration: Duration) {
        let relays = self.0.of(worker).relays.get_or_init(Box::default);
        relays.ended[termination.index()].add(1);
        relays.duration.observe(&RELAY_BOUNDS, duration);
    }

    pub(crate) fn sample(&self, listener: &str, sink: &mut SampleSink) {
        if !self.0.is_hit() {
            return;
        }
        let labels = &[listener];
        let shards = &self.0;
        // What ended is read before what began: the other way round a gauge could fall below 0.
        let closed = shards.sum(|block| &block.closed);
        let opened = shards.sum(|block| &block.opened);
        sink.count(Metric::ListenerConnections, labels, opened);
        sink.count(Metric::ListenerConnectionsOpen, labels, opened.saturating_sub(closed));
        let refused = shards.sum(|block| &block.refused);
        sink.count(Metric::ListenerConnectionsRefused, labels, refused);
        let failed = shards.sum(|block| &block.tls_handshakes_failed);
        if failed > 0 {
            sink.count(Metric::ListenerTlsHandshakeFailures, labels, failed);
        }
        for reason in Reason::ALL {
            let count: u64 = shards.hit().map(|block| block.protocol_errors.get(*reason)).sum();
            if count > 0 {
                let labels = &[listener, reason.as_str()];
                sink.count(Metric::ListenerProtocolErrors, labels, count);
            }
        }
        let ended = shards.sum(|block| &block.exchanges_ended);
        let begun = shards.sum(|block| &block.exchanges_begun);
        if begun > 0 {
            sink.count(Metric::ListenerExchangesOpen, labels, begun.saturating_sub(ended));
        }
        self.sample_relays(listener, sink);
    }

    fn sample_relays(&self, listener: &str, sink: &mut SampleSink) {
        let relays: Vec<&Relays> =
            self.0.hit().filter_map(|block| block.relays.get().map(Box::as_ref)).collect();
        if relays.is_empty() {
            return;
        }
        let sum = |tally: &dyn Fn(&Relays) -> u64| relays.iter().map(|block| tally(block)).sum();
        let received: u64 = sum(&|block| block.received_bytes.get());
        let sent: u64 = sum(&|block| block.sent_bytes.get());
        sink.count(Metric::RelayReceivedBytes, &[listener], received);
        sink.count(Metric::RelaySentBytes, &[listener], sent);
        for termination in Termination::all() {
            let count: u64 = sum(&|block| block.ended[termination.index()].get());
            if count > 0 {
                sink.count(Metric::RelaysEnded, &[listener, termination.as_str()], count);
            }
        }
        let duration = HistogramTotal::of(relays.iter().map(|block| &block.duration));
        sink.histogram(Metric::RelayDuration, &[listener], &RELAY_BOUNDS, &duration);
    }
}
