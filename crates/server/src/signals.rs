//! The signals that people and supervisors send.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP: read the file again. SIGUSR1 as well: what rotates logs sends it to other servers,
    /// and a reload begins the log anew.
    Reload,
    /// SIGTERM or Ctrl-C: finish what is in flight, then end.
    Drain,
    /// SIGUSR2: hand the sockets to a new process.
    Upgrade,
}

/// Waits for signals.
#[derive(Debug)]
pub(crate) struct Signals {
    hangup: Stream,
    user1: Stream,
    interrupt: Stream,
    terminate: Stream,
    user2: Stream,
}

impl Signals {
    /// Begins to listen; from then on none of them ends the process by itself.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => Signal::Reload,
            _ = self.user1.recv() => Signal::Reload,
            _ = self.interrupt.recv() => Signal::Drain,
            _ = self.terminate.recv() => Signal::Drain,
            _ = self.user2.recv() => Signal::Upgrade,
        }
    }
}
