//! What this process and its supervisor say to each other, as bytes. Both are one binary, so there
//! is one version of it.

use std::time::Duration;

use super::Ending;

/// The longest order: a program with its arguments and variables.
pub(super) const ORDER_BYTES_MAX: usize = 96 << 10;

/// The longest reason that is told.
const WHY_BYTES_MAX: usize = 1 << 10;

const START: u8 = 1;
const END: u8 = 2;
const STARTED: u8 = 3;
const FAILED: u8 = 4;
const ENDED: u8 = 5;

/// What the supervisor is told to do.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Start a program on the three pipes that come along. Not `Debug`: variables are secrets.
    Start {
        id: u64,
        command: String,
        folder: String,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
    },
    /// End a child: its standard input is closed already.
    End { id: u64, close_grace: Duration, signal_grace: Duration },
}

/// What the supervisor tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Started { id: u64, pid: i32 },
    Failed { id: u64, why: String },
    Ended { id: u64, ending: Ending },
}

impl Order {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Out(Vec::new());
        match self {
            Self::Start { id, command, folder, arguments, environment } => {
                out.head(START, *id);
                out.text(command);
                out.text(folder);
                out.count(arguments.len());
                arguments.iter().for_each(|argument| out.text(argument));
                out.count(environment.len());
                for (name, value) in environment {
                    out.text(name);
                    out.text(value);
                }
            }
            Self::End { id, close_grace, signal_grace } => {
                out.head(END, *id);
                out.count(usize::try_from(close_grace.as_millis()).unwrap_or(usize::MAX));
                out.count(usize::try_from(signal_grace.as_millis()).unwrap_or(usize::MAX));
            }
        }
        out.0
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = In(bytes);
        let (kind, id) = from.head()?;
        let order = match kind {
            START => {
                let (command, folder) = (from.text()?, from.text()?);
                let arguments = (0..from.count()?).map(|_| from.text()).collect::<Option<_>>()?;
                let environment = (0..from.count()?)
                    .map(|_| Some((from.text()?, from.text()?)))
                    .collect::<Option<_>>()?;
                Self::Start { id, command, folder, arguments, environment }
            }
            END => {
                let close_grace = Duration::from_millis(from.count()?.into());
                let signal_grace = Duration::from_millis(from.count()?.into());
                Self::End { id, close_grace, signal_grace }
            }
            _ => return None,
        };
        from.0.is_empty().then_some(order)
    }
}

impl News {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Out(Vec::new());
        match self {
            Self::Started { id, pid } => {
                out.head(STARTED, *id);
                out.0.extend(pid.to_le_bytes());
            }
            Self::Failed { id, why } => {
                out.head(FAILED, *id);
                let end = (0..=why.len().min(WHY_BYTES_MAX)).rev();
                let end = end.into_iter().find(|end| why.is_char_boundary(*end)).unwrap_or(0);
                out.text(&why[..end]);
            }
            Self::Ended { id, ending } => {
                out.head(ENDED, *id);
                let (how, number) = match ending {
                    Ending::Code(code) => (0, *code),
                    Ending::Signal(signal) => (1, *signal),
                    Ending::Unseen => (2, 0),
                };
                out.0.push(how);
                out.0.extend(number.to_le_bytes());
            }
        }
        out.0
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = In(bytes);
        let (kind, id) = from.head()?;
        let news = match kind {
            STARTED => Self::Started { id, pid: from.number()? },
            FAILED => Self::Failed { id, why: from.text()? },
            ENDED => {
                let [how] = from.take()?;
                let number = from.number()?;
                let ending = match how {
                    0 => Ending::Code(number),
                    1 => Ending::Signal(number),
                    _ => Ending::Unseen,
                };
                Self::Ended { id, ending }
            }
            _ => return None,
        };
        from.0.is_empty().then_some(news)
    }
}

/// Writes.
struct Out(Vec<u8>);

impl Out {
    fn head(&mut self, kind: u8, id: u64) {
        self.0.push(kind);
        self.0.extend(id.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend(text.as_bytes());
    }
}

/// Reads.
struct In<'b>(&'b [u8]);

impl In<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn head(&mut self) -> Option<(u8, u64)> {
        let [kind] = self.take()?;
        Some((kind, u64::from_le_bytes(self.take()?)))
    }

    fn count(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn number(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.count()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_understood_and_nothing_else_is() {
        let start = Order::Start {
            id: 7,
            command: "npx".to_owned(),
            folder: String::new(),
            arguments: vec!["-y".to_owned(), "é".to_owned()],
            environment: vec![("TOKEN".to_owned(), "x=y".to_owned())],
        };
        let graces = (Duration::from_millis(1), Duration::from_secs(2));
        let end = Order::End { id: u64::MAX, close_grace: graces.0, signal_grace: graces.1 };
        for order in [start, end] {
            let bytes = order.encode();
            assert!(Order::decode(&bytes) == Some(order));
            assert!((0..bytes.len()).all(|length| Order::decode(&bytes[..length]).is_none()));
            assert!(Order::decode(&[&bytes[..], b"x"].concat()).is_none());
        }
        let ended = |ending| News::Ended { id: 3, ending };
        for news in [
            News::Started { id: 1, pid: 77 },
            News::Failed { id: 2, why: "no such file".to_owned() },
            ended(Ending::Code(-1)),
            ended(Ending::Signal(9)),
            ended(Ending::Unseen),
        ] {
            let bytes = news.encode();
            assert_eq!(News::decode(&bytes), Some(news));
            assert!((0..bytes.len()).all(|length| News::decode(&bytes[..length]).is_none()));
        }
        let long = News::Failed { id: 2, why: "é".repeat(WHY_BYTES_MAX) };
        let Some(News::Failed { why, .. }) = News::decode(&long.encode()) else { panic!("lost") };
        assert_eq!(why.len(), WHY_BYTES_MAX);
    }
}
