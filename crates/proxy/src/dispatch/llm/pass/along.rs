//! One attempt along a lane of what goes through as it came: sent, and read to where it can be
//! judged.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{Choice, End, Failure, Flight};
use architrave_llm::catalog::Unit;
use architrave_llm::dialect::Dialect;
use architrave_llm::frame::Framing;
use architrave_llm::hush::Hush;
use architrave_llm::pass::PassedStream;
use architrave_llm::signal::Limits;
use architrave_llm::surface::{Asked, ListAsk};
use architrave_llm::talk::Words;
use architrave_llm::translate::StreamTranslation;
use architrave_llm::used::Used;
use architrave_net::{Reader, ResponseHead};

use super::each::Each;
use super::form::Form;
use super::request::Passing;
use super::sight::{self, not_seen_through};
use super::told::{passed_head, with_losses};
use super::units;
use super::written::{self, Written};
use crate::assembly::LiveUpstream;
use crate::attempt::Answered;
use crate::dispatch::llm::answer::{AnswerBody, LlmAnswer};
use crate::dispatch::llm::attempted::{self, Attempted, failed, note_attempt, note_outcome};
use crate::dispatch::llm::batch_used::BatchWatch;
use crate::dispatch::llm::endpoint::EndpointTries;
use crate::dispatch::llm::missed::{Missed, nothing_serves};
use crate::dispatch::llm::mock::MockSteps;
use crate::dispatch::llm::opaque::OpaqueWatch;
use crate::dispatch::llm::outgoing::{Caller, Outgoing};
use crate::dispatch::llm::payload::RestLook;
use crate::dispatch::llm::read_reply::{self, Judged};
use crate::dispatch::llm::signal::About;
use crate::dispatch::llm::stream::LlmStream;
use crate::dispatch::llm::talk::{Manner, Talk};
use crate::dispatch::llm::{credential, fetched, refusal, settle, signal};
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

/// The framing of every stream of events beside chat.
pub(super) const SSE: Framing = Framing::Sse;

/// The status of an answer behind which the protocol is another.
const SWITCHING: u16 = 101;

/// How long an answer may take where the route says nothing: images and sound take minutes.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// One attempt along a lane.
pub(super) struct Along<'w, 'a> {
    pub worker: &'w Worker,
    pub lane: &'a LiveLane,
    pub asked: &'a Asked<'a>,
    pub passing: &'a Passing,
}

/// An answer that can be passed on.
pub(super) enum Success {
    /// All of it.
    Whole(ResponseHead, Vec<u8>, Used),
    /// Piece by piece.
    Stream(ResponseHead, Box<Answered>, Watching, Arc<Hush>),
    /// What the mock streams.
    Mock(ResponseHead, Box<MockSteps>),
    /// Talk over a WebSocket.
    Talk(ResponseHead, Box<Answered>, Arc<LiveUpstream>, Manner),
}

/// What came of one request.
pub(super) enum Came {
    /// Its answer's head and all of its body.
    Whole(ResponseHead, Vec<u8>),
    /// The head, and what the body comes by.
    Piecewise(ResponseHead, Box<Answered>, Arc<Hush>),
}

/// What becomes of an answer that comes piece by piece.
pub(super) enum Watching {
    /// It goes on as it comes, under a watch.
    Passed(Box<PassedStream>, Framing),
    /// It is told in other words.
    Translated(Box<StreamTranslation>),
    /// It is no stream of events.
    Opaque,
    /// The answers of a batch.
    Batch(BatchWatch),
}

impl Success {
    /// The answer for the client; `dialect` is that of its failures.
    pub(super) fn into_answer(self, dialect: Dialect, reader: &mut Reader) -> LlmAnswer<'_> {
        match self {
            Self::Whole(head, bytes, _) => LlmAnswer { head, body: AnswerBody::Whole(bytes) },
            Self::Mock(head, steps) => {
                let stream = LlmStream::mock(steps, reader);
                LlmAnswer { head, body: AnswerBody::Stream(Box::new(stream)) }
            }
            Self::Talk(head, answered, upstream, manner) => {
                let talk = Talk::new(answered, upstream, manner, reader);
                LlmAnswer { head, body: AnswerBody::Talk(Box::new(talk)) }
            }
            Self::Stream(head, answered, watching, hush) => {
                let mut stream = match watching {
                    Watching::Passed(watch, framing) => {
                        LlmStream::watched(answered, *watch, (dialect, framing), reader)
                    }
                    Watching::Translated(translation) => {
                        LlmStream::translated(answered, *translation, reader)
                    }
                    Watching::Opaque => {
                        let said = head.fields.get("content-type").unwrap_or_default();
                        LlmStream::opaque(answered, OpaqueWatch::new(said), reader)
                    }
                    Watching::Batch(batch) => {
                        LlmStream::opaque(answered, OpaqueWatch::of_batch(batch), reader)
                    }
                };
                stream.hush(&hush);
                LlmAnswer { head, body: AnswerBody::Stream(Box::new(stream)) }
            }
        }
    }
}

/// Why an attempt did not answer: what that says of the lane, what the client is told, and whether
/// another may be made.
pub(super) type NoAnswer = (Option<Failure>, Missed, bool);

impl Along<'_, '_> {
    pub(super) async fn attempt(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        choice: Choice,
    ) -> Result<Success, NoAnswer> {
        let Choice { why, flight, .. } = choice;
        note_attempt(self.worker, exchange, self.lane, why.word());
        let sent = self.send(exchange, reader, &flight).await;
        let can_be_sent_again = self.passing.can_be_sent_again();
        if let Err(attempted) = &sent {
            note_outcome(self.worker, exchange, attempted);
        }
        match sent {
            Ok(mut success) => {
                if let Some(lines) = self.passing.lines() {
                    lines.note_taken(self.worker, exchange);
                }
                self.settle(exchange, flight, &mut success).await;
                Ok(success)
            }
            Err(Attempted::Failed(failure, missed)) => {
                let rested = flight.finish(End::Failed(failure), self.worker.now());
                signal::note((self.worker, exchange), self.lane, (failure, rested), &missed);
                Err((Some(failure), missed, can_be_sent_again))
            }
            Err(Attempted::Unfit(missed)) => {
                flight.finish(End::Unsent, self.worker.now());
                Err((Some(Failure::Broken), missed, can_be_sent_again))
            }
            Err(Attempted::Declined(missed)) => {
                flight.finish(End::Declined, self.worker.now());
                Err((None, missed, false))
            }
            Err(Attempted::Void(end, missed)) => {
                flight.finish(end, self.worker.now());
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
            return self.ask_mock(exchange).await.map_err(Attempted::Declined);
        }
        fetched::hold(lane, passing.fetched()).map_err(Attempted::Unfit)?;
        if let Some(list) = ListAsk::of(asked.surface, asked.query) {
            return self.list(exchange, reader, list, flight).await;
        }
        let written = written::write(worker, lane, asked, passing, Caller::of(exchange));
        let Written { outgoings, dialect, prepared } = written.await.map_err(Attempted::Unfit)?;
        if passing.is_stream() && passing.guards().looks_at_replies() {
            let context = self.context(exchange);
            let told = prepared.as_ref().and_then(|it| it.stream_translation(SSE, &context));
            if told.is_none() && sight::hides_texts(asked.operation(), b"") {
                return Err(Attempted::Unfit(not_seen_through()));
            }
        }
        if let Some(facts) = &mut exchange.llm {
            facts.told_by_head = None;
        }
        let [outgoing] = match <[Outgoing; 1]>::try_from(outgoings) {
            Ok(one) => one,
            Err(several) => {
                let each = Each { along: self, dialect, flight, prepared: prepared.as_ref() };
                let (head, answers) = each.send(exchange, reader, several).await?;
                let told = self.told(exchange, head, answers, prepared).await;
                return told.map_err(Attempted::Declined);
            }
        };
        let (head, bytes) = match self.send_one(exchange, reader, outgoing, dialect, flight).await?
        {
            Came::Whole(head, bytes) => (head, bytes),
            Came::Piecewise(head, answered, hush) => {
                if let (SWITCHING, Some(reach)) = (head.status, &lane.side.reach) {
                    let upstream = Arc::clone(&reach.upstream);
                    return Ok(Success::Talk(head, answered, upstream, self.manner()));
                }
                let watching = self.watching(exchange, &head, prepared.as_ref());
                let watching = watching.map_err(Attempted::Declined)?;
                let head = match &prepared {
                    Some(prepared) => {
                        settle::note_dropped(exchange, &prepared.losses);
                        let mut head = head;
                        if matches!(watching, Watching::Translated(_)) {
                            let told = prepared.told_framing().content_type();
                            head.fields.set("Content-Type", told.as_bytes());
                        }
                        with_losses(head, &prepared.losses)
                    }
                    None => head,
                };
                return Ok(Success::Stream(head, answered, watching, hush));
            }
        };
        self.told(exchange, head, vec![bytes], prepared).await.map_err(Attempted::Declined)
    }

    /// Sends one request and reads the answer to where it can be judged.
    pub(super) async fn send_one(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        mut outgoing: Outgoing,
        dialect: Dialect,
        flight: &Flight,
    ) -> Result<Came, Attempted> {
        let Self { worker, lane, .. } = self;
        let now = worker.now();
        let Some(reach) = &lane.side.reach else { return Err(nothing()) };
        let shown = credential::show(&mut outgoing, lane, worker).await;
        shown.map_err(|(failure, missed)| Attempted::Failed(failure, missed))?;
        if let Some(key) = &exchange.talk_key {
            credential::show_key(&mut outgoing, &key.secret);
        }
        let timeout = exchange.matched.and_then(|matched| matched.route.timeout);
        let limit = timeout.unwrap_or(PATIENCE);
        let mut tries = EndpointTries {
            affinity: None,
            limit,
            upgrade: self.passing.upgrade(),
            length: units::sound_length(self.asked, self.passing).map(Box::new),
            look: self.passing.form().and_then(Form::rest_look).map(Box::new),
            has_taken_rest: false,
        };
        settle::hold(exchange, lane, self.passing.prompt_tokens());
        let sent = {
            let (exchange, client) = (RefCell::new(&mut *exchange), Some(&mut *reader));
            tries.send(worker, &exchange, (reach, &outgoing), client, now).await
        };
        self.passing.note_sent(tries.has_taken_rest);
        if let (Some(length), Some(facts)) = (tries.length, &mut exchange.llm) {
            facts.asked.set(Unit::SecondIn, length.seconds(0));
        }
        exchange.is_body_read = reader.is_ended();
        if let Err(failure) = &sent {
            // Of a form that had not come to its end, nobody can have made anything.
            let has_all = outgoing.payload.is_whole() || exchange.is_body_read;
            match attempted::is_abandoned(failure) && has_all {
                true => self.abandoned(exchange),
                false => settle::let_go(exchange, worker.now().since(now)),
            }
        }
        let wrong = tries.look.as_deref().and_then(RestLook::wrong);
        let mut answered = sent.map_err(|failure| match wrong {
            Some(wrong) => Attempted::Void(End::Declined, refusal::invalid(wrong.into())),
            None => failed(&failure),
        })?;
        let limits = signal::limits(worker, flight, &answered.head.fields);
        settle::note_head(exchange, &answered.head.fields);
        if answered.head.status == SWITCHING {
            let head = std::mem::take(&mut answered.head);
            return Ok(Came::Piecewise(head, answered, outgoing.hush));
        }
        let judged = {
            let reads = sight::reads(self.asked.operation(), self.passing.guards());
            read_reply::judge(answered, Some(reader), dialect, (limit, reads)).await
        };
        if let Some(facts) = &mut exchange.llm {
            facts.waited += worker.now().since(now);
        }
        self.pass_judged(exchange, judged, (&reach.upstream, outgoing.hush), &limits)
    }

    /// What of an answer goes on, or what its failure means.
    pub(super) fn pass_judged(
        &self,
        exchange: &mut Exchange<'_>,
        judged: Judged,
        (upstream, hush): (&LiveUpstream, Arc<Hush>),
        limits: &Limits,
    ) -> Result<Came, Attempted> {
        let worker = self.worker;
        match judged {
            Judged::Whole(answered, bytes) => {
                let mut head = passed_head(&answered.head);
                self.tell_upload(exchange, &answered.head, &mut head);
                worker.keep(*answered, upstream, worker.now());
                Ok(Came::Whole(head, bytes))
            }
            Judged::Piecewise(answered) => {
                let mut head = passed_head(&answered.head);
                self.tell_upload(exchange, &answered.head, &mut head);
                Ok(Came::Piecewise(head, answered, hush))
            }
            Judged::Refused(mut error, answered) => {
                hush.error(&mut error);
                settle::let_go(exchange, Duration::ZERO);
                if let Some(answered) = answered {
                    worker.keep(*answered, upstream, worker.now());
                }
                let about = match self.asked.operation().is_inference() {
                    true => About::Model,
                    false => About::Thing,
                };
                Err(signal::judge(error, limits, about))
            }
            // It was made, and is paid for.
            Judged::Unseen => {
                self.abandoned(exchange);
                Err(Attempted::Declined(sight::too_large_to_see()))
            }
            Judged::ClientGone => {
                self.abandoned(exchange);
                Err(attempted::nobody_waits())
            }
            Judged::Broken(error) => {
                settle::let_go(exchange, Duration::ZERO);
                let (error, reason) = attempted::broken(&error);
                Err(Attempted::Failed(Failure::Broken, Missed::provider(error, reason)))
            }
        }
    }
}

impl Along<'_, '_> {
    /// How the talk goes that begins.
    fn manner(&self) -> Manner {
        let words = match self.asked.dialect() {
            Dialect::GeminiGenerateContent => Words::Gemini,
            _ => Words::Openai,
        };
        Manner { words, bytes_max: self.passing.bytes_max() }
    }

    /// Nobody takes the answer that is made. What is only fetched costs nothing.
    pub(super) fn abandoned(&self, exchange: &mut Exchange<'_>) {
        match self.asked.operation().is_inference() {
            true => {
                let prompt_tokens = self.passing.prompt_tokens();
                settle::abandoned(self.worker, exchange, self.lane, prompt_tokens);
            }
            false => settle::let_go(exchange, Duration::ZERO),
        }
    }
}

pub(super) fn nothing() -> Attempted {
    Attempted::Void(End::Unsent, nothing_serves())
}
