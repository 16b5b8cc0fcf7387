//! A line to a server without streams: a child's standard input and output, or the two ways of the
//! transport of 2024-11-05. Its two ends are apart: whoever says something does not wait for what
//! the server says.

use std::time::Duration;

use architrave_net::child::{Child, ChildError, Heard, Launcher, Teller};
use bytes::Bytes;
use tokio::time::timeout;

use super::old::{OldEar, OldMouth, OldPlace};
use super::server::SessionLimits;

/// How long a server may leave unread what is said to it.
const SAY_TIMEOUT: Duration = Duration::from_secs(30);

/// How a server is reached that has no Streamable HTTP.
#[derive(Clone, Debug)]
pub(super) enum Far {
    /// It is a child.
    Child(Launcher),
    /// It speaks the transport of 2024-11-05.
    Old(OldPlace),
    /// Nobody is asked.
    Nobody,
}

/// Why there is no line, or it does not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    /// There is no child.
    #[error("{0}")]
    Child(#[from] ChildError),
    /// There is no stream.
    #[error("{0}")]
    Old(String),
    /// There are as many sessions as there may be.
    #[error("it has {0} sessions already, which is as many as may be")]
    Full(usize),
    /// What was said is not read.
    #[error("it does not read what is said to it")]
    Deaf,
}

/// Says messages.
#[derive(Clone, Debug)]
pub(super) enum Mouth {
    Child(Teller),
    Old(OldMouth),
}

/// Hears messages. The line ends when it is dropped.
#[derive(Debug)]
pub(super) enum Ear {
    Child(Box<Child>),
    Old(Box<OldEar>),
}

impl LineError {
    /// Whether it may be otherwise in a moment.
    pub(super) const fn is_for_now(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Child(ChildError::TooMany(_) | ChildError::Resting(_)))
    }

    /// Whether it is for want of room.
    pub(super) const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Child(ChildError::TooMany(_)))
    }
}

impl Far {
    /// What holds for the sessions of it; nothing where each has a child, which has limits itself.
    pub(super) fn session_limits(&self) -> Option<SessionLimits> {
        match self {
            Self::Old(place) => Some(place.limits()),
            Self::Child(_) | Self::Nobody => None,
        }
    }

    /// Makes a line.
    pub(super) async fn open(&self) -> Result<(Mouth, Ear), LineError> {
        match self {
            Self::Child(launcher) => {
                let child = launcher.launch().await?;
                Ok((Mouth::Child(child.teller().clone()), Ear::Child(Box::new(child))))
            }
            Self::Nobody => Err(LineError::Old("nobody is asked here".to_owned())),
            Self::Old(place) => {
                let (mouth, ear) = Box::pin(place.open()).await?;
                Ok((Mouth::Old(mouth), Ear::Old(Box::new(ear))))
            }
        }
    }
}

impl Mouth {
    pub(super) async fn say(&self, message: Vec<u8>) -> Result<(), LineError> {
        let saying = async {
            match self {
                Self::Child(teller) => Ok(teller.say(Bytes::from(message)).await?),
                Self::Old(mouth) => mouth.say(&message).await,
            }
        };
        timeout(SAY_TIMEOUT, saying).await.unwrap_or(Err(LineError::Deaf))
    }
}

impl Ear {
    /// The next message; nothing when there will be none.
    pub(super) async fn hear(&mut self) -> Option<Bytes> {
        match self {
            Self::Child(child) => loop {
                match child.hear().await? {
                    Heard::Line(line) => return Some(line),
                    lost @ (Heard::TooLong | Heard::CutOff) => {
                        let pid = child.pid().as_raw_nonzero();
                        tracing::warn!(pid, ?lost, "a message of an MCP server is lost");
                    }
                }
            },
            Self::Old(ear) => ear.hear().await,
        }
    }
}
