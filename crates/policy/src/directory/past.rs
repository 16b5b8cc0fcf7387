//! What was counted of subscriptions that are over, for as long as it counts: whoever ends one and
//! begins it anew, or an application with it, goes on where they were.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::Moment;

use super::{Application, Counters};

/// More are not kept. Each is a subscription that was called by, and then ended, within a period.
const KEPT_MAX: usize = 50_000;

/// By the names of application and plan.
#[derive(Debug, Default)]
pub(super) struct Past {
    kept: HashMap<(Arc<str>, Arc<str>), Kept>,
}

#[derive(Debug)]
struct Kept {
    counters: Arc<Counters>,
    until: Moment,
}

impl Past {
    /// Keeps what was counted of an application whose place another one takes, or none: of what the
    /// other has not subscribed to.
    pub(super) fn keep(&mut self, before: &Application, after: Option<&Application>, now: Moment) {
        let is_over = |plan: &str| {
            after.is_none_or(|after| !after.subscriptions.iter().any(|one| *one.plan == *plan))
        };
        for subscription in before.subscriptions.iter().filter(|one| is_over(&one.plan)) {
            let Some(counters) = subscription.so_far() else { continue };
            let Some(lasts) = counters.lasts() else { continue };
            self.make_room(now);
            if self.kept.len() < KEPT_MAX {
                let key = (Arc::clone(&before.name), Arc::clone(&subscription.plan));
                self.kept.insert(key, Kept { counters, until: later(now, lasts) });
            }
        }
    }

    /// What was counted of a subscription that begins anew.
    pub(super) fn take(&mut self, name: &Arc<str>, plan: &Arc<str>) -> Option<Arc<Counters>> {
        if self.kept.is_empty() {
            return None;
        }
        let kept = self.kept.remove(&(Arc::clone(name), Arc::clone(plan)))?;
        // One that lasts no longer is full again by itself.
        Some(kept.counters)
    }

    fn make_room(&mut self, now: Moment) {
        if self.kept.len() >= KEPT_MAX {
            self.kept.retain(|_, kept| kept.until > now);
        }
    }
}

fn later(now: Moment, span: Duration) -> Moment {
    now + span
}
