//! One budget's count, from period to period.
//!
//! The period is a cell of its own, swapped whole when it is over: a request that reserved in the
//! old one settles in the old one, however late, and the new one begins at nothing, whoever comes
//! first. There is no moment in between.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::bell::Bell;
use super::cell::{Cell, LEASES_A_BUDGET, LeaseSize};
use super::lease::{Lease, LeaseKey};

/// Who is let go has no users, and never has one again.
const GONE: u64 = u64::MAX;

/// One more user, and one more who ever was: the high half tells a moment from another with as many
/// users.
const ONE_MORE: u64 = 1 << 32 | 1;

/// What a consumer has spent of one sort, in the period that is on.
#[derive(Debug)]
pub(super) struct Counter {
    key: LeaseKey,
    current: ArcSwap<Cell>,
    /// The size of a lease, as the budget is now; 0 where counts are not kept.
    lease: AtomicU64,
    /// Whom to ask for longer leases; `None` where counts are not kept.
    bell: Option<Arc<Bell>>,
    /// How many use it, in the low half, and how many ever did; [`GONE`] once it is forgotten.
    users: AtomicU64,
}

/// Somebody's use of a counter: while there is one, it is not forgotten.
#[derive(Debug)]
pub(super) struct InUse(Arc<Counter>);

impl InUse {
    /// A use of it; `None` where it is gone.
    pub(super) fn of(counter: Arc<Counter>) -> Option<Self> {
        let one_more = |users: u64| (users != GONE).then(|| users.wrapping_add(ONE_MORE));
        let before = counter.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        before.is_ok().then_some(Self(counter))
    }
}

impl Deref for InUse {
    type Target = Counter;

    fn deref(&self) -> &Counter {
        &self.0
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Counter {
    /// A counter that goes on where the lease says that it was.
    pub(super) fn new(key: LeaseKey, recovered: Option<&Lease>, bell: Option<Arc<Bell>>) -> Self {
        let per = key.per;
        let cell = match recovered {
            // What is not kept has no lease to stay within.
            Some(lease) if bell.is_none() => {
                Cell::carried(per.span(lease.start_s), lease.up_to, false)
            }
            Some(lease) => Cell::recovered(per.span(lease.start_s), lease.up_to),
            None => Cell::fresh(per.span(0), bell.is_some()),
        };
        let (lease, users) = (AtomicU64::default(), AtomicU64::default());
        Self { key, current: ArcSwap::from_pointee(cell), lease, bell, users }
    }

    /// Tells it how large the budget is.
    pub(super) fn set_limit(&self, limit: u64) {
        let lease = if self.bell.is_some() { (limit / LEASES_A_BUDGET).max(1) } else { 0 };
        self.lease.store(lease, Ordering::Relaxed);
    }

    /// The period that is on.
    pub(super) fn cell(&self, second: u64) -> Arc<Cell> {
        let current = self.current.load();
        if current.span.has(second) {
            return Arc::clone(&current);
        }
        drop(current);
        self.turn(second)
    }

    /// The size of a lease.
    pub(super) fn lease(&self) -> LeaseSize {
        LeaseSize(self.lease.load(Ordering::Relaxed))
    }

    /// Asks for a longer lease if the one there is runs low.
    pub(super) fn watch(&self, cell: &Cell) {
        if let Some(bell) = &self.bell
            && cell.asks(self.lease())
        {
            bell.ask();
        }
    }

    /// Asks for the lease that somebody waits for.
    pub(super) fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ask();
        }
    }

    /// The lease that is to be written, and the cell that is to have it.
    pub(super) fn due(&self) -> Option<(Arc<Cell>, Lease)> {
        self.bell.as_ref()?;
        let cell = self.current.load_full();
        let up_to = cell.due(self.lease())?;
        let lease = self.record(&cell, up_to);
        Some((cell, lease))
    }

    /// The lease that there is, and the cell that has it; `None` where nothing was ever taken.
    pub(super) fn held(&self) -> Option<(Arc<Cell>, Lease)> {
        let cell = self.current.load_full();
        let up_to = cell.leased().max(cell.taken());
        let lease = self.record(&cell, up_to);
        (up_to > 0).then_some((cell, lease))
    }

    /// Goes on where the lease says that it was.
    pub(super) fn recover(&self, lease: &Lease) {
        let cell = Cell::recovered(self.key.per.span(lease.start_s), lease.up_to);
        self.current.store(Arc::new(cell));
    }

    /// Of what counts as taken in the period that begins then, so much was not.
    pub(super) fn correct(&self, start_s: u64, unused: i64) {
        let cell = self.current.load();
        if cell.span.start_s == start_s {
            cell.correct(unused);
        }
    }

    /// So much more was taken by another process in the period that begins then; below zero, less.
    /// Nothing where that period is over here.
    pub(super) fn add(&self, start_s: u64, taken: i64) {
        if self.current.load().span.start_s < start_s {
            self.cell(start_s);
        }
        self.correct(start_s, taken.saturating_neg());
    }

    /// The period that is on, and what is taken in it.
    pub(super) fn taken(&self) -> (u64, u64) {
        let cell = self.current.load();
        (cell.span.start_s, cell.taken())
    }

    /// Ends it: nothing may be taken any more, and this is what has been.
    pub(super) fn close(&self) -> Lease {
        let cell = self.current.load_full();
        let up_to = cell.close();
        self.record(&cell, up_to)
    }

    /// Lets it go, where nobody uses it and its period is over: it tells nothing any more.
    pub(super) fn let_go(&self, second: u64) {
        let users = self.users.load(Ordering::Acquire);
        let is_unused = users as u32 == 0;
        if is_unused && self.current.load().span.end_s <= second {
            // Not where somebody has used it since: the number is another then.
            let _used_meanwhile =
                self.users.compare_exchange(users, GONE, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Whether it was let go.
    pub(super) fn is_gone(&self) -> bool {
        self.users.load(Ordering::Acquire) == GONE
    }

    fn record(&self, cell: &Cell, up_to: u64) -> Lease {
        Lease { key: self.key.clone(), start_s: cell.span.start_s, up_to }
    }

    #[cold]
    fn turn(&self, second: u64) -> Arc<Cell> {
        loop {
            let current = self.current.load_full();
            let Some(next) = self.successor(&current, second) else { return current };
            let next = Arc::new(next);
            let seen = self.current.compare_and_swap(&current, Arc::clone(&next));
            if Arc::ptr_eq(&seen, &current) {
                return next;
            }
        }
    }

    /// The cell that follows at that second; `None` while the current one goes on.
    ///
    /// A clock that steps back by no more than one period finds the newer one going on: it must not
    /// open a budget twice. One that steps back further was wrong before, and what was spent under
    /// the wrong date is spent now.
    fn successor(&self, current: &Cell, second: u64) -> Option<Cell> {
        let span = self.key.per.span(second);
        let is_kept = self.bell.is_some();
        if current.span.has(second) || span.end_s == current.span.start_s {
            None
        } else if span.start_s > current.span.start_s {
            Some(Cell::fresh(span, is_kept))
        } else {
            Some(Cell::carried(span, current.taken(), is_kept))
        }
    }
}
