//! The mirror: a copy of some requests to another service, whose answers are thrown away.
//!
//! It starts when the real request has been answered, so that it never delays it, and it is
//! bounded: beyond so many copies in flight, further ones are left out.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::Criteria;
use architrave_core::task;
use architrave_net::{Framing, RequestHead};

use crate::assembly::LiveService;
use crate::attempt::{AttemptFacts, AttemptPlan, Interim, attempt};
use crate::body::{KeptBody, RequestBody};
use crate::dispatch::plan::Outline;
use crate::entry::enter;
use crate::exchange::Exchange;
use crate::worker::Worker;

/// Copies in flight per worker.
const COPIES_MAX: usize = 256;

/// How long a copy may take, whole.
const COPY_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends a copy of the request, when the route says so and the whole body was kept.
pub(super) fn start(
    worker: &Worker,
    exchange: &Exchange<'_>,
    outline: &Outline,
    body: &RequestBody<'_>,
) {
    let mirror = exchange.matched.as_ref().and_then(|matched| matched.route.mirror.as_deref());
    let Some((service, percent)) = mirror else {
        return;
    };
    let is_drawn = worker.with_random(|random| random.f64() * 100.0 < *percent);
    if !is_drawn || !body.is_ended() {
        return;
    }
    let Some(kept) = body.kept() else {
        return;
    };
    let Some(in_flight) = InFlight::take(worker.copies()) else {
        return;
    };
    let copy = Copy {
        worker: worker.handle(),
        service: Arc::clone(service),
        head: exchange.head.clone(),
        target: outline.target().to_owned(),
        body: KeptBody::new(kept.to_vec()),
        close: outline.close(),
        conversation: exchange.connection.conversation(),
    };
    task::spawn_local(async move {
        let _in_flight = in_flight;
        // Whatever becomes of a copy, nobody is told.
        let _whatever = tokio::time::timeout(COPY_TIMEOUT, copy.send()).await;
    });
}

/// A copy's place among those in flight on its worker; given back when it is dropped, however the
/// copy ends.
#[derive(Debug)]
struct InFlight(Rc<Cell<usize>>);

impl InFlight {
    /// `None` when there are enough.
    fn take(copies: &Rc<Cell<usize>>) -> Option<Self> {
        let taken = copies.get();
        (taken < COPIES_MAX).then(|| {
            copies.set(taken + 1);
            Self(Rc::clone(copies))
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

struct Copy {
    worker: Rc<Worker>,
    service: Arc<LiveService>,
    head: RequestHead,
    target: String,
    body: KeptBody,
    /// Whether its connection carries no other request after it, as for the real one.
    close: bool,
    conversation: architrave_net::Conversation,
}

impl Copy {
    async fn send(mut self) {
        // Only origins are shown copies: a second answer of a model costs as much as the first.
        let Some(upstream) = self.service.upstream() else { return };
        let worker = &*self.worker;
        let hash = worker.with_random(|random| random.u64(..));
        let criteria = Criteria { hash, pinned: None, tried: &[] };
        let balance = &upstream.balance;
        let choose = |now| worker.with_random(|random| balance.reserve(&criteria, now, random));
        let Ok(entered) = enter(worker, upstream, worker.now(), choose).await else {
            return;
        };
        let framing = match self.body.len() {
            0 => Framing::Empty,
            length => Framing::Length(length as u64),
        };
        let plan = AttemptPlan {
            upstream,
            conversation: self.conversation,
            head: &self.head,
            target: &self.target,
            framing,
            upgrade: None,
            takes_trailers: false,
            close: self.close,
            is_idempotent: false,
            began: entered.at,
            limit: upstream.config.timeouts.first_byte,
            is_limit_per_try: false,
        };
        let facts = Cell::<AttemptFacts>::default();
        let (body, interim) = (&mut self.body, Interim::Discard);
        let answer = attempt(worker, &plan, entered, body, interim, &facts).await;
        let Ok(mut answered) = answer else {
            return;
        };
        let idle = upstream.config.timeouts.idle;
        let Some(reader) = answered.call.reader() else {
            return;
        };
        reader.limit_stall(idle);
        while let Ok(true) = poll_fn(|context| reader.poll_fill(context)).await {
            let count = reader.data().len();
            reader.consume(count);
        }
        worker.keep(answered, upstream, worker.now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back_also_from_a_panic() {
        let copies = Rc::default();
        let mut taken: Vec<_> = (0..COPIES_MAX).filter_map(|_| InFlight::take(&copies)).collect();
        assert_eq!((taken.len(), InFlight::take(&copies).is_none()), (COPIES_MAX, true));
        let one = taken.pop();
        let copy = std::panic::AssertUnwindSafe(move || {
            let _in_flight = one;
            std::panic::resume_unwind(Box::new("a copy that goes wrong"));
        });
        assert!(std::panic::catch_unwind(copy).is_err());
        assert_eq!(copies.get(), COPIES_MAX - 1);
        drop(taken);
        assert_eq!(copies.get(), 0);
    }
}
