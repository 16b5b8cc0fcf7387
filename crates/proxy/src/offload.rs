//! Work that would hold a worker up for milliseconds, done on a few threads beside the workers:
//! large bodies put into another dialect. Bounded in threads, in what may wait and in how long.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Threads: large bodies are seldom, and workers come first.
const THREADS: usize = 2;
/// Pieces of work that may be in the queue.
const WAITING_MAX: usize = 64;
/// Requests that may wait for a place in it; each holds a body.
const ASKING_MAX: usize = 1_024;
/// How long a request waits for a place: a body of a megabyte takes some ten milliseconds of a
/// thread, and who asks a model has more time than a burst of them takes.
const PATIENCE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

/// The threads beside the workers. They end when it is dropped.
#[derive(Debug)]
pub struct Offload {
    queue: SyncSender<Work>,
    /// A place in the queue for each piece of work that has not begun.
    places: Arc<Semaphore>,
    /// One for each request that waits for such a place.
    asking: Semaphore,
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
        let places = Arc::new(Semaphore::new(WAITING_MAX));
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..THREADS {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name(format!("offload-{number}"));
            thread.spawn(move || work_off(&waiting))?;
        }
        Ok(Self { queue, places, asking: Semaphore::new(ASKING_MAX) })
    }

    /// Does `work` elsewhere, as soon as there is a place for it, within [`PATIENCE`].
    ///
    /// # Errors
    /// [`NotDone`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let place = self.place().await.ok_or(NotDone::Full)?;
        let (done, result) = oneshot::channel();
        let work: Work = Box::new(move || {
            drop(place);
            // Whoever asked may have gone away meanwhile.
            let _nobody_waits = done.send(work());
        });
        // There are as many places as the queue has.
        self.queue.try_send(work).map_err(|_no_place| NotDone::Full)?;
        result.await.map_err(|_panicked| NotDone::Failed)
    }

    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let _asking = self.asking.try_acquire().ok()?;
        let place = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(PATIENCE, place).await.ok()?.ok()
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

    /// With all threads held until the gate is passed, asks so often; the outcomes that are known
    /// after `wait`, and what comes of the others once the threads go on.
    async fn ask(times: usize, wait: Duration) -> (Vec<Result<bool, NotDone>>, usize) {
        let offload = Offload::start().unwrap();
        let gate = Arc::new(std::sync::Barrier::new(THREADS + 1));
        let mut all = Vec::new();
        for _ in 0..THREADS {
            let gate = Arc::clone(&gate);
            all.push(offload.run(Box::new(move || {
                gate.wait();
                true
            }) as Test));
        }
        all.extend((0..times).map(|_| offload.run(Box::new(|| true) as Test)));
        // Polled by hand, one after the other, they would use up what one task may do at a time.
        let mut all: Vec<_> =
            all.into_iter().map(|work| Box::pin(tokio::task::unconstrained(work))).collect();
        let mut known = Vec::new();
        for pass in [Duration::ZERO, wait] {
            tokio::time::advance(pass).await;
            let mut left = Vec::new();
            for mut work in all {
                match futures_util::poll!(&mut work) {
                    std::task::Poll::Ready(outcome) => known.push(outcome),
                    std::task::Poll::Pending => left.push(work),
                }
            }
            all = left;
        }
        // Or the clock would leap to the end of their patience while the threads work.
        tokio::time::resume();
        gate.wait();
        let rest = futures_util::future::join_all(all).await;
        assert!(rest.iter().all(|done| *done == Ok(true)), "who has a place is served");
        (known, rest.len())
    }

    type Test = Box<dyn FnOnce() -> bool + Send>;

    /// The threads may not have taken up yet what holds them.
    const IN_QUEUE: std::ops::RangeInclusive<usize> = WAITING_MAX..=WAITING_MAX + THREADS;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_for_one() {
        let (known, served) = ask(WAITING_MAX + 10, PATIENCE / 2).await;
        assert_eq!((known.len(), served), (0, WAITING_MAX + 10 + THREADS));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_place_for_ever() {
        let (known, served) = ask(WAITING_MAX + 10, PATIENCE).await;
        assert!(known.iter().all(|outcome| *outcome == Err(NotDone::Full)));
        assert!(IN_QUEUE.contains(&served), "{served}");
    }

    #[tokio::test(start_paused = true)]
    async fn how_many_wait_for_a_place_is_bounded() {
        let (known, served) = ask(WAITING_MAX + ASKING_MAX + 10, Duration::ZERO).await;
        assert!(known.iter().all(|outcome| *outcome == Err(NotDone::Full)));
        assert!((10 - THREADS..=10 + THREADS).contains(&known.len()), "{}", known.len());
        assert_eq!(known.len() + served, WAITING_MAX + ASKING_MAX + 10 + THREADS);
    }
}
