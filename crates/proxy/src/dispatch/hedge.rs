//! Hedging: a second attempt beside a slow first one; whoever answers first is passed on.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use architrave_balance::Endpoint;

use crate::attempt::{Answered, AttemptFacts, attempt};
use crate::body::NoBody;
use crate::dispatch::Run;
use crate::exchange::Exchange;
use crate::failure::Failure;

/// Attempts `endpoint`, and after a while another one too, which is returned if it answered. The
/// slower attempt is given up.
pub(super) async fn send(
    run: &mut Run<'_, '_, '_>,
    exchange: &Exchange<'_>,
    endpoint: &Arc<Endpoint>,
    after: Duration,
    facts: &Cell<AttemptFacts>,
) -> (Result<Answered, Failure>, Option<Arc<Endpoint>>) {
    let (worker, upstream) = (run.worker, run.upstream);
    let plan = run.outline.attempt(exchange, upstream, worker.now());
    let mut first_body = NoBody;
    let first = attempt(worker, &plan, endpoint, &mut first_body, None, facts);
    let mut first = pin!(first);
    if let Ok(result) = tokio::time::timeout(after, first.as_mut()).await {
        return (result, None);
    }
    // A hedge is a retry that does not wait for a failure: it counts against the same budget.
    let permit = upstream.balance.retry_budget().try_withdraw();
    let other = permit.and_then(|permit| {
        let other = run.choice.next(worker, exchange, upstream, worker.now()).ok()?;
        (other.address() != endpoint.address()).then_some((permit, other))
    });
    let Some((_permit, other)) = other else {
        return (first.await, None);
    };
    upstream.metrics.hedged(worker.index());
    let second_facts = Cell::default();
    let mut second_body = NoBody;
    let second = attempt(worker, &plan, &other, &mut second_body, None, &second_facts);
    let (result, is_second) = race(first, pin!(second)).await;
    if is_second {
        facts.set(second_facts.get());
        return (result, Some(Arc::clone(&other)));
    }
    (result, None)
}

/// The first success; the last failure when there is none. `true`: it is the second one's.
async fn race<T, E>(
    mut first: impl Future<Output = Result<T, E>> + Unpin,
    mut second: impl Future<Output = Result<T, E>> + Unpin,
) -> (Result<T, E>, bool) {
    let (mut first_failed, mut second_failed) = (false, false);
    poll_fn(|context| {
        if !first_failed {
            match std::pin::Pin::new(&mut first).poll(context) {
                Poll::Ready(Err(_)) if !second_failed => first_failed = true,
                Poll::Ready(result) => return Poll::Ready((result, false)),
                Poll::Pending => {}
            }
        }
        if !second_failed {
            match std::pin::Pin::new(&mut second).poll(context) {
                Poll::Ready(Err(_)) if !first_failed => second_failed = true,
                Poll::Ready(result) => return Poll::Ready((result, true)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    })
    .await
}
