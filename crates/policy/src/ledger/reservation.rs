//! What a request has reserved: settled when it is over, given back when it comes to nothing.

use std::sync::Arc;
use std::time::SystemTime;

use architrave_core::Moment;
use smallvec::SmallVec;

use super::account::{Account, Lines};
use super::ask::Spent;
use super::bucket::Drawn;
use super::cell::{Cell, Taken};
use super::period::second_of;
use crate::rate_limit::RateReport;

/// A request's share of every limit of its consumer. Keep it until the exchange ends.
///
/// Dropped unsettled, it counts what was noted last, or nothing.
#[derive(Debug)]
#[must_use]
pub struct Reservation {
    account: Arc<Account>,
    /// Of the token limit.
    drawn: Option<Drawn>,
    /// Of the budgets, in the order of the account, as far as they were taken.
    held: SmallVec<[Held; 2]>,
    output_tokens_granted: Option<u64>,
    report: Option<RateReport>,
    noted: Spent,
}

/// What was taken of one budget, in the period in which it was taken.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) cell: Arc<Cell>,
    pub(super) taken: Taken,
}

impl Reservation {
    /// A reservation that has taken nothing yet.
    pub(super) fn empty(account: &Arc<Account>) -> Self {
        Self {
            account: Arc::clone(account),
            drawn: None,
            held: SmallVec::new(),
            output_tokens_granted: None,
            report: None,
            noted: Spent::default(),
        }
    }

    /// The limit of the output that the body is to state, for each of its answers; `None` where it
    /// may stay as it is.
    #[must_use]
    pub const fn output_tokens_granted(&self) -> Option<u64> {
        self.output_tokens_granted
    }

    /// Where the tightest of the limits stands, for
    /// [`Admission::spending`](crate::Admission::spending).
    #[must_use]
    pub const fn report(&self) -> Option<RateReport> {
        self.report
    }

    /// Notes what was used so far: a running total. It is what counts if nobody comes to settle.
    pub const fn note(&mut self, spent: Spent) {
        self.noted = spent;
    }

    /// Counts what was used, and gives back the rest.
    pub fn settle(mut self, spent: Spent) {
        self.noted = spent;
    }

    /// The same before the client is told where its limits stand: what then is left of the tightest
    /// of them.
    pub fn settle_and_tell(
        mut self,
        spent: Spent,
        now: Moment,
        wall: SystemTime,
    ) -> Option<RateReport> {
        self.noted = spent;
        let held = self.count();
        let account = &self.account;
        let second = second_of(wall);
        let rate = account.rate.as_ref().map(|bucket| bucket.standing(now));
        let budgets = held.iter().zip(&account.budgets);
        let budgets = budgets.map(|(held, budget)| {
            let left = budget.limit.saturating_sub(held.cell.taken());
            budget.report(held.cell.span, left, second)
        });
        rate.into_iter().chain(budgets).reduce(RateReport::tighter)
    }

    pub(super) const fn draw(&mut self, drawn: Drawn) {
        self.drawn = Some(drawn);
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// All limits have been asked: gives back what the first ones gave for more output than the
    /// last ones allow, and notes what the body is to state.
    pub(super) fn grant(&mut self, lines: &Lines, output: u64, stated: Option<u64>) {
        if let (Some(bucket), Some(drawn)) = (&self.account.rate, &mut self.drawn) {
            bucket.lower(drawn, lines.tokens.amount(output));
        }
        for (held, budget) in self.held.iter_mut().zip(&self.account.budgets) {
            held.cell.lower(&mut held.taken, lines.of(budget.unit).amount(output));
        }
        self.output_tokens_granted = stated;
    }

    /// What each limit has left, of which the one with the least of its whole is told.
    pub(super) fn tell(&mut self, now: Moment, second: u64) {
        let account = &self.account;
        let rate = account.rate.as_ref().zip(self.drawn);
        let rate = rate.map(|(bucket, drawn)| bucket.report(now, drawn.left));
        let budgets = self.held.iter().zip(&account.budgets);
        let budgets =
            budgets.map(|(held, budget)| budget.report(held.cell.span, held.taken.left, second));
        self.report = rate.into_iter().chain(budgets).reduce(RateReport::tighter);
    }
}

impl Reservation {
    /// Counts what was noted, once, and returns what was held until then.
    fn count(&mut self) -> SmallVec<[Held; 2]> {
        if let (Some(bucket), Some(drawn)) = (&self.account.rate, self.drawn.take()) {
            bucket.settle(drawn, self.noted.tokens);
        }
        let all = std::mem::take(&mut self.held);
        for (held, budget) in all.iter().zip(&self.account.budgets) {
            held.cell.settle(held.taken.amount, self.noted.of(budget.unit));
            budget.counter.watch(&held.cell);
        }
        all
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.count();
    }
}
