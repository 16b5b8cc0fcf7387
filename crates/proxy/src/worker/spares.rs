//! What an exchange leaves behind for the next one of its worker: heads and texts, emptied, with
//! their memory. Not a cache: nothing of what they held is kept.

use std::cell::RefCell;

use architrave_net::{RequestHead, ResponseHead};

/// What is kept of each kind.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    /// Heads of responses from endpoints.
    pub response_heads: Shelf<ResponseHead>,
    /// Heads of the requests of streams; a connection of HTTP/1.1 has one of its own.
    pub request_heads: Shelf<RequestHead>,
    /// Paths, hosts and the like.
    pub texts: Shelf<String>,
}

/// Something whose memory another can use.
pub(crate) trait Spare: Default {
    /// How many are kept.
    const KEPT_MAX: usize;
    /// Empties it, and gives memory back that is more than most need.
    fn empty(&mut self);
}

/// Spares of one kind.
#[derive(Debug, Default)]
pub(crate) struct Shelf<T>(RefCell<Vec<T>>);

impl<T: Spare> Shelf<T> {
    /// An empty one.
    pub(crate) fn take(&self) -> T {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    /// Gives one back.
    pub(crate) fn give(&self, mut spare: T) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < T::KEPT_MAX {
            spare.empty();
            kept.push(spare);
        }
    }
}

/// Bytes that a kept head may hold.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Bytes that a kept text may hold.
const TEXT_BYTES_MAX: usize = 1024;

impl Spare for ResponseHead {
    const KEPT_MAX: usize = 64;

    fn empty(&mut self) {
        self.clear();
        self.trim(HEAD_BYTES_MAX);
    }
}

impl Spare for RequestHead {
    const KEPT_MAX: usize = 64;

    fn empty(&mut self) {
        self.clear();
        self.trim(HEAD_BYTES_MAX);
    }
}

impl Spare for String {
    const KEPT_MAX: usize = 256;

    fn empty(&mut self) {
        self.clear();
        self.shrink_to(TEXT_BYTES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_empty_and_small() {
        let spares = Spares::default();
        let mut head = RequestHead::default();
        head.authority.push_str("a.test");
        head.fields.append("a", &[b'x'; 100]);
        spares.request_heads.give(head);
        let head = spares.request_heads.take();
        assert!(head.authority.is_empty() && head.fields.is_empty());
        assert!(head.fields.memory_bytes() >= 100, "its memory is what it is kept for");

        let mut head = ResponseHead::default();
        head.fields.append("a", &[b'x'; HEAD_BYTES_MAX]);
        head.clear();
        head.fields.append("b", b"small, in a place that was large");
        spares.response_heads.give(head);
        assert_eq!(spares.response_heads.take().fields.memory_bytes(), 0);

        spares.texts.give("x".repeat(2 * TEXT_BYTES_MAX));
        let text = spares.texts.take();
        assert!(text.is_empty() && text.capacity() <= TEXT_BYTES_MAX);
        for _ in 0..=String::KEPT_MAX {
            spares.texts.give(String::new());
        }
        assert_eq!(spares.texts.0.borrow().len(), String::KEPT_MAX);
    }
}
