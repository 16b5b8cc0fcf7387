//! Several requests for the one answer of an exchange, where a provider takes one thing at a time:
//! a few at once, and their answers in order.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::Flight;
use architrave_llm::beside::Prepared;
use architrave_llm::chat::Usage;
use architrave_llm::dialect::Dialect;
use architrave_llm::hush::Hush;
use architrave_llm::signal::Limits;
use architrave_net::{Reader, ResponseHead, Timer};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::along::{Along, Came, PATIENCE, nothing};
use super::sight;
use crate::dispatch::llm::attempted::{Attempted, failed};
use crate::dispatch::llm::awaited::Waited;
use crate::dispatch::llm::endpoint::EndpointTries;
use crate::dispatch::llm::outgoing::Outgoing;
use crate::dispatch::llm::read_reply::{self, Judged};
use crate::dispatch::llm::signal::{self, About};
use crate::dispatch::llm::{attempted, awaited, credential, settle};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::models::Reach;

/// How many are under way at once: a wait of one answer for eight, while one exchange takes no more
/// of a provider's limits, or of the connections to it, than a few do.
const AT_ONCE: usize = 8;
/// How long those that are under way are waited for when one has failed.
const PATIENCE_AFTER: Duration = Duration::from_secs(5);

/// What is to be sent, along one lane.
pub(super) struct Each<'e> {
    pub along: &'e Along<'e, 'e>,
    /// The dialect of failures.
    pub dialect: Dialect,
    pub flight: &'e Flight,
    pub prepared: Option<&'e Prepared>,
}

/// What came of one of them.
enum One {
    /// Its answer as it was judged, and what its head tells of limits.
    Judged(Box<(Judged, Limits, Arc<Hush>)>),
    /// No endpoint gave one.
    Failed(Failure),
    /// It was not sent.
    Unsent(Attempted),
}

impl Each<'_> {
    /// Sends them, and gives the head of the last answer and all of their bodies, in the order of
    /// the requests. None begins after the first that fails; those that are under way then are
    /// waited for a moment, as only they tell what they use, and all that was used is noted.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn send(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        outgoings: Vec<Outgoing>,
    ) -> Result<(ResponseHead, Vec<Vec<u8>>), Attempted> {
        let Along { worker, lane, passing, .. } = self.along;
        let Some(reach) = &lane.side.reach else { return Err(nothing()) };
        let began = worker.now();
        settle::hold(exchange, lane, passing.prompt_tokens());
        let count = outgoings.len();
        let mut answers: Vec<Option<Vec<u8>>> = vec![None; count];
        let (mut head, mut is_gone, mut end) = (ResponseHead::default(), false, None);
        let (mut begun, mut over) = (0, 0);
        {
            let shared = RefCell::new(&mut *exchange);
            let has_failed = Cell::new(false);
            let requests = stream::iter(outgoings.into_iter().enumerate());
            let requests = requests.take_while(|_| ready(!has_failed.get()));
            let mut coming = Box::pin(
                requests
                    .map(|(place, outgoing)| {
                        begun = place + 1;
                        let one = self.one(&shared, outgoing);
                        async move { (place, one.await) }
                    })
                    .buffer_unordered(AT_ONCE),
            );
            let mut patience = None;
            loop {
                let (place, one) =
                    match awaited::done(reader, patience.as_mut(), coming.next()).await {
                        Waited::Done(Some(came)) => came,
                        Waited::Done(None) | Waited::TimedOut => break,
                        Waited::ClientGone => {
                            is_gone = true;
                            break;
                        }
                    };
                over += 1;
                match self.came(&mut shared.borrow_mut(), one, reach) {
                    Ok((of_one, bytes)) => {
                        head = of_one;
                        answers[place] = Some(bytes);
                    }
                    Err(why) if end.is_none() => {
                        end = Some(why);
                        has_failed.set(true);
                        let timer: &mut Timer = patience.insert(Timer::new());
                        timer.start(PATIENCE_AFTER);
                    }
                    Err(_later) => {}
                }
            }
        }
        if let Some(facts) = &mut exchange.llm {
            facts.waited += worker.now().since(began);
        }
        exchange.is_body_read = reader.is_ended();
        if is_gone {
            self.along.abandoned(exchange);
            return Err(attempted::nobody_waits());
        }
        let came: Vec<Vec<u8>> = answers.into_iter().flatten().collect();
        let Some(end) = end else { return Ok((head, came)) };
        settle::let_go(exchange, Duration::ZERO);
        let used = self.used_in_vain(&came, begun.saturating_sub(over), count);
        if used.total() > 0 {
            settle::in_vain(worker, exchange, lane, used);
        }
        Err(end)
    }

    /// The head and the body of one answer.
    fn came(
        &self,
        exchange: &mut Exchange<'_>,
        one: One,
        reach: &Reach,
    ) -> Result<(ResponseHead, Vec<u8>), Attempted> {
        let came = match one {
            One::Judged(it) => {
                let (judged, limits, hush) = *it;
                self.along.pass_judged(exchange, judged, (&reach.upstream, hush), &limits)?
            }
            One::Failed(failure) => return Err(failed(&failure)),
            One::Unsent(why) => return Err(why),
        };
        match came {
            Came::Whole(head, bytes) => Ok((head, bytes)),
            Came::Piecewise(..) => {
                let error = read_reply::unreadable();
                Err(signal::judge(error, &Limits::default(), About::Model))
            }
        }
    }

    /// Sends one and reads its answer. Whether the client is there is watched elsewhere.
    async fn one(&self, exchange: &RefCell<&mut Exchange<'_>>, mut outgoing: Outgoing) -> One {
        let Along { worker, lane, asked, passing } = self.along;
        let Some(reach) = &lane.side.reach else { return One::Unsent(nothing()) };
        if let Err((failure, missed)) = credential::show(&mut outgoing, lane, worker).await {
            return One::Unsent(Attempted::Failed(failure, missed));
        }
        let timeout = exchange.borrow().matched.and_then(|matched| matched.route.timeout);
        let limit = timeout.unwrap_or(PATIENCE);
        let mut tries = EndpointTries {
            affinity: None,
            limit,
            upgrade: None,
            length: None,
            look: None,
            has_taken_rest: false,
        };
        let sent = tries.send(worker, exchange, (reach, &outgoing), None, worker.now());
        let answered = match Box::pin(sent).await {
            Ok(answered) => answered,
            Err(failure) => return One::Failed(failure),
        };
        let limits = signal::limits(worker, self.flight, &answered.head.fields);
        settle::note_head(&mut exchange.borrow_mut(), &answered.head.fields);
        let reads = sight::reads(asked.operation(), passing.guards());
        let judged = read_reply::judge(answered, None, self.dialect, (limit, reads)).await;
        One::Judged(Box::new((judged, limits, outgoing.hush)))
    }

    /// What answers of so many used for nothing, as they tell it, and what those used that were cut
    /// off: their share of the prompt, as does what tells nothing.
    fn used_in_vain(&self, answers: &[Vec<u8>], cut: usize, count: usize) -> Usage {
        let share = self.along.passing.prompt_tokens().div_ceil(count as u64);
        let mut sum = Usage { input: share.saturating_mul(cut as u64), ..Usage::default() };
        for answer in answers {
            let told = self.prepared.and_then(|prepared| prepared.used_by(answer));
            sum.add(&told.unwrap_or(Usage { input: share, ..Usage::default() }));
        }
        sum
    }
}
