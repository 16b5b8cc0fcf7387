//! Hedging: a second attempt beside a slow first one; the first good answer is passed on.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_balance::Endpoint;
use architrave_core::Moment;
use architrave_net::{ResponseHead, Timer, Writer};

use crate::attempt::{
    Answered, AttemptFacts, AttemptPlan, HALF_CLOSED, Interim, attempt, pass_interim, poll_client,
};
use crate::body::{NoBody, RequestBody};
use crate::dispatch::Run;
use crate::entry::Entered;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::tried::{self, Given};
use crate::worker::Worker;

/// The attempt that may be hedged.
#[derive(Debug)]
pub(super) struct First<'a> {
    /// Where it goes.
    pub entered: Entered,
    /// When its time began: before it waited for its place.
    pub asked: Moment,
    /// How long it has to itself.
    pub after: Duration,
    /// What is learned on the way, by the attempt that is passed on.
    pub facts: &'a Cell<AttemptFacts>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Hedged {
    /// The first good answer; where there is none, the last poor one; else the last failure.
    pub result: Result<Answered, Failure>,
    /// The endpoint of the second attempt, where there was one, and when it began.
    pub other: Option<(Arc<Endpoint>, Moment)>,
    /// Whether the result is its.
    pub has_won: bool,
    /// What came of the one whose result it is not, and when.
    pub lost: (Moment, Given),
}

impl Hedged {
    /// Without a second attempt.
    fn alone(result: Result<Answered, Failure>) -> Self {
        Self { result, other: None, has_won: false, lost: (Moment::ZERO, Given::default()) }
    }
}

/// Attempts the first endpoint, and after a while another one too. The slower attempt is given up;
/// but an answer that would be retried is no reason to, as long as the other may give a better one.
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
    let First { entered, asked, after, facts } = first;
    let mut client = Client::new(body, interim);
    let address = entered.endpoint().address();
    let plan = outline.attempt(exchange, upstream, asked);
    let plan = AttemptPlan { began: entered.at, ..plan };
    let mut first = pin!(whole(worker, &plan, entered, facts));
    let alone = client.or_gone(first.as_mut());
    if let Ok(result) = tokio::time::timeout(after, alone).await {
        return Hedged::alone(client.told(result));
    }
    let now = worker.now();
    // A hedge that had to wait would help nobody, and take the place of somebody who must.
    let other = upstream.queue.try_take().and_then(|place| {
        // It is a retry that does not wait for a failure: it counts against the same budget.
        let permit = upstream.balance.retry_budget().try_withdraw()?;
        let reserved = choice.next(worker, exchange, upstream, now).ok()?;
        let is_another = reserved.endpoint().address() != address;
        is_another.then_some((permit, Entered { reserved, place, at: now, wait: None }))
    });
    let Some((_permit, entered)) = other else {
        let result = client.or_gone(first).await;
        return Hedged::alone(client.told(result));
    };
    upstream.metrics.hedged(worker.index());
    let second_facts = Cell::default();
    let other = Arc::clone(entered.endpoint());
    let plan = outline.attempt(exchange, upstream, now);
    let second = pin!(whole(worker, &plan, entered, &second_facts));
    let retried = &upstream.config.retry.on_statuses;
    let is_poor = |(answered, _): &Whole| retried.contains(&answered.head.status);
    let mut ended = None;
    let race = async {
        let Raced { result, is_second, lost } = race(first, second, is_poor, || worker.now()).await;
        ended = Some((is_second, lost.map(|(lost, at)| (at, given(&lost)))));
        result
    };
    let result = client.or_gone(race).await;
    let (is_second, lost) = match ended {
        Some((is_second, Some(lost))) => (is_second, lost),
        Some((is_second, None)) => (is_second, (worker.now(), Given::because(tried::SLOWER))),
        // The client has left both.
        None => (false, (worker.now(), Given::failed(result.as_ref().err()))),
    };
    if is_second {
        facts.set(second_facts.get());
    }
    Hedged { result: client.told(result), other: Some((other, now)), has_won: is_second, lost }
}

/// What is told of an attempt that ended before the other one won.
fn given(lost: &Result<Whole, Failure>) -> Given {
    match lost {
        Ok((answered, _)) => {
            Given { status: Some(answered.head.status), ..Given::because("status") }
        }
        Err(failure) => Given { why: Some("failed"), ..Given::failed(Some(failure)) },
    }
}

/// An answer, and what came before it.
type Whole = (Answered, Vec<ResponseHead>);

async fn whole(
    worker: &Worker,
    plan: &AttemptPlan<'_>,
    entered: Entered,
    facts: &Cell<AttemptFacts>,
) -> Result<Whole, Failure> {
    let (mut body, mut before) = (NoBody, Vec::new());
    let interim = Interim::Keep(&mut before);
    let answered = attempt(worker, plan, entered, &mut body, interim, facts).await?;
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

/// How a race ended.
#[derive(Debug, PartialEq, Eq)]
struct Raced<T, E> {
    result: Result<T, E>,
    /// Whether the result is the second one's.
    is_second: bool,
    /// What the other one gave, and when; `None` where it was still under way.
    lost: Option<(Result<T, E>, Moment)>,
}

/// The first success that is not poor; where there is none, the last poor one, else the last
/// failure.
async fn race<T, E>(
    mut first: impl Future<Output = Result<T, E>> + Unpin,
    mut second: impl Future<Output = Result<T, E>> + Unpin,
    is_poor: impl Fn(&T) -> bool,
    now: impl Fn() -> Moment,
) -> Raced<T, E> {
    // What the one that has ended gave, while the other may still do better.
    let mut kept: Option<(Result<T, E>, bool, Moment)> = None;
    poll_fn(|context| {
        for is_second in [false, true] {
            if kept.as_ref().is_some_and(|(_, ended, _)| *ended == is_second) {
                continue;
            }
            let polled = match is_second {
                false => Pin::new(&mut first).poll(context),
                true => Pin::new(&mut second).poll(context),
            };
            let Poll::Ready(result) = polled else { continue };
            let is_good = result.as_ref().is_ok_and(|answer| !is_poor(answer));
            let raced = match kept.take() {
                None if is_good => Raced { result, is_second, lost: None },
                None => {
                    kept = Some((result, is_second, now()));
                    continue;
                }
                Some((before, was_second, _)) if before.is_ok() && result.is_err() => {
                    Raced { result: before, is_second: was_second, lost: Some((result, now())) }
                }
                Some((before, _, at)) => Raced { result, is_second, lost: Some((before, at)) },
            };
            return Poll::Ready(raced);
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_poor_answer_wins_only_when_the_other_is_no_better() {
        type Gave = Result<u16, &'static str>;
        let check = async |first: Gave, second: Gave, (is_second, both_ended): (bool, bool)| {
            let at = Moment::from_nanos(7);
            let raced = race(ready(first), ready(second), |status| *status == 503, || at).await;
            let (result, other) = if is_second { (second, first) } else { (first, second) };
            let lost = both_ended.then_some((other, at));
            assert_eq!(raced, Raced { result, is_second, lost }, "{first:?} {second:?}");
        };
        check(Ok(200), Ok(201), (false, false)).await;
        check(Ok(503), Ok(200), (true, true)).await;
        check(Err("a"), Ok(200), (true, true)).await;
        check(Ok(503), Err("b"), (false, true)).await;
        check(Err("a"), Ok(503), (true, true)).await;
        check(Ok(503), Ok(503), (true, true)).await;
        check(Err("a"), Err("b"), (true, true)).await;
    }
}
