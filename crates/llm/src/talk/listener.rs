//! The messages of one direction, taken apart as they pass.

use super::frame::{Ended, FrameError, FrameReader, Sender};
use super::skeleton::Skeleton;

/// Listens to what one side says.
#[derive(Debug)]
pub struct Listener {
    frames: FrameReader,
    skeleton: Skeleton,
    /// Memory for what frames carry, without its mask.
    payload: Vec<u8>,
    is_closed: bool,
    is_message_over: bool,
}

/// How far the bytes were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed<'l> {
    /// How many bytes.
    pub bytes: usize,
    /// The message that ends with the last of them, where one does: its JSON with long strings cut
    /// short, or nothing where it is none that anybody can read; and how many bytes it had.
    pub message: Option<(Option<&'l str>, u64)>,
}

impl Listener {
    /// Listens to what `sender` sends; no message may be larger than `bytes_max`.
    #[must_use]
    pub fn new(sender: Sender, bytes_max: u64) -> Self {
        Self {
            frames: FrameReader::new(sender, bytes_max),
            skeleton: Skeleton::default(),
            payload: Vec::new(),
            is_closed: false,
            is_message_over: false,
        }
    }

    /// Reads up to the end of a frame, or all there is.
    ///
    /// # Errors
    /// That it is no WebSocket, or a message too large.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<Passed<'_>, FrameError> {
        if std::mem::take(&mut self.is_message_over) {
            self.skeleton.clear();
        }
        self.payload.clear();
        let (used, ended) = self.frames.read(bytes, &mut self.payload)?;
        self.skeleton.push(&self.payload);
        let message = match ended {
            Ended::Message => {
                self.is_message_over = true;
                let whole = self.skeleton.whole();
                Some((whole.text, whole.bytes))
            }
            Ended::Close => {
                self.is_closed = true;
                None
            }
            Ended::Nothing | Ended::Frame => None,
        };
        Ok(Passed { bytes: used, message })
    }

    /// Whether the next byte begins a message, so that another may stand before it.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        self.frames.is_between()
    }

    /// Whether the side has said that it is done.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }
}
