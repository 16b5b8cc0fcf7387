//! Work that would hold a worker up for milliseconds, done on a few threads beside the workers:
//! large bodies put into another dialect. Bounded in threads and in what may wait.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Threads: large bodies are seldom, and workers come first.
const THREADS: usize = 2;
/// Pieces of work that may wait; each holds a body.
const WAITING_MAX: usize = 64;

type Work = Box<dyn FnOnce() + Send>;

/// The threads beside the workers. They end when it is dropped.
#[derive(Debug)]
pub struct Offload {
    queue: SyncSender<Work>,
}

/// Why a piece of work was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDone {
    /// Too much waits already.
    #[error("too many large requests wait")]
    Full,
    /// It went wrong on the way.
    #[error("the work went wrong")]
    Failed,
}

impl Offload {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start() -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..THREADS {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name(format!("offload-{number}"));
            thread.spawn(move || work_off(&waiting))?;
        }
        Ok(Self { queue })
    }

    /// Does `work` elsewhere.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let (done, result) = oneshot::channel();
        let work: Work = Box::new(move || {
            // Whoever asked may have gone away meanwhile.
            let _nobody_waits = done.send(work());
        });
        match self.queue.try_send(work) {
            Ok(()) => result.await.map_err(|_panicked| NotDone::Failed),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(NotDone::Full),
        }
    }
}

fn work_off(waiting: &Mutex<Receiver<Work>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // A panic costs this piece of work alone; the hook has told of it.
        let _heard_by_the_hook = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_elsewhere_and_a_panic_costs_itself_alone() {
        let offload = Offload::start().unwrap();
        let here = std::thread::current().id();
        let there = offload.run(move || std::thread::current().id()).await;
        assert!(there.is_ok_and(|there| there != here));
        for _ in 0..2 * THREADS {
            let panicked = offload.run(|| std::panic::resume_unwind(Box::new("wrong"))).await;
            assert_eq!(panicked, Err::<(), _>(NotDone::Failed));
        }
        assert_eq!(offload.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn what_waits_is_bounded() {
        let offload = Offload::start().unwrap();
        let gate = Arc::new(std::sync::Barrier::new(THREADS + 1));
        let mut held = Vec::new();
        for _ in 0..THREADS {
            let gate = Arc::clone(&gate);
            let mut work = Box::pin(offload.run(move || gate.wait().is_leader()));
            assert!(futures_util::poll!(&mut work).is_pending());
            held.push(work);
        }
        let mut outcomes = Vec::new();
        while outcomes.len() <= WAITING_MAX + THREADS {
            let mut work = Box::pin(offload.run(|| true));
            if let std::task::Poll::Ready(outcome) = futures_util::poll!(&mut work) {
                assert_eq!(outcome, Err(NotDone::Full));
                break;
            }
            outcomes.push(work);
        }
        // The threads may not have taken up yet what holds them.
        let waiting = WAITING_MAX - THREADS..=WAITING_MAX + THREADS;
        assert!(waiting.contains(&outcomes.len()), "{}", outcomes.len());
        gate.wait();
        for work in outcomes {
            assert_eq!(work.await, Ok(true));
        }
    }
}
