//! One time limit at a time, for a task that waits again and again.
//!
//! A timer of the runtime costs a turn of its wheel each time it is set. Nearly every wait here
//! ends long before its limit, so the wheel is left alone: the deadline moves, the runtime's timer
//! stays where it was, and when it fires too early it is set again.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// The time limit ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time limit reached")]
pub struct Elapsed;

/// A time limit that is moved often and reached seldom.
#[derive(Debug, Default)]
pub struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Who is woken when `sleep` fires, while it has not.
    armed: Option<Waker>,
    limit: Duration,
    since: Option<Instant>,
}

impl Timer {
    /// A timer with no limit set.
    #[must_use]
    pub const fn new() -> Self {
        Self { sleep: None, armed: None, limit: Duration::ZERO, since: None }
    }

    /// Starts a new limit from now on (the clock is read when the wait begins, not here).
    pub fn start(&mut self, limit: Duration) {
        self.limit = limit;
        self.since = None;
    }

    /// Says that there was progress: the limit counts from the next wait.
    pub fn restart(&mut self) {
        self.since = None;
    }

    /// To be called when the task is about to wait; ready when the limit has passed.
    pub fn poll_elapsed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (deadline, now) = match self.since {
            Some(since) => (since + self.limit, None),
            None => {
                let now = Instant::now();
                self.since = Some(now);
                (now + self.limit, Some(now))
            }
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
            self.armed = None;
        }
        // The same task waits again, and the runtime's timer is still to come: it knows whom to
        // wake.
        let is_to_come = now.is_some_and(|now| now < sleep.deadline());
        let is_armed = self.armed.as_ref().is_some_and(|armed| armed.will_wake(context.waker()));
        if is_to_come && is_armed {
            return Poll::Pending;
        }
        // Out of turn: a timer that says "later" because the task has used its turn up is not armed.
        while pin!(unconstrained(sleep.as_mut())).poll(context).is_ready() {
            self.armed = None;
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        if !is_armed {
            self.armed = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Runs `work` under a fresh limit.
    ///
    /// # Errors
    /// [`Elapsed`] when the limit passed first; `work` is dropped then.
    pub async fn within<T>(
        &mut self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Elapsed> {
        self.start(limit);
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            self.poll_elapsed(context).map(|()| Err(Elapsed))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_holds_where_the_task_has_used_its_turn_up() {
        let mut timer = Timer::new();
        timer.start(Duration::from_secs(1));
        std::future::poll_fn(|context| {
            while tokio::task::coop::has_budget_remaining() {
                let _spent = pin!(tokio::task::coop::consume_budget()).poll(context);
            }
            assert!(timer.poll_elapsed(context).is_pending());
            timer.restart();
            assert!(timer.poll_elapsed(context).is_pending());
            Poll::Ready(())
        })
        .await;
        let before = Instant::now();
        let elapsed = std::future::poll_fn(|context| timer.poll_elapsed(context));
        let outer = tokio::time::timeout(Duration::from_secs(60), elapsed).await;
        assert!(outer.is_ok());
        assert_eq!(before.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_moved_is_kept_to() {
        let mut timer = Timer::new();
        let long =
            timer.within(Duration::from_secs(60), tokio::time::sleep(Duration::from_secs(50)));
        assert_eq!(long.await, Ok(()));
        let before = Instant::now();
        let short = timer.within(Duration::from_secs(1), std::future::pending::<()>());
        assert_eq!(short.await, Err(Elapsed));
        assert_eq!(before.elapsed().as_secs(), 1);
        let again = timer.within(Duration::from_secs(30), std::future::pending::<()>());
        assert_eq!(again.await, Err(Elapsed));
        assert_eq!(before.elapsed().as_secs(), 31);
    }
}
