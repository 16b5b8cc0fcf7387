//! Tokens per time: a bucket that fills evenly, so that there are no edges at which twice as much
//! passes.
//!
//! As of the rate limit of requests, one number is enough: the moment at which all that was taken
//! is paid back. It is counted in tokens since the start of the clock, so it is exact at any rate;
//! rounding happens once, in reading the clock, and never adds up.

use std::sync::atomic::{AtomicU64, Ordering};

use architrave_core::Moment;
use architrave_core::units::Rate;

use super::line::Line;
use crate::rate_limit::RateReport;

/// Tokens per time, shared by all workers.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    /// When all is paid back, in tokens since the start of the clock.
    paid: AtomicU64,
    /// When somebody last took, in the same. It stands for now where something is settled: time
    /// that passed since then has paid back nothing that anybody else took.
    latest: AtomicU64,
    /// When all is paid back that another process told, in the same, were nothing else taken: only
    /// that much may come back from there.
    told: AtomicU64,
}

/// What was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    /// How many tokens.
    pub(super) amount: u64,
    /// How many of them may be output.
    pub(super) output: u64,
    /// What is left.
    pub(super) left: u64,
    /// When they are paid back.
    pub(super) paid: u64,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        let nothing = AtomicU64::default;
        Self { rate, paid: nothing(), latest: nothing(), told: nothing() }
    }

    /// Tokens per period, which may also come at once.
    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes what a request needs, with as much of the `wanted` output as is left.
    ///
    /// # Errors
    /// Whole seconds after which it may be tried again.
    pub(super) fn take(&self, now: Moment, line: Line, wanted: u64) -> Result<Drawn, u64> {
        let now = self.tokens_by(now);
        self.latest.fetch_max(now, Ordering::AcqRel);
        loop {
            let before = self.paid.load(Ordering::Acquire);
            let left = self.rate.count.saturating_sub(before.saturating_sub(now));
            let Some(output) = line.fit(left, wanted) else {
                let debt = before.saturating_sub(now).saturating_add(line.least(wanted).max(1));
                return Err(self.seconds(debt.saturating_sub(self.rate.count)).max(1));
            };
            let amount = line.amount(output);
            let paid = before.max(now).saturating_add(amount);
            let swap =
                self.paid.compare_exchange(before, paid, Ordering::AcqRel, Ordering::Acquire);
            if swap.is_ok() {
                return Ok(Drawn { amount, output, left: left.saturating_sub(amount), paid });
            }
        }
    }

    /// Takes nothing: what is settled on it is all beyond it.
    pub(super) fn nothing(&self, now: Moment) -> Drawn {
        let now = self.tokens_by(now);
        self.latest.fetch_max(now, Ordering::AcqRel);
        Drawn { amount: 0, output: 0, left: 0, paid: now }
    }

    /// What was drawn turns out to be `spent`; 0 where it is given back.
    pub(super) fn settle(&self, drawn: Drawn, spent: u64) {
        let now = self.latest.load(Ordering::Acquire);
        if spent > drawn.amount {
            let more = spent - drawn.amount;
            let add = |paid: u64| Some(paid.max(now).saturating_add(more));
            // The function always says how to go on, so it cannot fail.
            let _done = self.paid.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        } else {
            // Time has paid some of it back already; that part is not given back twice.
            let back = (drawn.amount - spent).min(drawn.paid.saturating_sub(now));
            self.paid.fetch_sub(back, Ordering::AcqRel);
        }
    }

    /// When all is paid back, in tokens since the start of the clock.
    pub(super) fn paid(&self) -> u64 {
        self.paid.load(Ordering::Acquire)
    }

    /// What was taken since it was to be paid back at `before`, seen at `then`, as far as it is owed
    /// still; below zero where more was given back.
    pub(super) fn taken_since(&self, (before, then): (u64, Moment), now: Moment) -> i64 {
        let signed = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        let taken = signed(self.paid()) - signed(before.max(self.tokens_by(then)));
        taken.min(signed(self.debt(now)))
    }

    /// So much was taken by another process.
    pub(super) fn add(&self, taken: u64, now: Moment) {
        let now = self.tokens_by(now);
        self.latest.fetch_max(now, Ordering::AcqRel);
        for debt in [&self.told, &self.paid] {
            let add = |paid: u64| Some(paid.max(now).saturating_add(taken));
            // The function always says how to go on, so it cannot fail.
            let _done = debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        }
    }

    /// So much of what another process took was given back there. Of that no more comes back than is
    /// owed here for it still: the rest was never told, or time has paid it.
    pub(super) fn give_back(&self, unused: u64) {
        let latest = self.latest.load(Ordering::Acquire);
        let told = self.told.load(Ordering::Acquire);
        let back = unused.min(told.saturating_sub(latest));
        for debt in [&self.told, &self.paid] {
            let lower = |paid: u64| Some(paid.saturating_sub(back));
            // As above.
            let _done = debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, lower);
        }
    }

    /// Whether anything is owed.
    pub(super) fn is_owed(&self, now: Moment) -> bool {
        self.debt(now) > 0
    }

    /// Gives back what was drawn for more output than the request gets.
    pub(super) fn lower(&self, drawn: &mut Drawn, to: u64) {
        let back = drawn.amount.saturating_sub(to);
        if back > 0 {
            self.paid.fetch_sub(back, Ordering::AcqRel);
            drawn.amount -= back;
            drawn.paid -= back;
            drawn.left = drawn.left.saturating_add(back);
        }
    }

    /// What is left.
    pub(super) fn left(&self, now: Moment) -> u64 {
        self.rate.count.saturating_sub(self.debt(now))
    }

    /// What the client is told of it.
    pub(super) fn standing(&self, now: Moment) -> RateReport {
        self.report(now, self.left(now))
    }

    /// What the client is told of it, with so much left.
    pub(super) fn report(&self, now: Moment, left: u64) -> RateReport {
        RateReport {
            name: "tokens",
            unit: Some("tokens"),
            quota: self.rate.count,
            window_s: self.rate.per.as_secs(),
            remaining: left,
            reset_s: self.seconds(self.debt(now)),
        }
    }

    fn debt(&self, now: Moment) -> u64 {
        self.paid.load(Ordering::Acquire).saturating_sub(self.tokens_by(now))
    }

    /// How many tokens the rate has given since the start of the clock.
    fn tokens_by(&self, now: Moment) -> u64 {
        let tokens = u128::from(now.as_nanos()) * u128::from(self.rate.count);
        u64::try_from(tokens / self.rate.per.as_nanos().max(1)).unwrap_or(u64::MAX)
    }

    fn seconds(&self, tokens: u64) -> u64 {
        let seconds = u128::from(tokens) * u128::from(self.rate.per.as_secs().max(1));
        u64::try_from(seconds.div_ceil(self.rate.count.max(1).into())).unwrap_or(u64::MAX)
    }
}
