//! One attempt at one endpoint: a connection, the request, and the head of the response.

use std::borrow::Cow;
use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_balance::{Endpoint, Load, Outcome};
use architrave_core::{Moment, Reason};
use architrave_net::h1::Gone;
use architrave_net::{
    Call, CallOptions, Connection, Conversation, Framing, PoolKey, Relay, RelayError, RequestHead,
    ResponseHead, Source, Timer, WireError, Writer, hop,
};
use architrave_telemetry::Phase;

use crate::assembly::LiveUpstream;
use crate::failure::{Failure, Retry};
use crate::queue::Place;
use crate::worker::Worker;

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
    /// Its place among the connections in use.
    pub place: Place,
}

/// What is learned on the way, also by attempts that fail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AttemptFacts {
    /// Waiting for a place.
    pub queue_wait: Option<Duration>,
    /// Dialling; none on a kept connection.
    pub connect: Option<Duration>,
    /// From the request on its way to the head of the response.
    pub first_byte: Option<Duration>,
    /// When that head was there.
    pub answered: Option<Moment>,
    /// Body bytes that the endpoint took.
    pub sent_bytes: u64,
}

/// What becomes of the interim responses of an attempt.
#[derive(Debug)]
pub(crate) enum Interim<'a> {
    /// Nobody listens.
    Discard,
    /// They go to the client as they come.
    Pass(&'a mut Writer),
    /// They are kept until it is known whether this attempt's answer is the one to be passed on.
    Keep(&'a mut Vec<ResponseHead>),
}

/// Makes one attempt.
///
/// # Errors
/// A [`Failure`] that says whether another attempt may be made; the endpoint has been told of it.
pub(crate) async fn attempt(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    endpoint: &Arc<Endpoint>,
    body: &mut impl Source,
    interim: Interim<'_>,
    facts: &Cell<AttemptFacts>,
) -> Result<Answered, Failure> {
    let load = endpoint.begin(plan.began);
    plan.upstream.metrics.attempted(worker.index());
    match run(worker, plan, endpoint, body, interim, facts).await {
        Ok((call, head, framing, upload, key, place)) => {
            let load = judge(worker, plan, load, head.status, facts.get());
            let endpoint = Arc::clone(endpoint);
            Ok(Answered { call, head, framing, upload, endpoint, load, key, place })
        }
        Err(failure) => {
            let outcome =
                if failure.blames_endpoint() { Outcome::Failure } else { Outcome::Neutral };
            if outcome == Outcome::Failure {
                let metrics = worker.endpoint_metrics(plan.upstream, endpoint);
                metrics.failed(worker.index(), failure.reason);
            }
            finish(plan.upstream, load, outcome, worker.now());
            Err(failure)
        }
    }
}

type Reached = (Call, ResponseHead, Framing, Relay, PoolKey, Place);

async fn run(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    endpoint: &Arc<Endpoint>,
    body: &mut impl Source,
    interim: Interim<'_>,
    facts: &Cell<AttemptFacts>,
) -> Result<Reached, Failure> {
    // What seldom happens is boxed: an attempt is moved while it is made, and pays for its size.
    let place = match plan.upstream.queue.try_take() {
        Some(place) => place,
        None => Box::pin(wait_for_place(worker, plan, facts)).await?,
    };
    let key = PoolKey { connector: plan.upstream.connector.id(), address: endpoint.address() };
    let kept = take_kept(worker, plan, key);
    let is_kept = kept.is_some();
    let connection = match kept {
        Some(kept) => kept,
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
    let mut head = worker.take_head();
    // The clock is read again only where something was waited for.
    let waited = facts.get().queue_wait.is_some() || facts.get().connect.is_some();
    let sent = if waited { worker.now() } else { plan.began };
    let mut dialogue = Dialogue {
        plan,
        body,
        interim,
        interim_count: 0,
        is_uploading: true,
        sink_error: None,
        half_closed: Timer::new(),
    };
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
    Ok((call, head, framing, upload, key, place))
}

/// Waits for a place among the connections in use.
async fn wait_for_place(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    facts: &Cell<AttemptFacts>,
) -> Result<Place, Failure> {
    let began = worker.now();
    let taken = plan.upstream.queue.take(plan.upstream.config.timeouts.connect).await;
    let wait = worker.now().since(began);
    facts.update(|facts| AttemptFacts { queue_wait: Some(wait), ..facts });
    plan.upstream.metrics.queued(worker.index(), wait);
    taken.map_err(Failure::from)
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

/// Interim responses that one request may have; an endpoint that sends more is not well.
const INTERIM_MAX: u32 = 64;

/// Interim responses that are kept of an attempt that may yet be given up; more are left out.
const INTERIM_KEPT_MAX: usize = 8;

/// How long a client that has closed its side is still taken to be listening.
pub(crate) const HALF_CLOSED: Duration = Duration::from_secs(1);

/// The conversation with an endpoint up to the head of its response: sends the request's body and
/// waits for that head, both at once, since an endpoint may answer before it has read everything.
struct Dialogue<'a, B> {
    plan: &'a AttemptPlan<'a>,
    body: &'a mut B,
    interim: Interim<'a>,
    interim_count: u32,
    is_uploading: bool,
    sink_error: Option<WireError>,
    half_closed: Timer,
}

impl<B: Source> Dialogue<'_, B> {
    async fn run(
        &mut self,
        call: &mut Call,
        upload: &mut Relay,
        head: &mut ResponseHead,
    ) -> Result<Framing, Failure> {
        // The time to the first byte counts from when all was sent; until then bodies have limits
        // of their own.
        call.limit_head(FOREVER);
        call.writer().limit_stall(self.plan.upstream.config.timeouts.idle);
        self.half_closed.start(HALF_CLOSED);
        let framing = poll_fn(|context| self.poll(context, call, upload, head)).await?;
        check_switch(self.plan, head, framing)
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        call: &mut Call,
        upload: &mut Relay,
        head: &mut ResponseHead,
    ) -> Poll<Result<Framing, Failure>> {
        loop {
            self.upload(context, call, upload)?;
            #[cfg(test)]
            crate::fault::strike("wait", self.plan.head);
            match call.poll_response(context, &self.plan.head.method, head) {
                Poll::Ready(Ok(framing)) if !head.is_interim() => {
                    return Poll::Ready(Ok(framing));
                }
                Poll::Ready(Ok(_interim)) => self.pass_interim(head)?,
                Poll::Ready(Err(error)) => {
                    let error = self.sink_error.take().unwrap_or(error);
                    return Poll::Ready(Err(self.response_failure(&error)));
                }
                Poll::Pending => return self.poll_client(context).map(Err),
            }
        }
    }

    fn upload(
        &mut self,
        context: &mut Context<'_>,
        call: &mut Call,
        upload: &mut Relay,
    ) -> Result<(), Failure> {
        if !self.is_uploading {
            return Ok(());
        }
        match upload.poll(context, self.body, call.writer()) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => {
                self.is_uploading = false;
                call.limit_head(self.plan.limit);
            }
            Poll::Ready(Err(RelayError::Source(error))) => return Err(body_failure(&error)),
            Poll::Ready(Err(RelayError::Sink(error))) => {
                // The answer may lie in our socket already: look before giving up.
                self.is_uploading = false;
                self.sink_error = Some(error);
                call.limit_head(Duration::from_millis(500));
            }
        }
        Ok(())
    }

    fn pass_interim(&mut self, head: &mut ResponseHead) -> Result<(), Failure> {
        self.interim_count += 1;
        if self.interim_count > INTERIM_MAX {
            return Err(Failure::endpoint(
                Reason::BadResponse,
                Phase::Wait,
                "the endpoint sends interim responses without end",
            ));
        }
        match &mut self.interim {
            Interim::Discard => {}
            Interim::Pass(writer) => pass_interim(writer, head),
            Interim::Keep(kept) if kept.len() < INTERIM_KEPT_MAX => kept.push(head.clone()),
            Interim::Keep(_) => {}
        }
        Ok(())
    }

    /// While there is nothing to do but wait: is the client still there?
    fn poll_client(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let writer = match &mut self.interim {
            Interim::Pass(writer) => Some(&mut **writer),
            Interim::Discard | Interim::Keep(_) => None,
        };
        poll_client(context, self.body, writer, &mut self.half_closed)
    }

    fn response_failure(&self, error: &WireError) -> Failure {
        let failure = match error {
            WireError::Stalled if self.plan.is_limit_per_try => out_of_time().retry(Retry::Sent),
            error => response_failure(error),
        };
        // What the client has been told of this attempt cannot be taken back.
        let is_told = self.interim_count > 0 && matches!(self.interim, Interim::Pass(_));
        if is_told { failure.retry(Retry::Never) } else { failure }
    }
}

/// Tells the client of an interim response. One that does not take it gets the final response, or
/// is found gone then.
pub(crate) fn pass_interim(writer: &mut Writer, head: &mut ResponseHead) {
    hop::strip_hop_by_hop(&mut head.fields);
    let _untaken = writer.send_interim(head);
}

/// Ready when the client is no longer there to be answered.
pub(crate) fn poll_client(
    context: &mut Context<'_>,
    body: &mut impl Source,
    writer: Option<&mut Writer>,
    half_closed: &mut Timer,
) -> Poll<Failure> {
    let gone = |detail| Failure::client(Reason::ClientClosed, Phase::Wait, detail);
    if let Some(writer) = writer {
        let flushed = writer.poll_flush(context);
        if matches!(flushed, Poll::Ready(Err(_))) || writer.poll_reset(context).is_ready() {
            return Poll::Ready(gone("the client went away"));
        }
    }
    match body.poll_gone(context) {
        Poll::Ready(Gone::Reset) => Poll::Ready(gone("the client went away")),
        // It may have closed its half only: it gets a moment more.
        Poll::Ready(Gone::Closed) => {
            half_closed.poll_elapsed(context).map(|()| gone("the client closed"))
        }
        Poll::Pending => Poll::Pending,
    }
}

/// A 101 must answer an upgrade that was asked for; anything else would make a tunnel of what
/// the client still takes for HTTP.
fn check_switch(
    plan: &AttemptPlan<'_>,
    head: &ResponseHead,
    framing: Framing,
) -> Result<Framing, Failure> {
    if head.status != 101 {
        return Ok(framing);
    }
    let offered = head.fields.get_known(architrave_net::Known::Upgrade).unwrap_or_default();
    match plan.upgrade {
        Some(asked) if offered.eq_ignore_ascii_case(asked.as_bytes()) => Ok(framing),
        _ => Err(Failure::endpoint(
            Reason::BadResponse,
            Phase::Wait,
            "the endpoint switched protocols and was not asked to",
        )),
    }
}

fn body_failure(error: &WireError) -> Failure {
    let reason = error.downstream_reason();
    let detail = Cow::Owned(error.to_string());
    match error {
        WireError::TooLarge => Failure::gateway(reason, Phase::RequestBody, detail),
        _ => Failure::client(reason, Phase::RequestBody, detail),
    }
}

fn out_of_time() -> Failure {
    let detail = "the endpoint did not answer in time";
    Failure::gateway(Reason::ResponseTimeout, Phase::Wait, detail)
}

fn response_failure(error: &WireError) -> Failure {
    if matches!(error, WireError::Stalled) {
        return out_of_time();
    }
    let retry = match error {
        WireError::H2(error) if is_untouched(error) => Retry::Unsent,
        WireError::Closed | WireError::Io(_) | WireError::H2(_) => Retry::Sent,
        _ => Retry::Never,
    };
    Failure::endpoint(error.upstream_reason(), Phase::Wait, error.to_string()).retry(retry)
}

/// Whether the endpoint says of a stream that it has not begun with it (RFC 9113 §8.7): it refused
/// it, or goes away and named an earlier one as its last.
fn is_untouched(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (is_refused || error.is_go_away())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client of HTTP/2 sees when the endpoint resets its stream so.
    async fn reset_with(reason: h2::Reason) -> h2::Error {
        let (ours, theirs) = tokio::io::duplex(4096);
        let endpoint = async {
            let mut accepted = h2::server::handshake(theirs).await.unwrap();
            let (_request, mut reply) = accepted.accept().await.unwrap().unwrap();
            reply.send_reset(reason);
            while accepted.accept().await.is_some() {}
        };
        let client = async {
            let (mut sender, connection) = h2::client::handshake(ours).await.unwrap();
            let request = http::Request::get("http://h/").body(()).unwrap();
            let (answer, _body) = sender.send_request(request, true).unwrap();
            tokio::select! {
                answer = answer => answer.unwrap_err(),
                _ = connection => unreachable!("the stream ends first"),
            }
        };
        tokio::select! {
            error = client => error,
            () = endpoint => unreachable!("the client ends first"),
        }
    }

    #[tokio::test]
    async fn a_stream_that_was_refused_was_not_begun() {
        let refused = WireError::H2(reset_with(h2::Reason::REFUSED_STREAM).await);
        assert_eq!(response_failure(&refused).retry, Retry::Unsent);
        let broken = WireError::H2(reset_with(h2::Reason::INTERNAL_ERROR).await);
        assert_eq!(response_failure(&broken).retry, Retry::Sent);
    }
}
