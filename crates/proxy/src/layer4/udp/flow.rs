//! One flow: datagrams of one client, and the endpoint that answers them.
//!
//! It keeps its endpoint until it ends, or until the endpoint says that nobody listens there;
//! then the next datagram goes to another.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Load, Outcome};
use architrave_core::{Moment, Reason};
use architrave_net::{Datagrams, Udp};
use architrave_telemetry::{Phase, Termination};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{FlowKey, Flows};
use crate::accept::Open;
use crate::attempt::finish;
use crate::connection::Connection;
use crate::failure::{Failure, Retry};
use crate::layer4::choice::Choice;
use crate::layer4::rule::MatchedRule;
use crate::queue::Place;
use crate::relayed::{self, Relayed};

/// After so many datagrams a flow is worth the system calls that batching takes to set up.
const BATCHING_FROM: u64 = 64;

/// Batches that one flow passes on before others have a turn.
const BATCHES_PER_TURN: usize = 8;

/// While draining: how long a flow is waited for whose last word was the endpoint's.
const ANSWERED_SILENCE: Duration = Duration::from_secs(1);

/// While draining: how long an answer is waited for.
const OWED_SILENCE: Duration = Duration::from_secs(5);

/// One flow.
#[derive(Debug)]
pub(super) struct Flow {
    flows: Rc<Flows>,
    key: FlowKey,
    connection: Connection,
    rule: MatchedRule,
    began: Moment,
    choice: RefCell<Choice>,
    /// The endpoint that it has; `None` after that has refused and before the next datagram.
    way: RefCell<Option<Way>>,
    /// Says that the way is another one, or that draining has begun.
    changed: Notify,
    state: Cell<State>,
    _held: (Open, Place),
}

/// To an endpoint.
#[derive(Debug)]
struct Way {
    socket: Rc<Udp>,
    load: Load,
    is_answered: bool,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// When a datagram last passed.
    moved_at: Moment,
    /// Whether the last word was the client's.
    is_owed: bool,
    datagrams: u64,
    up_bytes: u64,
    down_bytes: u64,
    attempts: u32,
    endpoint: Option<SocketAddr>,
}

impl Flow {
    pub(super) fn new(
        flows: Rc<Flows>,
        key: FlowKey,
        connection: Connection,
        rule: MatchedRule,
        held: (Open, Place),
    ) -> Self {
        let now = flows.worker.now();
        let choice = Choice::new(&flows.worker, &rule.upstream, connection.client.ip());
        let state = State {
            moved_at: now,
            is_owed: false,
            datagrams: 0,
            up_bytes: 0,
            down_bytes: 0,
            attempts: 0,
            endpoint: None,
        };
        Self {
            flows,
            key,
            connection,
            rule,
            began: now,
            choice: RefCell::new(choice),
            way: RefCell::new(None),
            changed: Notify::new(),
            state: Cell::new(state),
            _held: held,
        }
    }

    /// The socket to the endpoint; chooses one where there is none.
    ///
    /// # Errors
    /// When no endpoint is to be had.
    pub(super) fn reach(&self) -> Result<Rc<Udp>, Failure> {
        if let Some(way) = &*self.way.borrow() {
            return Ok(Rc::clone(&way.socket));
        }
        let (worker, upstream) = (&self.flows.worker, &self.rule.upstream);
        loop {
            let reserved = self.choice.borrow_mut().next(worker, upstream)?;
            let now = worker.now();
            let endpoint = Arc::clone(reserved.endpoint());
            let load = reserved.begin(now);
            upstream.metrics.attempted(worker.index());
            self.update(|state| {
                state.attempts += 1;
                state.endpoint = Some(endpoint.address());
            });
            let metrics = worker.endpoint_metrics(upstream, &endpoint);
            let failure = match Udp::connected(endpoint.address()) {
                Ok(socket) => {
                    metrics.connected(worker.index());
                    let socket = Rc::new(socket);
                    let way = Way { socket: Rc::clone(&socket), load, is_answered: false };
                    *self.way.borrow_mut() = Some(way);
                    self.changed.notify_one();
                    return Ok(socket);
                }
                Err(error) => unreached(&error),
            };
            if failure.blames_endpoint() {
                metrics.failed(worker.index(), failure.reason);
                finish(upstream, load, Outcome::Failure, now);
            }
            if !self.choice.borrow().may_go_on(upstream, &failure) {
                return Err(failure);
            }
        }
    }

    /// Sends what the client said.
    pub(super) fn send(&self, datagrams: &Datagrams<'_>) {
        for _attempt in 0..=self.rule.upstream.config.retry.attempts {
            let Ok(socket) = self.reach() else { return };
            match socket.send(datagrams) {
                Ok(()) => {
                    let bytes = datagrams.all().len() as u64;
                    let count = datagrams.count() as u64;
                    self.moved(|state| {
                        state.up_bytes += bytes;
                        state.datagrams += count;
                        state.is_owed = true;
                    });
                    let metrics = &self.connection.listener.metrics;
                    metrics.relayed(self.flows.worker.index(), bytes, 0);
                    self.batch_when_busy(&socket);
                    return;
                }
                // What an earlier datagram met with; this one was not sent.
                Err(error) if is_refusal(&error) => self.refused(),
                Err(_lost) => return,
            }
        }
    }

    /// Passes on what the endpoint says, until the flow has been silent for too long.
    pub(super) async fn run(self: Rc<Self>) {
        let mut listed = Listed { flow: &self, is_over: false };
        let mut timer = std::pin::pin!(sleep(self.left()));
        loop {
            let socket = self.way.borrow().as_ref().map(|way| Rc::clone(&way.socket));
            let receivable = async {
                match &socket {
                    Some(socket) => socket.receivable().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.changed.notified() => timer.as_mut().reset(Instant::now() + self.left()),
                _ended = receivable => self.pass_back(socket.as_ref()),
                () = &mut timer => {
                    let left = self.left();
                    if left.is_zero() {
                        break;
                    }
                    timer.as_mut().reset(Instant::now() + left);
                }
            }
        }
        listed.is_over = true;
        drop(listed);
        self.end();
    }

    fn pass_back(&self, socket: Option<&Rc<Udp>>) {
        let Some(socket) = socket else { return };
        for _batch in 0..BATCHES_PER_TURN {
            let mut batch = self.flows.batch.borrow_mut();
            match socket.receive(&mut batch) {
                Ok(()) => {}
                Err(error) if is_refusal(&error) => {
                    drop(batch);
                    let is_current = |way: &Way| Rc::ptr_eq(&way.socket, socket);
                    if self.way.borrow().as_ref().is_some_and(is_current) {
                        self.refused();
                    }
                    return;
                }
                Err(_nothing_more) => return,
            }
            for datagrams in batch.iter() {
                #[cfg(test)]
                crate::fault::strike_on_datagram(datagrams.all());
                self.answer(&datagrams);
            }
            drop(batch);
            self.batch_when_busy(socket);
        }
    }

    fn answer(&self, datagrams: &Datagrams<'_>) {
        let now = self.flows.worker.now();
        if let Some(way) = &mut *self.way.borrow_mut()
            && !way.is_answered
        {
            way.is_answered = true;
            way.load.answered(now);
        }
        let sent = self.flows.socket.send_to(datagrams, self.key.client, self.key.asked);
        // Of a client that is gone nothing is heard on a socket that is everybody's; whatever
        // else went wrong concerns these datagrams only, and datagrams get lost.
        let bytes = if sent.is_ok() { datagrams.all().len() as u64 } else { 0 };
        let count = datagrams.count() as u64;
        self.moved(|state| {
            state.down_bytes += bytes;
            state.datagrams += count;
            state.is_owed = false;
        });
        self.connection.listener.metrics.relayed(self.flows.worker.index(), 0, bytes);
        if self.flows.is_draining.get() {
            self.look_again();
        }
    }

    /// Gives up an endpoint that said that nobody listens there.
    fn refused(&self) {
        let Some(way) = self.way.borrow_mut().take() else { return };
        let (worker, upstream) = (&self.flows.worker, &self.rule.upstream);
        let metrics = worker.endpoint_metrics(upstream, way.load.endpoint());
        metrics.failed(worker.index(), Reason::ConnectFailed);
        finish(upstream, way.load, Outcome::Failure, worker.now());
    }

    fn batch_when_busy(&self, socket: &Udp) {
        if self.state.get().datagrams >= BATCHING_FROM {
            // Without it the flow is slower, nothing else.
            let _slower = socket.start_batching();
        }
    }

    /// Makes the flow look again at how long it may be silent.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// How much longer it may be silent.
    fn left(&self) -> Duration {
        let state = self.state.get();
        let idle = self.rule.flow_idle;
        let patience = match (self.flows.is_draining.get(), state.is_owed) {
            (false, _) => idle,
            (true, true) => idle.min(OWED_SILENCE),
            (true, false) => idle.min(ANSWERED_SILENCE),
        };
        patience.saturating_sub(self.flows.worker.now().since(state.moved_at))
    }

    fn update(&self, edit: impl FnOnce(&mut State)) {
        let mut state = self.state.get();
        edit(&mut state);
        self.state.set(state);
    }

    fn moved(&self, edit: impl FnOnce(&mut State)) {
        let now = self.flows.worker.now();
        self.update(|state| {
            state.moved_at = now;
            edit(state);
        });
    }

    fn end(&self) {
        let (worker, upstream) = (&self.flows.worker, &self.rule.upstream);
        match self.way.borrow_mut().take() {
            Some(way) => {
                let outcome = if way.is_answered { Outcome::Success } else { Outcome::Neutral };
                finish(upstream, way.load, outcome, worker.now());
                self.record(None);
            }
            None => self.record(Some(&refusal("the endpoint said that nobody listens there"))),
        }
    }

    /// Records the flow, and why it failed, if it did.
    pub(super) fn record(&self, failure: Option<&Failure>) {
        let state = self.state.get();
        let upstream: &Arc<_> = &self.rule.upstream;
        let relayed = Relayed {
            upstream: Some(upstream.config.name.as_str()),
            endpoint: state.endpoint,
            attempts: state.attempts,
            up_bytes: state.up_bytes,
            down_bytes: state.down_bytes,
            reason: failure.map(|failure| failure.reason),
            termination: failure.map_or(Termination::Complete, Failure::termination),
            ..Relayed::new(self.began, self.connection.client, "udp")
        };
        relayed::record(&self.flows.worker, &self.connection, &relayed);
    }
}

/// A flow while it runs: it is taken out of the table when this is dropped, also by a panic. The two
/// hold each other, so it would else keep its places for ever and nobody would answer its client.
/// Dropped before it is over, as those are that are left when the time for draining is, it is
/// recorded.
struct Listed<'a> {
    flow: &'a Flow,
    is_over: bool,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.flow.flows.table.borrow_mut().remove(&self.flow.key);
        if !self.is_over && !std::thread::panicking() {
            let why = "the gateway ends";
            self.flow.record(Some(&Failure::gateway(Reason::ShuttingDown, Phase::Tunnel, why)));
        }
    }
}

/// Whether ICMP has said that the endpoint, or the way to it, is not there.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable)
}

fn unreached(error: &io::Error) -> Failure {
    if is_refusal(error) {
        return refusal(error.to_string());
    }
    // No file descriptor or no port left: that is no endpoint's fault.
    Failure::gateway(Reason::Overloaded, Phase::Connect, error.to_string())
}

fn refusal(detail: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::endpoint(Reason::ConnectFailed, Phase::Connect, detail).retry(Retry::Unsent)
}
