//! What two processes say to each other during a handover, as bytes.
//!
//! The two may be of different releases, so each message begins with the version of the protocol
//! and its kind. A message of another version or of a kind that is not known is passed over; one
//! that is known and says something else is refused instead of guessed.

use super::LABEL_BYTES_MAX;

/// How many sockets go with one message; the kernel allows 253.
pub(super) const SOCKETS_PER_MESSAGE: usize = 64;

/// The longest message: labels, each behind its length, and the two bytes in front.
pub(super) const MESSAGE_BYTES_MAX: usize = 2 + SOCKETS_PER_MESSAGE * (1 + LABEL_BYTES_MAX);

/// The longest piece of [`Message::Known`].
pub(super) const PIECE_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 2;

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
const ASK_KNOWN: u8 = 8;
const KNOWN: u8 = 9;
const KNOWN_END: u8 = 10;

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
    /// The new process asks what the old one knows; for what, the two agree on.
    AskKnown(u8),
    /// A piece of what the old process knows.
    Known(Vec<u8>),
    /// That was the last piece of it.
    KnownEnd,
    /// Something that another release says, of this version and kind.
    Unknown(u8, u8),
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
            Self::AskKnown(stage) => vec![VERSION, ASK_KNOWN, *stage],
            Self::Known(piece) => [&[VERSION, KNOWN], piece.as_slice()].concat(),
            Self::KnownEnd => vec![VERSION, KNOWN_END],
            Self::Unknown(version, kind) => vec![*version, *kind],
            Self::Failed(why) => {
                let mut ends = (0..=why.len().min(REASON_BYTES_MAX)).rev();
                let end = ends.find(|end| why.is_char_boundary(*end)).unwrap_or(0);
                [&[VERSION, FAILED], &why.as_bytes()[..end]].concat()
            }
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[version, kind], rest) = bytes.split_first_chunk()?;
        if version != VERSION {
            return Some(Self::Unknown(version, kind));
        }
        match kind {
            SOCKETS => labels(rest).map(Self::Sockets),
            ALL_SENT if rest.is_empty() => Some(Self::AllSent),
            READY if rest.is_empty() => Some(Self::Ready),
            ASK if rest.is_empty() => Some(Self::Ask),
            LET_GO if rest.is_empty() => Some(Self::LetGo),
            LEFT => std::str::from_utf8(rest).ok().map(|text| Self::Left(text.to_owned())),
            FAILED => Some(Self::Failed(String::from_utf8_lossy(rest).into_owned())),
            ASK_KNOWN => rest.first().map(|stage| Self::AskKnown(*stage)),
            KNOWN => Some(Self::Known(rest.to_vec())),
            KNOWN_END => Some(Self::KnownEnd),
            known if (SOCKETS..=KNOWN_END).contains(&known) => None,
            _ => Some(Self::Unknown(version, kind)),
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
