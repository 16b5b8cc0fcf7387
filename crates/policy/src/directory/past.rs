//! What was counted of subscriptions that are over, for as long as it counts: whoever ends one and
//! begins it anew, or an application with it, goes on where they were.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use architrave_core::Moment;

use super::{Application, Counters};

/// More are not kept. Each is a subscription that was called by, and then ended, within a period.
const KEPT_MAX: usize = 50_000;

/// By the names of application and plan.
#[derive(Debug, Default)]
pub(super) struct Past {
    kept: HashMap<Names, Kept>,
    /// The same by when they are over.
    ends: BTreeSet<(Moment, Names)>,
}

type Names = (Arc<str>, Arc<str>);

#[derive(Debug)]
struct Kept {
    counters: Arc<Counters>,
    until: Moment,
}

impl Past {
    /// Keeps what was counted of an application whose place another one takes, or none: of what the
    /// other has not subscribed to. Beyond [`KEPT_MAX`], what is over first goes first.
    pub(super) fn keep(&mut self, before: &Application, after: Option<&Application>, now: Moment) {
        let is_over = |plan: &str| {
            after.is_none_or(|after| !after.subscriptions.iter().any(|one| *one.plan == *plan))
        };
        while self.ends.first().is_some_and(|(until, _)| *until <= now) {
            self.drop_first();
        }
        for subscription in before.subscriptions.iter().filter(|one| is_over(&one.plan)) {
            let Some(counters) = subscription.so_far() else { continue };
            let Some(lasts) = counters.lasts() else { continue };
            let names = (Arc::clone(&before.name), Arc::clone(&subscription.plan));
            let until = now + lasts;
            self.take(&names.0, &names.1);
            if self.kept.len() >= KEPT_MAX {
                self.drop_first();
            }
            self.ends.insert((until, names.clone()));
            self.kept.insert(names, Kept { counters, until });
        }
    }

    /// What was counted of a subscription that begins anew.
    pub(super) fn take(&mut self, name: &Arc<str>, plan: &Arc<str>) -> Option<Arc<Counters>> {
        if self.kept.is_empty() {
            return None;
        }
        let names = (Arc::clone(name), Arc::clone(plan));
        let Kept { counters, until } = self.kept.remove(&names)?;
        self.ends.remove(&(until, names));
        // One that lasts no longer is full again by itself.
        Some(counters)
    }

    fn drop_first(&mut self) {
        if let Some((_, names)) = self.ends.pop_first() {
            self.kept.remove(&names);
        }
    }
}
