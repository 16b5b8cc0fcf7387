//! The attempts of one request to a model: along one lane after another, until one answers or none
//! is left that could. Nothing has gone to the client yet, so every one of them may be the first.

use std::cell::{LazyCell, RefCell};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{Choice, Demand, End, Failure, Flight, Place, Refused, Tried};
use architrave_config::PromptService;
use architrave_core::Reason;
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::signal::Limits;
use architrave_llm::used::Used;
use architrave_net::{Reader, WireError};
use smallvec::SmallVec;

use super::answer::LlmAnswer;
use super::ask::Ask;
use super::attempted::{self, Attempted, Success, failed, note_attempt, note_outcome};
use super::endpoint::EndpointTries;
use super::missed::{Missed, nothing_serves};
use super::mock::{self, Said};
use super::outgoing::{self, Caller, Outgoing};
use super::pass_on::NotTold;
use super::read_reply::{self, Read};
use super::reserve::Wanted;
use super::seen::{self, Seen};
use super::signal::About;
use super::{
    Candidates, awaited, credential, fallback, fetched, fit, passed_over, refusal, reserve, settle,
    signal,
};
use crate::exchange::Exchange;
use crate::models::{LiveLane, LiveModel};
use crate::tried::{self, Given};
use crate::worker::Worker;

/// How long a whole answer may take where the route says nothing: what the official clients wait.
const WHOLE_ANSWER: Duration = Duration::from_secs(600);

/// Attempts of one request, over all models that may answer it. Each lane is asked once at most,
/// and who refuses rests: as long as there is one that was not asked, nobody is told to wait.
const ATTEMPTS_MAX: u32 = 256;

/// The output that is reckoned with where the client states no limit.
const OUTPUT_TOKENS_DEFAULT: u64 = 4_096;

/// The attempts of one request.
pub(super) struct Run<'w, 'a> {
    pub worker: &'w Worker,
    pub ask: &'a Ask,
    pub client: &'w mut Reader,
    /// The limit of the output that a budget leaves, where it is lower than what was asked for.
    pub granted: Option<u64>,
    /// The route's own limit on the time to the head of the answer.
    pub timeout: Option<Duration>,
    /// Keeps requests that share a prompt together.
    pub affinity: Option<u64>,
    /// What policies make of the answer.
    pub seen: Seen,
    /// The prompt whose form the answer must have to be kept.
    pub form: Option<&'a PromptService>,
}

impl<'w> Run<'w, '_> {
    /// Makes attempts until one is to be passed on.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn until_answered(
        mut self,
        exchange: &mut Exchange<'_>,
        models: &Candidates,
    ) -> Result<LlmAnswer<'w>, Missed> {
        let mut last = None;
        let demand = self.demand();
        for model in fit::in_order(exchange, models, |model| model.fleet.fitness(&demand)) {
            let mut tried = SmallVec::<[Tried; 2]>::new();
            loop {
                let Choice { place, why, mut flight, passed_over } =
                    match self.choose(model, &tried) {
                        Ok(choice) => choice,
                        Err(refused) => {
                            passed_over::note(exchange, model, &refused.passed_over, &tried);
                            last = Some(self.worse(last, &refused));
                            break;
                        }
                    };
                passed_over::note(exchange, model, &passed_over, &tried);
                fallback::note(self.worker, exchange, models, model, &tried);
                let lane = model.lane(place);
                note_attempt(self.worker, exchange, lane, why.word());
                let attempted = pin!(self.attempt(exchange, lane, &mut flight)).await;
                note_outcome(self.worker, exchange, &attempted);
                match attempted {
                    Attempted::Answered(success) if success.is_whole() => {
                        self.answered(exchange, lane, flight, &success);
                        let told = pin!(self.pass_on_whole(exchange, lane, success)).await;
                        match told {
                            Ok(answer) => return Ok(answer),
                            Err(NotTold::Refused(missed)) => return Err(missed),
                            Err(NotTold::Unreadable(missed)) => {
                                let error = Some(missed.reason);
                                let given = Given { error, why: Some("broken"), status: None };
                                tried::give_up(exchange, self.worker.now(), given);
                                tried.push(Tried { place, failure: Failure::Broken });
                                last = Some(missed);
                            }
                        }
                    }
                    Attempted::Answered(success) => {
                        self.answered(exchange, lane, flight, &success);
                        return pin!(self.pass_on(exchange, lane, success)).await;
                    }
                    Attempted::Failed(failure, missed) => {
                        let rested = flight.finish(End::Failed(failure), self.worker.now());
                        signal::note((self.worker, exchange), lane, (failure, rested), &missed);
                        tried.push(Tried { place, failure });
                        last = match failure {
                            // Where others said something else, they may have room for it later.
                            Failure::TooLong => last.or(Some(missed)),
                            _ => Some(missed),
                        };
                    }
                    Attempted::Unfit(missed) => {
                        flight.finish(End::Unsent, self.worker.now());
                        tried.push(Tried { place, failure: Failure::Broken });
                        last = last.or(Some(missed));
                    }
                    Attempted::Declined(missed) => {
                        flight.finish(End::Declined, self.worker.now());
                        return Err(missed);
                    }
                    Attempted::Void(end, missed) => {
                        flight.finish(end, self.worker.now());
                        return Err(missed);
                    }
                }
                if exchange.attempts >= ATTEMPTS_MAX {
                    return Err(last.unwrap_or_else(nothing_serves));
                }
            }
        }
        Err(last.unwrap_or_else(nothing_serves))
    }

    /// Makes the one attempt that a request can have which goes on from what lives somewhere.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn at_home(
        mut self,
        exchange: &mut Exchange<'_>,
        (model, place): (Arc<LiveModel>, Place),
    ) -> Result<LlmAnswer<'w>, Missed> {
        let demand = self.demand();
        let now = self.worker.now();
        let taken = model.fleet.take(place, &demand, now);
        let Choice { why, mut flight, .. } = taken.map_err(|refused| self.worse(None, &refused))?;
        let lane = model.lane(place);
        note_attempt(self.worker, exchange, lane, why.word());
        let attempted = pin!(self.attempt(exchange, lane, &mut flight)).await;
        note_outcome(self.worker, exchange, &attempted);
        match attempted {
            Attempted::Answered(success) if success.is_whole() => {
                self.answered(exchange, lane, flight, &success);
                let told = pin!(self.pass_on_whole(exchange, lane, success)).await;
                told.map_err(NotTold::into_missed)
            }
            Attempted::Answered(success) => {
                self.answered(exchange, lane, flight, &success);
                pin!(self.pass_on(exchange, lane, success)).await
            }
            Attempted::Failed(failure, missed) => {
                let rested = flight.finish(End::Failed(failure), self.worker.now());
                signal::note((self.worker, exchange), lane, (failure, rested), &missed);
                Err(missed)
            }
            Attempted::Declined(missed) => {
                flight.finish(End::Declined, self.worker.now());
                Err(missed)
            }
            Attempted::Unfit(missed) => {
                flight.finish(End::Unsent, self.worker.now());
                Err(missed)
            }
            Attempted::Void(end, missed) => {
                flight.finish(end, self.worker.now());
                Err(missed)
            }
        }
    }

    /// What is asked of a deployment, whoever was tried.
    fn demand(&self) -> Demand<'static> {
        Demand {
            prompt_tokens: self.ask.prompt_tokens,
            output_tokens_max: self.ask.output_max.unwrap_or(OUTPUT_TOKENS_DEFAULT),
            needs: self.ask.scanned.needs.bits(),
            ..Demand::default()
        }
    }

    /// The lane that the next attempt goes along.
    fn choose(&self, model: &LiveModel, tried: &[Tried]) -> Result<Choice, Refused> {
        let wanted = LazyCell::new(|| Wanted::from(self.ask));
        let prices = model.prices_of(|row| wanted.price_at(row));
        let demand = Demand { affinity: self.affinity, prices: &prices, tried, ..self.demand() };
        let now = self.worker.now();
        self.worker.with_random(|random| model.fleet.choose(&demand, now, random))
    }

    /// What the client is told when nothing is left: what the last attempt showed, or, where none
    /// was made, when to come again.
    fn worse(&self, last: Option<Missed>, refused: &Refused) -> Missed {
        let wait = refused.retry_at.map(|at| at.since(self.worker.now()));
        last.unwrap_or_else(|| signal::nobody_left(refused.reason, wait))
    }

    /// One attempt along a lane, to where its answer can be judged.
    async fn attempt(
        &mut self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        flight: &mut Flight,
    ) -> Attempted {
        if lane.side.reach.is_none() {
            return pin!(self.ask_mock(exchange, lane, flight)).await;
        }
        if let Err(denied) = fetched::hold(lane, &self.ask.links) {
            return Attempted::Unfit(denied);
        }
        let caller = Caller::of(exchange);
        let written =
            pin!(outgoing::write(self.worker, self.ask, lane, caller, self.granted)).await;
        let mut outgoing = match written {
            Ok(outgoing) => outgoing,
            Err(error) => return Attempted::Unfit(refusal::invalid(error)),
        };
        let shown = pin!(credential::show(&mut outgoing, lane, self.worker)).await;
        if let Err((failure, missed)) = shown {
            return Attempted::Failed(failure, missed);
        }
        pin!(self.send(exchange, lane, outgoing, flight)).await
    }

    /// Sends the request to an endpoint of the provider, and reads the answer to where it can be
    /// judged.
    async fn send(
        &mut self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        outgoing: Box<Outgoing>,
        flight: &mut Flight,
    ) -> Attempted {
        let now = self.worker.now();
        let Some(reach) = &lane.side.reach else { return unreachable_provider() };
        let limit = self.limit(lane, flight);
        let affinity = self.affinity;
        let mut tries = EndpointTries {
            affinity,
            limit,
            upgrade: None,
            length: None,
            look: None,
            has_taken_rest: false,
        };
        self.note_search(exchange, lane, outgoing.dialect);
        let (worker, client) = (self.worker, &mut *self.client);
        settle::hold(exchange, lane, self.ask.prompt_tokens);
        let sent = {
            let (exchange, client) = (RefCell::new(&mut *exchange), Some(&mut *client));
            pin!(tries.send(worker, &exchange, (reach, &outgoing), client, now)).await
        };
        let answered = match sent {
            Ok(answered) => answered,
            Err(failure) => {
                match attempted::is_abandoned(&failure) {
                    true => settle::abandoned(worker, exchange, lane, self.ask.prompt_tokens),
                    false => settle::let_go(exchange, worker.now().since(now)),
                }
                return failed(&failure);
            }
        };
        let limits = signal::limits(self.worker, flight, &answered.head.fields);
        let left = limit.saturating_sub(self.worker.now().since(now));
        let patience = if self.ask.stream { left } else { limit };
        let wanted = (self.ask.stream, patience);
        let hush = Arc::clone(&outgoing.hush);
        let read = pin!(read_reply::read(answered, &outgoing, self.client, wanted)).await;
        if let Some(facts) = &mut exchange.llm {
            facts.waited += self.worker.now().since(now);
        }
        match read {
            Read::Whole { bytes, answered } => {
                Attempted::Answered(Box::new(Success::Whole(bytes, outgoing, answered)))
            }
            Read::Stream(answered, opening) => {
                let at = self.worker.now();
                flight.first_token(at);
                if let Some(facts) = &mut exchange.llm {
                    facts.first_token = Some(at.since(now));
                }
                Attempted::Answered(Box::new(Success::Stream(outgoing, answered, opening)))
            }
            Read::Refused { mut error, answered } => {
                hush.error(&mut error);
                settle::let_go(exchange, Duration::ZERO);
                let attempted = signal::judge(error, &limits, About::Model);
                if let Some(answered) = answered {
                    self.worker.keep(*answered, &reach.upstream, self.worker.now());
                }
                attempted
            }
            Read::ClientGone => {
                settle::abandoned(worker, exchange, lane, self.ask.prompt_tokens);
                attempted::nobody_waits()
            }
            Read::Broken(error) => {
                settle::let_go(exchange, Duration::ZERO);
                let (error, reason) = attempted::broken(&error);
                let failure = match reason {
                    Reason::ResponseTimeout => Failure::TimedOut,
                    _ => Failure::Broken,
                };
                Attempted::Failed(failure, Missed::provider(error, reason))
            }
        }
    }

    /// Notes whether the web is searched for the answer of a lane, asked in `dialect`, by what the
    /// request tells: no other than OpenAI Chat can ask for a search.
    fn note_search(&self, exchange: &mut Exchange<'_>, lane: &LiveLane, dialect: Dialect) {
        let Some(facts) = &mut exchange.llm else { return };
        let is_asked = dialect == Dialect::OpenaiChat && self.ask.asks_search();
        facts.asked = match lane.known.charges_searches() {
            true if is_asked || lane.known.hides_searches() => reserve::one_search(),
            _ => Used::default(),
        };
    }

    /// How long an answer may take to where it can be judged.
    fn limit(&self, lane: &LiveLane, flight: &Flight) -> Duration {
        let patience = flight.first_token_timeout(lane.provider.config.timeouts.first_token);
        let limit = self.timeout.unwrap_or(WHOLE_ANSWER);
        if self.ask.stream { limit.min(patience) } else { limit }
    }

    /// Asks the mock, whose answer is judged when the time is over that it takes.
    async fn ask_mock(
        &mut self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        flight: &mut Flight,
    ) -> Attempted {
        let context = self.context(exchange);
        let said = mock::say(self.ask, lane, self.granted, lane.count_request(), &context);
        let mut said = match said {
            Said::Failed(failure) => {
                return signal::judge(failure.error, &Limits::default(), About::Model);
            }
            Said::Refused(error) => return Attempted::Declined(refusal::invalid(error)),
            said => said,
        };
        let began = self.worker.now();
        let wait = said.take_first_wait();
        self.note_search(exchange, lane, self.ask.dialect);
        settle::hold(exchange, lane, self.ask.prompt_tokens);
        // It is waited for no longer than any other provider would be.
        let limit = self.limit(lane, flight);
        let is_awaited = awaited::for_as_long(self.client, wait.min(limit)).await;
        let at = self.worker.now();
        if !is_awaited {
            settle::abandoned(self.worker, exchange, lane, self.ask.prompt_tokens);
            return attempted::nobody_waits();
        }
        if wait > limit {
            settle::let_go(exchange, at.since(began));
            let (error, reason) = attempted::broken(&WireError::Stalled);
            return Attempted::Failed(Failure::TimedOut, Missed::provider(error, reason));
        }
        if self.ask.stream {
            flight.first_token(at);
        }
        if let Some(facts) = &mut exchange.llm {
            facts.waited += at.since(began);
            facts.first_token = self.ask.stream.then(|| at.since(began));
        }
        Attempted::Answered(Box::new(Success::Mock(said)))
    }

    /// What a translation is told of the request.
    pub(super) fn context(&self, exchange: &Exchange<'_>) -> Context {
        seen::context(self.worker, exchange, self.ask)
    }
}

fn unreachable_provider() -> Attempted {
    Attempted::Failed(Failure::Broken, nothing_serves())
}
