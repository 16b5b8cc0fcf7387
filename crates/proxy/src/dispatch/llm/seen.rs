//! What policies make of a question before a model is asked: guardrails see through it, and the
//! cache may know the answer.

use std::sync::Arc;

use architrave_core::Reason;
use architrave_llm::chat::ChatError;
use architrave_llm::dialect::{Address, Context};
use architrave_llm::scan::{Scanned, Watch};
use architrave_llm::surface::Surface;
use architrave_policy::cache::{Cache, KeptReply, Question, QuestionKey, Wish};
use architrave_policy::guardrail::{self, Found, Guards};

use super::answer::LlmAnswer;
use super::ask::Ask;
use super::missed::Missed;
use super::{outgoing, read_reply, refusal, settle};
use crate::exchange::Exchange;
use crate::worker::Worker;

/// A question that policies have seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What sees through the answer.
    pub guards: Guards,
    /// Under what the answer is kept.
    pub offer: Option<(QuestionKey, Wish)>,
}

/// Shows a question to the guardrails, which may put another body in its place, and looks for an
/// answer that was given before.
///
/// # Errors
/// That a guardrail refuses it.
pub(super) async fn see<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    surface: Surface,
    address: &Address<'_>,
    ask: &mut Ask,
) -> Result<(Seen, Option<LlmAnswer<'a>>), Missed> {
    let Some(matched) = exchange.matched else { return Ok((Seen::default(), None)) };
    let guards = matched.chain.guards(&exchange.admission);
    exchange.admission.has_masked = guards.masked().cloned();
    let watch = ask.dialect.watch();
    if guards.looks_at_requests()
        && let Some(masked) = see_request(worker, &guards, &ask.body, watch).await?
    {
        *ask = Ask::of(ask.dialect, address, masked).map_err(refusal::invalid)?;
    }
    let Some(cache) = matched.chain.cache(&exchange.admission) else {
        return Ok((Seen { guards, offer: None }, None));
    };
    let wish = Wish::of(&exchange.head.fields);
    let asked = (surface, ask.model.as_str(), guards.fingerprint());
    let Some(key) = key(worker, exchange, cache, asked, &ask.body).await? else {
        return Ok((Seen { guards, offer: None }, None));
    };
    let known = cache.lookup(&key, wish, worker.now());
    let context = context(worker, exchange, ask);
    let answer = known.and_then(|known| given_again(exchange, &known, ask, &context));
    if let Some(facts) = &mut exchange.llm {
        facts.cache = Some(if answer.is_some() { "hit" } else { "miss" });
        facts.model.clone_from(&ask.model);
        facts.is_stream = ask.stream;
    }
    let answer = answer.map(|mut answer| {
        answer.explain(exchange, worker.now());
        answer
    });
    Ok((Seen { guards, offer: Some((key, wish)) }, answer))
}

/// What a reply needs to know of the exchange.
pub(super) fn context(worker: &Worker, exchange: &Exchange<'_>, ask: &Ask) -> Context {
    let since = worker.wall().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    ask.context(exchange.identity.exchange_id(), seconds)
}

/// Under what an answer is kept that is given to the question with that body, to that model and
/// seen through by guardrails of that fingerprint; nothing where it is asked anew each time.
///
/// # Errors
/// That the body is no text, or that too much waits.
pub(super) async fn key(
    worker: &Worker,
    exchange: &Exchange<'_>,
    cache: &Cache,
    (surface, model, guards): (Surface, &str, u64),
    body: &Arc<Vec<u8>>,
) -> Result<Option<QuestionKey>, Missed> {
    let consumer = exchange.caller_name();
    let fields = &exchange.head.fields;
    let live = worker.model(exchange.assembly, model);
    let served_by = live.map_or(0, |model| model.fingerprint());
    if !outgoing::is_large(body.len()) {
        let body = text_of(body)?;
        return Ok(cache.key(&Question {
            consumer,
            surface,
            model,
            served_by,
            fields,
            guards,
            body,
        }));
    }
    let (cache, body, fields) = (cache.clone(), Arc::clone(body), fields.clone());
    let (consumer, model) = (consumer.map(str::to_owned), model.to_owned());
    let key = outgoing::offloaded(worker, body.len(), move || {
        let (consumer, model, fields) = (consumer.as_deref(), &*model, &fields);
        Ok(text_of(&body).map(|body| {
            cache.key(&Question { consumer, surface, model, served_by, fields, guards, body })
        }))
    });
    key.await.map_err(refusal::invalid)?
}

/// The body of a request with its texts masked; `None` where it goes on as it is.
///
/// # Errors
/// That a guardrail refuses it, or that too much waits.
pub(super) async fn see_request(
    worker: &Worker,
    guards: &Guards,
    body: &Arc<Vec<u8>>,
    watch: &'static Watch,
) -> Result<Option<(Vec<u8>, Scanned)>, Missed> {
    if !guards.looks_at_requests() {
        return Ok(None);
    }
    if !outgoing::is_large(body.len()) {
        return masked(guards, body, watch);
    }
    let (guards, body) = (guards.clone(), Arc::clone(body));
    let seen = outgoing::offloaded(worker, body.len(), move || Ok(masked(&guards, &body, watch)));
    seen.await.map_err(refusal::invalid)?
}

fn masked(
    guards: &Guards,
    body: &[u8],
    watch: &'static Watch,
) -> Result<Option<(Vec<u8>, Scanned)>, Missed> {
    let Some(masked) = guards.see_request(text_of(body)?).map_err(refused)? else {
        return Ok(None);
    };
    let scanned = Scanned::whole(&masked, watch).map_err(ChatError::from);
    Ok(Some((masked, scanned.map_err(refusal::invalid)?)))
}

/// The body of a whole answer with its texts masked.
///
/// # Errors
/// That a guardrail refuses it, or cannot see through it, or that too much waits.
pub(super) async fn see_reply(
    worker: &Worker,
    guards: &Guards,
    body: Vec<u8>,
) -> Result<Vec<u8>, Missed> {
    if !guards.looks_at_replies() {
        return Ok(body);
    }
    if !outgoing::is_large(body.len()) {
        return masked_reply(guards, body);
    }
    let guards = guards.clone();
    let seen = outgoing::offloaded(worker, body.len(), move || Ok(masked_reply(&guards, body)));
    seen.await.map_err(refusal::invalid)?
}

fn masked_reply(guards: &Guards, body: Vec<u8>) -> Result<Vec<u8>, Missed> {
    // What is no text is sound or an image.
    let Ok(text) = std::str::from_utf8(&body) else { return Ok(body) };
    let unreadable = || Missed::provider(read_reply::unreadable(), Reason::BadResponse);
    let seen = guards.see_reply(text).map_err(|found| match found {
        Found::TOO_DEEP => unreadable(),
        found => refused(found),
    });
    match seen? {
        Some(masked) => Ok(masked),
        // What only looks like JSON cannot be seen through.
        None if !text.trim_ascii().is_empty() && !architrave_llm::json::is_value(text) => {
            Err(unreadable())
        }
        None => Ok(body),
    }
}

/// That a guardrail refuses what was said.
pub(super) fn refused(found: Found) -> Missed {
    Missed::refused(guardrail::refusal(found), Reason::Guardrail)
}

fn text_of(body: &[u8]) -> Result<&str, Missed> {
    std::str::from_utf8(body)
        .map_err(|_not_text| refusal::invalid(ChatError::invalid("", "the body is not UTF-8")))
}

/// A kept answer, as it was, or told as the stream that is asked for.
fn given_again<'a>(
    exchange: &mut Exchange<'_>,
    known: &Arc<KeptReply>,
    ask: &Ask,
    context: &Context,
) -> Option<LlmAnswer<'a>> {
    if !ask.stream {
        return Some(LlmAnswer::whole(200, known.content_type(), known.body().to_vec()));
    }
    let mut body = Vec::with_capacity(known.body().len() * 2);
    let losses = known.write_stream(ask.framing, context, &mut body)?;
    settle::note_reply_dropped(exchange, &losses);
    let mut answer = LlmAnswer::whole(200, ask.framing.content_type(), body);
    answer.tell_losses(&losses);
    Some(answer)
}

/// Keeps a whole answer, where that is wanted. What another model said in place of the one asked for
/// is not kept: that one may be back at the next question.
pub(super) fn keep(
    worker: &Worker,
    exchange: &Exchange<'_>,
    offer: Option<(QuestionKey, Wish)>,
    reply: Option<KeptReply>,
) {
    let (Some((key, wish)), Some(reply), Some(matched)) = (offer, reply, exchange.matched) else {
        return;
    };
    if exchange.llm.as_ref().is_some_and(|facts| facts.is_fallback) {
        return;
    }
    if let Some(cache) = matched.chain.cache(&exchange.admission) {
        cache.offer(key, wish, reply, worker.now());
    }
}
