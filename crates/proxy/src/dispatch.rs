//! Step 5: to the service, by its kind: an HTTP origin behind an upstream, a mock of one, models, or
//! MCP servers.

mod choose;
mod hedge;
pub(crate) mod llm;
pub(crate) mod mcp;
mod mirror;
mod mock;
mod plan;
mod retry;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use architrave_balance::RetryPermit;
use architrave_core::{Moment, Reason};
use architrave_net::{Framing, Reader, Timer, WireError, Writer};
use architrave_telemetry::Phase;

use crate::assembly::{LiveKind, LiveService, LiveUpstream};
use crate::attempt::{
    Answered, AttemptFacts, AttemptPlan, HALF_CLOSED, Interim, attempt, body_failure, poll_client,
};
use crate::bodies;
use crate::body::RequestBody;
use crate::entry::{Entered, enter};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::serve::RequestFacts;
use crate::tried::{self, Given};
use crate::worker::Worker;
use choose::Choice;
use plan::Outline;

/// What dispatching needs of the client's side.
#[derive(Debug)]
pub(crate) struct ClientSide<'r, 'w> {
    /// Where the request's body comes from.
    pub reader: &'r mut Reader,
    /// Where interim responses go.
    pub writer: &'w mut Writer,
    /// What is known of the request beside its head.
    pub facts: &'w RequestFacts,
}

/// An answer from an endpoint, with what must live as long as it is passed on.
#[derive(Debug)]
pub(crate) struct Forwarded<'a, 'p> {
    /// The attempt that answered.
    pub answered: Answered,
    /// The request's body, which may still be on its way.
    pub body: RequestBody<'a>,
    /// The upstream it came from.
    pub upstream: &'p Arc<LiveUpstream>,
    /// The `Set-Cookie` with which the client comes back to the same endpoint.
    pub set_cookie: Option<String>,
    _retry: Option<RetryPermit>,
}

/// What came of dispatching.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the common one, which is not to pay for an allocation"
)]
pub(crate) enum Dispatched<'a, 'p> {
    /// An endpoint's answer, to be passed on.
    Forwarded(Forwarded<'a, 'p>),
    /// An answer of a model, or why there is none, in the dialect of the client; or a mock's.
    Llm(Box<llm::LlmAnswer<'a>>),
    /// An answer to an MCP client.
    Mcp(Box<mcp::McpAnswer<'a>>),
}

/// Leads an exchange to its service.
///
/// # Errors
/// Why there is no answer to pass on.
pub(crate) async fn dispatch<'a, 'p>(
    worker: &'a Worker,
    exchange: &mut Exchange<'p>,
    client: ClientSide<'a, '_>,
) -> Result<Dispatched<'a, 'p>, Failure> {
    let service = service_of(exchange)?;
    if let Some(life) = &service.life {
        life.admit(worker.wall())?;
    }
    match &service.kind {
        LiveKind::Http(upstream) => {
            pin!(forward(worker, exchange, client, upstream)).await.map(Dispatched::Forwarded)
        }
        LiveKind::Mock(api) => {
            let answer = Box::pin(mock::serve(worker, exchange, client, api)).await;
            answer.map(|answer| Dispatched::Llm(Box::new(answer)))
        }
        // Boxed: what such an exchange needs is large, and the others shall not pay for it.
        LiveKind::Llm(service) => {
            let answer = Box::pin(llm::serve(worker, exchange, client, service)).await;
            Ok(Dispatched::Llm(Box::new(answer)))
        }
        LiveKind::Mcp(service) => {
            let answer = Box::pin(mcp::serve(worker, exchange, client, service)).await?;
            Ok(Dispatched::Mcp(Box::new(answer)))
        }
        LiveKind::Prompt(service) => {
            let answer = Box::pin(llm::prompt::serve(worker, exchange, client, service)).await;
            Ok(Dispatched::Llm(Box::new(answer)))
        }
    }
}

/// Makes attempts until one is to be passed on.
async fn forward<'a, 'p>(
    worker: &'a Worker,
    exchange: &mut Exchange<'p>,
    client: ClientSide<'a, '_>,
    upstream: &'p Arc<LiveUpstream>,
) -> Result<Forwarded<'a, 'p>, Failure> {
    let outline = Outline::of(worker, exchange, client.facts, upstream);
    let kept_bytes_max = outline.kept_bytes_max(exchange, upstream);
    let bytes_max = exchange.admission.body_bytes_max;
    let clock = (client.facts.framing != Framing::Empty).then(|| &worker.gateway().clock);
    let mut body = RequestBody::new(client.reader, bytes_max, kept_bytes_max, clock);
    bodies::note_request(exchange, &mut body);
    let mut first_at = exchange.began;
    if clock.is_some() {
        let sides = (client.facts, &mut *client.writer);
        let received = pin!(receive(exchange, sides, upstream, &mut body)).await;
        match received {
            Ok(true) => {}
            Ok(false) => first_at = worker.now(),
            Err(failure) => {
                bodies::take_request(exchange, &mut body);
                return Err(failure);
            }
        }
    }
    let choice = Choice::default();
    let mut run = Run {
        worker,
        upstream,
        outline,
        body,
        choice,
        first_at,
        permit: None,
        retries: 0,
        next_after: Duration::ZERO,
    };
    let result = pin!(run.until_answered(exchange, client.writer)).await;
    exchange.timings.read_at = run.body.ended_at().or(exchange.timings.read_at);
    if result.is_err() {
        bodies::take_request(exchange, &mut run.body);
    }
    let answered = result?;
    let set_cookie = run.set_cookie(exchange, &answered);
    mirror::start(worker, exchange, &run.outline, &run.body);
    worker.spares().texts.give(run.outline.into_text());
    Ok(Forwarded {
        answered,
        body: run.body,
        upstream: run.upstream,
        set_cookie,
        _retry: run.permit,
    })
}

/// Sees to it that the body of the request is there, as far as an endpoint must wait for it, or has
/// leave to be sent while it comes; `false` where it was waited for.
///
/// A client that is slow with its body holds a place of the upstream all the while. So half of the
/// places are for those who have said what they want.
async fn receive(
    exchange: &Exchange<'_>,
    (facts, writer): (&RequestFacts, &mut Writer),
    upstream: &LiveUpstream,
    body: &mut RequestBody<'_>,
) -> Result<bool, Failure> {
    // Two who speak gRPC may be silent for long before either has said anything.
    if exchange.is_grpc() && upstream.connector.is_multiplexed() {
        return Ok(true);
    }
    body.limit_pace(exchange.connection.listener.body_pace(), facts.expects_continue);
    let failed = |error: WireError| body_failure(&error);
    if body.has_arrived(facts.framing).await.map_err(failed)? {
        return Ok(true);
    }
    if let Some(leave) = upstream.queue.try_arrive(upstream.balance.room()) {
        body.go_on_arriving(leave);
        return Ok(true);
    }
    llm::give_leave(facts, writer).await.map_err(failed)?;
    body.arrive(facts.framing).await.map_err(failed)?;
    Ok(false)
}

fn service_of<'p>(exchange: &Exchange<'p>) -> Result<&'p Arc<LiveService>, Failure> {
    let service = exchange.matched.and_then(|matched| matched.service);
    service.ok_or_else(|| {
        Failure::gateway(Reason::NoRoute, Phase::Admit, "the route leads to no service")
    })
}

/// The attempts of one exchange.
struct Run<'w, 'a, 'p> {
    worker: &'w Worker,
    upstream: &'p Arc<LiveUpstream>,
    outline: Outline,
    body: RequestBody<'a>,
    choice: Choice,
    /// When the first attempt begins.
    first_at: Moment,
    permit: Option<RetryPermit>,
    /// Attempts made because the one before failed; a hedge is none.
    retries: u32,
    /// How long is waited before the next one.
    next_after: Duration,
}

impl Run<'_, '_, '_> {
    async fn until_answered(
        &mut self,
        exchange: &mut Exchange<'_>,
        interim: &mut Writer,
    ) -> Result<Answered, Failure> {
        loop {
            let result = pin!(self.send(exchange, interim)).await;
            let given = match result {
                Ok(answered) if !self.is_worth_retrying(&answered) => {
                    return Ok(answered);
                }
                // The answer that is not passed on: its connection goes with it.
                Ok(thrown_away) => {
                    let status = Some(thrown_away.head.status);
                    Given { status, why: Some("status"), ..Given::default() }
                }
                Err(failure) => {
                    let error = Some(failure.reason);
                    if !self.may_retry(&failure) {
                        let given = Given { error, ..Given::default() };
                        tried::give_up(exchange, self.worker.now(), given);
                        return Err(failure);
                    }
                    Given { error, why: Some("failed"), ..Given::default() }
                }
            };
            tried::give_up(exchange, self.worker.now(), given);
            if !self.next_after.is_zero() {
                Box::pin(self.pause_while_wanted(interim)).await?;
            }
            self.body.rewind();
            self.retries += 1;
            self.upstream.metrics.retried(self.worker.index());
        }
    }

    /// Lets the time to the next attempt pass, for as long as the client is there.
    async fn pause_while_wanted(&mut self, interim: &mut Writer) -> Result<(), Failure> {
        let (mut pause, mut half_closed) = (Timer::new(), Timer::new());
        pause.start(self.next_after);
        half_closed.start(HALF_CLOSED);
        poll_fn(|context| match pause.poll_elapsed(context) {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            Poll::Pending => {
                poll_client(context, &mut self.body, Some(&mut *interim), &mut half_closed).map(Err)
            }
        })
        .await
    }

    /// One attempt, or two side by side when hedging.
    async fn send(
        &mut self,
        exchange: &mut Exchange<'_>,
        interim: &mut Writer,
    ) -> Result<Answered, Failure> {
        // A first attempt follows what it waited for so closely that the clock need not be read
        // again.
        let now = if exchange.attempts == 0 { self.first_at } else { self.worker.now() };
        let entered = pin!(self.enter(exchange, now)).await?;
        let (endpoint, began) = (Arc::clone(entered.endpoint()), entered.at);
        exchange.attempts += 1;
        exchange.endpoint = Some(Arc::clone(&endpoint));
        exchange.timings.attempt_at = Some(began);
        let facts = Cell::<AttemptFacts>::default();
        let takes_interim = self.outline.takes_interim(exchange);
        let result = if let Some(after) = self.outline.hedge_after(self.upstream) {
            let first = hedge::First { entered, asked: now, after, facts: &facts };
            let interim = takes_interim.then_some(interim);
            let hedged = Box::pin(hedge::send(self, exchange, first, interim)).await;
            if let Some((other, other_began)) = hedged.other {
                exchange.attempts += 1;
                let (address, since) = match hedged.has_won {
                    true => (endpoint.address(), began),
                    false => (other.address(), other_began),
                };
                let (ended, given) = hedged.lost;
                tried::note(exchange, (Some(address), since), ended, given);
                if hedged.has_won {
                    exchange.endpoint = Some(other);
                    exchange.timings.attempt_at = Some(other_began);
                }
            }
            hedged.result
        } else {
            // Waiting for a place takes nothing away from the time that the endpoint has.
            let plan = self.outline.attempt(exchange, self.upstream, now);
            let plan = AttemptPlan { began, ..plan };
            let interim = if takes_interim { Interim::Pass(interim) } else { Interim::Discard };
            pin!(attempt(self.worker, &plan, entered, &mut self.body, interim, &facts)).await
        };
        let facts = facts.get();
        let timings = &mut exchange.timings;
        timings.connect = facts.connect.or(timings.connect);
        timings.first_byte = facts.first_byte;
        timings.answered = facts.answered;
        exchange.request_bytes = facts.sent_bytes;
        result
    }

    /// Takes a place, and then an endpoint for the next attempt.
    async fn enter(
        &mut self,
        exchange: &mut Exchange<'_>,
        now: Moment,
    ) -> Result<Entered, Failure> {
        let Self { worker, upstream, choice, .. } = self;
        let choose = |now| choice.next(worker, exchange, upstream, now);
        let entered = enter(worker, upstream, now, choose).await;
        let wait = entered.as_ref().map_or_else(|refused| refused.wait, |entered| entered.wait);
        exchange.timings.queue_wait = wait.or(exchange.timings.queue_wait);
        entered.map_err(|refused| refused.failure)
    }

    fn set_cookie(&self, exchange: &Exchange<'_>, answered: &Answered) -> Option<String> {
        self.choice.set_cookie(
            self.worker,
            self.upstream,
            answered.endpoint.address(),
            exchange.is_secure,
        )
    }
}
