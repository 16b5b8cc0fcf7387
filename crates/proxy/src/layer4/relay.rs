//! The life of a connection at layer 4: rule, endpoint, bytes both ways, record.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use architrave_balance::Outcome;
use architrave_core::{Moment, Reason};
use architrave_net::{Duplex, DuplexEnd, Stream};
use architrave_telemetry::{Phase, Termination, Timings};
use tokio::net::TcpStream;

use super::dial::{DialFacts, Dialled, dial};
use super::hello::{self, Alert};
use super::rule::match_rule;
use crate::assembly::LiveUpstream;
use crate::attempt::finish;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::relayed::{self, Relayed};
use crate::worker::Worker;

/// Forwards one TCP connection.
pub(crate) async fn serve_tcp(worker: Rc<Worker>, connection: Box<Connection>, stream: TcpStream) {
    let mut run = Run::begin(&worker, &connection, "tcp");
    match match_rule(worker.pinned().assembly(), &connection, None) {
        Ok(rule) => run.forward(stream.into(), rule.upstream).await,
        Err(failure) => run.refused(&failure),
    }
    run.is_over = true;
}

/// Forwards one TLS connection by what its ClientHello says.
pub(crate) async fn serve_tls(worker: Rc<Worker>, connection: Box<Connection>, stream: TcpStream) {
    let mut run = Run::begin(&worker, &connection, "tls");
    let limit = connection.listener.config.timeouts.handshake;
    match hello::read(&stream, limit).await {
        Ok(read) => run.forward_by_hello(stream, read).await,
        Err(error) => {
            connection.listener.metrics.tls_handshake_failed(worker.index());
            if let Some(alert) = error.alert() {
                hello::send_alert(&stream, alert);
            }
            run.failed(&error.into());
        }
    }
    run.is_over = true;
}

/// One connection on its way. Facts are written once, by the step that learns them. It is recorded
/// when it is dropped: also on its way, as those are that are left when the time for draining is
/// over.
struct Run<'a> {
    worker: &'a Worker,
    connection: &'a Connection,
    protocol: &'static str,
    began: Moment,
    server_name: Option<String>,
    upstream: Option<Arc<LiveUpstream>>,
    dialling: DialFacts,
    up_bytes: u64,
    down_bytes: u64,
    reason: Option<Reason>,
    termination: Termination,
    is_over: bool,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if !self.is_over {
            self.reason = Some(Reason::ShuttingDown);
            self.termination = Termination::gateway(self.phase());
        }
        self.record();
    }
}

impl<'a> Run<'a> {
    fn begin(worker: &'a Worker, connection: &'a Connection, protocol: &'static str) -> Self {
        Self {
            worker,
            connection,
            protocol,
            began: worker.now(),
            server_name: None,
            upstream: None,
            dialling: DialFacts::default(),
            up_bytes: 0,
            down_bytes: 0,
            reason: None,
            termination: Termination::Complete,
            is_over: false,
        }
    }

    /// What is going on.
    const fn phase(&self) -> Phase {
        match (&self.upstream, self.dialling.endpoint) {
            (Some(_), _) => Phase::Tunnel,
            (None, Some(_)) => Phase::Connect,
            (None, None) => Phase::Accept,
        }
    }

    async fn forward_by_hello(&mut self, stream: TcpStream, read: hello::Read) {
        let matched =
            match_rule(self.worker.pinned().assembly(), self.connection, Some(&read.hello));
        self.server_name = read.hello.server_name;
        match matched {
            Ok(rule) => {
                let mut stream = Stream::from(stream);
                stream.put_back(read.bytes.data());
                drop(read.bytes);
                self.forward(stream, rule.upstream).await;
            }
            Err(failure) => {
                hello::send_alert(&stream, Alert::UnrecognizedName);
                self.refused(&failure);
            }
        }
    }

    async fn forward(&mut self, client: Stream, upstream: Arc<LiveUpstream>) {
        let dialled = dial(self.worker, self.connection, &upstream, &mut self.dialling).await;
        self.upstream = Some(Arc::clone(&upstream));
        match dialled {
            Ok(dialled) => self.relay(client, dialled, &upstream).await,
            Err(failure) => self.failed(&failure),
        }
    }

    async fn relay(&mut self, client: Stream, dialled: Dialled, upstream: &LiveUpstream) {
        let Dialled { stream, mut load, connected_at, .. } = dialled;
        let listener = &self.connection.listener;
        let idle = listener.config.timeouts.idle.min(upstream.config.timeouts.idle);
        let mut duplex = Duplex::new(client, stream, idle);
        let end = poll_fn(|context| {
            let polled = duplex.poll(context);
            let up = duplex.up_bytes() - self.up_bytes;
            let down = duplex.down_bytes() - self.down_bytes;
            if up + down > 0 {
                listener.metrics.relayed(self.worker.index(), up, down);
            }
            if down > 0 && self.down_bytes == 0 {
                // That it speaks says that it is well. How quick it is, is how quickly it could be
                // reached: when it has something to say is for the protocol and the client.
                load.answered(connected_at);
            }
            self.up_bytes += up;
            self.down_bytes += down;
            polled
        })
        .await;
        drop(duplex);
        let outcome = self.ended(end);
        if outcome == Outcome::Failure {
            let metrics = self.worker.endpoint_metrics(upstream, load.endpoint());
            metrics.failed(self.worker.index(), Reason::UpstreamReset);
        }
        finish(upstream, load, outcome, self.worker.now());
    }

    /// Notes how the relay ended, and what that says about the endpoint.
    fn ended(&mut self, end: DuplexEnd) -> Outcome {
        let Some((reason, termination)) = relayed::cut_short(Some(end)) else {
            // Some clients only look whether somebody is there, and some only send.
            let has_answered = self.down_bytes > 0;
            return if has_answered { Outcome::Success } else { Outcome::Neutral };
        };
        self.reason = Some(reason);
        self.termination = termination;
        // A reset instead of any answer is what an endpoint does behind which nobody is.
        if end == DuplexEnd::EndpointFailed && self.down_bytes == 0 {
            Outcome::Failure
        } else {
            Outcome::Neutral
        }
    }

    fn refused(&mut self, failure: &Failure) {
        self.connection.listener.metrics.connection_refused(self.worker.index());
        self.failed(failure);
    }

    fn failed(&mut self, failure: &Failure) {
        self.reason = Some(failure.reason);
        self.termination = failure.termination();
    }

    fn record(&self) {
        let relayed = Relayed {
            server_name: self.server_name.as_deref(),
            upstream: self.upstream.as_ref().map(|upstream| upstream.config.name.as_str()),
            endpoint: self.dialling.endpoint,
            attempts: self.dialling.attempts,
            timings: Timings {
                queue_wait: self.dialling.queue_wait,
                connect: self.dialling.connect,
                ..Timings::default()
            },
            up_bytes: self.up_bytes,
            down_bytes: self.down_bytes,
            reason: self.reason,
            termination: self.termination,
            ..Relayed::new(self.began, self.connection.client, self.protocol)
        };
        relayed::record(self.worker, self.connection, &relayed);
    }
}
