//! How late a worker comes to what is ready: the one figure that says for how long everything on
//! it stood still. Sampled by a timer of the system's, which knows no rounding to milliseconds as
//! the runtime's do; no request pays for it.

use std::io;
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
    loop {
        let every = if worker.has_connections() { BUSY_EVERY } else { IDLE_EVERY };
        let due = worker.now() + every;
        metrics.due(worker.index(), due);
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once(every))?;
        expired(&timer).await?;
        metrics.came(worker.index(), due, worker.now());
    }
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
