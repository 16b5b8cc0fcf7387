//! What came of one attempt along a lane, and what is noted of it.

use std::sync::Arc;

use architrave_balance::deployment::{End, Failure, Spent};
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_net::WireError;
use architrave_telemetry::{Party, Phase};

use super::missed::Missed;
use super::mock::Said;
use super::opening::Opening;
use super::outgoing::Outgoing;
use crate::attempt::{Answered, AttemptFacts};
use crate::exchange::Exchange;
use crate::failure;
use crate::models::LiveLane;
use crate::tried::{self, Given};
use crate::worker::Worker;

/// What came of one attempt.
pub(super) enum Attempted {
    /// An answer that can be passed on.
    Answered(Box<Success>),
    /// A failure after which another lane may be tried.
    Failed(Failure, Missed),
    /// An answer that no other lane would give otherwise: the client's doing.
    Declined(Missed),
    /// It cannot be said in the words of this lane, and was not sent; another may have them.
    Unfit(Missed),
    /// An end that says neither good nor bad of the lane, after which no other is asked.
    Void(End, Missed),
}

/// An answer that can be passed on.
pub(super) enum Success {
    /// Of a provider, whole.
    Whole(Vec<u8>, Box<Outgoing>, Box<Answered>),
    /// Of a provider, as a stream.
    Stream(Box<Outgoing>, Box<Answered>, Opening),
    /// The mock's.
    Mock(Said),
}

impl Success {
    /// Whether it is all here, so that another lane may still answer where it is none.
    pub(super) const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(..))
    }
}

/// Notes whom an attempt asks.
pub(super) fn note_attempt(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    lane: &LiveLane,
    why: &'static str,
) {
    exchange.attempts += 1;
    let Some(facts) = &mut exchange.llm else { return };
    facts.attempts += 1;
    facts.why = why;
    facts.provider.clear();
    facts.provider.push_str(lane.provider.config.name.as_str());
    facts.upstream_model.clear();
    facts.upstream_model.push_str(&lane.model);
    facts.metrics = Some(lane.metrics(facts.operation));
    let now = worker.now();
    facts.asked_at = Some(now);
    exchange.timings.attempt_at = Some(now);
    // Which one is known when one is asked; the mock has none.
    exchange.endpoint = None;
    facts.upstream = lane.side.reach.as_ref().map(|reach| Arc::clone(&reach.upstream));
}

/// Notes what came of an attempt that has no answer to be passed on.
pub(super) fn note_outcome(worker: &Worker, exchange: &mut Exchange<'_>, attempted: &Attempted) {
    let (why, missed) = match attempted {
        Attempted::Answered(_) => return,
        Attempted::Failed(failure, missed) => (Some(failure.word()), missed),
        Attempted::Unfit(missed) => (Some("unfit"), missed),
        Attempted::Declined(missed) | Attempted::Void(_, missed) => (None, missed),
    };
    let is_providers = missed.party == Party::Endpoint && missed.phase == Phase::Wait;
    let status = missed.said.or_else(|| {
        // What the client is told is what the provider said.
        matches!(attempted, Attempted::Declined(_)).then_some(missed.error.status)
    });
    let given = Given { status: status.filter(|_| is_providers), error: Some(missed.reason), why };
    tried::give_up(exchange, worker.now(), given);
}

/// Notes how long the parts of an attempt took.
pub(super) fn note_timings(exchange: &mut Exchange<'_>, facts: AttemptFacts) {
    let timings = &mut exchange.timings;
    timings.connect = facts.connect.or(timings.connect);
    timings.first_byte = facts.first_byte;
    timings.answered = facts.answered;
}

/// Whether a failure is that the client went away while the endpoint was answering: before, it is
/// its body that fails.
pub(super) fn is_abandoned(failure: &failure::Failure) -> bool {
    failure.party == Party::Client && failure.phase == Phase::Wait
}

/// An attempt that got no answer from an endpoint.
pub(super) fn failed(failure: &failure::Failure) -> Attempted {
    let (kind, message) = match failure.reason {
        Reason::ConnectTimeout | Reason::ResponseTimeout | Reason::StallTimeout => {
            (ErrorKind::Timeout, "the provider did not answer in time")
        }
        Reason::QueueFull => (ErrorKind::Overloaded, "too many requests to the provider wait"),
        Reason::BodyTooLarge => (ErrorKind::TooLarge, "the body is larger than allowed"),
        Reason::NoHealthyEndpoint => (ErrorKind::Overloaded, "the provider cannot be reached"),
        _ => (ErrorKind::Internal, "the provider could not be asked"),
    };
    let status = failure.reason.status();
    let error = Box::new(ChatError { status, ..ChatError::new(kind, message) });
    let missed = Missed {
        error,
        reason: failure.reason,
        party: failure.party,
        phase: failure.phase,
        said: None,
    };
    match failure.party {
        Party::Client => Attempted::Void(End::Abandoned(Spent::default()), missed),
        _ if kind == ErrorKind::Timeout => Attempted::Failed(Failure::TimedOut, missed),
        _ => Attempted::Failed(Failure::Broken, missed),
    }
}

/// That nobody waits for an answer any more.
pub(super) fn nobody_waits() -> Attempted {
    let error =
        ChatError { status: 499, ..ChatError::new(ErrorKind::Internal, "the client went away") };
    let missed = Missed {
        error: Box::new(error),
        reason: Reason::ClientClosed,
        party: Party::Client,
        phase: Phase::Wait,
        said: None,
    };
    Attempted::Void(End::Abandoned(Spent::default()), missed)
}

/// Why an attempt that broke off did.
pub(super) fn broken(error: &WireError) -> (ChatError, Reason) {
    let reason = match error {
        WireError::Stalled => Reason::ResponseTimeout,
        other => other.upstream_reason(),
    };
    let (kind, message) = match reason {
        Reason::ResponseTimeout => (ErrorKind::Timeout, "the provider did not answer in time"),
        _ => (ErrorKind::Internal, "the provider's answer broke off"),
    };
    (ChatError { status: reason.status(), ..ChatError::new(kind, message) }, reason)
}
