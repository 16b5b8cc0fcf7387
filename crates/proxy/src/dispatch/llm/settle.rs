//! What an exchange with a model came to: told to the deployment that served it, and taken from
//! the budgets of who asked. Streams come here at their end, also when the client has gone.

use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{End, Failure, Spent};
use architrave_llm::catalog::Unit;
use architrave_llm::chat::{ChatError, ErrorKind, Usage};
use architrave_llm::field::Losses;
use architrave_llm::used::{self, Used};
use architrave_net::Fields;
use architrave_policy::{RateReport, ledger};

use super::facts::LlmFacts;
use super::stream::StreamEnd;
use super::{batch_used, seen};
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

/// Notes what an answer used, and what that costs: for what it does not tell, what the request did.
pub(super) fn note(facts: &mut LlmFacts, used: impl Into<Used>, is_estimated: bool) {
    let mut used = used.into();
    used.fill(&facts.asked);
    if let Some(tokens) = &mut used.tokens {
        tokens.service = tokens.service.or(facts.service);
    }
    let told = used.tokens.and_then(|tokens| tokens.told_nano_usd);
    facts.is_cost_known = facts.row.is_none() && told.is_some();
    // Nobody here knows better than the provider where no list has a price.
    facts.cost_nano_usd =
        facts.row.as_ref().map_or(told.unwrap_or(0), |row| used.cost_nano_usd(row));
    facts.usage = used.tokens;
    // What came in vain before may be one.
    facts.is_estimated = is_estimated || (facts.in_vain.is_some() && facts.is_estimated);
    if let Some((usage, cost)) = &facts.in_vain {
        facts.usage.get_or_insert_default().add(usage);
        facts.cost_nano_usd = facts.cost_nano_usd.saturating_add(*cost);
    }
}

/// Notes what of the request could not be said along the lane that answers.
pub(super) fn note_dropped(exchange: &mut Exchange<'_>, losses: &Losses) {
    if let Some(facts) = &mut exchange.llm {
        facts.dropped = losses.names();
    }
}

/// Notes what of the answer could not be said to the client.
pub(super) fn note_reply_dropped(exchange: &mut Exchange<'_>, losses: &Losses) {
    if let Some(facts) = &mut exchange.llm {
        facts.reply_dropped = losses.names();
    }
}

/// Notes along which lane the answer comes, for what it costs.
pub(super) fn along(worker: &Worker, facts: &mut LlmFacts, lane: &LiveLane) {
    worker.gateway().unpriced.tell(lane);
    facts.row = lane.known.priced().map(Arc::clone);
}

/// Holds the price of the prompt while an answer is awaited, and of images and sound that are asked
/// for: whoever goes away meanwhile pays for what the provider has read, and makes all the same.
pub(super) fn hold(exchange: &mut Exchange<'_>, lane: &LiveLane, prompt_tokens: u64) {
    let Some(facts) = &mut exchange.llm else { return };
    let usage = Usage { input: prompt_tokens, service: facts.service, ..Usage::default() };
    let mut used = Used::from(usage);
    used.fill(&facts.asked);
    let cost = lane.known.row.as_ref().map_or(0, |row| used.cost_nano_usd(row));
    facts.held = Some((usage, lane.known.priced().map(Arc::clone)));
    keep_held(facts, usage, cost);
}

/// Holds so much of what is reserved, and what was used in vain.
fn keep_held(facts: &mut LlmFacts, mut usage: Usage, mut cost: u64) {
    let Some(reservation) = &mut facts.reservation else { return };
    if let Some((in_vain, its_cost)) = &facts.in_vain {
        usage.add(in_vain);
        cost = cost.saturating_add(*its_cost);
    }
    reservation.note(ledger::Spent::new(&usage, cost));
}

/// Lets it go again, where the attempt came to nothing after `waited`.
pub(super) fn let_go(exchange: &mut Exchange<'_>, waited: Duration) {
    let Some(facts) = &mut exchange.llm else { return };
    facts.waited += waited;
    facts.held = None;
    keep_held(facts, Usage::default(), 0);
}

/// Settles an exchange that the gateway cuts before its answer has begun: what is held is what it
/// used, for the provider has the whole request.
pub(crate) fn cut(worker: &Worker, exchange: &mut Exchange<'_>) {
    let Some(facts) = &mut exchange.llm else { return };
    let is_open = facts.usage.is_none();
    if let Some((usage, row)) = facts.held.take().filter(|_| is_open) {
        facts.row = row;
        note(facts, usage, true);
        // What nobody asked a model for used nothing.
        if usage.total() == 0 && facts.cost_nano_usd == 0 {
            facts.usage = None;
        }
    }
    close(worker, exchange, None);
}

/// The client went away while an answer was awaited: what is held is what it used, for the
/// provider has the whole request.
pub(super) fn abandoned(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    lane: &LiveLane,
    prompt_tokens: u64,
) {
    let Some(facts) = &mut exchange.llm else { return };
    along(worker, facts, lane);
    let usage = Usage { input: prompt_tokens, ..Usage::default() };
    note(facts, usage, true);
}

/// Notes what answers used of which others were needed that never came.
pub(super) fn in_vain(worker: &Worker, exchange: &mut Exchange<'_>, lane: &LiveLane, usage: Usage) {
    let Some(facts) = &mut exchange.llm else { return };
    along(worker, facts, lane);
    let usage = Usage { service: usage.service.or(facts.service), ..usage };
    let told = usage.told_nano_usd.unwrap_or(0);
    let cost = facts.row.as_ref().map_or(told, |row| Used::from(usage).cost_nano_usd(row));
    let (sum, costs) = facts.in_vain.get_or_insert_default();
    sum.add(&usage);
    *costs = costs.saturating_add(cost);
    keep_held(facts, Usage::default(), 0);
}

/// Notes what the head of an answer tells of what was used; of several to one request, the sum.
pub(super) fn note_head(exchange: &mut Exchange<'_>, fields: &Fields) {
    let told =
        used::of_head(|name| std::str::from_utf8(fields.get(name)?).ok()?.trim().parse().ok());
    if let (Some(facts), Some(told)) = (&mut exchange.llm, told) {
        let before = facts.told_by_head.unwrap_or_default();
        facts.told_by_head = Some(Usage {
            input: before.input.saturating_add(told.input),
            cache_read: before.cache_read.saturating_add(told.cache_read),
            cache_write: before.cache_write.saturating_add(told.cache_write),
            output: before.output.saturating_add(told.output),
            ..before
        });
    }
}

/// Settles a whole answer, a failure included: one that used nothing gives back what was reserved.
/// The client is told what is left then.
pub(crate) fn whole(worker: &Worker, exchange: &mut Exchange<'_>) {
    if let Some(report) = close(worker, exchange, None) {
        exchange.admission.spending = Some(report);
    }
}

/// Settles a talk, of which each answer has been paid for.
pub(super) fn talk(worker: &Worker, exchange: &mut Exchange<'_>, failure: Option<Failure>) {
    close(worker, exchange, failure);
}

/// Settles a stream.
pub(crate) fn stream(worker: &Worker, exchange: &mut Exchange<'_>, end: StreamEnd) {
    let Some(facts) = &mut exchange.llm else { return };
    let mut used = end.used;
    let (usage, is_estimated) = match used.tokens.or(facts.told_by_head) {
        Some(told) if end.is_whole => (told, false),
        // The provider has not said it, or not all: whoever goes away pays for what was used.
        told => {
            let none = Usage { input: facts.prompt_tokens, ..Usage::default() };
            let told = told.unwrap_or(none);
            (Usage { output: told.output.max(end.answer_tokens), ..told }, true)
        }
    };
    // Searches that are told beside the tokens are counted with them from here on.
    let usage = usage.searching(used.count(Unit::Search));
    used.set(Unit::Search, 0);
    note(facts, Used { tokens: Some(usage), ..used }, is_estimated);
    batch_used::settle(worker, exchange, &end.batch);
    let Some(facts) = &mut exchange.llm else { return };
    let offer = facts.offer.take();
    let kept = match end.recording {
        Some(recording) if end.is_whole => {
            recording.recorder.finish(Some(usage), &recording.context)
        }
        _ => None,
    };
    facts.bad_events = end.bad_events;
    facts.reply_dropped = end.losses.names();
    let failure = match (end.broken, &end.failure) {
        (Some(architrave_core::Reason::StallTimeout), _) => Some(Failure::TimedOut),
        (Some(_), _) => Some(Failure::Broken),
        (None, failure) => failure.as_ref().and_then(in_mid_stream),
    };
    facts.is_broken = failure.is_some();
    close(worker, exchange, failure);
    seen::keep(worker, exchange, offer, kept);
    let Some(facts) = &exchange.llm else { return };
    if let Some((answered, upstream)) = end.answered.zip(facts.upstream.as_ref()) {
        worker.keep(*answered, upstream, worker.now());
    }
}

/// What a failure that a provider tells in mid-stream says of the lane; nothing where the content
/// is to blame.
fn in_mid_stream(error: &ChatError) -> Option<Failure> {
    match error.kind {
        ErrorKind::ContentRefused
        | ErrorKind::ContextTooLong
        | ErrorKind::InvalidRequest
        | ErrorKind::TooLarge => None,
        ErrorKind::Timeout => Some(Failure::TimedOut),
        _ => Some(Failure::Broken),
    }
}

/// What is left of the tightest limit then, where there is one.
fn close(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    failure: Option<Failure>,
) -> Option<RateReport> {
    note_grown(worker, exchange);
    let facts = exchange.llm.as_mut()?;
    let now = worker.now();
    if facts.usage.is_none()
        && let Some((usage, cost)) = facts.in_vain
    {
        (facts.usage, facts.cost_nano_usd) = (Some(usage), cost);
        facts.is_broken = true;
    }
    if let Some(flight) = facts.flight.take() {
        let end = match (failure, facts.usage) {
            (Some(failure), _) => End::Failed(failure),
            (None, Some(usage)) => End::Answered(Spent {
                prompt_tokens: usage.input_total(),
                output_tokens: usage.output_total(),
            }),
            (None, None) => End::Declined,
        };
        flight.finish(end, now);
    }
    let reservation = facts.reservation.take()?;
    let spent = ledger::Spent::new(facts.usage.as_ref()?, facts.cost_nano_usd);
    reservation.settle_and_tell(spent, now, worker.wall())
}

/// Notes how many tokens those hold that what was said is kept in.
fn note_grown(worker: &Worker, exchange: &Exchange<'_>) {
    if let Some(facts) = &exchange.llm
        && let Some(usage) = &facts.usage
        && !facts.grown.is_empty()
    {
        let consumer = exchange.caller_name();
        worker.gateway().kept.note_tokens(&facts.grown, consumer, usage.total());
    }
}
