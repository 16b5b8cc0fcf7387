//! The attempts of one request to a model: along one lane after another, until one answers or none
//! is left that could. Nothing has gone to the client yet, so every one of them may be the first.

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{
    Choice, Demand, End, Failure, Flight, Place, Refused, Spent, Tried,
};
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind, Usage};
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::signal::Limits;
use architrave_llm::surface::{Kept, KeptId, Surface};
use architrave_net::Reader;
use architrave_policy::cache::KeptReply;
use architrave_telemetry::{Party, Phase, Termination};
use smallvec::SmallVec;

use super::answer::{AnswerBody, LlmAnswer};
use super::ask::Ask;
use super::endpoint::EndpointTries;
use super::kept::Home;
use super::mock::{self, Said};
use super::opening::Opening;
use super::outgoing::{self, Caller, Outgoing};
use super::reply::{self, Read};
use super::reserve::Wanted;
use super::seen::{self, Seen};
use super::signal::About;
use super::stream::{LlmStream, Recording};
use super::{Candidates, credential, fallback, passed_over, refusal, settle, signal};
use crate::attempt::{Answered, AttemptFacts};
use crate::exchange::Exchange;
use crate::failure;
use crate::models::{LiveLane, LiveModel};
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
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Missed {
    /// What the client is told when no other attempt is made.
    pub error: Box<ChatError>,
    /// For logs and metrics.
    pub reason: Reason,
    /// Whose doing it is.
    pub party: Party,
    /// Where it happened.
    pub phase: Phase,
    /// The status that the provider gave, for the log; the client may be told another.
    pub said: Option<u16>,
}

impl Missed {
    /// The gateway refuses.
    pub(super) fn refused(error: ChatError, reason: Reason) -> Self {
        Self {
            error: Box::new(error),
            reason,
            party: Party::Gateway,
            phase: Phase::Admit,
            said: None,
        }
    }

    /// The client is at fault.
    pub(super) fn client(error: ChatError, reason: Reason) -> Self {
        let (party, phase) = (Party::Client, Phase::RequestBody);
        Self { error: Box::new(error), reason, party, phase, said: None }
    }

    /// The provider is at fault.
    pub(super) fn provider(error: ChatError, reason: Reason) -> Self {
        let (party, phase) = (Party::Endpoint, Phase::Wait);
        Self { error: Box::new(error), reason, party, phase, said: None }
    }

    /// Who ended the exchange, and in which phase.
    pub(super) const fn termination(&self) -> Termination {
        Termination::Ended { party: self.party, phase: self.phase }
    }
}

/// What came of one attempt.
pub(super) enum Attempted {
    /// An answer that can be passed on.
    Answered(Box<Success>),
    /// A failure after which another lane may be tried.
    Failed(Failure, Missed),
    /// An answer that no other lane would give otherwise: the client's doing.
    Declined(Missed),
    /// It cannot be said in the words of this lane, and was not sent; another may have them.
    Unfit(Missed),
    /// An end that says neither good nor bad of the lane, after which no other is asked.
    Void(End, Missed),
}

/// An answer that can be passed on.
pub(super) enum Success {
    /// Of a provider, whole.
    Whole(Vec<u8>, Outgoing, Box<Answered>),
    /// Of a provider, as a stream.
    Stream(Outgoing, Box<Answered>, Opening),
    /// The mock's.
    Mock(Said),
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
        for model in models {
            let mut tried = SmallVec::<[Tried; 2]>::new();
            loop {
                let Choice { place, why, mut flight, passed_over } =
                    match self.choose(model, &tried) {
                        Ok(choice) => choice,
                        Err(refused) => {
                            passed_over::note(exchange, model, &refused.passed_over, &tried);
                            last = Some(self.worse(last, &refused, exchange));
                            break;
                        }
                    };
                passed_over::note(exchange, model, &passed_over, &tried);
                fallback::note(self.worker, models, model, &tried);
                let lane = model.lane(place);
                note_attempt(self.worker, exchange, lane, why.word());
                let attempted = self.attempt(exchange, lane, &mut flight).await;
                match attempted {
                    Attempted::Answered(success) => {
                        return self.succeed(exchange, lane, flight, *success).await;
                    }
                    Attempted::Failed(failure, missed) => {
                        let rested = flight.finish(End::Failed(failure), self.worker.now());
                        signal::note((self.worker, exchange), lane, (failure, rested), &missed);
                        tried.push(Tried { place, failure });
                        last = Some(missed);
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
        let demand = Demand {
            prompt_tokens: self.ask.prompt_tokens,
            output_tokens_max: self.ask.output_max.unwrap_or(OUTPUT_TOKENS_DEFAULT),
            ..Demand::default()
        };
        let now = self.worker.now();
        let taken = model.fleet.take(place, &demand, now);
        let Choice { why, mut flight, .. } =
            taken.map_err(|refused| self.worse(None, &refused, exchange))?;
        let lane = model.lane(place);
        note_attempt(self.worker, exchange, lane, why.word());
        match self.attempt(exchange, lane, &mut flight).await {
            Attempted::Answered(success) => self.succeed(exchange, lane, flight, *success).await,
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

    /// Passes an answer on; its attempt is in flight until all of it is gone.
    async fn succeed(
        self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        flight: Flight,
        success: Success,
    ) -> Result<LlmAnswer<'w>, Missed> {
        if let Some(facts) = &mut exchange.llm {
            facts.flight = Some(flight);
            settle::along(self.worker, facts, lane);
        }
        self.remember_home(exchange, lane, &success);
        self.pass_on(exchange, lane, success).await
    }

    /// Remembers where things live that the answer made and that the provider keeps; those of a
    /// stream, but for the answer itself, are told at its end.
    fn remember_home(&self, exchange: &mut Exchange<'_>, lane: &LiveLane, success: &Success) {
        let dialect = self.ask.dialect;
        let made = match success {
            Success::Whole(bytes, outgoing, _) if outgoing.dialect == dialect => {
                let text = std::str::from_utf8(bytes).unwrap_or_default();
                Surface::chat(dialect).kept_in_reply(text)
            }
            Success::Stream(outgoing, _, opening)
                if outgoing.dialect == dialect && dialect == Dialect::OpenaiResponses =>
            {
                opening.id.iter().map(|id| (Kept::Reply, id.clone())).collect()
            }
            _ => Vec::new(),
        };
        if !made.is_empty() {
            self.worker.gateway().kept.remember(&made, &Home::of(exchange, lane, true));
            if let Some(facts) = &mut exchange.llm {
                let holds_all = |one: &KeptId| matches!(one.0, Kept::Reply | Kept::Conversation);
                facts.grown.extend(made.into_iter().filter(holds_all));
            }
        }
    }

    fn choose(&self, model: &LiveModel, tried: &[Tried]) -> Result<Choice, Refused> {
        let wanted = LazyCell::new(|| Wanted::from(self.ask));
        let prices = model.prices_of(|row| wanted.price_at(row));
        let demand = Demand {
            prompt_tokens: self.ask.prompt_tokens,
            output_tokens_max: self.ask.output_max.unwrap_or(OUTPUT_TOKENS_DEFAULT),
            affinity: self.affinity,
            needs: self.ask.scanned.needs.bits(),
            prices: &prices,
            tried,
            ..Demand::default()
        };
        let now = self.worker.now();
        self.worker.with_random(|random| model.fleet.choose(&demand, now, random))
    }

    /// What the client is told when nothing is left: what the last attempt showed, or, where none
    /// was made, when to come again.
    fn worse(&self, last: Option<Missed>, refused: &Refused, _exchange: &Exchange<'_>) -> Missed {
        let wait = refused.retry_at.map(|at| at.since(self.worker.now()));
        last.unwrap_or_else(|| signal::nobody_left(refused.reason, wait))
    }
}

/// Notes whom an attempt asks.
pub(super) fn note_attempt(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    lane: &LiveLane,
    why: &'static str,
) {
    exchange.attempts += 1;
    let Some(facts) = &mut exchange.llm else { return };
    facts.attempts += 1;
    facts.why = why;
    facts.provider.clear();
    facts.provider.push_str(lane.provider.config.name.as_str());
    facts.upstream_model.clear();
    facts.upstream_model.push_str(&lane.model);
    facts.metrics = Some(lane.metrics(facts.operation));
    facts.asked_at = Some(worker.now());
    facts.upstream = lane.side.reach.as_ref().map(|reach| Arc::clone(&reach.upstream));
}

impl<'w> Run<'w, '_> {
    async fn attempt(
        &mut self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        flight: &mut Flight,
    ) -> Attempted {
        if lane.side.reach.is_none() {
            return self.ask_mock(exchange, lane);
        }
        let caller = Caller::of(exchange);
        let written = outgoing::write(self.worker, self.ask, lane, caller, self.granted).await;
        let mut outgoing = match written {
            Ok(outgoing) => outgoing,
            Err(error) => return Attempted::Unfit(refusal::invalid(error)),
        };
        let shown = credential::show(&mut outgoing, lane, self.worker).await;
        if let Err((failure, missed)) = shown {
            return Attempted::Failed(failure, missed);
        }
        self.send(exchange, lane, outgoing, flight).await
    }

    /// Sends the request to an endpoint of the provider, and reads the answer to where it can be
    /// judged.
    async fn send(
        &mut self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        outgoing: Outgoing,
        flight: &mut Flight,
    ) -> Attempted {
        let now = self.worker.now();
        let Some(reach) = &lane.side.reach else { return unreachable_provider() };
        let patience = flight.first_token_timeout(lane.provider.config.timeouts.first_token);
        let limit = self.timeout.unwrap_or(WHOLE_ANSWER);
        let limit = if self.ask.stream { limit.min(patience) } else { limit };
        let affinity = self.affinity;
        let mut tries = EndpointTries { affinity, limit, upgrade: None, length: None, look: None };
        let (worker, client) = (self.worker, &mut *self.client);
        settle::hold(exchange, lane, self.ask.prompt_tokens);
        let sent = tries.send(worker, exchange, (reach, &outgoing), client, now).await;
        let answered = match sent {
            Ok(answered) => answered,
            Err(failure) => {
                settle::let_go(exchange, self.worker.now().since(now));
                return failed(&failure);
            }
        };
        let limits = signal::limits(self.worker, flight, &answered.head.fields);
        let left = limit.saturating_sub(self.worker.now().since(now));
        let patience = if self.ask.stream { left } else { limit };
        let wanted = (self.ask.stream, patience);
        let read = reply::read(answered, &outgoing, self.client, wanted).await;
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
            Read::Refused { error, answered } => {
                settle::let_go(exchange, Duration::ZERO);
                let attempted = signal::judge(error, &limits, About::Model);
                if let Some(answered) = answered {
                    self.worker.keep(*answered, &reach.upstream, self.worker.now());
                }
                attempted
            }
            Read::ClientGone => reply::nobody_waits(),
            Read::Broken(error) => {
                settle::let_go(exchange, Duration::ZERO);
                let (error, reason) = reply::broken(&error);
                let failure = match reason {
                    Reason::ResponseTimeout => Failure::TimedOut,
                    _ => Failure::Broken,
                };
                Attempted::Failed(failure, Missed::provider(error, reason))
            }
        }
    }

    fn ask_mock(&self, exchange: &Exchange<'_>, lane: &LiveLane) -> Attempted {
        let context = self.context(exchange);
        match mock::say(self.ask, lane, self.granted, lane.count_request(), &context) {
            Said::Failed(failure) => signal::judge(failure.error, &Limits::default(), About::Model),
            Said::Refused(error) => Attempted::Declined(refusal::invalid(error)),
            said => Attempted::Answered(Box::new(Success::Mock(said))),
        }
    }

    fn context(&self, exchange: &Exchange<'_>) -> Context {
        seen::context(self.worker, exchange, self.ask)
    }

    /// Puts the answer into the client's dialect.
    async fn pass_on(
        self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        success: Success,
    ) -> Result<LlmAnswer<'w>, Missed> {
        let context = self.context(exchange);
        let mut answer = match success {
            Success::Whole(bytes, outgoing, answered) => {
                self.tell_whole(exchange, (bytes, &outgoing, answered), &context).await?
            }
            Success::Stream(outgoing, answered, opening) => {
                let losses = outgoing.losses.clone();
                let guard = self.seen.guards.reply_guard();
                let recorder = self.recorder(exchange, &context);
                let opened = (answered, opening.held);
                let mut answer =
                    reply::stream(self.ask, &outgoing, opened, &context, (self.client, guard));
                if let AnswerBody::Stream(stream) = &mut answer.body {
                    stream.limit_stall(lane.provider.config.timeouts.stall);
                    stream.keep_at(|| Home::of(exchange, lane, true));
                    stream.record(recorder);
                }
                answer.tell_losses(&losses);
                answer
            }
            Success::Mock(Said::Whole { body, usage, after }) => {
                let began = self.worker.now();
                if !after.is_zero() {
                    tokio::time::sleep(after).await;
                }
                if let Some(facts) = &mut exchange.llm {
                    // It is the mock that takes its time, as a provider would.
                    facts.waited += self.worker.now().since(began);
                    settle::note(facts, usage.unwrap_or_default(), usage.is_none());
                }
                let body = self.seen_through(exchange, body, &context)?;
                LlmAnswer::whole(200, "application/json", body)
            }
            Success::Mock(Said::Stream(steps)) => {
                let (_, framing) = steps.spoken();
                let mut answer = LlmAnswer::whole(200, framing.content_type(), Vec::new());
                answer.head.fields.append("Cache-Control", b"no-cache");
                let steps = match self.seen.guards.reply_guard() {
                    Some(guard) => steps.guarded(guard),
                    None => steps,
                };
                let recorder = self.recorder(exchange, &context);
                let mut stream = LlmStream::mock(steps, self.client);
                stream.record(recorder);
                answer.body = AnswerBody::Stream(Box::new(stream));
                answer
            }
            Success::Mock(Said::Failed(_) | Said::Refused(_)) => return Err(nothing_serves()),
        };
        answer.explain(exchange, Some(self.worker.now()));
        Ok(answer)
    }

    async fn tell_whole(
        &self,
        exchange: &mut Exchange<'_>,
        (bytes, outgoing, answered): (Vec<u8>, &Outgoing, Box<Answered>),
        context: &Context,
    ) -> Result<LlmAnswer<'w>, Missed> {
        // What is to be told as a stream is seen through as it came.
        let bytes = match self.ask.stream {
            false => bytes,
            true => seen::see_reply(&self.seen.guards, bytes).inspect_err(|_refused| {
                let usage = Usage { input: self.ask.prompt_tokens, ..Usage::default() };
                if let Some(facts) = &mut exchange.llm {
                    settle::note(facts, usage, true);
                }
            })?,
        };
        let told = reply::tell(self.worker, self.ask, outgoing, bytes, context).await;
        let mut answer = match &told {
            Ok(told) => LlmAnswer::whole(200, told.content_type, Vec::new()),
            Err(_) => LlmAnswer::whole(502, "application/json", Vec::new()),
        };
        answer.pass_fields(&answered.head.fields);
        if let Some(facts) = &exchange.llm
            && let Some(upstream) = &facts.upstream
        {
            self.worker.keep(*answered, upstream, self.worker.now());
        }
        let told = told.map_err(|error| Missed::provider(error, Reason::BadResponse))?;
        if let Some(facts) = &mut exchange.llm {
            settle::note(facts, told.usage, told.is_estimated);
        }
        answer.tell_losses(&outgoing.losses);
        answer.tell_losses(&told.losses);
        let body = match self.ask.stream {
            true => told.body,
            false => self.seen_through(exchange, told.body, context)?,
        };
        answer.body = AnswerBody::Whole(body);
        Ok(answer)
    }

    /// Shows a whole answer to the guardrails, and keeps it where that is wanted.
    fn seen_through(
        &self,
        exchange: &Exchange<'_>,
        body: Vec<u8>,
        context: &Context,
    ) -> Result<Vec<u8>, Missed> {
        let Seen { guards, offer } = &self.seen;
        let body = seen::see_reply(guards, body)?;
        if offer.is_some() {
            let kept = KeptReply::of_chat(self.ask.dialect, &body, context);
            seen::keep(self.worker, exchange, *offer, kept);
        }
        Ok(body)
    }

    /// What looks at a stream that is to be kept.
    fn recorder(&self, exchange: &mut Exchange<'_>, context: &Context) -> Option<Recording> {
        let offer = self.seen.offer?;
        let cache = exchange.matched?.chain.cache(&exchange.admission)?;
        let recorder = cache.recorder((self.ask.dialect, self.ask.framing), context);
        if let Some(facts) = &mut exchange.llm {
            facts.offer = Some(offer);
        }
        Some(Recording { recorder: Box::new(recorder), context: context.clone() })
    }
}

/// Notes how long the parts of an attempt took.
pub(super) fn note_timings(exchange: &mut Exchange<'_>, facts: AttemptFacts) {
    let timings = &mut exchange.timings;
    timings.queue_wait = facts.queue_wait.or(timings.queue_wait);
    timings.connect = facts.connect.or(timings.connect);
    timings.first_byte = facts.first_byte;
    timings.answered = facts.answered;
}

/// An attempt that got no answer from an endpoint.
pub(super) fn failed(failure: &failure::Failure) -> Attempted {
    let (kind, message) = match failure.reason {
        Reason::ConnectTimeout | Reason::ResponseTimeout | Reason::StallTimeout => {
            (ErrorKind::Timeout, "the provider did not answer in time")
        }
        Reason::QueueFull => (ErrorKind::Overloaded, "too many requests to the provider wait"),
        Reason::BodyTooLarge => (ErrorKind::TooLarge, "the body is larger than allowed"),
        Reason::NoHealthyEndpoint => (ErrorKind::Overloaded, "the provider cannot be reached"),
        _ => (ErrorKind::Internal, "the provider could not be asked"),
    };
    let status = failure.reason.status();
    let error = Box::new(ChatError { status, ..ChatError::new(kind, message) });
    let missed = Missed {
        error,
        reason: failure.reason,
        party: failure.party,
        phase: failure.phase,
        said: None,
    };
    match failure.party {
        Party::Client => Attempted::Void(End::Abandoned(Spent::default()), missed),
        _ if kind == ErrorKind::Timeout => Attempted::Failed(Failure::TimedOut, missed),
        _ => Attempted::Failed(Failure::Broken, missed),
    }
}

fn unreachable_provider() -> Attempted {
    Attempted::Failed(Failure::Broken, nothing_serves())
}

pub(super) fn nothing_serves() -> Missed {
    let message = "nothing serves this model at the moment";
    let error = ChatError { status: 503, ..ChatError::new(ErrorKind::Overloaded, message) };
    Missed::refused(error, Reason::NoHealthyEndpoint)
}
