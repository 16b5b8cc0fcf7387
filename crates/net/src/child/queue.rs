//! A queue with bounds on both how many wait in it and how large they are together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// More that wait are no help to anybody: the pipe behind has room as well.
const WAITING_MAX: usize = 16;

/// Nobody takes any more.
#[derive(Debug)]
pub(super) struct Closed;

/// Puts into a queue.
#[derive(Debug)]
pub(super) struct Giver<T> {
    sender: mpsc::Sender<(T, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    bytes_max: u32,
}

impl<T> Clone for Giver<T> {
    fn clone(&self) -> Self {
        let (sender, room) = (self.sender.clone(), Arc::clone(&self.room));
        Self { sender, room, bytes_max: self.bytes_max }
    }
}

/// Takes out of a queue.
#[derive(Debug)]
pub(super) struct Taker<T>(mpsc::Receiver<(T, OwnedSemaphorePermit)>);

/// A queue in which as many bytes wait at most.
pub(super) fn queue<T>(bytes_max: usize) -> (Giver<T>, Taker<T>) {
    let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX).clamp(1, 1 << 28);
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let room = Arc::new(Semaphore::new(bytes_max as usize));
    (Giver { sender, room, bytes_max }, Taker(receiver))
}

impl<T> Giver<T> {
    /// Puts something in that is as large; waits for room.
    pub(super) async fn give(&self, item: T, bytes: usize) -> Result<(), Closed> {
        // One that is larger than all the room there is takes all of it.
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.bytes_max);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes);
        let room = tokio::select! {
            room = room => room.map_err(|_| Closed)?,
            () = self.sender.closed() => return Err(Closed),
        };
        self.sender.send((item, room)).await.map_err(|_| Closed)
    }
}

impl<T> Taker<T> {
    /// What is in it for the longest; `None` when nobody puts in any more.
    pub(super) async fn take(&mut self) -> Option<T> {
        self.0.recv().await.map(|(item, _room)| item)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_ready<T>(work: impl Future<Output = T>) -> bool {
        pin!(work).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn what_is_too_much_waits() {
        let (giver, mut taker) = queue(100);
        giver.give("a", 60).await.unwrap();
        assert!(!is_ready(giver.give("b", 60)), "too large together");
        giver.give("c", 40).await.unwrap();
        assert_eq!(taker.take().await, Some("a"));
        giver.give("d", 60).await.unwrap();
        for _ in 2..WAITING_MAX {
            giver.give("e", 0).await.unwrap();
        }
        assert!(!is_ready(giver.give("f", 0)), "too many");
        drop(taker);
        assert!(giver.give("g", 100).await.is_err());
        let (giver, mut taker) = queue(100);
        giver.give("larger than all", 1000).await.unwrap();
        drop(giver);
        assert_eq!(taker.take().await, Some("larger than all"));
        assert_eq!(taker.take().await, None);
    }
}
