//! An answer for chat passed on: put into the client's dialect, shown to guardrails and the cache,
//! and what lives at the provider by it remembered.

use std::pin::pin;

use architrave_balance::deployment::{End, Failure, Flight};
use architrave_core::Reason;
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::surface::{Kept, KeptId};
use architrave_policy::cache::KeptReply;

use super::answer::{AnswerBody, LlmAnswer};
use super::attempted::Success;
use super::kept::Home;
use super::missed::{Missed, nothing_serves};
use super::mock::{MockSteps, Said};
use super::opening::Opening;
use super::outgoing::{self, Outgoing};
use super::reply::Untold;
use super::run::Run;
use super::seen::{self, Seen};
use super::stream::{LlmStream, Recording};
use super::{reply, settle, signal};
use crate::attempt::Answered;
use crate::exchange::Exchange;
use crate::models::LiveLane;

/// Why a whole answer does not go on.
pub(super) enum NotTold {
    /// It is none: another lane may have one.
    Unreadable(Missed),
    /// A guardrail refuses it, or there is no room to read it.
    Refused(Missed),
}

impl NotTold {
    /// What the client is told where no other lane is asked.
    pub(super) fn into_missed(self) -> Missed {
        match self {
            Self::Unreadable(missed) | Self::Refused(missed) => missed,
        }
    }
}

impl From<Missed> for NotTold {
    fn from(missed: Missed) -> Self {
        Self::Refused(missed)
    }
}

impl<'w> Run<'w, '_> {
    /// Notes that an answer is passed on; its attempt is in flight until all of it is gone.
    pub(super) fn answered(
        &self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        flight: Flight,
        success: &Success,
    ) {
        if let Some(facts) = &mut exchange.llm {
            facts.flight = Some(flight);
            settle::along(self.worker, facts, lane);
        }
        self.remember_home(exchange, lane, success);
    }

    /// Remembers where a streamed answer lives that the provider keeps: what else it makes is
    /// remembered as it tells it. What a whole one made shows when it is told.
    fn remember_home(&self, exchange: &mut Exchange<'_>, lane: &LiveLane, success: &Success) {
        let dialect = self.ask.dialect;
        if let Success::Stream(outgoing, _, opening) = success
            && outgoing.dialect == dialect
            && dialect == Dialect::OpenaiResponses
        {
            let made = opening.id.iter().map(|id| (Kept::Reply, id.clone())).collect();
            self.remember(exchange, lane, made);
        }
    }

    /// Remembers where things live that an answer made and that the provider keeps.
    fn remember(&self, exchange: &mut Exchange<'_>, lane: &LiveLane, made: Vec<KeptId>) {
        if !made.is_empty() {
            self.worker.gateway().kept.remember(&made, &Home::of(exchange, lane, true));
            if let Some(facts) = &mut exchange.llm {
                let holds_all = |one: &KeptId| matches!(one.0, Kept::Reply | Kept::Conversation);
                facts.grown.extend(made.into_iter().filter(holds_all));
            }
        }
    }

    /// Puts the answer into the client's dialect.
    pub(super) async fn pass_on(
        self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        success: Box<Success>,
    ) -> Result<LlmAnswer<'w>, Missed> {
        let worker = self.worker;
        let context = self.context(exchange);
        let mut answer = match *success {
            Success::Stream(outgoing, answered, opening) => {
                self.tell_stream(exchange, lane, &outgoing, (answered, opening), &context)
            }
            Success::Mock(Said::Whole { body, usage, after: _ }) => {
                if let Some(facts) = &mut exchange.llm {
                    settle::note(facts, usage.unwrap_or_default(), usage.is_none());
                }
                let body = self.seen_through(exchange, body, &context).await?;
                LlmAnswer::whole(200, "application/json", body)
            }
            Success::Mock(Said::Stream(steps)) => self.tell_mock(exchange, steps, &context),
            Success::Whole(..) | Success::Mock(Said::Failed(_) | Said::Refused(_)) => {
                return Err(nothing_serves());
            }
        };
        answer.explain(exchange, worker.now());
        Ok(answer)
    }

    /// Puts a whole answer of a provider's into the client's dialect.
    ///
    /// # Errors
    /// Why it does not go on.
    pub(super) async fn pass_on_whole(
        &self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        success: Box<Success>,
    ) -> Result<LlmAnswer<'w>, NotTold> {
        let context = self.context(exchange);
        let Success::Whole(bytes, outgoing, answered) = *success else {
            return Err(NotTold::Refused(nothing_serves()));
        };
        let whole = (bytes, &*outgoing, answered);
        let mut answer = pin!(self.tell_whole(exchange, lane, whole, &context)).await?;
        answer.explain(exchange, self.worker.now());
        Ok(answer)
    }

    /// A whole answer of a provider's, with what it used noted.
    ///
    /// # Errors
    /// That it cannot be read, or that a guardrail refuses it.
    async fn tell_whole(
        &self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        (bytes, outgoing, answered): (Vec<u8>, &Outgoing, Box<Answered>),
        context: &Context,
    ) -> Result<LlmAnswer<'w>, NotTold> {
        let bytes = pin!(self.seen_before(exchange, outgoing.dialect, bytes)).await?;
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
        let told = told.map_err(|untold| self.untold(exchange, lane, *untold))?;
        if let Some(facts) = &mut exchange.llm {
            settle::note(facts, told.used.usage, told.used.is_estimated);
        }
        self.remember(exchange, lane, told.made);
        answer.tell_losses(&outgoing.losses);
        answer.tell_losses(&told.losses);
        settle::note_dropped(exchange, &outgoing.losses);
        settle::note_reply_dropped(exchange, &told.losses);
        let body = match self.ask.stream {
            true => told.body,
            false => self.seen_through(exchange, told.body, context).await?,
        };
        answer.body = AnswerBody::Whole(body);
        Ok(answer)
    }

    /// What is to be told as a stream, seen through as it came.
    ///
    /// # Errors
    /// That a guardrail refuses it; it is paid for all the same.
    async fn seen_before(
        &self,
        exchange: &mut Exchange<'_>,
        from: Dialect,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, Missed> {
        let guards = &self.seen.guards;
        if !self.ask.stream || !guards.looks_at_replies() {
            return Ok(bytes);
        }
        let (bytes, used) = reply::charged(self.worker, self.ask, from, bytes).await;
        seen::see_reply(self.worker, guards, bytes).await.inspect_err(|_refused| {
            if let Some(facts) = &mut exchange.llm {
                settle::note(facts, used.usage, used.is_estimated);
            }
        })
    }

    /// An answer that came and cannot be told: it was given, and is paid for. That it is none is
    /// the provider's doing, and held against the lane.
    fn untold(&self, exchange: &mut Exchange<'_>, lane: &LiveLane, untold: Untold) -> NotTold {
        let Untold { error, used, is_providers } = untold;
        if !is_providers {
            if let Some(facts) = &mut exchange.llm {
                settle::note(facts, used.usage, used.is_estimated);
            }
            return NotTold::Refused(Missed::refused(error, Reason::Overloaded));
        }
        settle::in_vain(self.worker, exchange, lane, used.usage);
        let missed = Missed::provider(error, Reason::BadResponse);
        if let Some(facts) = &mut exchange.llm {
            facts.is_estimated |= used.is_estimated;
            let flight = facts.flight.take();
            let rested = flight
                .and_then(|flight| flight.finish(End::Failed(Failure::Broken), self.worker.now()));
            signal::note((self.worker, exchange), lane, (Failure::Broken, rested), &missed);
        }
        NotTold::Unreadable(missed)
    }

    /// A stream of a provider's, as far as it has opened.
    fn tell_stream(
        self,
        exchange: &mut Exchange<'_>,
        lane: &LiveLane,
        outgoing: &Outgoing,
        (answered, opening): (Box<Answered>, Opening),
        context: &Context,
    ) -> LlmAnswer<'w> {
        let guard = self.seen.guards.reply_guard();
        let recorder = self.recorder(exchange, context);
        let opened = (answered, opening.held);
        let mut answer = reply::stream(self.ask, outgoing, opened, context, (self.client, guard));
        if let AnswerBody::Stream(stream) = &mut answer.body {
            stream.limit_stall(lane.provider.config.timeouts.stall);
            stream.hush(&outgoing.hush);
            if self.ask.scanned.may_name_kept {
                stream.seek_audio(self.ask.choices);
            }
            if self.ask.is_stored() && outgoing.dialect == self.ask.dialect {
                stream.seek_stored();
            }
            if lane.known.charges_searches() {
                stream.seek_searches();
            }
            stream.keep_at(&self.worker.gateway().kept, || Home::of(exchange, lane, true));
            stream.record(recorder);
        }
        answer.tell_losses(&outgoing.losses);
        settle::note_dropped(exchange, &outgoing.losses);
        answer
    }

    /// A stream of the mock's.
    fn tell_mock(
        self,
        exchange: &mut Exchange<'_>,
        steps: Box<MockSteps>,
        context: &Context,
    ) -> LlmAnswer<'w> {
        let (_, framing) = steps.spoken();
        let mut answer = LlmAnswer::whole(200, framing.content_type(), Vec::new());
        answer.head.fields.append("Cache-Control", b"no-cache");
        let steps = match self.seen.guards.reply_guard() {
            Some(guard) => steps.guarded(guard),
            None => steps,
        };
        let recorder = self.recorder(exchange, context);
        let mut stream = LlmStream::mock(steps, self.client);
        stream.record(recorder);
        answer.body = AnswerBody::Stream(Box::new(stream));
        answer
    }

    /// Shows a whole answer to the guardrails, and keeps it where that is wanted.
    async fn seen_through(
        &self,
        exchange: &Exchange<'_>,
        body: Vec<u8>,
        context: &Context,
    ) -> Result<Vec<u8>, Missed> {
        let Seen { guards, offer } = &self.seen;
        let body = seen::see_reply(self.worker, guards, body).await?;
        if offer.is_none() {
            return Ok(body);
        }
        let (dialect, form, context) = (self.ask.dialect, self.form.cloned(), context.clone());
        let (body, kept) = outgoing::looked_at(self.worker, body, move |body| {
            // Whoever asks again for what has not the form shall get another answer.
            let has_form = form.as_ref().is_none_or(|form| super::prompt::has_form(form, body));
            has_form.then(|| KeptReply::of_chat(dialect, body, &context)).flatten()
        })
        .await;
        seen::keep(self.worker, exchange, *offer, kept);
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
