//! What an exchange with a model came to: told to the deployment that served it, and taken from
//! the budgets of who asked. Streams come here at their end, also when the client has gone.

use std::time::Duration;

use architrave_balance::deployment::{End, Failure, Spent};
use architrave_llm::chat::Usage;
use architrave_policy::ledger;

use super::facts::LlmFacts;
use super::seen;
use super::stream::StreamEnd;
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

/// Notes what a whole answer used, and what that costs.
pub(super) fn note(facts: &mut LlmFacts, usage: Usage, is_estimated: bool) {
    facts.cost_nano_usd = facts.prices.as_ref().map_or(0, |prices| prices.cost_nano_usd(&usage));
    facts.usage = Some(usage);
    facts.is_estimated = is_estimated;
}

/// Holds the price of the prompt while an answer is awaited: whoever goes away meanwhile pays for
/// what the provider has read.
pub(super) fn hold(exchange: &mut Exchange<'_>, lane: &LiveLane, prompt_tokens: u64) {
    let Some(facts) = &mut exchange.llm else { return };
    let usage = Usage { input: prompt_tokens, ..Usage::default() };
    let cost = lane.known.prices.as_ref().map_or(0, |prices| prices.cost_nano_usd(&usage));
    if let Some(reservation) = &mut facts.reservation {
        reservation.note(ledger::Spent::new(&usage, cost));
    }
}

/// Lets it go again, where the attempt came to nothing after `waited`.
pub(super) fn let_go(exchange: &mut Exchange<'_>, waited: Duration) {
    let Some(facts) = &mut exchange.llm else { return };
    facts.waited += waited;
    if let Some(reservation) = &mut facts.reservation {
        reservation.note(ledger::Spent::default());
    }
}

/// Settles a whole answer, a failure included: one that used nothing gives back what was reserved.
pub(crate) fn whole(worker: &Worker, exchange: &mut Exchange<'_>) {
    if let Some(facts) = &mut exchange.llm {
        close(worker, facts, None);
    }
}

/// Settles a stream.
pub(crate) fn stream(worker: &Worker, exchange: &mut Exchange<'_>, end: StreamEnd) {
    let Some(facts) = &mut exchange.llm else { return };
    let (usage, is_estimated) = match end.usage {
        Some(told) if end.is_whole => (told, false),
        // The provider has not said it, or not all: whoever goes away pays for what was used.
        told => {
            let none = Usage { input: facts.prompt_tokens, ..Usage::default() };
            let told = told.unwrap_or(none);
            (Usage { output: told.output.max(end.answer_tokens), ..told }, true)
        }
    };
    note(facts, usage, is_estimated);
    let offer = facts.offer.take();
    let kept = match end.recording {
        Some(recording) if end.is_whole => {
            recording.recorder.finish(Some(usage), &recording.context)
        }
        _ => None,
    };
    facts.is_broken = end.broken.is_some();
    facts.bad_events = end.bad_events;
    let failure = end.broken.map(|reason| match reason {
        architrave_core::Reason::StallTimeout => Failure::TimedOut,
        _ => Failure::Broken,
    });
    close(worker, facts, failure);
    seen::keep(worker, exchange, offer, kept);
    let Some(facts) = &exchange.llm else { return };
    if let Some((answered, upstream)) = end.answered.zip(facts.upstream.as_ref()) {
        worker.keep(*answered, upstream, worker.now());
    }
}

fn close(worker: &Worker, facts: &mut LlmFacts, failure: Option<Failure>) {
    let now = worker.now();
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
    if let Some(reservation) = facts.reservation.take()
        && let Some(usage) = &facts.usage
    {
        reservation.settle(ledger::Spent::new(usage, facts.cost_nano_usd));
    }
}
