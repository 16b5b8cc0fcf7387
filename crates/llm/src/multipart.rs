//! A form of many parts, looked at as it arrives: where in it is what the gateway needs, and is it
//! such that every reader sees the same parts.
//!
//! It is to forms what `scan` is to JSON: nothing is kept but a few short values, and what is to be
//! changed is told as places for a [`Splice`]. What RFC 2046 leaves to readers is refused: text
//! before the first part and behind the last, lines that end without CR, lines that only start
//! like a delimiter.

mod boundary;
mod error;
mod head;
mod seek;

use std::ops::Range;

use crate::scan::{Splice, Watch, Watched};

pub use error::MultipartError;

use head::Head;
use seek::{Found, Seek};

/// The part that is a file, whether it says so or not.
const FILE: &str = "file";

/// What a form may be at most.
#[derive(Debug, Clone, Copy)]
pub struct MultipartLimits {
    /// How many parts. Edits of images take 16 files.
    pub parts_max: usize,
    /// How many bytes the head of a part may have.
    pub head_bytes_max: usize,
    /// How many bytes a value that is looked for may have: names of models have 200 at most.
    pub value_bytes_max: usize,
}

impl Default for MultipartLimits {
    fn default() -> Self {
        Self { parts_max: 128, head_bytes_max: 8 * 1024, value_bytes_max: 1024 }
    }
}

/// A look at a form under way: [`push`](Self::push) chunks, then [`finish`](Self::finish).
#[derive(Debug, Clone)]
pub struct Multipart {
    watch: &'static Watch,
    limits: MultipartLimits,
    boundary: String,
    state: State,
    /// Bytes that have been looked at.
    at: usize,
    seek: Seek,
    /// What came of a first delimiter, of the end of a delimiter's line, of a head, or of a value.
    carry: Vec<u8>,
    /// The watched value that is being read, and where it starts.
    value: Option<(Watched, usize)>,
    values: Vec<(Watched, usize, String)>,
    /// The part that is being read.
    open: Option<Content>,
    contents: Vec<Content>,
    parts: usize,
    opens_at: usize,
}

/// The content of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The name of the part.
    pub name: String,
    /// Whether it is a file.
    pub is_file: bool,
    /// Where in the body it lies.
    pub span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Before,
    /// Behind a delimiter, in its line.
    Delimiter,
    /// In the head of a part.
    Head,
    /// In the content of a part.
    Content,
    /// Behind the last delimiter.
    After,
}

impl Multipart {
    /// A look at a form with that content type, in which the watched members are parts.
    ///
    /// # Errors
    /// Where the content type is none of a form, or has no sound boundary.
    pub fn new(
        content_type: &str,
        watch: &'static Watch,
        limits: MultipartLimits,
    ) -> Result<Self, MultipartError> {
        let boundary = boundary::of(content_type)?;
        Ok(Self {
            watch,
            limits,
            seek: Seek::new(&boundary),
            boundary,
            state: State::Before,
            at: 0,
            carry: Vec::new(),
            value: None,
            values: Vec::new(),
            open: None,
            contents: Vec::new(),
            parts: 0,
            opens_at: 0,
        })
    }

    /// Looks at the next chunk of the body.
    ///
    /// # Errors
    /// Why the body is refused; this is of no use after that.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), MultipartError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = match self.state {
                State::Before => self.before(rest[0])?,
                State::Delimiter => self.delimiter(rest[0])?,
                State::Head => self.head(rest)?,
                State::Content => self.content(rest)?,
                State::After => self.after(rest)?,
            };
            self.at += taken;
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Where the value of a watched part lies, as soon as it has been read; a body can be routed
    /// before it is whole.
    #[must_use]
    pub fn span(&self, watched: Watched) -> Option<Range<usize>> {
        let (_, from, value) = self.values.iter().find(|(one, ..)| *one == watched)?;
        Some(*from..from + value.len())
    }

    /// The contents of the parts that have been read, files and others.
    #[must_use]
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// The text of a watched part.
    #[must_use]
    pub fn text(&self, watched: Watched) -> Option<&str> {
        self.values.iter().find(|(one, ..)| *one == watched).map(|(.., value)| value.as_str())
    }

    /// The whole number that a watched part says, where it says one.
    #[must_use]
    pub fn count(&self, watched: Watched) -> Option<u64> {
        crate::scan::at_least(self.text(watched)?)
    }

    /// Whether a watched part says `true`.
    #[must_use]
    pub fn is_true(&self, watched: Watched) -> bool {
        self.text(watched).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// How many parts have begun.
    #[must_use]
    pub fn part_count(&self) -> usize {
        self.parts
    }

    /// The edits by which a watched part says something else; where there is no such part so far,
    /// one is put in before all others. Before the first part has begun there is no place for it.
    pub fn set_text(&self, splice: &mut Splice, watched: Watched, text: &str) {
        if let Some(span) = self.span(watched) {
            return splice.edit(span, text.as_bytes().to_vec());
        }
        let Some(member) = self.watch.member(watched).filter(|_| self.parts > 0) else { return };
        let part = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{text}\r\n",
            self.boundary, member.name,
        );
        splice.edit(self.opens_at..self.opens_at, part.into_bytes());
    }

    /// Ends the look.
    ///
    /// # Errors
    /// Where the body ended before the form did.
    pub fn finish(&self) -> Result<(), MultipartError> {
        match self.state {
            State::After => Ok(()),
            _ => Err(MultipartError::Unfinished),
        }
    }

    /// One byte before the first part: there may be an empty line, no more.
    fn before(&mut self, byte: u8) -> Result<usize, MultipartError> {
        if self.carry.is_empty() && matches!((self.at, byte), (0, b'\r') | (1, b'\n')) {
            return Ok(1);
        }
        if self.seek.delimiter().get(self.carry.len()) != Some(&byte) {
            return Err(self.wrong(0, "does not begin with its boundary"));
        }
        self.carry.push(byte);
        if self.carry.len() == self.seek.delimiter().len() {
            self.opens_at = self.at + 1 - self.carry.len();
            self.carry.clear();
            self.state = State::Delimiter;
        }
        Ok(1)
    }

    /// Goes on in content, up to behind a delimiter.
    fn content(&mut self, rest: &[u8]) -> Result<usize, MultipartError> {
        let (taken, found) = self.seek.push(rest);
        if let Some((watched, from)) = self.value {
            self.carry.extend_from_slice(&rest[..taken]);
            let (part, max) = (self.name(watched), self.limits.value_bytes_max);
            if self.carry.len() > max + self.seek.length() {
                return Err(MultipartError::LongValue { part, max });
            }
            if found == Some(Found::Whole) {
                let mut value = std::mem::take(&mut self.carry);
                value.truncate(value.len() - self.seek.length());
                let value =
                    String::from_utf8(value).map_err(|_| MultipartError::NotText { part })?;
                self.values.push((watched, from, value));
                self.value = None;
            }
        }
        match found {
            None => {}
            Some(Found::Whole) => {
                let end = self.at + taken - self.seek.length();
                let open = self.open.take();
                self.contents.extend(open.map(|it| Content { span: it.span.start..end, ..it }));
                self.state = State::Delimiter;
            }
            Some(Found::WithoutCr) => {
                return Err(self.wrong(taken, "has a delimiter without CR before it"));
            }
            Some(Found::Shared) => return Err(self.wrong(taken, "has a part without content")),
        }
        Ok(taken)
    }

    /// One byte behind a delimiter: the end of its line, or the mark of the end of the form.
    fn delimiter(&mut self, byte: u8) -> Result<usize, MultipartError> {
        match (self.carry.as_slice(), byte) {
            ([], b' ' | b'\t') => {}
            ([], b'\r' | b'-') => self.carry.push(byte),
            ([b'\r'], b'\n') => {
                self.carry.clear();
                self.parts += 1;
                if self.parts > self.limits.parts_max {
                    return Err(MultipartError::ManyParts { max: self.limits.parts_max });
                }
                self.state = State::Head;
            }
            ([b'-'], b'-') => {
                self.carry.clear();
                self.state = State::After;
            }
            _ => return Err(self.wrong(0, "has a line that only starts like a delimiter")),
        }
        Ok(1)
    }

    /// Goes on in the head of a part.
    fn head(&mut self, rest: &[u8]) -> Result<usize, MultipartError> {
        let before = self.carry.len();
        let room = self.limits.head_bytes_max.saturating_sub(before).min(rest.len());
        self.carry.extend_from_slice(&rest[..room]);
        if before < 2 && self.carry.starts_with(b"\r\n") {
            return Err(self.wrong(2 - before, "has a part without a head"));
        }
        let from = before.saturating_sub(3);
        let Some(end) = memchr::memmem::find(&self.carry[from..], b"\r\n\r\n") else {
            let max = self.limits.head_bytes_max;
            return if room < rest.len() {
                Err(MultipartError::LongHead { max })
            } else {
                Ok(rest.len())
            };
        };
        let end = from + end + 4;
        let taken = end - before;
        let head = Head::read(&self.carry[..end - 2]);
        self.carry.clear();
        let head = head.map_err(|why| self.wrong(taken, why))?;
        if let Some(member) = self.watch.members.iter().find(|member| member.name == head.name) {
            let part = member.name;
            if member.means == Watched::Barred {
                return Err(MultipartError::Barred { part });
            }
            if self.values.iter().any(|(one, ..)| *one == member.means) {
                return Err(MultipartError::DoubledPart { part });
            }
            if head.is_file {
                return Err(MultipartError::NotText { part });
            }
            self.value = Some((member.means, self.at + taken));
        }
        let start = self.at + taken;
        let is_file = head.is_file || head.name == FILE;
        self.open = Some(Content { name: head.name, is_file, span: start..start });
        self.seek.restart();
        self.state = State::Content;
        Ok(taken)
    }

    /// Behind the end of the form.
    fn after(&mut self, rest: &[u8]) -> Result<usize, MultipartError> {
        let is_blank = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t');
        match rest.iter().position(|byte| !is_blank(byte)) {
            None => Ok(rest.len()),
            Some(at) => Err(self.wrong(at, "goes on after its end")),
        }
    }

    fn name(&self, watched: Watched) -> &'static str {
        self.watch.member(watched).map_or("", |member| member.name)
    }

    /// A mistake that many bytes behind what has been looked at.
    fn wrong(&self, ahead: usize, why: &'static str) -> MultipartError {
        MultipartError::Syntax { at: self.at + ahead, why }
    }
}

#[cfg(test)]
mod tests;
