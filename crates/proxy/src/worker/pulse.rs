//! How late a worker comes to what is ready: the one figure that says for how long everything on
//! it stood still. Sampled by a timer of the system's, which knows no rounding to milliseconds as
//! the runtime's do; no request pays for it. Time in which others had the processor is told apart,
//! as nothing in here can help that.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::rc::Rc;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::net::unix::pipe::Receiver;

use crate::worker::Worker;

/// Between two samples while there are connections: a stop that comes with every reload is met
/// within a few of them, and 200 samples a second cost a worker a thousandth of its core.
const BUSY_EVERY: Duration = Duration::from_millis(5);

/// Between two samples while there are none: nobody is held up, and an idle machine may sleep.
const IDLE_EVERY: Duration = Duration::from_millis(100);

/// Samples for as long as it is polled.
///
/// # Errors
/// When the system gives no timer.
pub(super) async fn beat(worker: Rc<Worker>) -> io::Result<()> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    // A timer is read like a pipe, and this is how the runtime takes what is read like one.
    let timer =
        Receiver::from_owned_fd_unchecked(timerfd_create(TimerfdClockId::Monotonic, flags)?)?;
    let metrics = worker.gateway().metrics.workers();
    let queue = RunQueue::of_this_thread();
    loop {
        let every = if worker.has_connections() { BUSY_EVERY } else { IDLE_EVERY };
        let due = worker.now() + every;
        metrics.due(worker.index(), due);
        let waited = queue.waited();
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once(every))?;
        expired(&timer).await?;
        let waited = queue.waited().saturating_sub(waited);
        metrics.came(worker.index(), worker.now().since(due), waited);
    }
}

/// Where the system says how long a thread was ready to run while others ran.
struct RunQueue(Option<File>);

impl RunQueue {
    /// To be called on the thread that it is about. Where the system does not say, it is as if the
    /// thread had never waited.
    fn of_this_thread() -> Self {
        Self(File::open("/proc/thread-self/schedstat").ok())
    }

    /// So long until now.
    fn waited(&self) -> Duration {
        let mut text = [0; 96];
        let read = self.0.as_ref().and_then(|file| file.read_at(&mut text, 0).ok());
        Duration::from_nanos(waited_nanos(&text[..read.unwrap_or(0)]).unwrap_or(0))
    }
}

/// The second number of `schedstat`; the first is the time spent running.
fn waited_nanos(schedstat: &[u8]) -> Option<u64> {
    std::str::from_utf8(schedstat).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

async fn expired(timer: &Receiver) -> io::Result<()> {
    // Eight bytes say how often it expired; one more byte of room, and the runtime sees that there
    // is nothing behind them.
    let mut count = [0; 9];
    loop {
        timer.readable().await?;
        match timer.try_read(&mut count) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read.map(drop),
        }
    }
}

/// One expiry after `span`, which is less than a second.
fn once(span: Duration) -> Itimerspec {
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    Itimerspec {
        it_interval: never,
        it_value: Timespec { tv_sec: 0, tv_nsec: span.subsec_nanos().into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_waited_is_found() {
        assert_eq!(waited_nanos(b"1776135 5986373 10\n"), Some(5_986_373));
        assert_eq!(waited_nanos(b""), None);
        let queue = RunQueue::of_this_thread();
        let before = queue.waited();
        std::thread::yield_now();
        assert!(queue.waited() >= before);
    }
}
