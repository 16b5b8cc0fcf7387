//! What is told when a configuration is taken that is valid and may not be what was meant.

use std::fmt::Display;
use std::sync::Arc;

use architrave_config::{Plan, Snapshot};

use crate::data::DataFolder;
use crate::keys;

/// Says what is open to others than it should be, that aside which it has told before.
pub(super) fn warn_of<T: Display + PartialEq>(before: &[T], now: &[T]) {
    for open in now.iter().filter(|open| !before.contains(open)) {
        tracing::warn!("{open}");
    }
}

/// Says once, when it begins to be so, that cookies or counts end with this process.
pub(super) fn warn_of_short_lives(
    before: Option<&Snapshot>,
    now: &Snapshot,
    data: Option<&DataFolder>,
) {
    let begins = |is_so: &dyn Fn(&Snapshot) -> bool| is_so(now) && !before.is_some_and(is_so);
    if begins(&|snapshot| keys::are_short_lived(snapshot, data)) {
        tracing::warn!(
            "no keys file is configured: persistence cookies will not outlive this process"
        );
    }
    let has_budgets = |snapshot: &Snapshot| {
        let of_plan =
            |plan: &Arc<Plan>| !plan.budgets.is_empty() || !plan.shared_budgets.is_empty();
        let has_some = snapshot.consumers.iter().any(|consumer| !consumer.budgets.is_empty())
            || snapshot.plans.iter().any(of_plan)
            || snapshot.teams.iter().any(|team| !team.budgets.is_empty());
        data.is_none() && has_some
    };
    if begins(&has_budgets) {
        tracing::warn!(
            "consumers have budgets and there is no `--data`: what they have spent is forgotten \
             when this process ends"
        );
    }
}
