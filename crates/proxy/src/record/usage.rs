//! The usage event of an exchange that is over, and the line of the request log where it has one.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use architrave_core::Moment;
use architrave_llm::chat::Usage;
use architrave_policy::{Outcome, Told};
use architrave_telemetry::usage::{LineFate, ModelUse, Redaction, RequestLine, UsageEvent, Word};
use architrave_telemetry::{Beside, PolicyEntry, WorkerUsage};
use smallvec::SmallVec;

use crate::dispatch::llm::LlmFacts;
use crate::exchange::Exchange;
use crate::tried;
use crate::worker::Worker;

/// The longest path that is kept, in bytes.
const PATH_BYTES_MAX: usize = 2 * 1024;

/// The longest facts that are kept, in bytes; what is longer is left out.
const FACTS_BYTES_MAX: usize = 16 * 1024;

/// Hands over what an exchange used.
pub(super) fn record(
    worker: &Worker,
    exchange: &Exchange<'_>,
    (began, total): (Moment, Duration),
    usage: &mut WorkerUsage,
) {
    let now = worker.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    let llm = exchange.llm.as_deref();
    let mut event = UsageEvent {
        at: i64::try_from(now.as_micros()).unwrap_or(i64::MAX),
        place: exchange.matched.map(|matched| matched.place.clone()),
        operation: operation(exchange),
        caller: exchange.usage_caller(),
        status: exchange.status,
        reason: exchange.reason,
        attempts: exchange.attempts.max(llm.map_or(0, |facts| facts.attempts)),
        latency_us: micros(total),
        request_bytes: exchange.request_bytes,
        response_bytes: exchange.response_bytes,
        model: llm.and_then(model_use),
        line: None,
    };
    let consumer = exchange.caller_name();
    let draw = worker.with_random(|random| random.u32(..));
    let fate = usage.fate(event.is_error(), consumer, draw);
    if fate != LineFate::None {
        let wanted = (fate == LineFate::Kept, usage.has_addresses());
        let mut line = line(worker, exchange, (began, total), wanted);
        // Only what is kept: who watches sees no bodies.
        line.bodies = exchange.bodies.clone().filter(|_| line.is_kept);
        event.line = Some(Box::new(line));
    }
    usage.push(event);
}

/// What was asked for: of the service's API where its description knows it, or of a model.
fn operation(exchange: &Exchange<'_>) -> Option<Word> {
    let of_api = exchange.operation.map(|operation| Word::Shared(operation.label.clone()));
    of_api.or_else(|| exchange.llm.as_ref().map(|facts| Word::Fixed(facts.operation)))
}

/// What was used of a model; nothing where none was asked, so that a name that a client makes up is
/// not kept.
fn model_use(facts: &LlmFacts) -> Option<Box<ModelUse>> {
    if facts.provider.is_empty() {
        return None;
    }
    Some(Box::new(ModelUse {
        model: facts.model.clone(),
        provider: facts.provider.clone(),
        upstream_model: facts.upstream_model.clone(),
        first_token_us: facts.first_token.map(micros),
        tokens: facts.usage.as_ref().map(Usage::by_class).unwrap_or_default(),
        cost_nano_usd: facts.cost_nano_usd,
    }))
}

/// What is told of one exchange. Of its query there are only the names, of its headers only those
/// that the access log has.
fn line(
    worker: &Worker,
    exchange: &Exchange<'_>,
    times: (Moment, Duration),
    (is_kept, has_addresses): (bool, bool),
) -> RequestLine {
    let mut facts = Vec::with_capacity(1024);
    let attempts = tried::entries(exchange, times);
    let policies = policies(exchange);
    let beside = Beside { attempts: &attempts, policies: &policies };
    let entry = super::entry(worker, exchange, times);
    entry.print_alone(worker.index(), has_addresses, beside, &mut facts);
    let facts = String::from_utf8(facts).ok().filter(|facts| facts.len() <= FACTS_BYTES_MAX);
    let method = if exchange.head.target.is_empty() { "" } else { exchange.head.method.as_str() };
    RequestLine {
        request_id: exchange.identity.request_id().to_owned(),
        trace_id: exchange.identity.trace_id().to_owned(),
        method: method.to_owned(),
        path: cut(&exchange.path, PATH_BYTES_MAX).to_owned(),
        facts: facts.unwrap_or_default(),
        redaction: Arc::clone(redaction_of(exchange)),
        bodies: None,
        is_kept,
    }
}

/// What of it is never kept.
fn redaction_of<'a>(exchange: &'a Exchange<'_>) -> &'a Arc<Redaction> {
    let service = exchange.matched.and_then(|matched| matched.service);
    service.map_or(&exchange.assembly.redaction, |service| &service.redaction)
}

/// What policies did about it.
fn policies(exchange: &Exchange<'_>) -> SmallVec<[PolicyEntry; 16]> {
    let Some(matched) = exchange.matched else {
        // No service stands behind it, so whoever ended it is all there is to be told.
        let outcome = Outcome::of_end(exchange.reason);
        let ended = exchange.admission.ended_by;
        return ended.map(|by| (by.as_str(), outcome.as_str())).into_iter().collect();
    };
    let told = Told {
        reason: exchange.reason,
        is_answered: exchange.status != 0,
        is_of_model: exchange.llm.is_some(),
        cache_hit: exchange.llm.as_ref().and_then(|facts| Some(facts.cache? == "hit")),
        has_account: exchange.account().is_some(),
    };
    let acted = matched.chain.acted(&exchange.admission, told);
    acted.iter().map(|one| (one.actor.as_str(), one.outcome.as_str())).collect()
}

fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "ä");
        assert_eq!(cut("abc", 3), "abc");
    }
}
