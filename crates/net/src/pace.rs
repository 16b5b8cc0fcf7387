//! How slowly a body may come: so long between two pieces of it, and so many bytes a second on the
//! whole.
//!
//! Only the time counts in which its sender was waited for. Where it is we who do not read, because
//! whoever takes the body is slow, nobody is blamed; and a body that is there when it is asked for
//! costs no look at the clock.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::timer::Timer;
use crate::wire_error::WireError;

/// Bounds on how slowly a body may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceLimits {
    /// Between two pieces of it.
    pub stall: Duration,
    /// Bytes a second on the whole, at least; 0: no such bound.
    pub bytes_per_second_min: u64,
    /// How long it may be waited for beyond what that bound grants it.
    pub grace: Duration,
}

/// The patience of a reader with whoever sends.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    timer: Timer,
    /// Made for the first body with a least rate, and kept for those that follow it.
    pace: Option<Box<Pace>>,
}

#[derive(Debug)]
struct Pace {
    limits: PaceLimits,
    /// How long the sender was waited for.
    waited: Duration,
    /// Since when it is waited for now.
    since: Option<Instant>,
    bytes: u64,
    /// Whether it is the rate that ends the wait, and not the stall.
    is_nearer: bool,
}

impl Patience {
    /// Patience without a limit.
    pub(crate) const fn new() -> Self {
        Self { timer: Timer::new(), pace: None }
    }

    /// The timer, for waits that are for no body.
    pub(crate) fn timer(&mut self) -> &mut Timer {
        &mut self.timer
    }

    /// Starts the limit between two pieces, and no other.
    pub(crate) fn limit_stall(&mut self, limit: Duration) {
        self.timer.start(limit);
        if let Some(pace) = &mut self.pace {
            pace.limits.bytes_per_second_min = 0;
        }
    }

    /// Starts the limits of a body of which nothing has been waited for.
    pub(crate) fn limit_pace(&mut self, limits: PaceLimits) {
        self.timer.start(limits.stall);
        let begun = Pace::begin(limits);
        match &mut self.pace {
            Some(pace) => **pace = begun,
            None if limits.bytes_per_second_min > 0 => self.pace = Some(Box::new(begun)),
            None => {}
        }
    }

    /// So many bytes have come.
    pub(crate) fn moved(&mut self, count: usize) {
        match self.pace.as_deref_mut().filter(|pace| pace.limits.bytes_per_second_min > 0) {
            Some(pace) => {
                self.timer.start(pace.limits.stall);
                pace.moved(count);
            }
            None => self.timer.restart(),
        }
    }

    /// To be called when the body is about to be waited for; ready when it is too late. Where the
    /// sender `is_held_up` by us, its rate is not looked at.
    pub(crate) fn poll_late(
        &mut self,
        context: &mut Context<'_>,
        is_held_up: bool,
    ) -> Poll<WireError> {
        let pace = self.pace.as_deref_mut().filter(|pace| pace.limits.bytes_per_second_min > 0);
        let Some(pace) = pace else {
            return self.timer.poll_elapsed(context).map(|()| WireError::Stalled);
        };
        if pace.since.is_none() && !is_held_up {
            pace.since = Some(Instant::now());
            let left = pace.granted().saturating_sub(pace.waited);
            pace.is_nearer = left < pace.limits.stall;
            self.timer.start(left.min(pace.limits.stall));
        }
        ready!(self.timer.poll_elapsed(context));
        let is_slow = pace.since.is_some() && pace.is_nearer;
        Poll::Ready(if is_slow { WireError::TooSlow } else { WireError::Stalled })
    }
}

impl Pace {
    const fn begin(limits: PaceLimits) -> Self {
        Self { limits, waited: Duration::ZERO, since: None, bytes: 0, is_nearer: false }
    }

    fn moved(&mut self, count: usize) {
        self.bytes = self.bytes.saturating_add(count as u64);
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
    }

    /// How long the bytes that came may have been waited for.
    fn granted(&self) -> Duration {
        let millis = self.bytes.saturating_mul(1000) / self.limits.bytes_per_second_min.max(1);
        self.limits.grace.saturating_add(Duration::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{advance, sleep};

    use super::*;

    const LIMITS: PaceLimits = PaceLimits {
        stall: Duration::from_secs(30),
        bytes_per_second_min: 100,
        grace: Duration::from_secs(5),
    };

    /// Waits as long as `patience` lasts, and for no longer than `span`.
    async fn wait(patience: &mut Patience, span: Duration) -> Option<WireError> {
        let late = poll_fn(|context| patience.poll_late(context, false));
        tokio::select! {
            biased;
            error = late => Some(error),
            () = sleep(span) => None,
        }
    }

    /// How many seconds a sender is borne with that sends `count` bytes after every `span`.
    async fn borne(limits: PaceLimits, count: usize, span: Duration) -> (u64, Option<WireError>) {
        let mut patience = Patience::new();
        patience.limit_pace(limits);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(600) {
            if let Some(error) = wait(&mut patience, span).await {
                return (began.elapsed().as_secs(), Some(error));
            }
            patience.moved(count);
        }
        (600, None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_too_slow() {
        let (seconds, error) = borne(LIMITS, 1, Duration::from_secs(1)).await;
        assert!(matches!(error, Some(WireError::TooSlow)), "{error:?}");
        assert_eq!(seconds, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn half_the_rate_is_borne_for_twice_the_grace() {
        let (seconds, error) = borne(LIMITS, 50, Duration::from_secs(1)).await;
        assert!(matches!(error, Some(WireError::TooSlow)), "{error:?}");
        assert!((9..=10).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_rate_is_enough_for_ever() {
        for (count, span) in [(100, 1), (400, 4), (2000, 20)] {
            let limits = PaceLimits { grace: Duration::from_secs(span + 1), ..LIMITS };
            let (seconds, error) = borne(limits, count, Duration::from_secs(span)).await;
            assert!(error.is_none(), "{count} bytes in {span} s: {error:?} after {seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_stall_whatever_came_before() {
        let mut patience = Patience::new();
        patience.limit_pace(LIMITS);
        patience.moved(1 << 20);
        let began = Instant::now();
        let error = wait(&mut patience, Duration::from_secs(60)).await;
        assert!(matches!(error, Some(WireError::Stalled)), "{error:?}");
        assert_eq!(began.elapsed(), LIMITS.stall);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_waits_is_nobodys_fault() {
        let mut patience = Patience::new();
        patience.limit_pace(LIMITS);
        for _ in 0..100 {
            assert!(wait(&mut patience, Duration::from_millis(40)).await.is_none());
            patience.moved(1);
            // Whoever takes the body is slow.
            advance(Duration::from_secs(20)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_is_held_up_has_the_time_of_a_stall() {
        let mut patience = Patience::new();
        patience.limit_pace(LIMITS);
        assert!(wait(&mut patience, Duration::from_secs(1)).await.is_none());
        patience.moved(1);
        let began = Instant::now();
        let error = poll_fn(|context| patience.poll_late(context, true)).await;
        assert!(matches!(error, WireError::Stalled), "{error:?}");
        assert_eq!(began.elapsed(), LIMITS.stall);
    }

    #[tokio::test(start_paused = true)]
    async fn a_next_body_begins_anew_and_one_without_a_rate_has_none() {
        let mut patience = Patience::new();
        patience.limit_pace(LIMITS);
        assert!(wait(&mut patience, Duration::from_secs(4)).await.is_none());
        patience.limit_pace(LIMITS);
        assert!(wait(&mut patience, Duration::from_secs(4)).await.is_none());
        patience.limit_stall(LIMITS.stall);
        assert!(wait(&mut patience, Duration::from_secs(29)).await.is_none());
        let none = PaceLimits { bytes_per_second_min: 0, ..LIMITS };
        assert_eq!(borne(none, 1, Duration::from_secs(29)).await.0, 600);
    }
}
