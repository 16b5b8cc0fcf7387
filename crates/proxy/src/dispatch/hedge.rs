//! Hedging: a second attempt beside a slow first one; whoever answers first is passed on.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_balance::Endpoint;
use architrave_net::{ResponseHead, Timer, Writer};

use crate::attempt::{
    Answered, AttemptFacts, AttemptPlan, HALF_CLOSED, Interim, attempt, pass_interim, poll_client,
};
use crate::body::{NoBody, RequestBody};
use crate::dispatch::Run;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::worker::Worker;

/// The attempt that may be hedged.
#[derive(Clone, Copy, Debug)]
pub(super) struct First<'a> {
    /// Where it goes.
    pub endpoint: &'a Arc<Endpoint>,
    /// How long it has to itself.
    pub after: Duration,
    /// What is learned on the way, by the attempt that is passed on.
    pub facts: &'a Cell<AttemptFacts>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Hedged {
    /// The first answer; where there is none, the last failure.
    pub result: Result<Answered, Failure>,
    /// Whether there was a second attempt, be it the one that lost.
    pub has_begun: bool,
    /// Its endpoint, when the result is its.
    pub won: Option<Arc<Endpoint>>,
}

/// Attempts the first endpoint, and after a while another one too. The slower attempt is given up.
///
/// What either says before its answer is kept back until it is known whose answer is passed on: a
/// client that has been told of one attempt cannot be given the answer of the other.
pub(super) async fn send(
    run: &mut Run<'_, '_, '_>,
    exchange: &Exchange<'_>,
    first: First<'_>,
    interim: Option<&mut Writer>,
) -> Hedged {
    let Run { worker, upstream, outline, body, choice, .. } = run;
    let First { endpoint, after, facts } = first;
    let mut client = Client::new(body, interim);
    let plan = outline.attempt(exchange, upstream, worker.now());
    let mut first = pin!(whole(worker, &plan, endpoint, facts));
    let alone = client.or_gone(first.as_mut());
    if let Ok(result) = tokio::time::timeout(after, alone).await {
        return Hedged { result: client.told(result), has_begun: false, won: None };
    }
    // A hedge is a retry that does not wait for a failure: it counts against the same budget.
    let permit = upstream.balance.retry_budget().try_withdraw();
    let other = permit.and_then(|permit| {
        let other = choice.next(worker, exchange, upstream, worker.now()).ok()?;
        (other.address() != endpoint.address()).then_some((permit, other))
    });
    let Some((_permit, other)) = other else {
        let result = client.or_gone(first).await;
        return Hedged { result: client.told(result), has_begun: false, won: None };
    };
    upstream.metrics.hedged(worker.index());
    let second_facts = Cell::default();
    let second = pin!(whole(worker, &plan, &other, &second_facts));
    let mut is_second = false;
    let race = async {
        let (result, won) = race(first, second).await;
        is_second = won;
        result
    };
    let result = client.or_gone(race).await;
    if is_second {
        facts.set(second_facts.get());
    }
    let won = is_second.then(|| Arc::clone(&other));
    Hedged { result: client.told(result), has_begun: true, won }
}

/// An answer, and what came before it.
type Whole = (Answered, Vec<ResponseHead>);

async fn whole(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    endpoint: &Arc<Endpoint>,
    facts: &Cell<AttemptFacts>,
) -> Result<Whole, Failure> {
    let (mut body, mut before) = (NoBody, Vec::new());
    let interim = Interim::Keep(&mut before);
    let answered = attempt(worker, plan, endpoint, &mut body, interim, facts).await?;
    Ok((answered, before))
}

/// The client, while attempts are made that do not look after it themselves.
struct Client<'c, 'a> {
    body: &'c mut RequestBody<'a>,
    writer: Option<&'c mut Writer>,
    half_closed: Timer,
}

impl<'c, 'a> Client<'c, 'a> {
    fn new(body: &'c mut RequestBody<'a>, writer: Option<&'c mut Writer>) -> Self {
        let mut half_closed = Timer::new();
        half_closed.start(HALF_CLOSED);
        Self { body, writer, half_closed }
    }

    /// Does the work for as long as the client is there.
    async fn or_gone<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => self.poll_gone(context).map(Err),
        })
        .await
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        poll_client(context, self.body, self.writer.as_deref_mut(), &mut self.half_closed)
    }

    /// Tells it what came before the answer.
    fn told(&mut self, result: Result<Whole, Failure>) -> Result<Answered, Failure> {
        let (answered, before) = result?;
        if let Some(writer) = &mut self.writer {
            before.into_iter().for_each(|mut head| pass_interim(writer, &mut head));
        }
        Ok(answered)
    }
}

/// The first success; the last failure when there is none. `true`: it is the second one's.
async fn race<T, E>(
    mut first: impl Future<Output = Result<T, E>> + Unpin,
    mut second: impl Future<Output = Result<T, E>> + Unpin,
) -> (Result<T, E>, bool) {
    let (mut first_failed, mut second_failed) = (false, false);
    poll_fn(|context| {
        if !first_failed {
            match Pin::new(&mut first).poll(context) {
                Poll::Ready(Err(_)) if !second_failed => first_failed = true,
                Poll::Ready(result) => return Poll::Ready((result, false)),
                Poll::Pending => {}
            }
        }
        if !second_failed {
            match Pin::new(&mut second).poll(context) {
                Poll::Ready(Err(_)) if !first_failed => second_failed = true,
                Poll::Ready(result) => return Poll::Ready((result, true)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    })
    .await
}
