//! What consumers may spend, in the words of the ledger.

use std::sync::Arc;

use architrave_config::{Consumer, Snapshot};
use architrave_policy::ledger::{Account, Ledger, Terms};

/// What each consumer may spend.
pub(super) fn accounts(snapshot: &Snapshot, ledger: &Ledger) -> Vec<Option<Arc<Account>>> {
    let consumers = snapshot.consumers.iter();
    consumers.map(|consumer| ledger.account(consumer.name.as_str(), &terms(consumer))).collect()
}

fn terms(consumer: &Consumer) -> Terms {
    Terms::of(consumer.limits.tokens, &consumer.budgets)
}
