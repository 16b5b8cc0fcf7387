//! What was taken from a budget in one period: a few atomic numbers that all workers share.
//!
//! What is taken is what was spent and what is reserved, together in one number, so that one
//! compare-and-swap decides. Where counts are kept over restarts, nothing is taken beyond what the
//! lease on disk says; see [`lease`](super::lease).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::line::Line;
use super::period::Span;

/// A lease is so much of its budget: what a crash may cost a consumer at most, beside what was asked
/// for at that moment.
pub(super) const LEASES_A_BUDGET: u64 = 32;

/// Where nothing is kept, everything may be taken.
const NOT_KEPT: u64 = u64::MAX;

/// One period of one budget.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) span: Span,
    /// Spent and reserved.
    taken: AtomicU64,
    /// How much of it is reserved. It follows `taken` and decides nothing: it tells a budget that
    /// is spent from one that is only held by requests in flight.
    reserved: AtomicU64,
    /// The lease: what may have been taken when the process dies.
    leased: AtomicU64,
    /// What those wanted to take, together, who had no lease for it since the keeper last looked.
    wanted: AtomicU64,
    /// The most that one of them wanted: a prompt may be larger than all of the budget.
    most_wanted: AtomicU64,
    /// Whether the keeper has been asked for a longer lease.
    is_asked: AtomicBool,
}

/// The size of a lease; 0 where counts are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeaseSize(pub(super) u64);

/// What was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// How much.
    pub(super) amount: u64,
    /// The output tokens that it is good for.
    pub(super) output: u64,
    /// What is left.
    pub(super) left: u64,
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortage {
    /// It is used up.
    UsedUp,
    /// All that is left is reserved by requests in flight, which mostly give some back.
    Reserved,
    /// The lease is not there yet.
    Lease,
}

impl LeaseSize {
    /// What is kept free for requests that turn out larger than they reserved, so that a crash
    /// right after them does not forget it.
    const fn margin(self) -> u64 {
        self.0 / 8
    }

    /// With less than this, a longer lease is asked for.
    const fn low(self) -> u64 {
        self.margin() + self.0 / 4
    }

    /// The budget, of which a lease is a part.
    const fn all(self) -> u64 {
        self.0.saturating_mul(LEASES_A_BUDGET)
    }

    /// The lease when so much is taken.
    const fn over(self, taken: u64) -> u64 {
        taken.saturating_add(self.margin() + self.0 / 2)
    }
}

impl Cell {
    /// A period of which `taken` is known already, under a lease of as much.
    pub(super) fn recovered(span: Span, taken: u64) -> Self {
        Self::new(span, taken, taken)
    }

    /// A period of which nothing is taken.
    pub(super) fn fresh(span: Span, is_kept: bool) -> Self {
        Self::carried(span, 0, is_kept)
    }

    /// A period that begins with what was taken in another.
    pub(super) fn carried(span: Span, taken: u64, is_kept: bool) -> Self {
        Self::new(span, taken, if is_kept { 0 } else { NOT_KEPT })
    }

    fn new(span: Span, taken: u64, leased: u64) -> Self {
        Self {
            span,
            taken: AtomicU64::new(taken),
            reserved: AtomicU64::default(),
            leased: AtomicU64::new(leased),
            wanted: AtomicU64::default(),
            most_wanted: AtomicU64::default(),
            is_asked: AtomicBool::default(),
        }
    }

    /// Takes what a request needs, with as much of the `wanted` output as is left of the limit.
    pub(super) fn take(
        &self,
        limit: u64,
        size: LeaseSize,
        line: Line,
        wanted: u64,
    ) -> Result<Taken, Shortage> {
        loop {
            let taken = self.taken.load(Ordering::SeqCst);
            let left = limit.saturating_sub(taken);
            let Some(output) = line.fit(left, wanted) else {
                return Err(self.shortage(limit, line, wanted));
            };
            let amount = line.amount(output);
            // What costs nothing takes nothing, and needs no lease for it: there may never be one.
            if amount == 0 {
                return Ok(Taken { amount, output, left });
            }
            let after = taken.saturating_add(amount);
            if !self.has_lease(after, size) {
                return Err(self.want(amount));
            }
            if !self.replace(taken, after) {
                continue;
            }
            // A keeper that shortens the lease looks at what is taken after it has done so, and we
            // look at the lease after we have taken: one of the two sees the other.
            if !self.has_lease(after, size) {
                self.taken.fetch_sub(amount, Ordering::SeqCst);
                return Err(self.want(amount));
            }
            self.reserved.fetch_add(amount, Ordering::Relaxed);
            return Ok(Taken { amount, output, left: left.saturating_sub(amount) });
        }
    }

    /// Gives back what was taken for more output than the request gets.
    pub(super) fn lower(&self, taken: &mut Taken, to: u64) {
        let back = taken.amount.saturating_sub(to);
        if back > 0 {
            self.taken.fetch_sub(back, Ordering::SeqCst);
            self.reserved.fetch_sub(back, Ordering::Relaxed);
            taken.amount -= back;
            taken.left = taken.left.saturating_add(back);
        }
    }

    /// What was reserved turns out to be `spent`; 0 where it is given back.
    ///
    /// What is spent beyond the reservation is counted whatever the lease says: it is spent.
    pub(super) fn settle(&self, reserved: u64, spent: u64) {
        if spent > reserved {
            self.taken.fetch_add(spent - reserved, Ordering::SeqCst);
        } else {
            self.taken.fetch_sub(reserved - spent, Ordering::SeqCst);
        }
        self.reserved.fetch_sub(reserved, Ordering::Relaxed);
    }

    /// Of what counts as taken, so much was not; below zero, it was more.
    pub(super) fn correct(&self, unused: i64) {
        let correct = |taken: u64| Some(taken.saturating_add_signed(unused.saturating_neg()));
        let _always = self.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, correct);
    }

    /// Whether the keeper is to be asked for a longer lease; says so once.
    pub(super) fn asks(&self, size: LeaseSize) -> bool {
        let low = self.taken.load(Ordering::Acquire).saturating_add(size.low());
        low > self.leased.load(Ordering::Acquire) && !self.is_asked.swap(true, Ordering::AcqRel)
    }

    /// What was spent, and what is reserved beside it.
    pub(super) fn standing(&self) -> (u64, u64) {
        let reserved = self.reserved.load(Ordering::Relaxed);
        (self.taken.load(Ordering::Acquire).saturating_sub(reserved), reserved)
    }

    /// What was spent and reserved.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// The lease.
    pub(super) fn leased(&self) -> u64 {
        self.leased.load(Ordering::SeqCst)
    }

    /// The lease that is to be written, where the one there is is too short or too long.
    ///
    /// A shorter one binds at once; a longer one binds when it is written, by [`Cell::grant`].
    pub(super) fn due(&self, size: LeaseSize) -> Option<u64> {
        self.is_asked.store(false, Ordering::Release);
        let wanted = self.wanted.swap(0, Ordering::AcqRel);
        let (leased, taken) = (self.leased.load(Ordering::SeqCst), self.taken());
        let most_wanted = self.most_wanted.swap(0, Ordering::AcqRel);
        let top = taken.saturating_add(wanted.min(size.all()).max(most_wanted));
        // What nobody asks for is not written down, period after period.
        if top == 0 && leased == 0 {
            return None;
        }
        if leased < top.saturating_add(size.low()) {
            return Some(size.over(top));
        }
        let is_long = leased > taken.saturating_add(size.0);
        (is_long && self.shorten(leased, size.over(taken))).then(|| size.over(taken))
    }

    /// The lease is written and may be used.
    pub(super) fn grant(&self, leased: u64) {
        self.leased.store(leased, Ordering::SeqCst);
    }

    /// Nothing may be taken any more; what has been, for the end of the process.
    pub(super) fn close(&self) -> u64 {
        self.leased.store(0, Ordering::SeqCst);
        self.taken()
    }

    fn replace(&self, taken: u64, after: u64) -> bool {
        self.taken.compare_exchange(taken, after, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn has_lease(&self, after: u64, size: LeaseSize) -> bool {
        after.saturating_add(size.margin()) <= self.leased.load(Ordering::SeqCst)
    }

    /// Adds to what the next lease is to be good for. Two hundred who wait are served by one write,
    /// not by one after the other; each adds itself again when it tries again, after the write.
    #[cold]
    fn want(&self, amount: u64) -> Shortage {
        let add = |wanted: u64| Some(wanted.saturating_add(amount));
        // The function always says how to go on, so it cannot fail.
        let _done = self.wanted.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        self.most_wanted.fetch_max(amount, Ordering::AcqRel);
        Shortage::Lease
    }

    #[cold]
    fn shortage(&self, limit: u64, line: Line, wanted: u64) -> Shortage {
        let (spent, _) = self.standing();
        let fits = line.fit(limit.saturating_sub(spent), wanted).is_some();
        if fits { Shortage::Reserved } else { Shortage::UsedUp }
    }

    fn shorten(&self, leased: u64, shorter: u64) -> bool {
        self.leased.store(shorter, Ordering::SeqCst);
        let is_held = self.taken() <= shorter;
        if !is_held {
            self.leased.store(leased, Ordering::SeqCst);
        }
        is_held
    }
}
