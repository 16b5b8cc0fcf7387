//! What is no chat and goes through as it came, the model renamed: images, sound, moderations,
//! files, batches, answers that a provider keeps. It goes where the model is, or where the thing
//! lives that it names.

mod home;
mod request;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{Choice, Demand, End, Failure, Flight, Place, Spent, Tried};
use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::beside::{Prepared, PreparedBody};
use architrave_llm::chat::{ChatError, ErrorKind, Usage};
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::frame::Framing;
use architrave_llm::json::Cursor;
use architrave_llm::pass::PassedStream;
use architrave_llm::surface::{Asked, Operation};
use architrave_llm::token_count;
use architrave_llm::translate::StreamTranslation;
use architrave_llm::used::{self, Used};
use architrave_net::{Reader, ResponseHead};
use smallvec::SmallVec;

use super::answer::{AnswerBody, LlmAnswer};
use super::facts::LlmFacts;
use super::kept::Home;
use super::mock;
use super::outgoing::Outgoing;
use super::payload::Sending;
use super::reply::{self, Judged};
use super::run::{Missed, failed, note_attempt, note_timings, nothing_serves, select_endpoint};
use super::stream::LlmStream;
use super::{credential, permit, refusal, seen, settle, signal};
use crate::assembly::LiveUpstream;
use crate::attempt::{Answered, AttemptFacts, AttemptPlan, Interim, attempt};
use crate::dispatch::ClientSide;
use crate::dispatch::llm::run::Attempted;
use crate::exchange::Exchange;
use crate::models::{LiveLane, LiveModel};
use crate::worker::Worker;
use home::Way;
use request::{Passing, Written};

/// The framing of every stream of events beside chat.
const SSE: Framing = Framing::Sse;

/// The status of an answer behind which the protocol is another.
const SWITCHING: u16 = 101;

/// How long an answer may take where the route says nothing: images and sound take minutes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Serves an operation that goes through as it came.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn serve<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<LlmAnswer<'a>, Missed> {
    let ClientSide { reader, writer, facts } = client;
    super::read_body::give_leave(facts, writer).await.map_err(refusal::client_gone)?;
    reader.limit_stall(exchange.connection.listener.config.timeouts.body_stall);
    let mut passing = Passing::read(worker, exchange, reader, facts, asked, service).await?;
    let guards = exchange.matched.map(|it| it.chain.guards(&exchange.admission));
    passing.see_through(asked, guards.unwrap_or_default())?;
    match asked.operation() {
        Operation::Realtime => may_talk(exchange, &passing)?,
        // Their answers are told days later to whoever asks for a file.
        Operation::BatchCreate if exchange.account().is_some() => {
            return Err(refusal::not_counted("a batch"));
        }
        // Providers list what all consumers keep there.
        Operation::FileList | Operation::BatchList if exchange.consumer().is_some() => {
            return Err(refusal::not_told());
        }
        _ => {}
    }
    let way = home::find(worker, exchange, asked, &passing, service)?;
    if let Some(facts) = &mut exchange.llm {
        facts.model.push_str(passing.model().unwrap_or_default());
        facts.prompt_tokens = passing.prompt_tokens();
    }
    let asks = match &way {
        Way::Models(models) => models.as_slice(),
        Way::Named(model, _) => std::slice::from_ref(model),
    };
    reserve(worker, exchange, asks, asked, &passing).await?;
    match way {
        Way::Models(models) => {
            along_models(worker, exchange, reader, asked, &passing, &models).await
        }
        Way::Named(model, place) => {
            let demand = demand(&passing, &[]);
            let choice = model.fleet.take(place, &demand, worker.now());
            let choice = choice.map_err(|refused| {
                let wait = refused.retry_at.map(|at| at.since(worker.now()));
                signal::nobody_left(refused.reason, wait)
            })?;
            let lane = model.lane(place);
            let along = Along { worker, lane, asked, passing: &passing };
            match along.attempt(exchange, reader, choice).await {
                Ok(answer) => Ok(answer.into_answer(reader)),
                Err((_, missed, _)) => Err(missed),
            }
        }
    }
}

/// Whether somebody may talk over a WebSocket, of which nobody here sees more than its bytes.
///
/// # Errors
/// That it is no WebSocket, or that something is to be held which cannot be.
fn may_talk(exchange: &Exchange<'_>, passing: &Passing) -> Result<(), Missed> {
    let guards = passing.guards();
    if !passing.upgrade().is_some_and(|asked| asked.eq_ignore_ascii_case("websocket")) {
        return Err(refusal::no_websocket());
    }
    if exchange.account().is_some() {
        return Err(refusal::not_governed("a budget or a limit of tokens"));
    }
    if guards.looks_at_requests() || guards.looks_at_replies() {
        return Err(refusal::not_governed("a guardrail"));
    }
    Ok(())
}

/// Reserves what the request may cost, where a model is to do something.
///
/// # Errors
/// Which budget or limit is used up.
async fn reserve(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    models: &[Arc<LiveModel>],
    asked: &Asked<'_>,
    passing: &Passing,
) -> Result<(), Missed> {
    let operation = asked.operation();
    if !operation.is_inference() || operation == Operation::Realtime {
        return Ok(());
    }
    let granted = permit::reserve(worker, exchange, models, passing.wanted(operation)).await?;
    // The limit of the output is lowered in requests for chat alone.
    match granted {
        Some(granted) => Err(refusal::too_little_left(granted)),
        None => Ok(()),
    }
}

/// The lane along which an answer was made that a request goes on from.
///
/// # Errors
/// That there is no such answer, or none of this consumer's.
pub(super) fn home_of_reply(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    asked: (&[Arc<LiveModel>], &str),
) -> Result<(Arc<LiveModel>, Place), Missed> {
    home::of_reply(worker, exchange, service, asked)
}

fn demand<'d>(passing: &Passing, tried: &'d [Tried]) -> Demand<'d> {
    Demand { prompt_tokens: passing.prompt_tokens(), tried, ..Demand::default() }
}

async fn along_models<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    reader: &'a mut Reader,
    asked: &Asked<'_>,
    passing: &Passing,
    models: &[Arc<LiveModel>],
) -> Result<LlmAnswer<'a>, Missed> {
    let mut last = None;
    for model in models {
        let excluded = model.deployments_without(|lane| request::reaches(lane, asked));
        let can_none = excluded.len() == model.deployment_count();
        if can_none && let Some(body) = estimated_count(asked, passing) {
            return Ok(body);
        }
        let mut tried = SmallVec::<[Tried; 2]>::new();
        loop {
            let demand = Demand { excluded: &excluded, ..demand(passing, &tried) };
            let now = worker.now();
            let chosen = worker.with_random(|random| model.fleet.choose(&demand, now, random));
            let choice = match chosen {
                Ok(choice) => choice,
                Err(refused) => {
                    let wait = refused.retry_at.map(|at| at.since(now));
                    last = last.or_else(|| Some(nobody(asked, &excluded, &refused, wait)));
                    break;
                }
            };
            let place = choice.place;
            let along = Along { worker, lane: model.lane(place), asked, passing };
            match along.attempt(exchange, reader, choice).await {
                Ok(answer) => return Ok(answer.into_answer(reader)),
                Err((Some(failure), missed, true)) => {
                    tried.push(Tried { place, failure });
                    last = Some(missed);
                }
                Err((_, missed, _)) => return Err(missed),
            }
        }
    }
    Err(last.unwrap_or_else(nothing_serves))
}

/// How many tokens a prompt has, by an estimate of the gateway's own, which the answer says.
fn estimated_count<'a>(asked: &Asked<'_>, passing: &Passing) -> Option<LlmAnswer<'a>> {
    let body = token_count::write(asked.surface, passing.prompt_tokens())?;
    let mut answer = LlmAnswer::whole(200, "application/json", body);
    answer.head.fields.append("x-architrave-estimated", b"true");
    Some(answer)
}

/// That no deployment is left; where none can do what is asked at all, that.
fn nobody(
    asked: &Asked<'_>,
    excluded: &[usize],
    refused: &architrave_balance::deployment::Refused,
    wait: Option<Duration>,
) -> Missed {
    if excluded.is_empty() {
        return signal::nobody_left(refused.reason, wait);
    }
    let operation = asked.operation().name().replace('_', " ");
    let message = format!("no provider of this model takes {operation} in this form");
    let error = ChatError { status: 400, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::refused(error, Reason::BadRequest)
}

/// One attempt along a lane.
struct Along<'w, 'a> {
    worker: &'w Worker,
    lane: &'a LiveLane,
    asked: &'a Asked<'a>,
    passing: &'a Passing,
}

/// An answer that can be passed on.
enum Success {
    /// All of it.
    Whole(ResponseHead, Vec<u8>, Used),
    /// Piece by piece.
    Stream(ResponseHead, Box<Answered>, Watching),
    /// Talk over a WebSocket.
    Tunnel(ResponseHead, Box<Answered>, Arc<LiveUpstream>),
}

/// What becomes of an answer that comes piece by piece.
enum Watching {
    /// It goes on as it comes, under a watch.
    Passed(Box<PassedStream>),
    /// It is told in other words.
    Translated(Box<StreamTranslation>),
    /// It is no stream of events.
    Opaque,
}

impl Success {
    fn into_answer(self, reader: &mut Reader) -> LlmAnswer<'_> {
        match self {
            Self::Whole(head, bytes, _) => LlmAnswer { head, body: AnswerBody::Whole(bytes) },
            Self::Tunnel(head, answered, upstream) => {
                LlmAnswer { head, body: AnswerBody::Tunnel(answered, upstream) }
            }
            Self::Stream(head, answered, watching) => {
                let spoken = (Dialect::OpenaiChat, Dialect::OpenaiChat.framing());
                let stream = match watching {
                    Watching::Passed(watch) => LlmStream::watched(answered, *watch, spoken, reader),
                    Watching::Translated(translation) => {
                        LlmStream::translated(answered, *translation, reader)
                    }
                    Watching::Opaque => LlmStream::opaque(answered, reader),
                };
                LlmAnswer { head, body: AnswerBody::Stream(Box::new(stream)) }
            }
        }
    }
}

/// Why an attempt did not answer: what that says of the lane, what the client is told, and whether
/// another may be made.
type NoAnswer = (Option<Failure>, Missed, bool);

impl Along<'_, '_> {
    async fn attempt(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        choice: Choice,
    ) -> Result<Success, NoAnswer> {
        let Choice { why, flight, .. } = choice;
        note_attempt(self.worker, exchange, self.lane, why.word());
        let sent = self.send(exchange, reader, &flight).await;
        let can_be_sent_again = self.passing.can_be_sent_again();
        match sent {
            Ok(success) => {
                self.settle(exchange, flight, &success);
                Ok(success)
            }
            Err(Attempted::Failed(failure, missed)) => {
                let rested = flight.finish(End::Failed(failure), self.worker.now());
                signal::log(self.lane, rested, &missed);
                Err((Some(failure), missed, can_be_sent_again))
            }
            Err(Attempted::Declined(missed)) => {
                flight.finish(End::Declined, self.worker.now());
                Err((None, missed, false))
            }
            Err(Attempted::Answered(_)) => Err((None, nothing_serves(), false)),
        }
    }

    async fn send(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        flight: &Flight,
    ) -> Result<Success, Attempted> {
        let Self { worker, lane, asked, passing } = self;
        if lane.side.reach.is_none() {
            return self.ask_mock(exchange).map_err(Attempted::Declined);
        }
        let written = request::write(worker, lane, asked, passing, &exchange.head.fields);
        let Written { outgoings, dialect, prepared } = written.map_err(Attempted::Declined)?;
        if passing.is_stream() && passing.guards().looks_at_replies() {
            let context = self.context(exchange);
            let told = prepared.as_ref().and_then(|it| it.stream_translation(SSE, &context));
            if told.is_none() && asked.operation() == Operation::Completion {
                return Err(Attempted::Declined(not_seen_through()));
            }
        }
        let mut answers = Vec::with_capacity(outgoings.len());
        let mut head = ResponseHead::default();
        for outgoing in outgoings {
            let judged = self.send_one(exchange, reader, outgoing, dialect, flight).await?;
            match judged {
                (answered_head, Some(bytes), _) => {
                    head = answered_head;
                    answers.push(bytes);
                }
                (head, None, answered) => {
                    let Some(answered) = answered else { return Err(nothing()) };
                    if let (SWITCHING, Some(reach)) = (head.status, &lane.side.reach) {
                        return Ok(Success::Tunnel(head, answered, Arc::clone(&reach.upstream)));
                    }
                    let watching = self.watching(exchange, &head, prepared.as_ref());
                    let watching = watching.map_err(Attempted::Declined)?;
                    return Ok(Success::Stream(head, answered, watching));
                }
            }
        }
        self.told(exchange, head, answers, prepared.as_ref()).map_err(Attempted::Declined)
    }

    /// Sends one request and reads the answer to where it can be judged: its head, and its body
    /// where that is whole, else the rest of it.
    async fn send_one(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        mut outgoing: Outgoing,
        dialect: Dialect,
        flight: &Flight,
    ) -> Result<(ResponseHead, Option<Vec<u8>>, Option<Box<Answered>>), Attempted> {
        let Self { worker, lane, .. } = self;
        let now = worker.now();
        let Some(reach) = &lane.side.reach else { return Err(nothing()) };
        let shown = credential::show(&mut outgoing, lane, worker).await;
        shown.map_err(|(failure, missed)| Attempted::Failed(failure, missed))?;
        let endpoint = select_endpoint(worker, reach, None, now).map_err(|it| failed(&it))?;
        exchange.endpoint = Some(Arc::clone(&endpoint));
        let timeout = exchange.matched.and_then(|matched| matched.route.timeout);
        let limit = timeout.unwrap_or(PATIENCE);
        let plan = AttemptPlan {
            upstream: &reach.upstream,
            conversation: exchange.connection.conversation(),
            head: &outgoing.head,
            target: &outgoing.target,
            framing: outgoing.payload.framing(),
            upgrade: self.passing.upgrade(),
            takes_trailers: false,
            close: false,
            is_idempotent: false,
            began: now,
            limit,
            is_limit_per_try: false,
        };
        let facts = Cell::<AttemptFacts>::default();
        let mut body = Sending::new(&outgoing.payload, reader);
        settle::hold(exchange, lane, self.passing.prompt_tokens());
        let result = attempt(worker, &plan, &endpoint, &mut body, Interim::Discard, &facts).await;
        note_timings(exchange, facts.get());
        if result.is_err() {
            settle::let_go(exchange, worker.now().since(now));
        }
        exchange.is_body_read = reader.is_ended();
        let mut answered = Box::new(result.map_err(|failure| failed(&failure))?);
        let limits = signal::limits(worker, flight, &answered.head.fields);
        if answered.head.status == SWITCHING {
            return Ok((std::mem::take(&mut answered.head), None, Some(answered)));
        }
        let judged = reply::judge(answered, dialect, limit).await;
        if let Some(facts) = &mut exchange.llm {
            facts.waited += worker.now().since(now);
        }
        match judged {
            Judged::Whole(answered, bytes) => {
                let head = passed_head(&answered.head);
                worker.keep(*answered, &reach.upstream, worker.now());
                Ok((head, Some(bytes), None))
            }
            Judged::Piecewise(answered) => Ok((passed_head(&answered.head), None, Some(answered))),
            Judged::Refused(error, answered) => {
                settle::let_go(exchange, Duration::ZERO);
                if let Some(answered) = answered {
                    worker.keep(*answered, &reach.upstream, worker.now());
                }
                Err(signal::judge(error, &limits))
            }
            Judged::Broken(error) => {
                settle::let_go(exchange, Duration::ZERO);
                let (error, reason) = reply::broken(&error);
                Err(Attempted::Failed(Failure::Broken, Missed::provider(error, reason)))
            }
        }
    }

    /// What becomes of an answer that comes piece by piece.
    ///
    /// # Errors
    /// That guardrails cannot see through it.
    fn watching(
        &self,
        exchange: &Exchange<'_>,
        head: &ResponseHead,
        prepared: Option<&Prepared>,
    ) -> Result<Watching, Missed> {
        let said = head.fields.get("content-type").unwrap_or_default();
        if !said.starts_with(b"text/event-stream") {
            return Ok(Watching::Opaque);
        }
        let context = self.context(exchange);
        let guard = self.passing.guards().reply_guard();
        let kept = (self.asked.dialect(), SSE);
        let translation = match prepared.and_then(|it| it.stream_translation(SSE, &context)) {
            None if guard.is_none() => None,
            None if self.asked.operation() != Operation::ReplyGet => return Err(not_seen_through()),
            None => Some(StreamTranslation::new(kept, kept, &context)),
            told => told,
        };
        if let Some(translation) = translation {
            return Ok(Watching::Translated(Box::new(match guard {
                Some(guard) => translation.filtered(Box::new(guard)),
                None => translation,
            })));
        }
        let watch = prepared.and_then(|prepared| prepared.passed_stream(SSE));
        let watch = watch.unwrap_or_else(|| PassedStream::new(Dialect::OpenaiChat, SSE));
        Ok(Watching::Passed(Box::new(watch)))
    }

    /// The whole answer, in the words of the client.
    fn told(
        &self,
        exchange: &mut Exchange<'_>,
        head: ResponseHead,
        mut answers: Vec<Vec<u8>>,
        prepared: Option<&Prepared>,
    ) -> Result<Success, Missed> {
        let Some(prepared) = prepared else {
            let bytes = answers.pop().unwrap_or_default();
            let used =
                used::of_reply(self.asked.surface, std::str::from_utf8(&bytes).unwrap_or_default());
            let bytes = self.seen_through(exchange, bytes, &used)?;
            return Ok(Success::Whole(head, bytes, used));
        };
        let told = prepared.answer(&answers, &self.context(exchange));
        let told = told.map_err(|error| Missed::provider(error, Reason::BadResponse))?;
        let mut answer = LlmAnswer { head, body: AnswerBody::Whole(Vec::new()) };
        answer.tell_losses(&prepared.losses);
        answer.tell_losses(&told.losses);
        let bytes = told.body.or_else(|| answers.pop()).unwrap_or_default();
        let bytes = self.seen_through(exchange, bytes, &told.used)?;
        Ok(Success::Whole(answer.head, bytes, told.used))
    }

    /// Shows an answer to the guardrails; one that they refuse is paid for, as it was given.
    fn seen_through(
        &self,
        exchange: &mut Exchange<'_>,
        bytes: Vec<u8>,
        used: &Used,
    ) -> Result<Vec<u8>, Missed> {
        seen::see_reply(self.passing.guards(), bytes).inspect_err(|_refused| {
            if let Some(facts) = &mut exchange.llm {
                self.note(facts, used);
            }
        })
    }

    /// Notes what an answer used and what it costs. What is only fetched was paid for before.
    fn note(&self, facts: &mut LlmFacts, used: &Used) {
        facts.prices.clone_from(&self.lane.known.prices);
        facts.is_priced = self.lane.known.row.as_ref().is_some_and(|row| row.is_priced());
        if !self.asked.operation().is_inference() {
            return;
        }
        let usage = used.tokens.unwrap_or_else(|| self.estimate());
        settle::note(facts, usage, used.tokens.is_none());
        if let Some(row) = &self.lane.known.row {
            let used = Used { tokens: Some(usage), ..used.clone() };
            facts.cost_nano_usd = used.cost_nano_usd(row);
        }
    }

    /// What the mock says: it has vectors, and beside them only chat.
    fn ask_mock(&self, exchange: &mut Exchange<'_>) -> Result<Success, Missed> {
        if self.asked.operation() != Operation::Embedding {
            return Err(not_of_the_mock(self.asked));
        }
        let prepared = request::prepare(self.lane, self.asked, self.passing)?;
        let prepared = prepared.ok_or_else(|| not_of_the_mock(self.asked))?;
        let bodies = match &prepared.body {
            PreparedBody::AsCame(splice) => {
                let (bytes, _) = self.passing.json().ok_or_else(|| not_of_the_mock(self.asked))?;
                vec![splice.apply(bytes)]
            }
            PreparedBody::Written(bodies) => bodies.clone(),
        };
        let answers: Result<Vec<Vec<u8>>, ChatError> =
            bodies.iter().map(|body| mock::embeddings(body)).collect();
        let answers = answers.map_err(refusal::invalid)?;
        let mut head = ResponseHead { status: 200, ..ResponseHead::default() };
        head.fields.append("Content-Type", b"application/json");
        self.told(exchange, head, answers, Some(&prepared))
    }

    fn context(&self, exchange: &Exchange<'_>) -> Context {
        let since = self.worker.wall().duration_since(std::time::SystemTime::UNIX_EPOCH);
        Context {
            id: exchange.identity.trace_id().to_owned(),
            model: self.passing.model().unwrap_or_default().to_owned(),
            created_s: since.map_or(0, |since| since.as_secs()),
            stream_usage: true,
        }
    }

    /// Notes what an answer used, and where the thing lives that it made.
    fn settle(&self, exchange: &mut Exchange<'_>, flight: Flight, success: &Success) {
        let consumer = exchange.consumer().map(|consumer| Box::from(consumer.name.as_str()));
        let now = self.worker.now();
        let Some(facts) = &mut exchange.llm else { return };
        if self.asked.operation().is_inference() {
            facts.prices.clone_from(&self.lane.known.prices);
            facts.is_priced = self.lane.known.row.as_ref().is_some_and(|row| row.is_priced());
        }
        match success {
            Success::Whole(_, bytes, used) => {
                self.note(facts, used);
                let usage = facts.usage.unwrap_or_default();
                let spent = Spent {
                    prompt_tokens: usage.input_total(),
                    output_tokens: usage.output_total(),
                };
                flight.finish(End::Answered(spent), now);
                if let Some((kept, id)) = made(self.asked.operation(), bytes) {
                    let home = Home {
                        provider: self.lane.provider.config.name.as_str().into(),
                        credential: self.lane.credential().map(|it| it.name.as_str().into()),
                        model: self.passing.model().map(|_| self.lane.model.clone()),
                        consumer,
                    };
                    self.worker.gateway().kept.remember(kept, &id, home);
                }
            }
            Success::Stream(..) => facts.flight = Some(flight),
            Success::Tunnel(..) => {
                let spent = Spent { prompt_tokens: 0, output_tokens: 0 };
                flight.finish(End::Answered(spent), now);
            }
        }
    }

    fn estimate(&self) -> Usage {
        let input = match self.asked.operation().is_inference() {
            true => self.passing.prompt_tokens(),
            false => 0,
        };
        Usage { input, ..Usage::default() }
    }
}

/// What of a provider's head goes on.
fn passed_head(from: &ResponseHead) -> ResponseHead {
    const PASSED: [&str; 3] = ["content-type", "content-disposition", "openai-processing-ms"];
    let mut answer = LlmAnswer {
        head: ResponseHead { status: from.status, ..ResponseHead::default() },
        body: AnswerBody::Whole(Vec::new()),
    };
    for name in PASSED {
        if let Some(value) = from.fields.get(name) {
            answer.head.fields.append(name, value);
        }
    }
    answer.pass_fields(&from.fields);
    answer.head
}

/// The id of what an operation made, where that lives at the provider now.
fn made(operation: Operation, bytes: &[u8]) -> Option<(architrave_llm::surface::Kept, String)> {
    let makes = matches!(operation, Operation::FileUpload | Operation::BatchCreate);
    let kept = operation.kept().filter(|_| makes)?;
    Some((kept, id_of(bytes)?))
}

/// The outermost `id` of a JSON object; Gemini's things have a `name` instead.
pub(super) fn id_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut id, mut name) = (None, None);
    Cursor::new(text)
        .object(|cursor, field| {
            match field {
                "id" => id = Some(cursor.text()?.into_owned()),
                "name" => name = Some(cursor.text()?.into_owned()),
                _ => cursor.skip()?,
            }
            Ok(())
        })
        .ok()?;
    id.or(name)
}

fn nothing() -> Attempted {
    Attempted::Declined(nothing_serves())
}

/// That an answer cannot be seen through while it comes.
fn not_seen_through() -> Missed {
    let message = "a guardrail looks at what models say, and cannot in a stream of this kind; \
                   ask without `stream`";
    refusal::invalid(ChatError::invalid("stream", message))
}

fn not_of_the_mock(asked: &Asked<'_>) -> Missed {
    let operation = asked.operation().name().replace('_', " ");
    let message = format!("the mock provider has no {operation}");
    let error = ChatError { status: 501, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::refused(error, Reason::NotImplemented)
}

/// A place in a fleet of one deployment.
const fn place_of(credential: Option<usize>) -> Place {
    Place { deployment: 0, credential }
}
