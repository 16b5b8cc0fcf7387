//! One attempt at one endpoint: a connection, the request, and the head of the response.

mod dialogue;

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Endpoint, Load, Outcome};
use architrave_core::{Moment, Reason};
use architrave_net::{
    Call, CallOptions, Connection, Conversation, Framing, PoolKey, Relay, RequestHead,
    ResponseHead, Source,
};
use architrave_telemetry::Phase;

use crate::assembly::LiveUpstream;
use crate::entry::Entered;
use crate::failure::{Failure, Retry};
use crate::queue::Place;
use crate::worker::Worker;
use dialogue::Dialogue;

pub(crate) use dialogue::{HALF_CLOSED, Interim, body_failure, pass_interim, poll_client};

/// No limit that anyone lives to see; timers want a number.
pub(crate) const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What an attempt sends, and where.
#[derive(Debug)]
pub(crate) struct AttemptPlan<'a> {
    /// Where.
    pub upstream: &'a Arc<LiveUpstream>,
    /// Who on behalf of.
    pub conversation: Conversation,
    /// The head, as policies left it.
    pub head: &'a RequestHead,
    /// Path and query as the endpoint sees them.
    pub target: &'a str,
    /// How the body is framed.
    pub framing: Framing,
    /// The protocol to switch to, if the client asked for one.
    pub upgrade: Option<&'a str>,
    /// Whether the client welcomes trailers.
    pub takes_trailers: bool,
    /// Whether the connection must not carry another request after this one.
    pub close: bool,
    /// Whether the request may be sent twice.
    pub is_idempotent: bool,
    /// When it begins.
    pub began: Moment,
    /// How long the endpoint may take, once all was sent, to the head of its response.
    pub limit: Duration,
    /// Whether another endpoint may be tried when that has passed.
    pub is_limit_per_try: bool,
}

/// An attempt that has an answer.
#[derive(Debug)]
pub struct Answered {
    /// The endpoint's side of the exchange.
    pub call: Call,
    /// The head of the response.
    pub head: ResponseHead,
    /// How its body is framed.
    pub framing: Framing,
    /// How far the request's body has come.
    pub upload: Relay,
    /// The endpoint that answered.
    pub endpoint: Arc<Endpoint>,
    /// Counts the attempt at its endpoint until the response is over; `None` when the answer
    /// itself said that it failed.
    pub load: Option<Load>,
    /// Which connections it may be put beside, when all is over.
    pub key: PoolKey,
    /// Its place among what is in use of the upstream; behind `load`, so that whoever it is given
    /// to finds room at the endpoint.
    pub place: Place,
}

/// What is learned on the way, also by attempts that fail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AttemptFacts {
    /// Dialling; none on a kept connection.
    pub connect: Option<Duration>,
    /// From the request on its way to the head of the response.
    pub first_byte: Option<Duration>,
    /// When that head was there.
    pub answered: Option<Moment>,
    /// Body bytes that the endpoint took.
    pub sent_bytes: u64,
}

/// Makes one attempt, where it was given leave to.
///
/// # Errors
/// A [`Failure`] that says whether another attempt may be made; the endpoint has been told of it.
pub(crate) async fn attempt(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    entered: Entered,
    body: &mut impl Source,
    interim: Interim<'_>,
    facts: &Cell<AttemptFacts>,
) -> Result<Answered, Failure> {
    let Entered { place, reserved, .. } = entered;
    let endpoint = Arc::clone(reserved.endpoint());
    let load = reserved.begin(plan.began);
    plan.upstream.metrics.attempted(worker.index());
    let reached = pin!(run(worker, plan, &endpoint, body, interim, facts)).await;
    match reached {
        Ok((call, head, framing, upload, key)) => {
            let load = judge(worker, plan, load, head.status, facts.get());
            Ok(Answered { call, head, framing, upload, endpoint, load, key, place })
        }
        Err(failure) => {
            let outcome =
                if failure.blames_endpoint() { Outcome::Failure } else { Outcome::Neutral };
            if outcome == Outcome::Failure {
                let metrics = worker.endpoint_metrics(plan.upstream, &endpoint);
                metrics.failed(worker.index(), failure.reason);
            }
            finish(plan.upstream, load, outcome, worker.now());
            Err(failure)
        }
    }
}

type Reached = (Call, ResponseHead, Framing, Relay, PoolKey);

async fn run(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    endpoint: &Arc<Endpoint>,
    body: &mut impl Source,
    interim: Interim<'_>,
    facts: &Cell<AttemptFacts>,
) -> Result<Reached, Failure> {
    let key = PoolKey { connector: plan.upstream.connector.id(), address: endpoint.address() };
    let kept = take_kept(worker, plan, key);
    let is_kept = kept.is_some();
    let connection = match kept {
        Some(kept) => kept,
        // What seldom happens is boxed: an attempt is moved while it is made, and pays for its size.
        None => Box::pin(dial(worker, plan, endpoint, key, facts)).await?,
    };
    let scheme = plan.upstream.connector.scheme();
    let options = CallOptions {
        target: plan.target,
        scheme,
        framing: plan.framing,
        upgrade: plan.upgrade,
        takes_trailers: plan.takes_trailers,
        close: plan.close,
    };
    let mut call = Call::begin(connection, plan.head, &options).map_err(|error| {
        Failure::endpoint(error.upstream_reason(), Phase::Connect, error.to_string())
            .retry(Retry::Unsent)
    })?;
    let mut upload = Relay::default();
    let mut head = worker.spares().response_heads.take();
    // The clock is read again only where something was waited for.
    let sent = if facts.get().connect.is_some() { worker.now() } else { plan.began };
    let mut dialogue = Dialogue::new(plan, body, interim);
    let answered = dialogue.run(&mut call, &mut upload, &mut head).await;
    facts.update(|facts| AttemptFacts { sent_bytes: upload.moved(), ..facts });
    let framing = answered.map_err(|failure| match failure.retry {
        Retry::Sent if is_kept && failure.reason == Reason::UpstreamReset => {
            failure.retry(Retry::Stale)
        }
        _ => failure,
    })?;
    let now = worker.now();
    facts.update(|facts| AttemptFacts {
        first_byte: Some(now.since(sent)),
        answered: Some(now),
        ..facts
    });
    Ok((call, head, framing, upload, key))
}

/// Whether connections to the endpoint are for everyone. One that switches protocols is HTTP/1.1,
/// and the client's own from then on.
fn is_shared(plan: &AttemptPlan<'_>) -> bool {
    !plan.upstream.connector.is_per_client() && plan.upgrade.is_none()
}

/// A connection that is there already.
fn take_kept(worker: &Worker, plan: &AttemptPlan<'_>, key: PoolKey) -> Option<Connection> {
    if !is_shared(plan) {
        return None;
    }
    worker.pool().take(key, plan.began, plan.is_idempotent)
}

/// A connection that has to be made; or that someone else makes at this moment.
async fn dial(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    endpoint: &Arc<Endpoint>,
    key: PoolKey,
    facts: &Cell<AttemptFacts>,
) -> Result<Connection, Failure> {
    let connector = &plan.upstream.connector;
    let mut dialling = None;
    if is_shared(plan) && connector.is_multiplexed() {
        dialling = worker.pool().dial_alone(key).await;
        // Whoever had to wait finds the connection that was made; if none was, all dial at once.
        if dialling.is_none()
            && let Some(made) = take_kept(worker, plan, key)
        {
            return Ok(made);
        }
    }
    let began = worker.now();
    let (address, name) = (endpoint.address(), endpoint.server_name());
    let dialled = match plan.upgrade {
        None => connector.connect(address, name, plan.conversation).await,
        Some(_) => connector.connect_h1(address, name, plan.conversation).await,
    };
    let now = worker.now();
    facts.update(|facts| AttemptFacts { connect: Some(now.since(began)), ..facts });
    let connection = dialled.map_err(Failure::from)?;
    worker.endpoint_metrics(plan.upstream, endpoint).connected(worker.index());
    if is_shared(plan) {
        let idle = plan.upstream.config.timeouts.idle;
        worker.pool().share(key, &connection, endpoint.idle_connections(), now, idle);
    }
    drop(dialling);
    Ok(connection)
}

/// Statuses with which an endpoint says of itself that it is not well.
#[must_use]
pub(crate) const fn is_failure_status(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// What the head of the response says about the endpoint. A failure is told at once; a success
/// weighs on the endpoint until its body is over.
fn judge(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    mut load: Load,
    status: u16,
    facts: AttemptFacts,
) -> Option<Load> {
    let metrics = worker.endpoint_metrics(plan.upstream, load.endpoint());
    metrics.record(worker.index(), status, facts.first_byte.unwrap_or_default());
    let now = facts.answered.unwrap_or_else(|| worker.now());
    if is_failure_status(status) {
        finish(plan.upstream, load, Outcome::Failure, now);
        return None;
    }
    load.answered(now);
    Some(load)
}

/// Ends an attempt, and says in the log what turned by it.
pub(crate) fn finish(upstream: &LiveUpstream, load: Load, outcome: Outcome, now: Moment) {
    let address = load.endpoint().address();
    if let Some(transition) = load.finish(outcome, now) {
        tracing::warn!(
            upstream = upstream.config.name.as_str(),
            endpoint = %address,
            state = transition.as_str(),
            "endpoint changed by what traffic shows"
        );
    }
}
