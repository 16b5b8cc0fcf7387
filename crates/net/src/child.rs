//! Children: programs that this process runs to speak with them over their standard streams, line
//! by line, such as MCP servers. Not the successor of an upgrade: that one outlives its parent.
//!
//! None of them outlives this process, not even one that is killed. So they are not started here
//! but by one process between, the supervisor ([`supervise`]), whose standard input is a socket of
//! ours: when that closes, for whatever reason, it ends every group of processes that it has
//! started. Lines do not pass through it: it is handed the far ends of pipes, and a child that is
//! slow holds nobody up but itself.

mod launch;
mod lines;
mod link;
mod mind;
mod order;
mod packet;
mod queue;
mod rest;
mod says;
mod supervise;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::Secret;
use bytes::Bytes;
use rustix::process::Pid;
use tokio::sync::{oneshot, watch};

pub use launch::Launcher;
pub use lines::Heard;
pub use link::Supervisor;
pub use supervise::supervise;

/// A program and how it is run.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it is called in our log.
    pub name: Arc<str>,
    /// The program: a path, or a name that is looked for in `PATH`.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables of its environment beside those that the supervisor has itself.
    pub environment: Vec<(String, Secret)>,
    /// Where it runs; without it, where this process does.
    pub folder: Option<PathBuf>,
}

/// How many children there may be of a program, for how long, and how much they may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildLimits {
    /// Processes at the same time.
    pub processes_max: usize,
    /// How long one may have nothing to say and be told nothing.
    pub idle: Duration,
    /// How long one may live.
    pub lifetime: Duration,
    /// The longest line, either way; also how many bytes of lines may wait, each way.
    pub line_bytes_max: usize,
    /// How long one may take to end by itself once its standard input is closed.
    pub close_grace: Duration,
    /// How long one may take to end once it was told to by a signal.
    pub signal_grace: Duration,
}

impl Default for ChildLimits {
    fn default() -> Self {
        Self {
            // An interpreter with its libraries is some 50 MiB: with more of them, a machine swaps.
            processes_max: 32,
            // Somebody who thinks over an answer comes back within that.
            idle: Duration::from_secs(10 * 60),
            // What leaks does so slowly; a fresh one each day is enough.
            lifetime: Duration::from_secs(24 * 60 * 60),
            // As much as a message over HTTP may have.
            line_bytes_max: 16 << 20,
            close_grace: Duration::from_secs(2),
            signal_grace: Duration::from_secs(2),
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Nobody saw it: whoever watched over it is gone.
    Unseen,
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
            Self::Unseen => formatter.write_str("unseen"),
        }
    }
}

/// Why a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// By itself.
    Itself,
    /// Nobody wanted to speak with it any more.
    Dropped,
    /// Nothing was said for [`ChildLimits::idle`].
    Idle,
    /// It was as old as [`ChildLimits::lifetime`].
    Age,
    /// The process that watched over it is gone.
    Unwatched,
}

/// The end of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildEnd {
    /// Why.
    pub cause: Cause,
    /// How.
    pub ending: Ending,
}

/// Why there is no child, or nothing can be said to it.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// There are as many as there may be.
    #[error("{0} processes run already, which is as many as may")]
    TooMany(usize),
    /// It has failed again and again, and is left alone for a while.
    #[error("it ended too soon, and is started again in {} ms", .0.as_millis())]
    Resting(Duration),
    /// It could not be started.
    #[error("{command} cannot be started: {why}")]
    NotStarted {
        /// The program.
        command: String,
        /// Why not.
        why: String,
    },
    /// The process that starts it could not be started, or is gone.
    #[error("the supervisor of child processes: {0}")]
    NoSupervisor(String),
    /// A message is larger than it may be.
    #[error("a message of {bytes} bytes is longer than {bytes_max}")]
    TooLong {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        bytes_max: usize,
    },
    /// The process has ended, or is about to.
    #[error("the process has ended")]
    Gone,
}

/// A child to speak with. It is ended when this is dropped: its standard input is closed, and if it
/// goes on, its whole group is told to end, and then made to.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    teller: Teller,
    heard: queue::Taker<Heard>,
    ended: watch::Receiver<Option<ChildEnd>>,
    /// Whoever minds it waits for the other end.
    _wanted: oneshot::Sender<()>,
}

/// Says messages to a child; cheap to clone. None of them keeps a child alive.
#[derive(Clone, Debug)]
pub struct Teller {
    giver: queue::Giver<Bytes>,
    bytes_max: usize,
}

impl Child {
    /// Its process id, which is that of its group.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Who says messages to it.
    #[must_use]
    pub const fn teller(&self) -> &Teller {
        &self.teller
    }

    /// What it says next; `None` when it will say nothing more. What is not taken waits, and when
    /// too much does, so does the child.
    pub async fn hear(&mut self) -> Option<Heard> {
        self.heard.take().await
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ChildEnd {
        let unwatched = ChildEnd { cause: Cause::Unwatched, ending: Ending::Unseen };
        let end = self.ended.wait_for(Option::is_some).await;
        end.ok().and_then(|end| *end).unwrap_or(unwatched)
    }
}

impl Teller {
    /// Says a message of JSON in a line of its own; done when it is in the queue, which has bounds.
    ///
    /// # Errors
    /// [`ChildError::TooLong`], and [`ChildError::Gone`] when nobody reads it any more.
    pub async fn say(&self, message: Bytes) -> Result<(), ChildError> {
        let bytes = message.len();
        if bytes > self.bytes_max {
            return Err(ChildError::TooLong { bytes, bytes_max: self.bytes_max });
        }
        self.giver.give(lines::in_a_line(message), bytes).await.map_err(|_| ChildError::Gone)
    }
}
