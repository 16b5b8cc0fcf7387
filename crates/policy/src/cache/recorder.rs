//! A stream looked at on its way to the client, and kept as a whole answer when it has ended well.

use architrave_llm::chat::Usage;
use architrave_llm::dialect::{Context, Dialect, EventReader};
use architrave_llm::frame::{FrameReader, Framing};
use architrave_llm::translate::Assembly;

use super::kept::KeptReply;

/// Puts together the answer that a stream tells.
#[derive(Debug)]
pub struct StreamRecorder {
    dialect: Dialect,
    frames: FrameReader,
    reader: EventReader,
    assembly: Assembly,
    /// How many bytes more it bears; with the last of them, what was put together is let go.
    bytes_left: usize,
    is_whole: bool,
}

impl StreamRecorder {
    /// A recorder of a stream in that dialect and framing, of at most so many bytes.
    #[must_use]
    pub fn new(
        (dialect, framing): (Dialect, Framing),
        context: &Context,
        bytes_max: usize,
    ) -> Self {
        Self {
            dialect,
            frames: FrameReader::new(framing),
            reader: EventReader::new(dialect, context),
            assembly: Assembly::default(),
            bytes_left: bytes_max,
            is_whole: true,
        }
    }

    /// Looks at the next bytes that the client is sent.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.is_whole {
            return;
        }
        let Self { frames, reader, assembly, bytes_left, is_whole, .. } = self;
        let Some(left) = bytes_left.checked_sub(bytes.len()) else {
            return self.let_go();
        };
        *bytes_left = left;
        frames.push(bytes, &mut |frame| {
            let read = frame.map(|frame| reader.read(&frame, &mut |event| assembly.take(&event)));
            // What could not be read is missing in what is kept.
            *is_whole &= matches!(read, Ok(Ok(())));
        });
        if !*is_whole {
            self.let_go();
        }
    }

    /// The stream has ended. `usage` is what it used, where the client was not told.
    #[must_use]
    pub fn finish(mut self, usage: Option<Usage>, context: &Context) -> Option<KeptReply> {
        let Self { frames, reader, assembly, is_whole, .. } = &mut self;
        frames.end(&mut |frame| {
            let read = frame.map(|frame| reader.read(&frame, &mut |event| assembly.take(&event)));
            *is_whole &= matches!(read, Ok(Ok(())));
        });
        reader.end(&mut |event| assembly.take(&event));
        if !self.is_whole {
            return None;
        }
        let mut reply = self.assembly.finish().ok()?;
        reply.usage = reply.usage.or(usage);
        KeptReply::of_reply(self.dialect, &reply, context)
    }

    fn let_go(&mut self) {
        self.is_whole = false;
        self.assembly = Assembly::default();
    }
}
