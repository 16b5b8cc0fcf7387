//! Answers that are given again: of what is no chat, those that come whole and are the same each time.

use architrave_llm::chat::Usage;
use architrave_llm::surface::Asked;
use architrave_policy::cache::{KeptReply, Question, Wish};

use super::request::Passing;
use crate::dispatch::llm::answer::LlmAnswer;
use crate::dispatch::llm::seen;
use crate::exchange::Exchange;
use crate::worker::Worker;

/// The answer that was given to the same request, where there is one; else it is noted under what
/// the one that comes may be kept.
pub(super) fn look<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    asked: &Asked<'_>,
    passing: &Passing,
) -> Option<LlmAnswer<'a>> {
    let cache = exchange.matched?.chain.cache(&exchange.admission)?;
    let (body, _) = passing.json().filter(|_| !passing.is_stream())?;
    let wish = Wish::of(&exchange.head.fields);
    let key = cache.key(&Question {
        consumer: exchange.consumer().map(|consumer| consumer.name.as_str()),
        surface: asked.surface,
        model: passing.model()?,
        fields: &exchange.head.fields,
        guards: passing.guards().fingerprint(),
        body: std::str::from_utf8(body).ok()?,
    })?;
    let known = cache.lookup(&key, wish, worker.now());
    if let Some(facts) = &mut exchange.llm {
        facts.cache = Some(if known.is_some() { "hit" } else { "miss" });
        facts.offer = known.is_none().then_some((key, wish));
    }
    known.map(|known| LlmAnswer::whole(200, known.content_type(), known.body().to_vec()))
}

/// Keeps a whole answer, where that is wanted.
pub(super) fn keep(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (status, body): (u16, &[u8]),
    usage: Option<Usage>,
) {
    let offer = exchange.llm.as_mut().and_then(|facts| facts.offer.take());
    if offer.is_some() && status == 200 {
        seen::keep(worker, exchange, offer, KeptReply::of_other(body, usage));
    }
}
