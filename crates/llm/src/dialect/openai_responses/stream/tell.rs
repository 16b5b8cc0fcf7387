//! One event after another, each with its number.

use crate::frame::FrameWriter;
use crate::json::Writer;

/// Appends events to a client's stream.
pub(super) struct Tell<'t> {
    pub(super) next_number: &'t mut u64,
    pub(super) frames: &'t mut FrameWriter,
    pub(super) out: &'t mut Vec<u8>,
}

impl Tell<'_> {
    /// Appends an event, whose name stands in its data, too.
    pub(super) fn event(&mut self, name: &str, body: impl FnOnce(&mut Writer<'_>)) {
        let number = *self.next_number;
        *self.next_number += 1;
        self.frames.event(self.out, name, |w| {
            w.object(|w| {
                w.key("type").text(name);
                w.key("sequence_number").count(number);
                body(w);
            });
        });
    }
}
