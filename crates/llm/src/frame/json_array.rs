//! A JSON array that grows, an element being an event: Gemini's streams without `alt=sse`.
//!
//! Elements are found by counting brackets outside of strings; each is judged by its reader.

use super::{EachFrame, FRAME_BYTES_MAX, FrameError, give};

/// Reads the elements of an array of objects.
#[derive(Debug, Default)]
pub(super) struct Reader {
    element: Vec<u8>,
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    is_skipping: bool,
}

impl Reader {
    pub(super) fn push(&mut self, bytes: &[u8], each: &mut EachFrame<'_>) {
        let mut from = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if self.in_text {
                self.in_text = self.is_escaped || byte != b'"';
                self.is_escaped = !self.is_escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' if self.depth > 0 => self.in_text = true,
                b'{' => {
                    // The brackets of the array itself lie outside of all elements.
                    from = if self.depth == 0 { at } else { from };
                    self.depth += 1;
                }
                b'}' if self.depth == 1 => {
                    self.keep(&bytes[from..=at]);
                    self.element(each);
                }
                b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if self.depth > 0 {
            self.keep(&bytes[from..]);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.element.len() + bytes.len() > FRAME_BYTES_MAX {
            self.is_skipping = true;
            self.element = Vec::new();
        } else if !self.is_skipping {
            self.element.extend_from_slice(bytes);
        }
    }

    fn element(&mut self, each: &mut EachFrame<'_>) {
        if self.is_skipping {
            each(Err(FrameError::TooLarge));
        } else {
            give("", false, &self.element, each);
        }
        self.element.clear();
        self.is_skipping = false;
        self.depth = 0;
    }
}
