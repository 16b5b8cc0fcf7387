//! The bound on connections in use of one upstream, and the bounded queue before it.
//!
//! The usual case is one atomic step and no lock; only at the limit is anyone made to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The bound of one upstream, over all workers and across reloads.
#[derive(Debug, Default)]
pub struct Queue {
    in_use: AtomicU32,
    waiting: AtomicU32,
    in_use_max: AtomicU32,
    waiting_max: AtomicU32,
    freed: Notify,
}

/// Why no place was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueError {
    /// As many as may wait do so already.
    Full,
    /// None was free in time.
    Timeout,
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub struct Place(Arc<Queue>);

impl Queue {
    /// Sets the bounds; 0 means none.
    pub fn set_limits(&self, in_use_max: u32, waiting_max: u32) {
        self.in_use_max.store(in_use_max, Ordering::Relaxed);
        self.waiting_max.store(waiting_max, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// Takes a place if one is free and nobody waits for it.
    pub fn try_take(self: &Arc<Self>) -> Option<Place> {
        if self.waiting.load(Ordering::Acquire) > 0 {
            return None;
        }
        self.take_free()
    }

    fn take_free(self: &Arc<Self>) -> Option<Place> {
        let in_use_max = self.in_use_max.load(Ordering::Relaxed);
        let take = |in_use| (in_use_max == 0 || in_use < in_use_max).then_some(in_use + 1);
        let taken = self.in_use.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        taken.ok().map(|_before| Place(Arc::clone(self)))
    }

    fn give_back(&self) {
        self.in_use.fetch_sub(1, Ordering::AcqRel);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_one();
        }
    }

    /// Takes a place, waiting for one at most as long as `limit`.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn take(self: &Arc<Self>, limit: Duration) -> Result<Place, QueueError> {
        if let Some(place) = self.try_take() {
            return Ok(place);
        }
        let waiting_max = self.waiting_max.load(Ordering::Relaxed);
        let waiting = Waiting::begin(self);
        if waiting_max != 0 && waiting.ahead >= waiting_max {
            return Err(QueueError::Full);
        }
        let wait = async {
            loop {
                let freed = self.freed.notified();
                if let Some(place) = self.take_free() {
                    return place;
                }
                freed.await;
            }
        };
        tokio::time::timeout(limit, wait).await.map_err(|_elapsed| QueueError::Timeout)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Counts one that waits, for as long as it does.
struct Waiting<'a> {
    queue: &'a Queue,
    ahead: u32,
}

impl<'a> Waiting<'a> {
    fn begin(queue: &'a Queue) -> Self {
        Self { queue, ahead: queue.waiting.fetch_add(1, Ordering::AcqRel) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.waiting.fetch_sub(1, Ordering::AcqRel);
        // One that gives up may have been the one that was just told of a free place.
        self.queue.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_are_bounded_and_waiting_is_too() {
        let queue = Arc::new(Queue::default());
        queue.set_limits(1, 1);
        let limit = Duration::from_secs(2);
        let place = queue.take(limit).await.expect("the first place is free");
        let first = tokio::task::LocalSet::new();
        first
            .run_until(async {
                let waits = Arc::clone(&queue);
                let waiter =
                    architrave_core::task::spawn_local(async move { waits.take(limit).await });
                tokio::task::yield_now().await;
                assert_eq!(queue.take(limit).await.map(drop), Err(QueueError::Full));
                drop(place);
                assert!(waiter.await.expect("the waiter ends").is_ok());
            })
            .await;
        let _held = queue.try_take().expect("all places are free again");
        assert_eq!(queue.take(limit).await.map(drop), Err(QueueError::Timeout));
        assert!(queue.try_take().is_none());
    }
}
