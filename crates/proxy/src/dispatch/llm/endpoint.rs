//! A request to a provider that has several endpoints: one that cannot be reached is no reason to
//! rest the whole lane while another of them may take it.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Criteria, Reserved, Unavailable};
use architrave_core::Moment;
use architrave_llm::used::SoundLength;
use architrave_net::Reader;
use architrave_telemetry::Party;
use smallvec::SmallVec;

use super::attempted::note_timings;
use super::outgoing::Outgoing;
use super::payload::{RestLook, Sending};
use crate::attempt::{Answered, AttemptFacts, AttemptPlan, Interim, attempt};
use crate::entry::enter;
use crate::exchange::Exchange;
use crate::failure::{Failure, Retry};
use crate::models::Reach;
use crate::tried::{self, Given};
use crate::worker::Worker;

/// How a request is sent to the endpoints of a provider, one after the other.
pub(super) struct EndpointTries<'p> {
    /// Keeps requests that share a prompt together.
    pub affinity: Option<u64>,
    /// How long all of it may take up to the head of the answer.
    pub limit: Duration,
    /// The protocol that is asked for behind a 101.
    pub upgrade: Option<&'p str>,
    /// What sees the body go by and tells how long the sound in it is, where there is any.
    pub length: Option<Box<SoundLength>>,
    /// What looks at the rest of a form before it goes by, where there is one.
    pub look: Option<Box<RestLook>>,
    /// Whether something has gone of what was still with the client, which nobody can send again.
    pub has_taken_rest: bool,
}

impl EndpointTries<'_> {
    /// Sends it, and returns the answer with its head read. Of several that are sent at once, each
    /// notes what becomes of it in the one exchange, and none has the client to itself.
    ///
    /// # Errors
    /// Why the last endpoint that was asked gave none.
    pub(super) async fn send(
        &mut self,
        worker: &Worker,
        exchange: &RefCell<&mut Exchange<'_>>,
        (reach, outgoing): (&Reach, &Outgoing),
        mut client: Option<&mut Reader>,
        began: Moment,
    ) -> Result<Box<Answered>, Failure> {
        let mut tried = SmallVec::<[SocketAddr; 2]>::new();
        let mut last = None;
        let (mut has_failed, mut was_stale) = (false, false);
        loop {
            let choose = |_now| self.next(worker, reach, &tried);
            let entered = pin!(enter(worker, &reach.upstream, began, choose)).await;
            let wait = entered.as_ref().map_or_else(|refused| refused.wait, |next| next.wait);
            let conversation = {
                let exchange = &mut **exchange.borrow_mut();
                exchange.timings.queue_wait = wait.or(exchange.timings.queue_wait);
                exchange.connection.conversation()
            };
            let entered = match (entered, last.take()) {
                // Whoever comes a second time is the only one that is left.
                (Ok(next), Some(failure)) if tried.contains(&next.endpoint().address()) => {
                    return Err(failure);
                }
                (Ok(next), _) => next,
                (Err(_), Some(failure)) => return Err(failure),
                (Err(refused), None) => return Err(refused.failure),
            };
            let endpoint = Arc::clone(entered.endpoint());
            {
                let exchange = &mut **exchange.borrow_mut();
                if has_failed {
                    tried::followed(exchange, "failed");
                }
                exchange.endpoint = Some(Arc::clone(&endpoint));
                exchange.timings.attempt_at = Some(entered.at);
            }
            let plan = AttemptPlan {
                upstream: &reach.upstream,
                conversation,
                head: &outgoing.head,
                target: &outgoing.target,
                framing: outgoing.payload.framing(),
                upgrade: self.upgrade,
                takes_trailers: false,
                close: false,
                is_idempotent: false,
                began: entered.at,
                limit: self.limit,
                is_limit_per_try: false,
            };
            let facts = Cell::<AttemptFacts>::default();
            // What was sent before goes by once more.
            self.length = self.length.take().map(|_seen| Box::new(SoundLength::of_form()));
            let body = Sending::new(&outgoing.payload, client.as_deref_mut());
            let mut body =
                body.measured(self.length.as_deref_mut()).looked_at(self.look.as_deref_mut());
            let result =
                pin!(attempt(worker, &plan, entered, &mut body, Interim::Discard, &facts)).await;
            self.has_taken_rest |= body.has_taken_rest();
            note_timings(&mut exchange.borrow_mut(), facts.get());
            let failure = match result {
                Ok(answered) => return Ok(Box::new(answered)),
                Err(failure) => failure,
            };
            if failure.retry == Retry::Never
                || failure.party != Party::Endpoint
                || self.has_taken_rest
            {
                return Err(failure);
            }
            // Whether there is another one to be tried is known when it has been looked for.
            let given = Given { error: Some(failure.reason), ..Given::default() };
            tried::give_up(&mut exchange.borrow_mut(), worker.now(), given);
            has_failed = true;
            // A kept connection that had died says nothing of its endpoint, once.
            if failure.retry == Retry::Stale && !was_stale {
                was_stale = true;
                continue;
            }
            tried.push(endpoint.address());
            last = Some(failure);
        }
    }

    fn next(
        &self,
        worker: &Worker,
        reach: &Reach,
        tried: &[SocketAddr],
    ) -> Result<Reserved, Unavailable> {
        let hash = self.affinity.unwrap_or_else(|| worker.with_random(|random| random.u64(..)));
        let criteria = Criteria { hash, pinned: None, tried };
        let balance = &reach.upstream.balance;
        worker.with_random(|random| balance.reserve(&criteria, worker.now(), random))
    }
}
