//! What two processes say to each other during a handover, as bytes.
//!
//! The two may be of different versions, so each message begins with that of the protocol, and
//! what is not understood is refused instead of guessed.

use super::LABEL_BYTES_MAX;

/// How many sockets go with one message; the kernel allows 253.
pub(super) const SOCKETS_PER_MESSAGE: usize = 64;

/// The longest message: labels, each behind its length, and the two bytes in front.
pub(super) const MESSAGE_BYTES_MAX: usize = 2 + SOCKETS_PER_MESSAGE * (1 + LABEL_BYTES_MAX);

/// The longest text of [`Message::Left`].
pub(super) const TEXT_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 2;

/// The longest reason of a failure that is passed on.
const REASON_BYTES_MAX: usize = 4 << 10;

const VERSION: u8 = 1;
const SOCKETS: u8 = 1;
const ALL_SENT: u8 = 2;
const READY: u8 = 3;
const FAILED: u8 = 4;
const ASK: u8 = 5;
const LET_GO: u8 = 6;
const LEFT: u8 = 7;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The labels of the sockets that come along with it, in their order.
    Sockets(Vec<String>),
    /// No more sockets.
    AllSent,
    /// The new process serves.
    Ready,
    /// The new process does not, and why; or the old one does not let go.
    Failed(String),
    /// The new process asks for what only one of the two can have.
    Ask,
    /// The old process has let go of it.
    LetGo,
    /// What the old process left behind in the end, in words that the two agree on.
    Left(String),
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Sockets(labels) => {
                let mut out = vec![VERSION, SOCKETS];
                for label in labels {
                    out.push(u8::try_from(label.len()).expect("labels are checked before"));
                    out.extend_from_slice(label.as_bytes());
                }
                out
            }
            Self::AllSent => vec![VERSION, ALL_SENT],
            Self::Ready => vec![VERSION, READY],
            Self::Ask => vec![VERSION, ASK],
            Self::LetGo => vec![VERSION, LET_GO],
            Self::Left(text) => [&[VERSION, LEFT], text.as_bytes()].concat(),
            Self::Failed(why) => {
                let mut ends = (0..=why.len().min(REASON_BYTES_MAX)).rev();
                let end = ends.find(|end| why.is_char_boundary(*end)).unwrap_or(0);
                [&[VERSION, FAILED], &why.as_bytes()[..end]].concat()
            }
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION, kind], rest) = bytes.split_first_chunk()? else { return None };
        match kind {
            SOCKETS => labels(rest).map(Self::Sockets),
            ALL_SENT if rest.is_empty() => Some(Self::AllSent),
            READY if rest.is_empty() => Some(Self::Ready),
            ASK if rest.is_empty() => Some(Self::Ask),
            LET_GO if rest.is_empty() => Some(Self::LetGo),
            LEFT => std::str::from_utf8(rest).ok().map(|text| Self::Left(text.to_owned())),
            FAILED => Some(Self::Failed(String::from_utf8_lossy(rest).into_owned())),
            _ => None,
        }
    }
}

fn labels(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut labels = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let (label, rest) = rest.split_at_checked(usize::from(length))?;
        labels.push(std::str::from_utf8(label).ok()?.to_owned());
        bytes = rest;
    }
    Some(labels)
}
