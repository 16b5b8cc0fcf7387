//! A reader that holds the whole grammar of JSON, strings included, and refuses an object that says
//! a name twice, however deep it lies: what it has gone over means the same to every reader.
//!
//! It tells places, and makes no values; what is wanted of them is read by [`crate::json::Cursor`].

use std::borrow::Cow;
use std::ops::Range;

use thiserror::Error;

use crate::json::{Kind, is_number, special_at, unescape};
use crate::keys::{Added, Keys};

/// What a text may be at most.
#[derive(Debug, Clone, Copy)]
pub struct StrictLimits {
    /// How deep arrays and objects may lie in each other.
    pub depth_max: usize,
    /// How many names one object may have.
    pub names_max: usize,
}

/// Why a text is refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StrictError {
    /// It is no JSON.
    #[error("it {why} at byte {at}")]
    Syntax {
        /// Offset in bytes.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// Arrays and objects lie too deep in each other.
    #[error("it is nested deeper than {max} at byte {at}")]
    TooDeep {
        /// Offset in bytes.
        at: usize,
        /// What is allowed.
        max: usize,
    },
    /// An object says a name twice.
    #[error("it says a name twice in one object at byte {at}")]
    DoubledName {
        /// Offset in bytes of the second name.
        at: usize,
    },
    /// An object has too many names.
    #[error("an object of it has more than {max} names at byte {at}")]
    TooManyNames {
        /// Offset in bytes.
        at: usize,
        /// What is allowed.
        max: usize,
    },
}

/// The name of a member.
#[derive(Debug)]
pub struct Name<'a> {
    /// What it says.
    pub text: Cow<'a, str>,
    /// Where it lies, with its quotes.
    pub span: Range<usize>,
}

/// A place in a text, which moves forward only.
#[derive(Debug)]
pub struct Strict<'a> {
    text: &'a str,
    at: usize,
    limits: StrictLimits,
    depth: usize,
    keys: Keys,
    folded: Keys,
    has_case_twins: bool,
    /// Brackets of what is being gone over, kept for its room.
    open: Vec<u8>,
}

impl<'a> Strict<'a> {
    /// At the start of a text.
    #[must_use]
    pub fn new(text: &'a str, limits: StrictLimits) -> Self {
        Self {
            text,
            at: 0,
            limits,
            depth: 0,
            keys: Keys::default(),
            folded: Keys::default(),
            has_case_twins: false,
            open: Vec::new(),
        }
    }

    /// The offset of the place.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The text that is read.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Whether some object so far has two names that differ in nothing but the case of their
    /// letters, which some readers take for the same one.
    #[must_use]
    pub fn has_case_twins(&self) -> bool {
        self.has_case_twins
    }

    /// What kind of value comes next.
    pub fn kind(&mut self) -> Kind {
        self.blank();
        match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b'n') => Kind::Null,
            _ => Kind::Scalar,
        }
    }

    /// Reads an object; `member` is called at each value, and must go over it. Gives the number of
    /// members.
    ///
    /// # Errors
    /// Where no object is here, it lies too deep, a name is doubled, or `member` fails.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Name<'a>) -> Result<(), StrictError>,
    ) -> Result<usize, StrictError> {
        self.enter(b'{', "misses an object")?;
        self.keys.open();
        self.folded.open();
        let mut count = 0;
        if !self.closes(b'}') {
            loop {
                self.blank();
                let name = self.name()?;
                member(self, name)?;
                count += 1;
                if self.closes(b'}') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.leave();
        Ok(count)
    }

    /// Reads an array; `item` is called at each value, and must go over it.
    ///
    /// # Errors
    /// Where no array is here, it lies too deep, or `item` fails.
    pub fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), StrictError>,
    ) -> Result<(), StrictError> {
        self.enter(b'[', "misses an array")?;
        if !self.closes(b']') {
            loop {
                self.blank();
                item(self)?;
                if self.closes(b']') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Goes over a value, and says where it lies. It does not call itself: depth costs no stack.
    ///
    /// # Errors
    /// Where no value is here, or one that is refused.
    pub fn value(&mut self) -> Result<Range<usize>, StrictError> {
        self.blank();
        let from = self.at;
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        let gone_over = self.go_over(&mut open);
        self.open = open;
        gone_over.map(|()| from..self.at)
    }

    /// Holds that nothing but white space follows.
    ///
    /// # Errors
    /// Where something does.
    pub fn end(&mut self) -> Result<(), StrictError> {
        self.blank();
        if self.at == self.text.len() { Ok(()) } else { Err(self.wrong("goes on after its end")) }
    }

    fn go_over(&mut self, open: &mut Vec<u8>) -> Result<(), StrictError> {
        loop {
            self.blank();
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(bracket @ (b'{' | b'[')) => {
                    self.enter(bracket, "misses a value")?;
                    let is_object = bracket == b'{';
                    if is_object {
                        self.keys.open();
                        self.folded.open();
                    }
                    open.push(bracket);
                    if !self.closes(closing(bracket)) {
                        self.blank();
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                    self.leave_bracket(open);
                }
                _ => self.scalar()?,
            }
            loop {
                let Some(&bracket) = open.last() else { return Ok(()) };
                if self.closes(closing(bracket)) {
                    self.leave_bracket(open);
                    continue;
                }
                self.expect(b',')?;
                if bracket == b'{' {
                    self.blank();
                    self.name()?;
                }
                break;
            }
        }
    }

    /// Reads a name and its colon.
    fn name(&mut self) -> Result<Name<'a>, StrictError> {
        let from = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.wrong("misses a name"));
        }
        let text = self.string()?;
        let span = from..self.at;
        match self.keys.add(text.as_bytes(), self.limits.names_max) {
            Added::New => {}
            Added::Doubled => return Err(StrictError::DoubledName { at: from }),
            Added::TooMany => {
                return Err(StrictError::TooManyNames { at: from, max: self.limits.names_max });
            }
        }
        let twin = self.folded.add(fold(&text).as_bytes(), usize::MAX);
        self.has_case_twins |= twin == Added::Doubled;
        self.blank();
        self.expect(b':')?;
        self.blank();
        Ok(Name { text, span })
    }

    /// Reads the string that is here.
    fn string(&mut self) -> Result<Cow<'a, str>, StrictError> {
        let bytes = self.text.as_bytes();
        let from = self.at + 1;
        let mut at = from;
        loop {
            at = special_at(bytes, at);
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => {
                    return Err(StrictError::Syntax { at, why: "has a control byte in a string" });
                }
                None => {
                    let at = self.at;
                    return Err(StrictError::Syntax { at, why: "has a string without an end" });
                }
            }
        }
        let raw = &self.text[from..at];
        let wrong = |offset: usize| StrictError::Syntax {
            at: from + offset,
            why: "has a wrong escape in a string",
        };
        let text = unescape(raw).map_err(wrong)?;
        if let Cow::Owned(_) = text
            && let Some(offset) = half_pair(raw)
        {
            return Err(wrong(offset));
        }
        self.at = at + 1;
        Ok(text)
    }

    fn scalar(&mut self) -> Result<(), StrictError> {
        let rest = &self.text.as_bytes()[self.at..];
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let scalar = &rest[..length];
        if matches!(scalar, b"true" | b"false" | b"null") || is_number(scalar) {
            self.at += length;
            return Ok(());
        }
        Err(self.wrong("has something that is no value"))
    }

    fn enter(&mut self, bracket: u8, why: &'static str) -> Result<(), StrictError> {
        self.blank();
        if self.peek() != Some(bracket) {
            return Err(self.wrong(why));
        }
        if self.depth == self.limits.depth_max {
            return Err(StrictError::TooDeep { at: self.at, max: self.limits.depth_max });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Out of an object.
    fn leave(&mut self) {
        self.keys.close();
        self.folded.close();
        self.depth -= 1;
    }

    fn leave_bracket(&mut self, open: &mut Vec<u8>) {
        match open.pop() {
            Some(b'{') => self.leave(),
            _ => self.depth -= 1,
        }
    }

    fn closes(&mut self, bracket: u8) -> bool {
        self.blank();
        let closes = self.peek() == Some(bracket);
        self.at += usize::from(closes);
        closes
    }

    fn expect(&mut self, byte: u8) -> Result<(), StrictError> {
        if self.closes(byte) {
            return Ok(());
        }
        let colon = "misses a colon";
        let comma = "misses a comma or a closing bracket";
        Err(self.wrong(if byte == b':' { colon } else { comma }))
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, why: &'static str) -> StrictError {
        StrictError::Syntax { at: self.at, why }
    }
}

/// A name as readers take it that do not look at the case of letters. Two letters beyond ASCII are
/// taken for letters of it by them: the long s and the sign of Kelvin.
#[must_use]
pub fn fold(name: &str) -> Cow<'_, str> {
    let is_folded = |byte: u8| !byte.is_ascii_uppercase() && byte.is_ascii();
    if name.bytes().all(is_folded) {
        return Cow::Borrowed(name);
    }
    let letter = |letter: char| match letter {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        letter => letter.to_ascii_lowercase(),
    };
    Cow::Owned(name.chars().map(letter).collect())
}

/// The offset of the first half of a surrogate pair that stands alone: no text has such a letter,
/// and each reader makes something else of it.
fn half_pair(raw: &str) -> Option<usize> {
    let bytes = raw.as_bytes();
    let unit = |at: usize| -> Option<u32> {
        let digits = raw.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        let Some(first) = unit(at) else {
            at += 2;
            continue;
        };
        let is_pair = || matches!((first, unit(at + 6)), (0xD800..0xDC00, Some(0xDC00..0xE000)));
        match first {
            0xD800..0xE000 if !is_pair() => return Some(at),
            0xD800..0xE000 => at += 12,
            _ => at += 6,
        }
    }
    None
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'{' { b'}' } else { b']' }
}

#[cfg(test)]
mod tests;
