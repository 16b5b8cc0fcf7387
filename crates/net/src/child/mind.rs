//! Who minds a child as long as it lives: carries lines to and from it, and ends it when nobody
//! wants it, it has nothing to say, or it is too old.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use architrave_core::task;
use bytes::Bytes;
use tokio::net::unix::pipe;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::lines::{Heard, Lines};
use super::link::{Started, Watched};
use super::queue::{Giver, Taker, queue};
use super::{Cause, Child, ChildEnd, ChildLimits, Ending, Program, Teller, says};

/// Bytes asked for in one read.
const READ_BYTES: usize = 16 << 10;

/// How long what a child has said before its end may wait for somebody to take it.
const LEFT_BEHIND: Duration = Duration::from_secs(10);

/// How long the supervisor may take to end a child, beyond what was granted.
const END_SLACK: Duration = Duration::from_secs(10);

/// Begins to mind a child. `ended` is called once it has ended, with how long it has lived.
pub(super) async fn mind(
    started: Started,
    program: &Program,
    limits: ChildLimits,
    ended: impl FnOnce(ChildEnd, Duration) + Send + 'static,
) -> io::Result<Child> {
    let Started { pid, stdin, stdout, stderr, mut watched } = started;
    let pipes = match opened(stdin, stdout, stderr) {
        Ok(pipes) => pipes,
        Err(error) => {
            watched.end(Duration::ZERO, limits.signal_grace).await;
            return Err(error);
        }
    };
    let (stdin, stdout, stderr) = pipes;
    let (giver, told) = queue(limits.line_bytes_max);
    let (hearing, heard) = queue(limits.line_bytes_max);
    let (wanted, unwanted) = oneshot::channel();
    let (end, end_seen) = watch::channel(None);
    let stop = watch::Sender::new(false);
    let pulse = Arc::new(Pulse::new());
    let name = Arc::clone(&program.name);
    drop(task::spawn(says::log(stderr, Arc::clone(&name), pid)));
    let writing = task::spawn(write(stdin, told, stop.subscribe(), Arc::clone(&pulse)));
    let reading =
        task::spawn(read(stdout, Lines::new(limits.line_bytes_max), hearing, Arc::clone(&pulse)));
    drop(task::spawn(async move {
        let born = pulse.born;
        let outcome = until_end(&mut watched, &limits, unwanted, &stop, &pulse).await;
        tracing::info!(
            child = &*name, pid = pid.as_raw_nonzero(), cause = ?outcome.cause,
            "a child has ended: {}", outcome.ending
        );
        ended(outcome, born.elapsed());
        // Whoever knows of the end finds nobody who would take a message.
        stop.send_replace(true);
        let _stopped = timeout(2 * LAST_LINE, writing).await;
        end.send_replace(Some(outcome));
        // Somebody who has left its group may hold the pipe; and what nobody takes is not kept.
        let abort = reading.abort_handle();
        if timeout(LEFT_BEHIND, reading).await.is_err() {
            abort.abort();
        }
    }));
    let teller = Teller { giver, bytes_max: limits.line_bytes_max };
    Ok(Child { pid, teller, heard, ended: end_seen, _wanted: wanted })
}

type Pipes = (pipe::Sender, pipe::Receiver, pipe::Receiver);

fn opened(stdin: OwnedFd, stdout: OwnedFd, stderr: OwnedFd) -> io::Result<Pipes> {
    let stdin = pipe::Sender::from_owned_fd(stdin)?;
    Ok((stdin, pipe::Receiver::from_owned_fd(stdout)?, pipe::Receiver::from_owned_fd(stderr)?))
}

/// When something was said last, either way.
struct Pulse {
    born: Instant,
    last_ms: AtomicU64,
}

impl Pulse {
    fn new() -> Self {
        Self { born: Instant::now(), last_ms: AtomicU64::new(0) }
    }

    fn beat(&self) {
        let since = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(since, Ordering::Relaxed);
    }

    /// Waits until nothing was said for so long.
    async fn idle(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let until = self.born + last + limit;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

/// Waits for a reason to end a child, and has it ended.
async fn until_end(
    watched: &mut Watched,
    limits: &ChildLimits,
    mut unwanted: oneshot::Receiver<()>,
    stop: &watch::Sender<bool>,
    pulse: &Pulse,
) -> ChildEnd {
    let cause = tokio::select! {
        ending = watched.ended() => return by_itself(ending),
        _ = &mut unwanted => Cause::Dropped,
        () = pulse.idle(limits.idle) => Cause::Idle,
        () = sleep_until(pulse.born + limits.lifetime) => Cause::Age,
    };
    // What is in the queue was said before; it goes to who still reads.
    stop.send_replace(true);
    watched.end(limits.close_grace, limits.signal_grace).await;
    let patience = limits.close_grace + limits.signal_grace + END_SLACK;
    let ending = timeout(patience, watched.ended()).await.unwrap_or(Ending::Unseen);
    ChildEnd { cause, ending }
}

const fn by_itself(ending: Ending) -> ChildEnd {
    let cause = if matches!(ending, Ending::Unseen) { Cause::Unwatched } else { Cause::Itself };
    ChildEnd { cause, ending }
}

/// Writes lines until there are none, it is to stop, or nobody reads them; then the pipe closes.
async fn write(
    stdin: pipe::Sender,
    mut told: Taker<Bytes>,
    mut stop: watch::Receiver<bool>,
    pulse: Arc<Pulse>,
) {
    loop {
        let line = tokio::select! {
            biased;
            line = told.take() => line,
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let Some(line) = line else { return };
        let written = tokio::select! {
            written = write_line(&stdin, &line) => written,
            // One who does not read is not waited for; one who does has had what it could take.
            () = stopped_for_long(&mut stop) => return,
        };
        if written.is_err() {
            return;
        }
        pulse.beat();
    }
}

/// How long a line that is being written may take once the child is to end.
const LAST_LINE: Duration = Duration::from_millis(500);

async fn stopped_for_long(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_ok() {
        tokio::time::sleep(LAST_LINE).await;
    }
}

async fn write_line(stdin: &pipe::Sender, line: &[u8]) -> io::Result<()> {
    let (mut done, whole) = (0, line.len() + 1);
    while done < whole {
        stdin.writable().await?;
        let rest = &line[done.min(line.len())..];
        let end: &[u8] = b"\n";
        match stdin.try_write_vectored(&[io::IoSlice::new(rest), io::IoSlice::new(end)]) {
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads lines until there are no more, or nobody takes them.
async fn read(stdout: pipe::Receiver, mut lines: Lines, hearing: Giver<Heard>, pulse: Arc<Pulse>) {
    loop {
        if stdout.readable().await.is_err() {
            break;
        }
        lines.buffer().reserve(READ_BYTES);
        match stdout.try_read_buf(lines.buffer()) {
            Ok(0) => break,
            Ok(_) => pulse.beat(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => break,
        }
        while let Some(heard) = lines.next() {
            let bytes = heard.bytes();
            if hearing.give(heard, bytes).await.is_err() {
                return;
            }
        }
    }
    if let Some(heard) = lines.end() {
        let _nobody_hears = hearing.give(heard, 0).await;
    }
}
