//! The life of a service: which moves there are, from which state to which, and what they write.
//!
//! The state is moved by these and by nothing else: who replaces or patches a service leaves it as
//! it is. What the gateway makes of each state is `config::Lifecycle`'s.

use architrave_config::object::ObjectKind;
use serde_json::{Map, Value, json};

use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::permission::Permission;

/// What of a service's configuration says where it stands in its life.
pub(super) const KEYS: [&str; 8] = [
    "state",
    "suspended",
    SUSPENDED_BY,
    "deprecated_at",
    "sunset_at",
    "successor",
    "notice",
    "brownouts",
];

/// Who took it out of service.
const SUSPENDED_BY: &str = "suspended_by";
/// The word for a platform admin there; what is not said is the team.
const PLATFORM: &str = "platform";

/// The keys that end with a deprecation that is taken back.
const OF_AN_END: [&str; 5] = ["deprecated_at", "sunset_at", "successor", "notice", "brownouts"];

const PUBLISHED: &str = "published";

/// One move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The custom method, which is also what the audit log calls it.
    pub(crate) verb: &'static str,
    /// What it does, in a sentence.
    pub(crate) about: &'static str,
    /// Who may.
    pub(crate) permission: Permission,
    /// Whether it must be said why.
    pub(crate) needs_reason: bool,
    from: &'static [&'static str],
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// To this state, and all that was said of an end is kept.
    To(&'static str),
    /// In use, and no end is known.
    Publish,
    /// Deprecated, on the terms that come with it.
    Deprecate,
    /// Out of service, or back.
    Suspend(bool),
}

/// The states in which there is something to take out of service, now or later.
const NOT_ARCHIVED: [&str; 5] = ["draft", "in_review", PUBLISHED, "deprecated", "retired"];

/// How a move is made.
pub(crate) struct Applied<'a> {
    /// Members of the configuration, as they were sent.
    pub(crate) terms: &'a Map<String, Value>,
    /// RFC 3339.
    pub(crate) now: &'a str,
    /// Whether a platform admin makes it.
    pub(crate) by_platform: bool,
}

/// Every move, in the order of a life.
pub(crate) const MOVES: [Move; 9] = [
    Move {
        verb: "submit",
        about: "Asks for a draft to be looked at and published.",
        permission: Permission::WriteObjects,
        needs_reason: false,
        from: &["draft"],
        effect: Effect::To("in_review"),
    },
    Move {
        verb: "reject",
        about: "Gives what was submitted back, as a draft.",
        permission: Permission::PublishServices,
        needs_reason: true,
        from: &["in_review"],
        effect: Effect::To("draft"),
    },
    Move {
        verb: "publish",
        about: "Puts it in use; of one that is deprecated, takes that back.",
        permission: Permission::PublishServices,
        needs_reason: false,
        from: &["draft", "in_review", "deprecated"],
        effect: Effect::Publish,
    },
    Move {
        verb: "withdraw",
        about: "Takes it out of use again, as a draft; for what nobody calls yet.",
        permission: Permission::PublishServices,
        needs_reason: false,
        from: &[PUBLISHED, "in_review"],
        effect: Effect::To("draft"),
    },
    Move {
        verb: "deprecate",
        about: "Tells callers that it will end; again, with other dates.",
        permission: Permission::PublishServices,
        needs_reason: false,
        from: &[PUBLISHED, "deprecated"],
        effect: Effect::Deprecate,
    },
    Move {
        verb: "retire",
        about: "Ends it: callers are answered 410, with where to go.",
        permission: Permission::PublishServices,
        needs_reason: false,
        from: &["deprecated"],
        effect: Effect::To("retired"),
    },
    Move {
        verb: "archive",
        about: "Keeps it for the record alone.",
        permission: Permission::PublishServices,
        needs_reason: false,
        from: &["draft", "retired"],
        effect: Effect::To("archived"),
    },
    Move {
        verb: "suspend",
        about: "Takes it out of service for now: callers are answered 503.",
        permission: Permission::WriteObjects,
        needs_reason: true,
        from: &NOT_ARCHIVED,
        effect: Effect::Suspend(true),
    },
    Move {
        verb: "resume",
        about: "Puts it back into service.",
        permission: Permission::WriteObjects,
        needs_reason: false,
        from: &NOT_ARCHIVED,
        effect: Effect::Suspend(false),
    },
];

impl Move {
    /// The move of a custom method.
    pub(crate) fn of(verb: &str) -> Option<&'static Self> {
        MOVES.iter().find(|one| one.verb == verb)
    }

    /// Whether it takes the terms of an end.
    pub(crate) fn takes_terms(&self) -> bool {
        self.effect == Effect::Deprecate
    }

    /// Whether callers are answered 410 from then on.
    pub(crate) fn ends(&self) -> bool {
        self.effect == Effect::To("retired")
    }

    /// Whether callers are led to it by this.
    pub(crate) fn publishes(&self) -> bool {
        self.effect == Effect::Publish
    }

    /// The configuration behind the move.
    ///
    /// # Errors
    /// That the service is in a state from which the move does not lead.
    pub(crate) fn apply(&self, before: &Value, how: &Applied<'_>) -> Result<Value, ApiError> {
        let state = state_of(before);
        let is_suspended = before.get("suspended") == Some(&Value::Bool(true));
        // What its team has suspended the platform may still suspend: then the team does not resume it.
        let is_taken_over = self.effect == Effect::Suspend(true)
            && how.by_platform
            && !is_suspended_by_platform(before);
        let is_idle = self.effect == Effect::Suspend(is_suspended) && !is_taken_over;
        if !self.from.contains(&state) || is_idle {
            return Err(self.refusal(if is_suspended && is_idle { "suspended" } else { state }));
        }
        let mut after = before.clone();
        let Value::Object(members) = &mut after else { return Ok(after) };
        match self.effect {
            Effect::To(state) => drop(members.insert("state".to_owned(), json!(state))),
            Effect::Suspend(true) => {
                members.insert("suspended".to_owned(), json!(true));
                if how.by_platform {
                    members.insert(SUSPENDED_BY.to_owned(), json!(PLATFORM));
                }
            }
            Effect::Suspend(false) => {
                members.remove("suspended");
                members.remove(SUSPENDED_BY);
            }
            Effect::Publish => {
                members.insert("state".to_owned(), json!(PUBLISHED));
                OF_AN_END.iter().for_each(|key| drop(members.remove(*key)));
            }
            Effect::Deprecate => {
                members.insert("state".to_owned(), json!("deprecated"));
                members.entry("deprecated_at").or_insert_with(|| json!(how.now));
                for (key, value) in how.terms {
                    match value {
                        Value::Null => drop(members.remove(key)),
                        value => drop(members.insert(key.clone(), value.clone())),
                    }
                }
            }
        }
        Ok(after)
    }

    /// Refuses a move without the reason that it needs.
    pub(super) fn check_reason(&self, reason: Option<&str>) -> Result<(), ApiError> {
        if self.needs_reason && reason.is_none_or(|reason| reason.trim().is_empty()) {
            return Err(ApiError::value_fault("/reason", "say why: those whom it concerns ask"));
        }
        Ok(())
    }

    fn leads_to(&self, state: &str) -> bool {
        match self.effect {
            Effect::To(to) => to == state,
            Effect::Publish => state == PUBLISHED,
            Effect::Deprecate => state == "deprecated",
            Effect::Suspend(_) => false,
        }
    }

    /// That it does not lead from where the service is.
    fn refusal(&self, is: &str) -> ApiError {
        let message = format!("it is {is}; :{} is for one that is {}", self.verb, self.fitting());
        ApiError::new(Code::StateNotFitting, message)
    }

    fn fitting(&self) -> String {
        match self.effect {
            Effect::Suspend(true) => "not archived and not suspended".to_owned(),
            Effect::Suspend(false) => "suspended".to_owned(),
            _ => self.from.join(" or "),
        }
    }
}

/// Holds a body that takes the place of another to the moves that there are: a life goes by file as it
/// goes by custom methods, one move at a time. The move that is made, if there is one.
///
/// # Errors
/// What the custom method would refuse, in its words.
pub(super) fn moved(
    (before, after): (&Value, &Value),
    reason: Option<&str>,
) -> Result<Option<&'static Move>, ApiError> {
    let mut made = None;
    let mut check = |step: &'static Move, fits: bool, (is, key): (&str, &str)| {
        if !fits {
            let refusal = step.refusal(is);
            let fault = Fault::at(key, refusal.message().to_owned());
            return Err(refusal.with_faults(vec![fault]));
        }
        step.check_reason(reason)?;
        made = Some(step);
        Ok(())
    };
    let (from, to) = (state_of(before), state_of(after));
    if is_suspended(before) != is_suspended(after) {
        let verb = if is_suspended(after) { "suspend" } else { "resume" };
        if let Some(step) = Move::of(verb) {
            check(step, step.from.contains(&from), (from, "/suspended"))?;
        }
    }
    if from != to {
        let mut leading = MOVES.iter().filter(|step| step.leads_to(to));
        let fitting = leading.clone().find(|step| step.from.contains(&from));
        // What is no state at all is for validation to say.
        if let Some(step) = fitting.or_else(|| leading.next()) {
            check(step, fitting.is_some(), (from, "/state"))?;
        }
    }
    // The terms of an end are said while there is one to come.
    let other = OF_AN_END.into_iter().find(|key| before.get(key) != after.get(key));
    if let (Some(key), Some(step)) = (other, Move::of("deprecate")) {
        let is_open = |state: &&str| step.from.contains(state);
        if !is_open(&to) {
            check(step, false, (to, &format!("/{key}")))?;
        }
    }
    Ok(made)
}

/// Refuses that a service goes on which a platform admin has taken out of service, unless one says so.
pub(super) fn check_resumed(
    step: &Move,
    before: &Value,
    by_platform: bool,
) -> Result<(), ApiError> {
    let is_resumed = step.effect == Effect::Suspend(false);
    if is_resumed && is_suspended_by_platform(before) && !by_platform {
        let message = "resume it: a platform admin has suspended it, and resumes it";
        return Err(ApiError::not_permitted(message));
    }
    Ok(())
}

/// Refuses that a service goes which a platform admin has taken out of service: another of its name
/// would not be.
pub(super) fn check_removed(before: &Value, by_platform: bool) -> Result<(), ApiError> {
    if is_suspended_by_platform(before) && !by_platform {
        let message = "remove it: a platform admin has suspended it";
        return Err(ApiError::not_permitted(message));
    }
    Ok(())
}

/// Leaves the version of a service out of service that a platform admin has suspended.
pub(super) fn suspend_like(before: &Value, members: &mut Map<String, Value>) {
    if is_suspended_by_platform(before) {
        members.insert("suspended".to_owned(), json!(true));
        members.insert(SUSPENDED_BY.to_owned(), json!(PLATFORM));
    }
}

fn is_suspended(body: &Value) -> bool {
    body.get("suspended") == Some(&Value::Bool(true))
}

/// Whether a platform admin has taken it out of service.
pub(super) fn is_suspended_by_platform(body: &Value) -> bool {
    is_suspended(body) && body.get(SUSPENDED_BY).and_then(Value::as_str) == Some(PLATFORM)
}

/// Whether a service that is made is published by that: its maker says so.
pub(super) fn is_made_published(body: &Value) -> bool {
    body.get("state").is_some() && is_in_use(body)
}

/// Whether callers are led to a service.
pub(super) fn is_in_use(body: &Value) -> bool {
    matches!(state_of(body), PUBLISHED | "deprecated")
}

fn state_of(body: &Value) -> &str {
    body.get("state").and_then(Value::as_str).unwrap_or(PUBLISHED)
}

/// Holds a body that was sent to the life that the service has: of what is there, nothing of it is
/// changed, and what is new is a draft unless `may_publish`.
pub(super) fn check(
    kind: ObjectKind,
    (before, after): (Option<&Value>, &Value),
    may_publish: bool,
) -> Result<(), ApiError> {
    if kind != ObjectKind::Service {
        return Ok(());
    }
    let Some(before) = before else {
        if after.get(SUSPENDED_BY).is_some() {
            let message = "it is said by :suspend, of who does it";
            return Err(ApiError::value_fault("/suspended_by", message));
        }
        if may_publish || state_of(after) == "draft" {
            return Ok(());
        }
        let message = "whoever may not publish makes a draft: `state` is `draft`";
        return Err(ApiError::value_fault("/state", message));
    };
    let changed = KEYS.iter().filter(|key| before.get(**key) != after.get(**key));
    let faults: Vec<Fault> = changed
        .map(|key| {
            let message = "a service's life is moved by :publish, :deprecate and the others";
            Fault::at(format!("/{key}"), message)
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let message = "the state of a service is not changed with its configuration";
    Err(ApiError::new(Code::ObjectInvalid, message).with_faults(faults))
}

#[cfg(test)]
mod tests;
