//! The frames of a WebSocket (RFC 6455 §5), read over any split of the bytes.

use super::{CLOSE_PROTOCOL, CLOSE_TOO_BIG};

/// The longest head of a frame: two bytes, a length of eight, a mask of four.
const HEAD_BYTES_MAX: usize = 14;
/// What a control frame may carry.
const CONTROL_BYTES_MAX: u64 = 125;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Who sends the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A client masks what it sends.
    Client,
    /// A server does not.
    Server,
}

/// Why frames cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// They are against the protocol.
    #[error("the frames are no WebSocket's: {0}")]
    Malformed(&'static str),
    /// A message is larger than is allowed.
    #[error("a message is larger than {max} bytes")]
    TooLarge {
        /// What is allowed.
        max: u64,
    },
}

impl FrameError {
    /// What a close frame says of it.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Malformed(_) => CLOSE_PROTOCOL,
            Self::TooLarge { .. } => CLOSE_TOO_BIG,
        }
    }
}

/// What came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing: all that there is was read.
    Nothing,
    /// A frame, and not the message that it is of; or one that is about the connection.
    Frame,
    /// A message.
    Message,
    /// A frame that says that nothing follows.
    Close,
}

/// Reads the frames of one direction.
#[derive(Debug)]
pub(super) struct FrameReader {
    sender: Sender,
    bytes_max: u64,
    head: [u8; HEAD_BYTES_MAX],
    head_bytes: usize,
    /// Bytes of the payload that are still to come, once the head is whole.
    left: Option<u64>,
    opcode: u8,
    is_final: bool,
    mask: [u8; 4],
    mask_at: usize,
    /// Whether a message has begun and not ended.
    is_amid: bool,
    message_bytes: u64,
}

impl FrameReader {
    /// A reader of what `sender` sends; no message may be larger than `bytes_max`.
    pub(super) const fn new(sender: Sender, bytes_max: u64) -> Self {
        Self {
            sender,
            bytes_max,
            head: [0; HEAD_BYTES_MAX],
            head_bytes: 0,
            left: None,
            opcode: 0,
            is_final: false,
            mask: [0; 4],
            mask_at: 0,
            is_amid: false,
            message_bytes: 0,
        }
    }

    /// Whether the next byte begins a message.
    pub(super) const fn is_between(&self) -> bool {
        self.left.is_none() && self.head_bytes == 0 && !self.is_amid
    }

    /// Reads up to the end of a frame or of `bytes`: how many were read, and what ended. What
    /// messages carry is appended to `payload`, without its mask.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        payload: &mut Vec<u8>,
    ) -> Result<(usize, Ended), FrameError> {
        let mut used = 0;
        let left = loop {
            if let Some(left) = self.left {
                break left;
            }
            let Some(byte) = bytes.get(used) else { return Ok((used, Ended::Nothing)) };
            self.head[self.head_bytes] = *byte;
            self.head_bytes += 1;
            used += 1;
            self.look_at_head()?;
        };
        let there = bytes.len() - used;
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(there);
        let piece = &bytes[used..used + count];
        if self.opcode < CLOSE {
            let from = payload.len();
            payload.extend_from_slice(piece);
            self.unmask(&mut payload[from..]);
        }
        used += count;
        let left = left - count as u64;
        self.left = Some(left);
        if left > 0 {
            return Ok((used, Ended::Nothing));
        }
        (self.left, self.head_bytes) = (None, 0);
        let ended = match (self.opcode, self.is_final) {
            (CLOSE, _) => Ended::Close,
            (PING | PONG, _) | (_, false) => Ended::Frame,
            (_, true) => {
                (self.is_amid, self.message_bytes) = (false, 0);
                Ended::Message
            }
        };
        Ok((used, ended))
    }

    /// Looks whether the head is whole by now.
    fn look_at_head(&mut self) -> Result<(), FrameError> {
        if self.head_bytes < 2 {
            return Ok(());
        }
        let [first, second] = [self.head[0], self.head[1]];
        let is_masked = second & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err(FrameError::Malformed("reserved bits are set"));
        }
        if is_masked != (self.sender == Sender::Client) {
            return Err(FrameError::Malformed("clients mask what they send, and servers do not"));
        }
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let whole = 2 + length_bytes + if is_masked { 4 } else { 0 };
        if self.head_bytes < whole {
            return Ok(());
        }
        let length = match length_bytes {
            0 => u64::from(second & 0x7f),
            count => self.head[2..2 + count].iter().fold(0, |sum, it| sum << 8 | u64::from(*it)),
        };
        self.mask = if is_masked {
            [self.head[whole - 4], self.head[whole - 3], self.head[whole - 2], self.head[whole - 1]]
        } else {
            [0; 4]
        };
        self.mask_at = 0;
        self.begin(first & 0x0f, first & 0x80 != 0, length)
    }

    fn begin(&mut self, opcode: u8, is_final: bool, length: u64) -> Result<(), FrameError> {
        match opcode {
            CONTINUATION if !self.is_amid => {
                return Err(FrameError::Malformed("a message goes on that has not begun"));
            }
            TEXT | BINARY if self.is_amid => {
                return Err(FrameError::Malformed("a message begins within another"));
            }
            CONTINUATION | TEXT | BINARY => {
                self.is_amid = true;
                self.message_bytes = self.message_bytes.saturating_add(length);
                if self.message_bytes > self.bytes_max {
                    return Err(FrameError::TooLarge { max: self.bytes_max });
                }
            }
            CLOSE | PING | PONG if is_final && length <= CONTROL_BYTES_MAX => {}
            CLOSE | PING | PONG => {
                return Err(FrameError::Malformed("a frame about the connection is too long"));
            }
            _ => return Err(FrameError::Malformed("a frame of a kind that there is not")),
        }
        (self.opcode, self.is_final, self.left) = (opcode, is_final, Some(length));
        Ok(())
    }

    fn unmask(&mut self, bytes: &mut [u8]) {
        if self.sender == Sender::Server {
            return;
        }
        let at = self.mask_at;
        let mask = std::array::from_fn::<u8, 4, _>(|place| self.mask[(at + place) % 4]);
        for piece in bytes.chunks_mut(4) {
            piece.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
        self.mask_at = (at + bytes.len()) % 4;
    }
}
