//! What came of an attempt, made ready for the client and settled: what was used, what guardrails
//! make of it, where the thing lives that was made.

use architrave_balance::deployment::{End, Flight, Spent};
use architrave_core::Reason;
use architrave_llm::beside::{Prepared, PreparedBody};
use architrave_llm::chat::{ChatError, ErrorKind, Usage};
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::estimate;
use architrave_llm::field::Losses;
use architrave_llm::frame::Framing;
use architrave_llm::pass::PassedStream;
use architrave_llm::surface::{Asked, KeptId, Operation, Surface};
use architrave_llm::translate::StreamTranslation;
use architrave_llm::used::{self, Used};
use architrave_net::ResponseHead;
use architrave_policy::cache::KeptReply;

use super::along::{Along, SSE, Success, Watching};
use super::body::text_of;
use super::sight::{hides_texts, not_seen_through};
use super::{cached, lines, written};
use crate::dispatch::llm::answer::{AnswerBody, LlmAnswer};
use crate::dispatch::llm::batch_used::{self, BatchWatch};
use crate::dispatch::llm::facts::LlmFacts;
use crate::dispatch::llm::kept::Home;
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::mock::Completed;
use crate::dispatch::llm::{mock, outgoing, refusal, seen, settle};
use crate::exchange::Exchange;

impl Along<'_, '_> {
    /// What becomes of an answer that comes piece by piece.
    ///
    /// # Errors
    /// That guardrails cannot see through it.
    pub(super) fn watching(
        &self,
        exchange: &Exchange<'_>,
        head: &ResponseHead,
        prepared: Option<&Prepared>,
    ) -> Result<Watching, Missed> {
        let said = head.fields.get("content-type").unwrap_or_default();
        let guard = self.passing.guards().reply_guard();
        let operation = self.asked.operation();
        let context = self.context(exchange);
        let framing = match said.starts_with(Framing::AwsEvents.content_type().as_bytes()) {
            true => Framing::AwsEvents,
            false => SSE,
        };
        let is_stream = said.starts_with(framing.content_type().as_bytes());
        let told = prepared.filter(|_| is_stream);
        let told = told.and_then(|it| it.stream_translation(framing, &context));
        if told.is_none() && framing != SSE || !is_stream {
            if guard.is_some() && hides_texts(operation, said) {
                return Err(not_seen_through());
            }
            let is_call =
                self.asked.surface == Surface::BedrockInvoke && framing == Framing::AwsEvents;
            let watch = prepared.filter(|_| is_call).and_then(|it| it.passed_stream(framing));
            return Ok(match (watch, self.batch_watch()) {
                (Some(watch), _) => Watching::Passed(Box::new(watch), framing),
                (None, Some(batch)) => Watching::Batch(batch),
                (None, None) => Watching::Opaque,
            });
        }
        let kept = (self.asked.dialect(), SSE);
        let translation = match told {
            None if guard.is_none() => None,
            None if operation == Operation::ReplyGet => {
                Some(StreamTranslation::new(kept, kept, &context))
            }
            None if hides_texts(operation, said) => return Err(not_seen_through()),
            None => None,
            told => told,
        };
        if let Some(translation) = translation {
            return Ok(Watching::Translated(Box::new(match guard {
                Some(guard) => translation.filtered(Box::new(guard)),
                None => translation,
            })));
        }
        let watch = prepared.and_then(|prepared| prepared.passed_stream(SSE));
        let watch = watch.unwrap_or_else(|| match operation.is_inference() {
            true => PassedStream::beside(self.asked.surface, SSE),
            // What is only fetched was paid for before.
            false => PassedStream::new(Dialect::OpenaiChat, SSE),
        });
        Ok(Watching::Passed(Box::new(watch), SSE))
    }

    /// What watches the answers of a batch that is known to be the consumer's own.
    fn batch_watch(&self) -> Option<BatchWatch> {
        let (kept, id) = self.asked.kept().filter(|_| self.passing.is_home_known())?;
        BatchWatch::of(self.asked.surface, &self.worker.gateway().kept, (kept, id.to_owned()))
    }

    /// The whole answer, in the words of the client.
    pub(super) async fn told(
        &self,
        exchange: &mut Exchange<'_>,
        head: ResponseHead,
        mut answers: Vec<Vec<u8>>,
        prepared: Option<Prepared>,
    ) -> Result<Success, Missed> {
        let failed = |error| Missed::provider(error, Reason::BadResponse);
        let Some(prepared) = prepared else {
            let bytes = self.relinked(exchange, answers.pop().unwrap_or_default());
            let surface = self.asked.surface;
            let used = outgoing::offloaded(self.worker, bytes.len(), move || {
                let text = std::str::from_utf8(&bytes).unwrap_or_default();
                let used = used::of_reply(surface, text);
                Ok((bytes, used))
            });
            let (bytes, used) = used.await.map_err(failed)?;
            let bytes = self.seen_through(exchange, bytes, &used).await?;
            return Ok(Success::Whole(head, bytes, used));
        };
        let (length, context) = (answers.iter().map(Vec::len).sum(), self.context(exchange));
        let told = outgoing::offloaded(self.worker, length, move || {
            let told = prepared.answer(&answers, &context);
            // What it was charged for can often be read where the rest of it cannot.
            let told = told.map_err(|error| (error, used_by_all(&prepared, &answers)));
            Ok((told, prepared, answers))
        });
        let (told, prepared, mut answers) = match told.await {
            Ok((Ok(told), prepared, answers)) => (told, prepared, answers),
            Ok((Err((error, used)), ..)) => {
                let used = Used::from(used);
                return Err(self.untold(exchange, &used, length, failed(error)));
            }
            Err(error) => {
                let missed = Missed::refused(error, Reason::Overloaded);
                return Err(self.untold(exchange, &Used::default(), length, missed));
            }
        };
        settle::note_dropped(exchange, &prepared.losses);
        settle::note_reply_dropped(exchange, &told.losses);
        let head = with_losses(with_losses(head, &prepared.losses), &told.losses);
        let bytes = told.body.or_else(|| answers.pop()).unwrap_or_default();
        let bytes = self.relinked(exchange, bytes);
        let bytes = self.seen_through(exchange, bytes, &told.used).await?;
        Ok(Success::Whole(head, bytes, told.used))
    }

    /// Shows an answer to the guardrails; one that they refuse is paid for, as it was given.
    async fn seen_through(
        &self,
        exchange: &mut Exchange<'_>,
        bytes: Vec<u8>,
        used: &Used,
    ) -> Result<Vec<u8>, Missed> {
        let length = bytes.len();
        let seen = seen::see_reply(self.worker, self.passing.guards(), bytes).await;
        seen.inspect_err(|_refused| {
            if let Some(facts) = &mut exchange.llm {
                self.note(facts, used, length);
            }
        })
    }

    /// Notes an answer that came and cannot be told: it was given, and is paid for.
    fn untold(
        &self,
        exchange: &mut Exchange<'_>,
        used: &Used,
        bytes: usize,
        missed: Missed,
    ) -> Missed {
        if let Some(facts) = &mut exchange.llm {
            self.note(facts, used, bytes);
            facts.is_broken = missed.reason == Reason::BadResponse;
        }
        missed
    }

    /// Notes what an answer of so many bytes used and what it costs. What is only fetched was paid
    /// for before.
    fn note(&self, facts: &mut LlmFacts, used: &Used, bytes: usize) {
        let operation = self.asked.operation();
        // What a batch uses is counted when its answers are fetched.
        if !operation.is_inference() || operation == Operation::BatchCreate {
            return;
        }
        settle::along(self.worker, facts, self.lane);
        let told = used.tokens.or(facts.told_by_head);
        let tokens = Some(told.unwrap_or_else(|| self.estimate(bytes)));
        settle::note(facts, Used { tokens, ..used.clone() }, told.is_none());
    }

    /// What the mock says.
    pub(super) async fn ask_mock(&self, exchange: &mut Exchange<'_>) -> Result<Success, Missed> {
        let operation = self.asked.operation();
        let prepared = written::prepare(self.worker, self.lane, self.asked, self.passing).await?;
        let prepared = prepared.ok_or_else(|| not_of_the_mock(self.asked))?;
        let bodies = match &prepared.body {
            PreparedBody::AsCame(splice) => {
                let (bytes, _) = self.passing.json().ok_or_else(|| not_of_the_mock(self.asked))?;
                vec![splice.apply(bytes)]
            }
            PreparedBody::Written(bodies) => bodies.clone(),
        };
        let context = self.context(exchange);
        let mut content_type = "application/json";
        let mut answers = Vec::with_capacity(bodies.len());
        for body in &bodies {
            let text = text_of(body)?;
            let answer = match operation {
                Operation::Embedding => {
                    let (body, model) = (body.clone(), context.model.clone());
                    let weight = mock::embeddings_weight(&body);
                    let made = move || mock::embeddings(&body, &model);
                    Ok(outgoing::offloaded(self.worker, weight, made).await)
                }
                Operation::Rerank => Err(architrave_llm::mock::rank(text, &context)),
                Operation::Moderation => Err(architrave_llm::mock::moderate(text, &context)),
                Operation::ImageGeneration => Err(architrave_llm::mock::draw(text, &context)),
                Operation::Speech => Err(architrave_llm::mock::speak(text)),
                Operation::Completion | Operation::Chat => {
                    let chat = prepared.reach.surface.dialect();
                    let wants = (operation == Operation::Chat, self.passing.is_stream());
                    match mock::complete(self.lane, (chat, body), wants, &context) {
                        Ok(Completed::Stream(steps)) => {
                            let steps = match self.passing.guards().reply_guard() {
                                Some(guard) => steps.guarded(guard),
                                None => steps,
                            };
                            return Ok(Success::Mock(stream_head(&prepared), steps));
                        }
                        Ok(Completed::Whole(body)) => Ok(Ok(body)),
                        Err(error) => Ok(Err(error)),
                    }
                }
                _ => return Err(not_of_the_mock(self.asked)),
            };
            answers.push(match answer {
                Ok(body) => body.map_err(refusal::invalid)?,
                Err(answer) => {
                    let answer = answer.map_err(refusal::invalid)?;
                    content_type = answer.content_type;
                    answer.body
                }
            });
        }
        let mut head = ResponseHead { status: 200, ..ResponseHead::default() };
        head.fields.append("Content-Type", content_type.as_bytes());
        self.told(exchange, head, answers, Some(prepared)).await
    }

    pub(super) fn context(&self, exchange: &Exchange<'_>) -> Context {
        let since = self.worker.wall().duration_since(std::time::SystemTime::UNIX_EPOCH);
        Context {
            id: exchange.identity.exchange_id(),
            model: self.passing.model().unwrap_or_default().to_owned(),
            created_s: since.map_or(0, |since| since.as_secs()),
            stream_usage: true,
        }
    }

    /// Notes what an answer used, and where the thing lives that it made.
    pub(super) async fn settle(
        &self,
        exchange: &mut Exchange<'_>,
        flight: Flight,
        success: &mut Success,
    ) {
        let now = self.worker.now();
        let Some(facts) = &mut exchange.llm else { return };
        if self.asked.operation().is_inference() {
            settle::along(self.worker, facts, self.lane);
        }
        match success {
            Success::Whole(head, bytes, used) => {
                self.note(facts, used, bytes.len());
                if let Some(batch) = self.batch_watch().filter(|_| head.status == 200) {
                    let look = move |bytes: &[u8]| {
                        let mut batch = batch.clone();
                        batch.see(bytes);
                        batch.into_used(true)
                    };
                    let (body, used) =
                        outgoing::looked_at(self.worker, std::mem::take(bytes), look).await;
                    *bytes = body;
                    batch_used::settle(self.worker, exchange, &used);
                }
                let Some(facts) = &mut exchange.llm else { return };
                let usage = facts.usage.unwrap_or_default();
                let spent = Spent {
                    prompt_tokens: usage.input_total(),
                    output_tokens: usage.output_total(),
                };
                flight.finish(End::Answered(spent), now);
                let offer = cached::offer(exchange, head.status);
                let look = self.look((offer.is_some(), self.may_make(exchange)), used.tokens);
                let (body, seen) =
                    outgoing::looked_at(self.worker, std::mem::take(bytes), look).await;
                *bytes = body;
                seen::keep(self.worker, exchange, offer, seen.kept);
                self.remember(exchange, seen.made);
            }
            Success::Stream(..) | Success::Mock(..) | Success::Talk(..) => {
                facts.flight = Some(flight);
            }
        }
    }

    /// What is to be seen in an answer: what it says was made, and what of it is kept for others.
    fn look(
        &self,
        (is_offered, may_make): (bool, bool),
        usage: Option<Usage>,
    ) -> impl Fn(&[u8]) -> Looked + Clone + Send + use<> {
        let surface = self.asked.surface;
        move |bytes| Looked {
            made: match std::str::from_utf8(bytes) {
                Ok(text) if may_make => surface.kept_in_reply(text),
                _ => Vec::new(),
            },
            kept: if is_offered { KeptReply::of_other(bytes, usage) } else { None },
        }
    }

    /// Whether an answer may tell of things that are the consumer's from now on: those that it makes,
    /// and those that belong to what is known as its own.
    fn may_make(&self, exchange: &Exchange<'_>) -> bool {
        let operation = self.asked.operation();
        operation.makes_kept()
            || self.passing.is_home_known()
            || (operation.lists_kept() && exchange.caller_name().is_some())
    }

    /// Remembers where the things live that an answer says were made, and what belongs to a thing
    /// that was made here.
    fn remember(&self, exchange: &Exchange<'_>, mut made: Vec<KeptId>) {
        let operation = self.asked.operation();
        if !self.may_make(exchange) {
            return;
        }
        if self.passing.has_seen_requests(self.worker, exchange) {
            let lines: Vec<_> = made.iter().cloned().map(lines::as_lines).collect();
            made.extend(lines);
        }
        if !made.is_empty() {
            let home = Home::of(exchange, self.lane, self.passing.model().is_some());
            self.worker.gateway().kept.remember(&made, &home);
        }
        self.note_length(exchange, operation, &made);
    }

    /// Notes how long a conversation is from now on, as far as that is said here.
    fn note_length(&self, exchange: &Exchange<'_>, operation: Operation, made: &[KeptId]) {
        let kept = &self.worker.gateway().kept;
        let tokens = self.passing.prompt_tokens();
        match operation {
            Operation::ConversationCreate => {
                let consumer = exchange.caller_name();
                kept.note_tokens(made, consumer, tokens);
            }
            Operation::CacheCreate => {
                let used = exchange.llm.as_ref().and_then(|facts| facts.usage);
                let tokens = used.map_or(tokens, |used| used.input_total());
                kept.note_tokens(made, exchange.caller_name(), tokens);
            }
            Operation::ItemAdd => {
                self.passing.named().iter().for_each(|one| kept.add_tokens(one, tokens));
            }
            _ => {}
        }
    }

    /// What was used where nobody says it, by the size of the prompt and of an answer in words.
    fn estimate(&self, answer_bytes: usize) -> Usage {
        let operation = self.asked.operation();
        let input = if operation.is_inference() { self.passing.prompt_tokens() } else { 0 };
        let output = match operation {
            Operation::Completion
            | Operation::Chat
            | Operation::ReplyCompact
            | Operation::Transcription
            | Operation::SpeechTranslation => estimate::tokens_of_bytes(answer_bytes as u64),
            _ => 0,
        };
        Usage { input, output, ..Usage::default() }
    }
}

/// What was seen in an answer.
struct Looked {
    made: Vec<KeptId>,
    kept: Option<KeptReply>,
}

/// What these answers used, as they tell it; nothing where one of them does not.
fn used_by_all(prepared: &Prepared, answers: &[Vec<u8>]) -> Option<Usage> {
    let mut sum = Usage::default();
    for answer in answers {
        sum.add(&prepared.used_by(answer)?);
    }
    Some(sum)
}

/// A head that tells what could not be said.
pub(super) fn with_losses(head: ResponseHead, losses: &Losses) -> ResponseHead {
    let mut answer = LlmAnswer { head, body: AnswerBody::Whole(Vec::new()) };
    answer.tell_losses(losses);
    answer.head
}

/// What of a provider's head goes on.
pub(super) fn passed_head(from: &ResponseHead) -> ResponseHead {
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

/// The head of a stream of events.
fn stream_head(prepared: &Prepared) -> ResponseHead {
    let mut head = ResponseHead { status: 200, ..ResponseHead::default() };
    head.fields.append("Content-Type", prepared.told_framing().content_type().as_bytes());
    head.fields.append("Cache-Control", b"no-cache");
    with_losses(head, &prepared.losses)
}

fn not_of_the_mock(asked: &Asked<'_>) -> Missed {
    let operation = asked.operation().name();
    let message = format!("the mock provider does not know the operation `{operation}`");
    let error = ChatError { status: 501, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::refused(error, Reason::NotImplemented)
}
