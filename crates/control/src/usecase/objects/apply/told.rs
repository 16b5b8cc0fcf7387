//! What was done of many things: for the answer, and for the audit log, where each has a row of its
//! own with how it was and how it is since, beside the one of all.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::usecase::{Done, Writing};

/// Things that are told one by one in the answer and in the row of all.
pub(super) const TOLD_MAX: usize = 200;

/// What was done.
#[derive(Default)]
pub(super) struct Told {
    changes: Vec<Value>,
    count: usize,
    ended: Vec<String>,
    ended_count: usize,
}

impl Told {
    /// Notes that something was made, written or removed.
    pub(super) async fn add(
        &mut self,
        writing: &mut Writing<'_>,
        (name, change): (&str, &str),
        done: Done,
    ) -> Result<(), ApiError> {
        self.count += 1;
        if self.changes.len() < TOLD_MAX {
            self.changes.push(json!({ "kind": done.kind, "name": name, "change": change }));
        }
        writing.note(done).await
    }

    /// Notes that a subscription ends.
    pub(super) fn end(&mut self, application: &str, plan: &str) {
        self.ended_count += 1;
        if self.ended.len() < TOLD_MAX {
            self.ended.push(format!("{application} to {plan}"));
        }
    }

    /// What is answered.
    pub(super) fn answer(&self, overridden: Option<&Value>) -> Value {
        json!({
            "changes": self.count,
            "override": overridden,
            "ended_subscriptions": self.ended,
            "ended_subscriptions_count": self.ended_count,
        })
    }

    /// What the row of all has.
    pub(super) fn row(&self, overridden: Option<&Value>, reason: Option<&str>) -> Value {
        json!({
            "changes": self.changes,
            "count": self.count,
            "reason": reason,
            "override": overridden,
            "ended_subscriptions": self.ended,
            "ended_subscriptions_count": self.ended_count,
        })
    }
}
