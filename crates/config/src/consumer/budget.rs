//! A budget: what a consumer may use up of models in a period, in money or in tokens.
//!
//! Not a rate: a budget may be used up at once, and begins anew with its period.

use crate::read::{Count, Money, Scope, record, words};

/// What may be used up in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// How much; never zero.
    pub amount: BudgetAmount,
    /// In which period.
    pub per: Period,
}

/// How much may be used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BudgetAmount {
    /// Money, in billionths of a dollar.
    NanoUsd(u64),
    /// Tokens, of prompts and answers.
    Tokens(u64),
}

impl Budget {
    /// Whether another budget bounds the same thing.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        let is_money = |budget: &Self| matches!(budget.amount, BudgetAmount::NanoUsd(_));
        self.per == other.per && is_money(self) == is_money(other)
    }
}

words! {
    /// A period of the calendar, in UTC; weeks begin on Monday.
    pub enum Period {
        /// A minute.
        Minute = "minute",
        /// An hour.
        Hour = "hour",
        /// A day.
        Day = "day",
        /// A week, from Monday.
        Week = "week",
        /// A month.
        Month = "month",
    }
}

record! {
    /// What may be used up in a period: either `money` or `tokens`.
    #[derive(Debug)]
    pub(crate) struct BudgetWritten => Budget by finish {
        /// Money, such as `12.50 USD`.
        "money": Option<Money> = None => money: Option<u64>,
        /// Tokens, of prompts and answers.
        "tokens": Option<Count<u64, 1, 1_000_000_000_000_000>> = None => tokens: Option<u64>,
        /// The period of the calendar (UTC) after which it begins anew.
        "per": Period => per: Period,
    }
}

impl BudgetWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Budget> {
        match (scope.has("money"), scope.has("tokens")) {
            (true, true) => scope.refuse_at("tokens", "takes either `money` or `tokens`"),
            (false, false) => scope.refuse("needs `money` or `tokens`"),
            _ => {}
        }
        if self.money == Some(0) {
            scope.refuse_at("money", "a budget of nothing: leave `models` empty to allow none");
        }
        let money = self.money.map(BudgetAmount::NanoUsd);
        let amount = money.or_else(|| self.tokens.map(BudgetAmount::Tokens))?;
        Some(Budget { amount, per: self.per })
    }
}
