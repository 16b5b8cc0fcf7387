//! What the endpoints of one upstream share: the rules their health is judged by, the census,
//! and the counters that every worker moves.
//!
//! It outlives reloads: a new [`Upstream`](crate::Upstream) takes over the cohort of the one it
//! replaces, so the turns go on, and attempts that began before are still counted.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use architrave_config as config;

use crate::census::Census;

/// Who hears of new views.
struct Told(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Told")
    }
}

/// The shared part of an upstream's endpoints.
#[derive(Debug)]
pub(crate) struct Cohort {
    census: Mutex<Census>,
    rules: ArcSwap<config::Health>,
    changed: AtomicBool,
    told: OnceLock<Told>,
    /// Whose turn it is: the one cursor of all workers.
    pub(crate) cursor: AtomicU64,
    /// Attempts in flight at all endpoints together.
    pub(crate) in_flight: AtomicU32,
    /// Retries in flight.
    pub(crate) retries: AtomicU32,
}

impl Cohort {
    pub(crate) fn new(rules: config::Health) -> Self {
        Self {
            census: Mutex::default(),
            rules: ArcSwap::from_pointee(rules),
            changed: AtomicBool::new(false),
            told: OnceLock::new(),
            cursor: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            retries: AtomicU32::new(0),
        }
    }

    /// The census, locked: held for a few instructions, by whoever changes a standing.
    pub(crate) fn census(&self) -> MutexGuard<'_, Census> {
        lock(&self.census)
    }

    /// The rules that health is judged by.
    pub(crate) fn rules(&self) -> arc_swap::Guard<std::sync::Arc<config::Health>> {
        self.rules.load()
    }

    pub(crate) fn set_rules(&self, rules: config::Health) {
        self.rules.store(std::sync::Arc::new(rules));
    }

    /// Has `told` called whenever there is a new view; the first caller decides.
    pub(crate) fn tell(&self, told: impl Fn() + Send + Sync + 'static) {
        self.told.get_or_init(|| Told(Box::new(told)));
    }

    /// Says that there is a new view.
    pub(crate) fn laid_out(&self) {
        if let Some(Told(told)) = self.told.get() {
            told();
        }
    }

    /// Says that the view no longer shows how things are.
    pub(crate) fn mark_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Whether anything changed since this was last asked.
    pub(crate) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }
}

/// Locks; what a panicking thread left behind is still whole, as every guarded change is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
