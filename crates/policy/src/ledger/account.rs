//! The limits of one consumer, and how a request reserves of all of them at once.

use std::sync::Arc;
use std::time::SystemTime;

use architrave_config::ports::CountedFor;
use architrave_core::Moment;

use super::Unit;
use super::ask::{Ask, OUTPUT_TOKENS_DEFAULT, Spent};
use super::bell::Bell;
use super::bucket::Bucket;
use super::cell::{Shortage, Taken};
use super::counter::InUse;
use super::lease::PATIENCE;
use super::line::Line;
use super::period::{Period, Span, second_of};
use super::refused::{Limit, Refused};
use super::reservation::{Held, Reservation};
use crate::rate_limit::RateReport;

/// A request without a limit of its output may have all that its model can, while that is at most
/// this part of what is left. So the body stays as it is, and two hundred such requests at once do
/// not hold all of a budget.
const AMPLE: u64 = 64;

/// Nano-USD in the unit in which clients are told of money: a header's number has 15 digits.
const NANOS_A_MICRO: u64 = 1_000;

/// The limits of one consumer.
#[derive(Debug)]
pub struct Account {
    pub(super) rate: Option<Arc<Bucket>>,
    pub(super) budgets: Box<[Meter]>,
    bell: Option<Arc<Bell>>,
}

/// One budget.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) counter: InUse,
    pub(super) counted_for: CountedFor,
    pub(super) unit: Unit,
    pub(super) per: Period,
    pub(super) limit: u64,
}

/// What one request costs in every unit.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) tokens: Line,
    money: Line,
}

/// Where one budget stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose use it counts.
    pub counted_for: CountedFor,
    /// What is counted.
    pub unit: Unit,
    /// How long the budget must last.
    pub per: Period,
    /// The period that is on.
    pub span: Span,
    /// The budget.
    pub limit: u64,
    /// What was spent of it.
    pub spent: u64,
    /// What requests in flight have reserved beside it.
    pub reserved: u64,
}

impl Account {
    /// An account of these limits; `None` where there are none.
    pub(super) fn new(
        rate: Option<Arc<Bucket>>,
        budgets: Vec<Meter>,
        bell: Option<Arc<Bell>>,
    ) -> Option<Self> {
        let is_needed = rate.is_some() || !budgets.is_empty();
        is_needed.then(|| Self { rate, budgets: budgets.into(), bell })
    }

    /// Reserves what a request may use, or says why it may not be sent.
    ///
    /// It waits only where the lease for it is not written yet, and no longer than [`PATIENCE`].
    ///
    /// # Errors
    /// The limit that is used up, and when to try again.
    pub async fn reserve(
        self: &Arc<Self>,
        now: Moment,
        wall: SystemTime,
        ask: &Ask<'_>,
    ) -> Result<Reservation, Refused> {
        match (self.try_reserve(now, wall, ask), &self.bell) {
            (Err(Refused { limit: Limit::Lease, .. }), Some(bell)) => {
                let wait = self.reserve_by_lease(bell, now, wall, ask);
                let reserved = tokio::time::timeout(PATIENCE, wait).await;
                // Once more: by now it may be the budget that is short, which is another answer.
                reserved.unwrap_or_else(|_late| self.try_reserve(now, wall, ask))
            }
            (reserved, _) => reserved,
        }
    }

    /// Reserves what a request may use, without ever waiting.
    ///
    /// # Errors
    /// The limit that is used up, and when to try again; [`Limit::Lease`] where the lease for it
    /// has been asked for and is not written yet.
    pub fn try_reserve(
        self: &Arc<Self>,
        now: Moment,
        wall: SystemTime,
        ask: &Ask<'_>,
    ) -> Result<Reservation, Refused> {
        let second = second_of(wall);
        let lines = Lines::new(ask);
        let wanted = self.wanted(now, second, &lines, ask);
        let mut reservation = Reservation::empty(self);
        let mut output = wanted;
        // What an early return leaves behind gives back what it has taken.
        if let Some(bucket) = &self.rate {
            let drawn = bucket.take(now, lines.tokens, output);
            let drawn = drawn.map_err(|seconds| Refused::by_rate(seconds, bucket.standing(now)))?;
            output = drawn.output;
            reservation.draw(drawn);
        }
        let mut lacking = None;
        for meter in &self.budgets {
            match meter.take(second, &lines, output) {
                Err(refused) if refused.limit == Limit::Lease => lacking = Some(refused),
                // That it was asked for is all that counts: one write is to do for all of them.
                Ok(held) if lacking.is_some() => held.cell.settle(held.taken.amount, 0),
                held => {
                    let held = held?;
                    output = held.taken.output;
                    reservation.hold(held);
                }
            }
        }
        if let Some(refused) = lacking {
            return Err(refused);
        }
        // A body without a limit needs one, unless all that the model can answer is paid for.
        let is_as_asked = output == ask.output_tokens_max.unwrap_or(wanted);
        let is_bounded = ask.output_tokens_max.or(ask.output_tokens_possible) == Some(output);
        let stated = (!is_as_asked || !is_bounded).then_some(output);
        reservation.grant(&lines, output, stated);
        reservation.tell(now, second);
        Ok(reservation)
    }

    /// Counts what was used though nobody could be asked before, as of an answer that a provider
    /// begins by itself.
    pub fn charge(self: &Arc<Self>, now: Moment, wall: SystemTime, spent: Spent) {
        let second = second_of(wall);
        let mut reservation = Reservation::empty(self);
        if let Some(bucket) = &self.rate {
            reservation.draw(bucket.nothing(now));
        }
        for meter in &self.budgets {
            let taken = Taken { amount: 0, output: 0, left: 0 };
            reservation.hold(Held { cell: meter.counter.cell(second), taken });
        }
        reservation.settle(spent);
    }

    /// Where each budget stands.
    #[must_use]
    pub fn standings(&self, wall: SystemTime) -> Vec<Standing> {
        let second = second_of(wall);
        self.budgets.iter().map(|meter| meter.standing(second)).collect()
    }

    /// Where the limit of tokens per time stands; `None` where there is none.
    #[must_use]
    pub fn token_limit(&self, now: Moment) -> Option<RateReport> {
        self.rate.as_ref().map(|bucket| bucket.standing(now))
    }

    async fn reserve_by_lease(
        self: &Arc<Self>,
        bell: &Bell,
        now: Moment,
        wall: SystemTime,
        ask: &Ask<'_>,
    ) -> Result<Reservation, Refused> {
        loop {
            // Listened to before it is tried, so that no answer falls between.
            let answered = bell.answered();
            match self.try_reserve(now, wall, ask) {
                Err(Refused { limit: Limit::Lease, .. }) => answered.await,
                reserved => return reserved,
            }
        }
    }

    /// The output that a request is to have if there is enough.
    fn wanted(&self, now: Moment, second: u64, lines: &Lines, ask: &Ask<'_>) -> u64 {
        if let Some(stated) = ask.output_tokens_max {
            return stated;
        }
        let Some(possible) = ask.output_tokens_possible else { return OUTPUT_TOKENS_DEFAULT };
        let is_ample =
            possible <= OUTPUT_TOKENS_DEFAULT || self.is_ample(now, second, lines, possible);
        if is_ample { possible } else { OUTPUT_TOKENS_DEFAULT }
    }

    fn is_ample(&self, now: Moment, second: u64, lines: &Lines, output: u64) -> bool {
        let is_small = |amount: u64, left: u64| amount <= left / AMPLE;
        self.rate
            .as_ref()
            .is_none_or(|bucket| is_small(lines.tokens.amount(output), bucket.left(now)))
            && self.budgets.iter().all(|meter| {
                let taken = meter.counter.cell(second).taken();
                is_small(lines.of(meter.unit).amount(output), meter.limit.saturating_sub(taken))
            })
    }
}

impl Meter {
    fn take(&self, second: u64, lines: &Lines, wanted: u64) -> Result<Held, Refused> {
        let cell = self.counter.cell(second);
        let taken = cell.take(self.limit, self.counter.lease(), lines.of(self.unit), wanted);
        match taken {
            Ok(taken) => {
                self.counter.watch(&cell);
                Ok(Held { cell, taken })
            }
            Err(Shortage::Lease) => {
                self.counter.ring();
                Err(Refused::by_lease())
            }
            Err(shortage) => {
                let left = self.limit.saturating_sub(cell.taken());
                let report = self.report(cell.span, left, second);
                let is_used_up = shortage == Shortage::UsedUp;
                let retry_after_s = if is_used_up { report.reset_s.max(1) } else { 1 };
                let limit = Limit::Budget(self.unit, self.per, self.counted_for);
                Err(Refused { limit, retry_after_s, report: Some(report) })
            }
        }
    }

    /// What the client is told of it.
    pub(super) fn report(&self, span: Span, left: u64, second: u64) -> RateReport {
        let (unit, parts) = match self.unit {
            Unit::Tokens => ("tokens", 1),
            Unit::NanoUsd => ("usd-micros", NANOS_A_MICRO),
        };
        RateReport {
            name: "budget",
            unit: Some(unit),
            quota: self.limit / parts,
            window_s: span.seconds(),
            remaining: left / parts,
            reset_s: span.end_s.saturating_sub(second),
        }
    }

    fn standing(&self, second: u64) -> Standing {
        let Self { counter, counted_for, unit, per, limit } = self;
        let cell = counter.cell(second);
        let (spent, reserved) = cell.standing();
        let (span, limit) = (cell.span, *limit);
        Standing { counted_for: *counted_for, unit: *unit, per: *per, span, limit, spent, reserved }
    }
}

impl Lines {
    fn new(ask: &Ask<'_>) -> Self {
        Self { tokens: Line::of_tokens(ask), money: Line::of_money(ask) }
    }

    pub(super) const fn of(&self, unit: Unit) -> Line {
        match unit {
            Unit::Tokens => self.tokens,
            Unit::NanoUsd => self.money,
        }
    }
}
