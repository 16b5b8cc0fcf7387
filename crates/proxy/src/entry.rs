//! Into an upstream: a place first, and only who has one chooses an endpoint. Whoever waits may be
//! sent elsewhere than when it came, and weighs on no endpoint until it is sent.

use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Endpoint, Reserved, Unavailable};
use architrave_core::Moment;

use crate::assembly::LiveUpstream;
use crate::failure::Failure;
use crate::queue::Place;
use crate::worker::Worker;

/// Leave to send one request to an endpoint that has room for it.
#[derive(Debug)]
pub(crate) struct Entered {
    /// The room at the endpoint.
    pub reserved: Reserved,
    /// The place among what is in use of the upstream. Behind the endpoint's count wherever both
    /// are dropped: giving it back tells the next one that there is room.
    pub place: Place,
    /// When.
    pub at: Moment,
    /// How long it was waited for; `None` when there was no need to.
    pub wait: Option<Duration>,
}

impl Entered {
    /// The endpoint.
    pub(crate) fn endpoint(&self) -> &Arc<Endpoint> {
        self.reserved.endpoint()
    }
}

/// How long was waited in vain, and why there is nothing to go on with.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Why.
    pub failure: Failure,
    /// How long it was waited; `None` when there was no sense in it.
    pub wait: Option<Duration>,
}

/// Enters: at once where there is a place and an endpoint with room, else through the queue.
/// `choose` is asked at the moment it is told, perhaps more than once, until it gives an endpoint.
///
/// # Errors
/// [`Refused`] with `no_healthy_endpoint`, or `queue_full` when the queue is full or its time over.
pub(crate) async fn enter(
    worker: &Worker,
    upstream: &LiveUpstream,
    now: Moment,
    mut choose: impl FnMut(Moment) -> Result<Reserved, Unavailable>,
) -> Result<Entered, Refused> {
    if let Some(place) = upstream.queue.try_take() {
        match choose(now) {
            Ok(reserved) => return Ok(Entered { reserved, place, at: now, wait: None }),
            Err(Unavailable::AtLimit) => {}
            Err(none) => return Err(Refused { failure: none.into(), wait: None }),
        }
    }
    // What seldom happens is boxed: everybody would pay for its size.
    Box::pin(wait(worker, upstream, choose)).await
}

async fn wait(
    worker: &Worker,
    upstream: &LiveUpstream,
    mut choose: impl FnMut(Moment) -> Result<Reserved, Unavailable>,
) -> Result<Entered, Refused> {
    let began = worker.now();
    let choose = || match choose(worker.now()) {
        Ok(reserved) => Ok(Some(reserved)),
        Err(Unavailable::AtLimit) => Ok(None),
        Err(none) => Err(Failure::from(none)),
    };
    let taken = upstream.queue.take_with(upstream.config.timeouts.connect, choose).await;
    let now = worker.now();
    let wait = now.since(began);
    upstream.metrics.queued(worker.index(), wait);
    match taken {
        Ok((place, reserved)) => Ok(Entered { reserved, place, at: now, wait: Some(wait) }),
        Err(failure) => Err(Refused { failure, wait: Some(wait) }),
    }
}
