//! Finding, many bytes at a time, where a run of plain string bytes ends.
//!
//! No unsafe and no run-time choice of instructions: the blocks are written so that the compiler
//! makes vector code of them.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const BLOCK: usize = 32;

/// Where, from `from` on, the first quote, backslash or control byte is; the length where none is.
#[must_use]
pub fn special_at(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    // Most strings are names and short values: two words see their end.
    for _ in 0..2 {
        let Some(word) = bytes.get(at..at + 8) else { break };
        let marks = special_marks(word_of(word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(block) = bytes.get(at..at + BLOCK) {
        if block.iter().fold(false, |hit, &byte| hit | is_special(byte)) {
            break;
        }
        at += BLOCK;
    }
    while let Some(word) = bytes.get(at..at + 8) {
        let marks = special_marks(word_of(word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|&byte| is_special(byte)).map_or(bytes.len(), |found| at + found)
}

/// Where, from `from` on, the first quote or backslash is; the length where none is.
#[must_use]
pub fn quote_at(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    // Most strings are short: two words see their end sooner than a search has begun.
    for _ in 0..2 {
        let Some(word) = bytes.get(at..at + 8) else { break };
        let marks = quote_marks(word_of(word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    memchr::memchr2(b'"', b'\\', rest).map_or(bytes.len(), |found| at + found)
}

/// The high bit of each quote and backslash; bits above the lowest one set may be wrong.
fn quote_marks(word: u64) -> u64 {
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    (zero(quote) | zero(backslash)) & HIGHS
}

fn word_of(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes were taken"))
}

fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The high bit of each special byte; bits above the lowest one set may be wrong.
fn special_marks(word: u64) -> u64 {
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | quote | backslash) & HIGHS
}
