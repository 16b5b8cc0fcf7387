//! Arguments of a tool call: where a dialect wants them as an object and not as text, and how far
//! they have come where they come in pieces.

use crate::json::{Writer, is_object};

/// Writes arguments as an object. A model that was cut off leaves half of one: it is kept as text,
/// so that the conversation can go on.
pub(super) fn write_object(arguments: &str, w: &mut Writer<'_>) {
    if is_object(arguments) {
        w.json(arguments);
    } else if arguments.trim_ascii().is_empty() {
        w.object(|_| {});
    } else {
        w.object(|w| w.text_field("input", Some(arguments)));
    }
}

/// How far the arguments of a call have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    is_whole: bool,
}

impl Progress {
    /// Goes over the next piece.
    pub(super) fn add(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.in_text {
                self.in_text = self.is_escaped || byte != b'"';
                self.is_escaped = !self.is_escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.is_whole |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    /// Whether an object has come to its end.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }
}
