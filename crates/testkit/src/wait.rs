//! Waiting for a condition with a deadline, the only kind of waiting that tests do.
//!
//! Not a sleep: the short pause between two looks decides nothing, the condition does.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use architrave_core::{Clock, Moment};

/// How long anything that should happen at once may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(15);

/// Whole seconds since 1970, for what a provider tells with a date.
///
/// # Panics
/// When the machine's clock stands before that.
#[must_use]
pub fn unix_seconds() -> u64 {
    let since = Clock::system().wall().duration_since(UNIX_EPOCH);
    since.expect("the clock stands after 1970").as_secs()
}

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks at `probe` until it gives something.
///
/// # Panics
/// When that takes longer than `within`, naming `what`.
#[track_caller]
pub fn eventually<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let watch = Stopwatch::start();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(watch.elapsed() < within, "waited {within:?} in vain for: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Looks at `figure` until it has stayed the same for the whole of `span`, and gives it.
///
/// # Panics
/// When that takes longer than [`SOON`], naming `what`.
#[track_caller]
pub fn settled<T: Copy + PartialEq>(what: &str, span: Duration, figure: impl Fn() -> T) -> T {
    let (mut last, mut since) = (figure(), Stopwatch::start());
    eventually(what, SOON, || {
        let now = figure();
        if now != last {
            (last, since) = (now, Stopwatch::start());
        }
        (since.elapsed() >= span).then_some(now)
    })
}

/// Looks at `claim` for the whole of `span` and wants it to hold every time.
///
/// # Panics
/// As soon as it does not hold, naming `what`.
#[track_caller]
pub fn throughout(what: &str, span: Duration, mut claim: impl FnMut() -> bool) {
    let watch = Stopwatch::start();
    while watch.elapsed() < span {
        assert!(claim(), "did not hold after {:?}: {what}", watch.elapsed());
        std::thread::sleep(PAUSE);
    }
}

/// Real time since a start.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Clock,
    start: Moment,
}

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    pub fn start() -> Self {
        let clock = Clock::system();
        let start = clock.now();
        Self { clock, start }
    }

    /// How long ago the start was.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.now().since(self.start)
    }
}

/// A gate that threads wait at until a test opens it. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is open, for a minute at most, so that a failed test still ends.
    pub fn pass(&self) {
        let guard = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.0.1.wait_timeout_while(guard, Duration::from_secs(60), |open| !*open);
        drop(wait);
    }
}
