//! The text of an answer so far, to turn Google's places in it, which are bytes, into characters
//! and back.
//!
//! Text in ASCII is only counted: there both are the same.

/// Text that grows.
#[derive(Debug, Default)]
pub(super) struct TextSoFar {
    /// How much of it, from its start, is ASCII.
    ascii: usize,
    /// What comes from its first other character on.
    rest: String,
}

impl TextSoFar {
    pub(super) fn new(text: &str) -> Self {
        let mut so_far = Self::default();
        so_far.push(text);
        so_far
    }

    pub(super) fn push(&mut self, text: &str) {
        let is_wide = |byte: u8| !byte.is_ascii();
        let cut = if self.rest.is_empty() {
            text.bytes().position(is_wide).unwrap_or(text.len())
        } else {
            0
        };
        self.ascii += cut;
        self.rest.push_str(&text[cut..]);
    }

    /// How many characters the first bytes are; the end is as far as it goes.
    pub(super) fn chars(&self, bytes: u64) -> u64 {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let beyond = bytes.saturating_sub(self.ascii);
        let wide = self.rest.char_indices().take_while(|(at, _)| *at < beyond).count();
        (bytes.min(self.ascii) + wide) as u64
    }

    /// How many bytes the first characters are.
    pub(super) fn bytes(&self, chars: u64) -> u64 {
        let chars = usize::try_from(chars).unwrap_or(usize::MAX);
        let beyond = chars.saturating_sub(self.ascii);
        let wide: usize = self.rest.chars().take(beyond).map(char::len_utf8).sum();
        (chars.min(self.ascii) + wide) as u64
    }

    /// A span in bytes as one in characters.
    pub(super) fn span_in_chars(&self, (start, end): (u64, u64)) -> (u64, u64) {
        (self.chars(start), self.chars(end))
    }

    /// A span in characters as one in bytes.
    pub(super) fn span_in_bytes(&self, (start, end): (u64, u64)) -> (u64, u64) {
        (self.bytes(start), self.bytes(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters_are_told_apart() {
        let mut text = TextSoFar::default();
        ["ab", "cé", "東x"].iter().for_each(|piece| text.push(piece));
        for (chars, bytes) in [(0, 0), (3, 3), (4, 5), (5, 8), (6, 9)] {
            assert_eq!((text.bytes(chars), text.chars(bytes)), (bytes, chars));
        }
        assert_eq!(text.span_in_chars((5, 900)), (4, 6));
        assert_eq!(TextSoFar::new("ab").span_in_bytes((1, 9)), (1, 2));
    }
}
