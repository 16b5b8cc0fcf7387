//! Server-sent events. Ids and retry times are not for us.

use architrave_wire::sse::{Event, EventReader, TooLarge};

use super::{EachFrame, FRAME_BYTES_MAX, FrameError, give};

/// Reads server-sent events.
#[derive(Debug)]
pub(super) struct Reader(EventReader);

impl Default for Reader {
    fn default() -> Self {
        Self(EventReader::new(FRAME_BYTES_MAX))
    }
}

impl Reader {
    pub(super) fn push(&mut self, bytes: &[u8], each: &mut EachFrame<'_>) {
        self.0.push(bytes, &mut of_events(each));
    }

    pub(super) fn end(&mut self, each: &mut EachFrame<'_>) {
        self.0.end(&mut of_events(each));
    }
}

/// Called with events, calls with the frames that they are.
fn of_events(each: &mut EachFrame<'_>) -> impl FnMut(Result<Event<'_>, TooLarge>) {
    |event| match event {
        Ok(event) => {
            if let Some(data) = event.data {
                give(event.name, false, data, each);
            }
        }
        Err(_) => each(Err(FrameError::TooLarge)),
    }
}
