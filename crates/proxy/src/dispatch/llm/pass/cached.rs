//! Answers that are given again: of what is no chat, those that come whole and are the same each time.

use architrave_llm::surface::Asked;
use architrave_policy::cache::{QuestionKey, Wish};

use super::request::Passing;
use crate::dispatch::llm::answer::LlmAnswer;
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::seen;
use crate::exchange::Exchange;
use crate::worker::Worker;

/// The answer that was given to the same request, where there is one; else it is noted under what
/// the one that comes may be kept.
///
/// # Errors
/// That too much waits.
pub(super) async fn look<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    asked: &Asked<'_>,
    passing: &Passing,
) -> Result<Option<LlmAnswer<'a>>, Missed> {
    let Some(matched) = exchange.matched else { return Ok(None) };
    let Some(cache) = matched.chain.cache(&exchange.admission) else { return Ok(None) };
    let body = passing.json().filter(|_| !passing.is_stream());
    let (Some((body, _)), Some(model)) = (body, passing.model()) else { return Ok(None) };
    let wish = Wish::of(&exchange.head.fields);
    let question = (asked.surface, model, passing.guards().fingerprint());
    let Some(key) = seen::key(worker, exchange, cache, question, body).await? else {
        return Ok(None);
    };
    let known = cache.lookup(&key, wish, worker.now());
    if let Some(facts) = &mut exchange.llm {
        facts.cache = Some(if known.is_some() { "hit" } else { "miss" });
        facts.offer = known.is_none().then_some((key, wish));
    }
    let answer =
        known.map(|known| LlmAnswer::whole(200, known.content_type(), known.body().to_vec()));
    Ok(answer)
}

/// Under what a whole answer of that status is kept, where that is wanted.
pub(super) fn offer(exchange: &mut Exchange<'_>, status: u16) -> Option<(QuestionKey, Wish)> {
    let offer = exchange.llm.as_mut().and_then(|facts| facts.offer.take());
    offer.filter(|_| status == 200)
}
