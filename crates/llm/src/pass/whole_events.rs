//! Lets bytes of a stream through by whole events, so that what the gateway has to say when the
//! stream breaks off never comes in the middle of one.

use memchr::memmem;

use crate::frame::{Framing, last_edge};

/// An event longer than this is not waited for: it goes through as it comes.
const EVENT_MAX: usize = 64 * 1024;

/// Holds back what came of an event that has not ended.
#[derive(Debug)]
pub struct WholeEvents {
    framing: Framing,
    held: Vec<u8>,
    /// What went through ends within an event.
    is_within: bool,
}

impl WholeEvents {
    /// At the start of a stream.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, held: Vec::new(), is_within: false }
    }

    /// Whether the next bytes may go through as they are; else they are to be pushed.
    #[must_use]
    pub fn lets_through(&mut self, bytes: &[u8]) -> bool {
        if !self.held.is_empty() {
            return false;
        }
        if !self.is_within {
            return last_edge(self.framing, bytes) == bytes.len();
        }
        // Only a blank line can be found again in the middle of something.
        if self.framing == Framing::Sse && memmem::find(bytes, b"\n\n").is_some() {
            self.is_within = last_edge(self.framing, bytes) != bytes.len();
        }
        true
    }

    /// Takes the next bytes, and appends those that go on.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let edge = last_edge(self.framing, &self.held);
        if self.held.len() - edge > EVENT_MAX {
            self.is_within = true;
            out.append(&mut self.held);
            return;
        }
        out.extend_from_slice(&self.held[..edge]);
        self.held.drain(..edge);
    }

    /// The stream has ended well: what is left goes on.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    /// Whether what went through ends within an event.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(gate: &mut WholeEvents, piece: &[u8], out: &mut Vec<u8>) {
        match gate.lets_through(piece) {
            true => out.extend_from_slice(piece),
            false => gate.push(piece, out),
        }
    }

    #[test]
    fn half_an_event_waits_for_the_other_half() {
        let mut gate = WholeEvents::new(Framing::Sse);
        assert!(gate.lets_through(b"data: 1\n\n"));
        let mut out = Vec::new();
        pass(&mut gate, b"data: 2\n\ndata:", &mut out);
        assert_eq!(out, b"data: 2\n\n");
        assert!(!gate.is_within());
        pass(&mut gate, b" 3\n", &mut out);
        assert_eq!(out, b"data: 2\n\n");
        pass(&mut gate, b"\n", &mut out);
        assert_eq!(out, b"data: 2\n\ndata: 3\n\n");
        pass(&mut gate, b"data: last", &mut out);
        gate.end(&mut out);
        assert!(out.ends_with(b"data: last"));
    }

    #[test]
    fn what_is_very_long_goes_on_and_is_known_to_be_open() {
        let mut gate = WholeEvents::new(Framing::Sse);
        let mut out = Vec::new();
        let long = vec![b'x'; EVENT_MAX + 1];
        pass(&mut gate, &long, &mut out);
        assert_eq!((out.len(), gate.is_within()), (EVENT_MAX + 1, true));
        pass(&mut gate, b"yy", &mut out);
        assert_eq!((out.len(), gate.is_within()), (EVENT_MAX + 3, true));
        pass(&mut gate, b"\n\ndata: 1\n\n", &mut out);
        assert!(!gate.is_within(), "there is an end again");
        pass(&mut gate, b"data", &mut out);
        assert!(out.ends_with(b"data: 1\n\n"));
    }
}
