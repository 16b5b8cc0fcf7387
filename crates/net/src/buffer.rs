//! The bytes that were read and not yet used: one growing window per reader, recycled per worker.
//!
//! An idle connection holds no buffer at all: that is what keeps ten thousand of them small.

use std::cell::RefCell;
use std::thread::LocalKey;

const BUFFER_BYTES: usize = 16 * 1024;

const BULK_BUFFER_BYTES: usize = 128 * 1024;

/// Free buffers kept per worker.
const SPARE_BUFFERS_MAX: usize = 128;

/// Free large buffers kept per worker: those that wait for their socket hold none.
const SPARE_BULK_BUFFERS_MAX: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static SPARE_BULK: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// The two sizes of buffers that are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A head with room to spare, and most small bodies.
    Usual,
    /// For long bodies: fewer system calls, still within a core's cache.
    Bulk,
}

impl Size {
    const fn bytes(self) -> usize {
        match self {
            Self::Usual => BUFFER_BYTES,
            Self::Bulk => BULK_BUFFER_BYTES,
        }
    }

    const fn spare(self) -> &'static LocalKey<RefCell<Vec<Vec<u8>>>> {
        match self {
            Self::Usual => &SPARE,
            Self::Bulk => &SPARE_BULK,
        }
    }

    const fn spare_max(self) -> usize {
        match self {
            Self::Usual => SPARE_BUFFERS_MAX,
            Self::Bulk => SPARE_BULK_BUFFERS_MAX,
        }
    }
}

/// A window of unread bytes within recycled memory.
#[derive(Debug, Default)]
pub struct Buffer {
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// No bytes, no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { memory: Vec::new(), start: 0, end: 0 }
    }

    /// The unread bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// How many bytes are unread.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is unread.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Marks the first `count` unread bytes as used.
    pub fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len());
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Room for more bytes behind the unread ones; never empty. Where nothing is unread it is of
    /// the whole size; else it grows to at most twice what is unread.
    pub fn room(&mut self, size: Size) -> &mut [u8] {
        if self.memory.len() < size.bytes() && self.is_empty() {
            give_spare(std::mem::take(&mut self.memory));
            self.memory = take_spare(size);
        }
        if self.end == self.memory.len() {
            if self.start > 0 {
                self.memory.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else {
                self.memory.resize(self.memory.len() * 2, 0);
            }
        }
        &mut self.memory[self.end..]
    }

    /// Takes `count` bytes of the room into use.
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.memory.len());
    }

    /// Adds bytes that were read elsewhere.
    pub fn extend(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.room(Size::Usual);
            let count = rest.len().min(room.len());
            room[..count].copy_from_slice(&rest[..count]);
            self.filled(count);
            rest = &rest[count..];
        }
    }

    /// Gives the memory back when nothing is unread.
    pub fn release(&mut self) {
        if self.is_empty() && !self.memory.is_empty() {
            give_spare(std::mem::take(&mut self.memory));
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give_spare(std::mem::take(&mut self.memory));
    }
}

fn take_spare(size: Size) -> Vec<u8> {
    let spare = size.spare().try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_else(|| vec![0; size.bytes()])
}

fn give_spare(memory: Vec<u8>) {
    let Some(size) = [Size::Usual, Size::Bulk].into_iter().find(|it| it.bytes() == memory.len())
    else {
        return;
    };
    let _thread_ends = size.spare().try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < size.spare_max() {
            spare.push(memory);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_and_memory_goes_back() {
        let mut buffer = Buffer::new();
        let long: Vec<u8> = (0..50_000_u32).map(|n| (n % 251) as u8).collect();
        buffer.extend(&long);
        assert_eq!(buffer.data(), long);
        buffer.consume(49_990);
        buffer.extend(b"tail");
        assert_eq!(&buffer.data()[10..], b"tail");
        buffer.consume(14);
        assert!(buffer.is_empty());
        buffer.release();
        assert!(buffer.memory.is_empty());
    }

    #[test]
    fn a_large_buffer_is_used_again() {
        let mut buffer = Buffer::new();
        buffer.extend(b"head");
        buffer.consume(4);
        assert_eq!(buffer.room(Size::Bulk).len(), BULK_BUFFER_BYTES);
        buffer.room(Size::Bulk)[0] = 7;
        buffer.release();
        assert_eq!(buffer.room(Size::Usual).len(), BUFFER_BYTES);
        assert_eq!(buffer.room(Size::Bulk)[0], 7, "not the one from before");
    }
}
