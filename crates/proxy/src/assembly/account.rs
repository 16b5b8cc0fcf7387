//! What consumers may spend, in the words of the ledger.

use std::sync::Arc;

use architrave_config::{self as config, BudgetAmount, Consumer, Snapshot};
use architrave_policy::ledger::{Account, Budget, Ledger, Period, Terms, Unit};

/// What each consumer may spend.
pub(super) fn accounts(snapshot: &Snapshot, ledger: &Ledger) -> Vec<Option<Arc<Account>>> {
    let consumers = snapshot.consumers.iter();
    consumers.map(|consumer| ledger.account(consumer.name.as_str(), &terms(consumer))).collect()
}

fn terms(consumer: &Consumer) -> Terms {
    let budgets = consumer.budgets.iter().map(|budget| {
        let (unit, limit) = match budget.amount {
            BudgetAmount::NanoUsd(limit) => (Unit::NanoUsd, limit),
            BudgetAmount::Tokens(limit) => (Unit::Tokens, limit),
        };
        let per = match budget.per {
            config::Period::Minute => Period::Minute,
            config::Period::Hour => Period::Hour,
            config::Period::Day => Period::Day,
            config::Period::Week => Period::Week,
            config::Period::Month => Period::Month,
        };
        Budget { unit, limit, per }
    });
    Terms { tokens: consumer.limits.tokens, budgets: budgets.collect() }
}
