//! The bound on what is in use of one upstream, and the bounded queue before it: for a place, and
//! for room at one of the endpoints.
//!
//! The usual case is one atomic step and no lock; only at a limit is anyone made to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The bound of one upstream, over all workers and across reloads.
#[derive(Debug, Default)]
pub struct Queue {
    in_use: AtomicU32,
    waiting: AtomicU32,
    /// Of those in use, the ones whose request is still on its way from the client.
    arriving: AtomicU32,
    in_use_max: AtomicU32,
    waiting_max: AtomicU32,
    freed: Notify,
}

/// Why no place was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueError {
    /// As many as may wait do so already.
    Full,
    /// There was no room in time.
    Timeout,
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub struct Place {
    queue: Arc<Queue>,
    /// Whether the next one in the queue is told when it is given back.
    is_told: bool,
}

/// Leave to hold a place while the request is still on its way; dropping it gives it back.
#[derive(Debug)]
pub struct Arriving {
    queue: Arc<Queue>,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.queue.arriving.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Queue {
    /// Leave for a request to take its place before all of it is there. No more than half of the
    /// places are given so: clients that are slow, or that mean to be, leave the other half to
    /// those who have said what they want. `room` is how much there is where other bounds than the
    /// queue's own hold.
    pub fn try_arrive(self: &Arc<Self>, room: Option<u32>) -> Option<Arriving> {
        let in_use_max = match self.in_use_max.load(Ordering::Relaxed) {
            0 => u32::MAX,
            in_use_max => in_use_max,
        };
        let arriving_max = in_use_max.min(room.unwrap_or(u32::MAX)).div_ceil(2);
        let take = |arriving| (arriving < arriving_max).then_some(arriving + 1);
        let taken = self.arriving.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        taken.ok().map(|_before| Arriving { queue: Arc::clone(self) })
    }

    /// Sets the bounds; 0 means none.
    pub fn set_limits(&self, in_use_max: u32, waiting_max: u32) {
        self.in_use_max.store(in_use_max, Ordering::Relaxed);
        self.waiting_max.store(waiting_max, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// Has everybody who waits look again: an endpoint may have room that had none.
    pub fn look_again(&self) {
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_waiters();
        }
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
        taken.ok().map(|_before| Place { queue: Arc::clone(self), is_told: true })
    }

    /// Takes a place and what `choose` gives to whoever has one, waiting at most as long as `limit`
    /// for both. Where `choose` gives nothing yet, it is asked again whenever a place is given back.
    ///
    /// # Errors
    /// [`QueueError`], or what `choose` fails with.
    pub async fn take_with<T, E: From<QueueError>>(
        self: &Arc<Self>,
        limit: Duration,
        mut choose: impl FnMut() -> Result<Option<T>, E>,
    ) -> Result<(Place, T), E> {
        let waiting_max = self.waiting_max.load(Ordering::Relaxed);
        let waiting = Waiting::begin(self);
        if waiting_max != 0 && waiting.ahead >= waiting_max {
            return Err(QueueError::Full.into());
        }
        let wait = async {
            loop {
                let freed = self.freed.notified();
                if let Some(place) = self.take_free() {
                    match choose() {
                        Ok(Some(chosen)) => return Ok((place, chosen)),
                        // Given back and nobody told: nothing was freed that others could use, and
                        // this one would be told of its own place without end.
                        Ok(None) => place.give_back_untold(),
                        Err(error) => return Err(error),
                    }
                }
                freed.await;
            }
        };
        match tokio::time::timeout(limit, wait).await {
            Ok(taken) => taken,
            Err(_elapsed) => Err(QueueError::Timeout.into()),
        }
    }
}

impl Place {
    fn give_back_untold(mut self) {
        self.is_told = false;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.in_use.fetch_sub(1, Ordering::AcqRel);
        if self.is_told && self.queue.waiting.load(Ordering::Acquire) > 0 {
            self.queue.freed.notify_one();
        }
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
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    async fn take(queue: &Arc<Queue>) -> Result<Place, QueueError> {
        queue.take_with(LIMIT, || Ok(Some(()))).await.map(|(place, ())| place)
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_bounded_and_waiting_is_too() {
        let queue = Arc::new(Queue::default());
        queue.set_limits(1, 1);
        let place = take(&queue).await.expect("the first place is free");
        let first = tokio::task::LocalSet::new();
        first
            .run_until(async {
                let waits = Arc::clone(&queue);
                let waiter = architrave_core::task::spawn_local(async move { take(&waits).await });
                tokio::task::yield_now().await;
                assert_eq!(take(&queue).await.map(drop), Err(QueueError::Full));
                drop(place);
                assert!(waiter.await.expect("the waiter ends").is_ok());
            })
            .await;
        let _held = queue.try_take().expect("all places are free again");
        assert_eq!(take(&queue).await.map(drop), Err(QueueError::Timeout));
        assert!(queue.try_take().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_room_looks_again_when_told_to() {
        let queue = Arc::new(Queue::default());
        queue.set_limits(2, 2);
        let room = Rc::new(Cell::new(false));
        tokio::task::LocalSet::new()
            .run_until(async {
                let (waits, sees) = (Arc::clone(&queue), Rc::clone(&room));
                let waiter = architrave_core::task::spawn_local(async move {
                    let choose = || Ok::<_, QueueError>(sees.get().then_some(()));
                    waits.take_with(LIMIT, choose).await.map(|(place, ())| place)
                });
                tokio::task::yield_now().await;
                room.set(true);
                let before = tokio::time::Instant::now();
                queue.look_again();
                assert!(waiter.await.expect("it ends").is_ok());
                assert_eq!(before.elapsed(), Duration::ZERO, "nobody had to give a place back");
            })
            .await;
    }

    #[test]
    fn half_of_the_places_are_for_requests_that_are_there() {
        let queue = Arc::new(Queue::default());
        queue.set_limits(5, 0);
        let mut arriving: Vec<_> = (0..3).map_while(|_| queue.try_arrive(None)).collect();
        assert_eq!((arriving.len(), queue.try_arrive(None).is_none()), (3, true));
        arriving.pop();
        assert!(queue.try_arrive(None).is_some());
        assert!(queue.try_arrive(Some(4)).is_none(), "four in all, and two have taken half of it");
        queue.set_limits(1, 0);
        drop(arriving);
        let alone = queue.try_arrive(None);
        assert!(alone.is_some() && queue.try_arrive(None).is_none(), "one place is half of one");
        queue.set_limits(0, 0);
        assert!(queue.try_arrive(None).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_is_told_of_each_place_given_back_and_holds_none() {
        let queue = Arc::new(Queue::default());
        queue.set_limits(3, 2);
        let inside = [queue.try_take(), queue.try_take()];
        let (room, asked) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        tokio::task::LocalSet::new()
            .run_until(async {
                let wait = || {
                    let (queue, room, asked) = (Arc::clone(&queue), room.clone(), asked.clone());
                    architrave_core::task::spawn_local(async move {
                        let choose = || {
                            asked.set(asked.get() + 1);
                            let has_room = room.get() > 0;
                            room.set(room.get() - u32::from(has_room));
                            Ok::<_, QueueError>(has_room.then_some(()))
                        };
                        queue.take_with(LIMIT, choose).await.map(|(place, ())| place)
                    })
                };
                let (one, other) = (wait(), wait());
                tokio::task::yield_now().await;
                assert_eq!(asked.get(), 2, "each looked once, and neither goes round and round");
                assert_eq!(queue.in_use.load(Ordering::Relaxed), 2);
                room.set(2);
                drop(inside);
                let taken = (one.await.expect("it ends"), other.await.expect("it ends"));
                assert!(matches!(taken, (Ok(_), Ok(_))), "{taken:?}");
                assert_eq!(wait().await.expect("it ends").map(drop), Err(QueueError::Timeout));
            })
            .await;
        assert_eq!(queue.in_use.load(Ordering::Relaxed), 0);
    }
}
