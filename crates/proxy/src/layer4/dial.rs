//! To an endpoint, and to another one when that fails: nothing of the client's has been sent yet,
//! so trying again is always safe.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Load, Outcome, RetryPermit};
use architrave_core::Moment;
use architrave_net::Stream;

use super::choice::Choice;
use crate::assembly::LiveUpstream;
use crate::attempt::finish;
use crate::connection::Connection;
use crate::entry::{Entered, enter};
use crate::failure::Failure;
use crate::queue::Place;
use crate::worker::Worker;

/// An endpoint that was reached, and what must live as long as the relay to it.
#[derive(Debug)]
pub(super) struct Dialled {
    /// The connection to it.
    pub(super) stream: Stream,
    /// Counts the relay at the endpoint.
    pub(super) load: Load,
    /// When it was reached.
    pub(super) connected_at: Moment,
    _place: Place,
}

/// What is learned on the way, also when no endpoint is reached.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DialFacts {
    /// Attempts made.
    pub(super) attempts: u32,
    /// The endpoint of the last one.
    pub(super) endpoint: Option<SocketAddr>,
    /// Waiting for a place among the connections in use.
    pub(super) queue_wait: Option<Duration>,
    /// How long the last attempt took.
    pub(super) connect: Option<Duration>,
}

/// Dials for a connection.
///
/// # Errors
/// The [`Failure`] of the last attempt, or why there was none.
pub(super) async fn dial(
    worker: &Worker,
    connection: &Connection,
    upstream: &Arc<LiveUpstream>,
    facts: &mut DialFacts,
) -> Result<Dialled, Failure> {
    let mut choice = Choice::new(worker, upstream, connection.client.ip());
    // One permit at a time: the one for the retry before this one is given back first.
    let mut permit: Option<RetryPermit> = None;
    let choose = |_now| choice.next(worker, upstream);
    let entered = enter(worker, upstream, worker.now(), choose).await;
    facts.queue_wait = entered.as_ref().map_or_else(|refused| refused.wait, |entered| entered.wait);
    let Entered { mut reserved, place, .. } = entered.map_err(|refused| refused.failure)?;
    loop {
        facts.attempts += 1;
        let endpoint = Arc::clone(reserved.endpoint());
        facts.endpoint = Some(endpoint.address());
        let began = worker.now();
        let load = reserved.begin(began);
        upstream.metrics.attempted(worker.index());
        let dialled = upstream
            .connector
            .connect_raw(endpoint.address(), endpoint.server_name(), connection.conversation())
            .await;
        let now = worker.now();
        facts.connect = Some(now.since(began));
        let metrics = worker.endpoint_metrics(upstream, &endpoint);
        let failure = match dialled {
            Ok(stream) => {
                metrics.connected(worker.index());
                return Ok(Dialled { stream, load, connected_at: now, _place: place });
            }
            Err(error) => Failure::from(error),
        };
        metrics.failed(worker.index(), failure.reason);
        finish(upstream, load, Outcome::Failure, now);
        if !choice.may_go_on(upstream, &failure) {
            return Err(failure);
        }
        drop(permit.take());
        permit = upstream.balance.retry_budget().try_withdraw();
        if permit.is_none() {
            upstream.metrics.retry_budget_exhausted(worker.index());
            return Err(failure);
        }
        let pause = choice.pause(worker, upstream);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        reserved = choice.next(worker, upstream)?;
        upstream.metrics.retried(worker.index());
    }
}
