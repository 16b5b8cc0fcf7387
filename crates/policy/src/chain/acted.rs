//! What policies did about one exchange, told when it is over. On its way nothing is noted but who
//! ended it and what was changed, so that this costs the many nothing of whom nobody asks.

use std::sync::atomic::Ordering;

use architrave_core::Reason;
use smallvec::SmallVec;

use super::{Chain, Level};
use crate::cors::Grant;
use crate::phase::{Phase, TABLE};
use crate::registry::{Kind, Policy};
use crate::view::Admission;

/// So many are told of one exchange.
const TOLD_MAX: usize = 16;

/// Who may answer in the place of the service: a policy, or what else holds requests to terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A policy.
    Policy(Kind),
    /// The plan by which an application calls, or that there is none.
    Plan,
    /// The limits of a consumer.
    Limits,
    /// What a caller may spend at models.
    Budgets,
}

impl Actor {
    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy(kind) => kind.as_str(),
            Self::Plan => "plan",
            Self::Limits => "limits",
            Self::Budgets => "budgets",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It let the exchange go on as it was.
    Passed,
    /// It let it go on otherwise than it came.
    Changed,
    /// It answered, which is no failure: a preflight, a redirect, an answer from memory.
    Answered,
    /// It refused it.
    Refused,
}

impl Outcome {
    /// Of whoever ends an exchange: with a reason it is a refusal.
    #[must_use]
    pub const fn of_end(reason: Option<Reason>) -> Self {
        if reason.is_some() { Self::Refused } else { Self::Answered }
    }

    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Changed => "changed",
            Self::Answered => "answered",
            Self::Refused => "refused",
        }
    }
}

/// What one of them did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Who.
    pub actor: Actor,
    /// What.
    pub outcome: Outcome,
}

/// The turn of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    actor: Actor,
    /// Whether it comes before it is known who calls.
    is_early: bool,
}

/// What is known of an exchange that is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Why it failed, when it did.
    pub reason: Option<Reason>,
    /// Whether an answer was sent.
    pub is_answered: bool,
    /// Whether a model was asked for.
    pub is_of_model: bool,
    /// Whether there was a look at the cache, and the answer was in it.
    pub cache_hit: Option<bool>,
    /// Whether there is something that the caller may spend.
    pub has_account: bool,
}

impl Chain {
    /// What policies did about an exchange, in the order in which they ran; of several of a kind
    /// that run one after another what they did together.
    #[must_use]
    pub fn acted(&self, admission: &Admission, told: Told) -> SmallVec<[Acted; TOLD_MAX]> {
        let mut all = SmallVec::<[Acted; TOLD_MAX]>::new();
        for Turn { actor, is_early } in self.turns(admission, told) {
            // It came to the consumer's own, so the one before it that has its kind let it through.
            let has_passed = is_early && self.has_own(actor, admission);
            let is_end =
                !has_passed && (admission.ended_by == Some(actor) || ends_late(actor, told.reason));
            let outcome = match is_end {
                true => Outcome::of_end(told.reason),
                false if has_passed => Outcome::Passed,
                false => self.outcome(actor, admission, told),
            };
            if all.len() < TOLD_MAX {
                all.push(Acted { actor, outcome });
            }
            if is_end {
                break;
            }
        }
        // Who answers is never missing, also where it had no place in the order.
        if let Some(actor) = admission.ended_by
            && all.last().is_none_or(|last| last.actor != actor)
        {
            all.truncate(TOLD_MAX - 1);
            all.push(Acted { actor, outcome: Outcome::of_end(told.reason) });
        }
        all
    }

    /// Who has a say about an exchange, in the order in which [`Chain::admit`] asks them.
    fn turns(&self, admission: &Admission, told: Told) -> SmallVec<[Turn; TOLD_MAX]> {
        let own = self.own_level(admission);
        let entry = admission.consumer.and_then(|index| self.consumers.get(index));
        let mut turns = SmallVec::<[Turn; TOLD_MAX]>::new();
        let mut add = |actor, is_early| {
            let turn = Turn { actor, is_early };
            if turns.last() != Some(&turn) {
                turns.push(turn);
            }
        };
        self.before.iter().for_each(|policy| add(Actor::Policy(policy.kind()), true));
        for policy in &self.identify {
            let way = Actor::Policy(policy.kind());
            let has_proved = admission.proved_by == Some(policy.kind());
            if has_proved || admission.ended_by == Some(way) {
                add(way, false);
            }
        }
        if self.offers.is_some() {
            add(Actor::Plan, false);
        }
        if entry.is_some_and(|entry| entry.limits.is_some()) {
            add(Actor::Limits, false);
        }
        for (kind, phase, _) in TABLE {
            let has_own = own.is_some_and(|own| own.get(*kind).is_some());
            let has = has_own || self.after.iter().any(|policy| policy.kind() == *kind);
            if *phase != Phase::Authenticate && has && takes_part(*kind, told) {
                add(Actor::Policy(*kind), false);
            }
        }
        if told.has_account && told.is_of_model {
            add(Actor::Budgets, false);
        }
        turns
    }

    /// Whether a consumer has a policy of its own of this kind.
    fn has_own(&self, actor: Actor, admission: &Admission) -> bool {
        let own = self.own_level(admission);
        matches!((actor, own), (Actor::Policy(kind), Some(own)) if own.get(kind).is_some())
    }

    /// One policy of a kind that counts for an exchange: the consumer's own, or the chain's.
    fn policy<'a>(&'a self, kind: Kind, own: Option<&'a Level>) -> Option<&'a Policy> {
        let own = own.and_then(|own| own.get(kind));
        let parts = self.before.iter().chain(&self.after);
        let policy = own.or_else(|| parts.into_iter().find(|policy| policy.kind() == kind))?;
        Some(&**policy)
    }

    fn outcome(&self, actor: Actor, admission: &Admission, told: Told) -> Outcome {
        let Actor::Policy(kind) = actor else { return Outcome::Passed };
        let policy = self.policy(kind, self.own_level(admission));
        let is_changed = match (kind, policy) {
            (Kind::Rewrite, _) => admission.is_rewritten,
            (Kind::Headers, Some(Policy::Headers(headers))) => {
                headers.edits_requests() || (told.is_answered && headers.edits_responses())
            }
            (Kind::Cors, _) => told.is_answered && admission.cors != Grant::None,
            (Kind::Guardrail, _) => {
                let has_masked = admission.has_masked.as_ref();
                has_masked.is_some_and(|masked| masked.load(Ordering::Relaxed))
            }
            _ => false,
        };
        match told.cache_hit {
            Some(true) if kind == Kind::Cache => Outcome::Answered,
            _ if is_changed => Outcome::Changed,
            _ => Outcome::Passed,
        }
    }
}

/// Whether one that has a place in the chain had anything to do with this exchange.
fn takes_part(kind: Kind, told: Told) -> bool {
    match kind {
        Kind::Cache => told.cache_hit.is_some(),
        Kind::Guardrail => told.is_of_model,
        _ => true,
    }
}

/// Whether it refused what came after the head.
fn ends_late(actor: Actor, reason: Option<Reason>) -> bool {
    matches!(
        (actor, reason),
        (Actor::Policy(Kind::BodyLimit), Some(Reason::BodyTooLarge))
            | (Actor::Policy(Kind::Guardrail), Some(Reason::Guardrail))
    )
}

#[cfg(test)]
mod tests;
