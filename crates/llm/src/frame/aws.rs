//! AWS's binary event stream: length, headers and payload, held together by two checksums.
//!
//! An event whose own checksum is wrong is skipped; where the lengths cannot be believed, nothing
//! behind them can be found any more.

use super::crc32::crc32;
use super::{EachFrame, FRAME_BYTES_MAX, FrameError, give};

/// Length of all, length of the headers, checksum of both.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;

/// Reads AWS's binary event stream.
#[derive(Debug, Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
    is_lost: bool,
}

impl Reader {
    pub(super) fn push(&mut self, bytes: &[u8], each: &mut EachFrame<'_>) {
        if self.is_lost {
            return;
        }
        self.buffer.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(length) = self.length(from, each) {
            let Some(message) = self.buffer.get(from..from + length) else { break };
            message_to(message, each);
            from += length;
        }
        self.buffer.drain(..from);
    }

    /// The length of the message at `from`, once its prelude is there and can be believed.
    fn length(&mut self, from: usize, each: &mut EachFrame<'_>) -> Option<usize> {
        if self.is_lost {
            return None;
        }
        let prelude = self.buffer.get(from..from + PRELUDE)?;
        let (length, headers) = (number(prelude, 0), number(prelude, 4));
        let is_sound = crc32(&prelude[..8]) == number(prelude, 8) as u32
            && length <= FRAME_BYTES_MAX
            && length >= PRELUDE + CHECKSUM + headers;
        if !is_sound {
            self.is_lost = true;
            each(Err(FrameError::Lost));
            return None;
        }
        Some(length)
    }
}

fn message_to(message: &[u8], each: &mut EachFrame<'_>) {
    let end = message.len() - CHECKSUM;
    let headers_end = PRELUDE + number(message, 4);
    if crc32(&message[..end]) as usize != number(message, end) {
        return each(Err(FrameError::Damaged));
    }
    let Some(headers) = Headers::read(&message[PRELUDE..headers_end]) else {
        return each(Err(FrameError::Damaged));
    };
    give(headers.name, headers.is_exception, &message[headers_end..end], each);
}

/// The headers that say what a message is.
#[derive(Debug, Default)]
struct Headers<'m> {
    name: &'m str,
    is_exception: bool,
}

impl<'m> Headers<'m> {
    fn read(mut bytes: &'m [u8]) -> Option<Self> {
        let mut headers = Self::default();
        while let Some((&length, rest)) = bytes.split_first() {
            let (name, rest) = rest.split_at_checked(usize::from(length))?;
            let (&kind, rest) = rest.split_first()?;
            let (length, rest) = match kind {
                0 | 1 => (0, rest),
                2 => (1, rest),
                3 => (2, rest),
                4 => (4, rest),
                5 | 8 => (8, rest),
                6 | 7 => {
                    (usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?)), &rest[2..])
                }
                9 => (16, rest),
                _ => return None,
            };
            let (value, rest) = rest.split_at_checked(length)?;
            bytes = rest;
            match name {
                b":event-type" | b":exception-type" | b":error-code" => {
                    headers.name = std::str::from_utf8(value).ok()?;
                }
                b":message-type" => headers.is_exception = value != b"event",
                _ => {}
            }
        }
        Some(headers)
    }
}

/// Appends a message whose payload `write` appends.
pub(super) fn message(
    out: &mut Vec<u8>,
    name: &str,
    is_exception: bool,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let from = out.len();
    out.extend_from_slice(&[0; PRELUDE]);
    let kind =
        if is_exception { (":exception-type", "exception") } else { (":event-type", "event") };
    header(out, kind.0, name);
    header(out, ":content-type", "application/json");
    header(out, ":message-type", kind.1);
    let headers = out.len() - from - PRELUDE;
    write(out);
    let length = out.len() - from + CHECKSUM;
    put(out, from, length);
    put(out, from + 4, headers);
    let checksum = crc32(&out[from..from + 8]);
    put(out, from + 8, checksum as usize);
    let checksum = crc32(&out[from..]);
    out.extend_from_slice(&checksum.to_be_bytes());
}

/// A header that is a string; ours are all shorter than 256 bytes.
fn header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(name.len().to_be_bytes()[size_of::<usize>() - 1]);
    out.extend_from_slice(name.as_bytes());
    out.push(7);
    out.extend_from_slice(&value.len().to_be_bytes()[size_of::<usize>() - 2..]);
    out.extend_from_slice(value.as_bytes());
}

fn put(out: &mut [u8], at: usize, number: usize) {
    out[at..at + 4].copy_from_slice(&number.to_be_bytes()[size_of::<usize>() - 4..]);
}

fn number(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
