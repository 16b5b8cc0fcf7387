//! The scan itself: a machine that can stop at any byte and go on with the next chunk.
//!
//! Inside of strings it goes by blocks; between them byte by byte, of which there are few.

use architrave_wire::keys::{Added, Keys};

use super::kept::may_name;
use super::sizes::{Sort, TextSizes};
use super::{ScanError, ScanLimits, Scanned, Spellings, Watch, Watched, needs, twins};
use crate::catalog::Ability;
use crate::json::{is_number, quote_at, special_at, unescape};

/// A number longer than this is none that anybody means.
const SCALAR_MAX: usize = 1024;
/// A field name longer than this is none that anybody means.
const NAME_MAX: usize = 64 * 1024;

/// A scan under way: [`push`](Self::push) chunks, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Scan {
    watch: &'static Watch,
    limits: ScanLimits,
    mode: Mode,
    /// Bytes before the chunk that is being read.
    before: usize,
    frames: Vec<Frame>,
    keys: Keys,
    /// What of a name or number came with earlier chunks.
    carry: Vec<u8>,
    /// The member whose value comes next or is being read, and where it starts.
    member: Option<Watched>,
    member_from: usize,
    /// Where the name that is being read starts.
    name_from: usize,
    sort: Sort,
    /// How much media there was before the string that is being read.
    media_before: u64,
    /// How names are spelled in the value that comes next.
    spellings: Spellings,
    /// The bit of [`twins`] whose value comes next.
    twin: u8,
    /// Whether it is in the tools of the body.
    in_tools: bool,
    found: Scanned,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    is_object: bool,
    member: Option<Watched>,
    from: usize,
    sort: Sort,
    spellings: Spellings,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Value,
    /// A value, or the end of the array that was just opened.
    ValueOrEnd,
    Name,
    /// A name, or the end of the object that was just opened.
    NameOrEnd,
    Colon,
    /// A comma, or the end of what is open.
    Next,
    InName {
        escaped: bool,
        has_escapes: bool,
    },
    InText {
        escaped: bool,
    },
    InScalar,
    Done,
}

impl Scan {
    /// A scan of a body of the dialect whose table it is.
    #[must_use]
    pub fn new(watch: &'static Watch, limits: ScanLimits) -> Self {
        Self {
            watch,
            limits,
            mode: Mode::Value,
            before: 0,
            frames: Vec::with_capacity(16),
            keys: Keys::default(),
            carry: Vec::new(),
            member: None,
            member_from: 0,
            name_from: 0,
            sort: Sort::Silent,
            media_before: 0,
            spellings: watch.spellings,
            twin: 0,
            in_tools: false,
            found: Scanned { is_empty: true, ..Scanned::default() },
        }
    }

    /// Reads the next chunk of the body.
    ///
    /// # Errors
    /// Why the body is refused; the scan is of no use after that.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), ScanError> {
        let mut at = 0;
        while at < chunk.len() {
            at = match self.mode {
                Mode::InText { escaped } => self.text(chunk, at, escaped),
                Mode::InName { escaped, has_escapes } => {
                    self.name(chunk, at, escaped, has_escapes)?
                }
                Mode::InScalar => self.scalar(chunk, at)?,
                _ => self.between(chunk, at)?,
            };
        }
        self.before += chunk.len();
        Ok(())
    }

    /// Where the value of a member lies, as soon as it has been read; a body can be routed before
    /// it is whole.
    #[must_use]
    pub fn span(&self, watched: Watched) -> Option<std::ops::Range<usize>> {
        self.found.span(watched)
    }

    /// Ends the scan.
    ///
    /// # Errors
    /// Where the body ended before its JSON did, or is no object.
    pub fn finish(self) -> Result<Scanned, ScanError> {
        if self.mode == Mode::Done { Ok(self.found) } else { Err(ScanError::Unfinished) }
    }

    /// One byte outside of strings, names and numbers.
    fn between(&mut self, chunk: &[u8], at: usize) -> Result<usize, ScanError> {
        let byte = chunk[at];
        match (byte, self.mode) {
            (b' ' | b'\n' | b'\r' | b'\t', _) => {}
            (b',', Mode::Next) => {
                let in_object = self.frames.last().is_some_and(|frame| frame.is_object);
                self.mode = if in_object { Mode::Name } else { Mode::Value };
            }
            (b'"', Mode::Name | Mode::NameOrEnd) => {
                self.name_from = self.before + at;
                self.mode = Mode::InName { escaped: false, has_escapes: false };
            }
            (b':', Mode::Colon) => self.mode = Mode::Value,
            (b'}' | b']', Mode::Next | Mode::NameOrEnd | Mode::ValueOrEnd) => {
                self.close(byte, at)?
            }
            (_, Mode::Value | Mode::ValueOrEnd) => return self.value(byte, at),
            _ => return Err(self.wrong(at, "something else was expected")),
        }
        Ok(at + 1)
    }

    /// The first byte of a value.
    fn value(&mut self, byte: u8, at: usize) -> Result<usize, ScanError> {
        if self.frames.is_empty() && byte != b'{' {
            return Err(ScanError::NotAnObject);
        }
        self.member_from = self.before + at;
        // What is `null` is not said.
        let twin = std::mem::take(&mut self.twin);
        self.found.twins |= if byte == b'n' { 0 } else { twin };
        match byte {
            b'"' => {
                self.found.sizes.media_items += u64::from(self.sort == Sort::Media);
                self.media_before = self.found.sizes.media;
                self.mode = Mode::InText { escaped: false };
            }
            b'{' | b'[' => self.open(byte == b'{', at)?,
            _ => {
                self.mode = Mode::InScalar;
                return Ok(at);
            }
        }
        Ok(at + 1)
    }

    fn open(&mut self, is_object: bool, at: usize) -> Result<(), ScanError> {
        if self.frames.len() == self.limits.depth_max {
            let max = self.limits.depth_max;
            return Err(ScanError::TooDeep { at: self.before + at, max });
        }
        if self.frames.is_empty() {
            self.found.open_at = self.before + at + 1;
        }
        if is_object {
            let in_array = self.frames.last().is_some_and(|frame| !frame.is_object);
            self.found.sizes.items += u64::from(in_array);
            self.keys.open();
        }
        let (member, from, sort) = (self.member.take(), self.member_from, self.sort);
        let spellings = self.spellings;
        self.frames.push(Frame { is_object, member, from, sort, spellings });
        self.mode = if is_object { Mode::NameOrEnd } else { Mode::ValueOrEnd };
        Ok(())
    }

    fn close(&mut self, byte: u8, at: usize) -> Result<(), ScanError> {
        match self.frames.pop() {
            Some(frame) if frame.is_object == (byte == b'}') => {
                if frame.is_object {
                    self.keys.close();
                }
                if let (Mode::NameOrEnd, Some(watched)) = (self.mode, frame.member) {
                    self.found.hollow |= 1 << watched as u32;
                }
                (self.member, self.member_from) = (frame.member, frame.from);
                self.ended(self.before + at + 1);
                Ok(())
            }
            _ => Err(self.wrong(at, "a closing bracket fits none")),
        }
    }

    /// A value ended before the byte `end`.
    fn ended(&mut self, end: usize) {
        if let Some(watched) = self.member.take() {
            self.found.set(watched, self.member_from..end);
        }
        match self.frames.last() {
            // A string in an array is of the sort of the field that the array is in.
            Some(frame) => {
                self.sort = frame.sort;
                self.spellings = frame.spellings;
                self.mode = Mode::Next;
            }
            None => self.mode = Mode::Done,
        }
    }

    /// Goes on in a string.
    fn text(&mut self, chunk: &[u8], from: usize, escaped: bool) -> usize {
        let mut at = from + usize::from(escaped);
        loop {
            // A raw control byte is no JSON, but it misleads no reader, and the provider judges.
            at = quote_at(chunk, at);
            match chunk.get(at) {
                Some(b'"') => {
                    self.found.sizes.add(self.sort, &chunk[from..at]);
                    match self.sort {
                        Sort::Kind | Sort::Modality | Sort::Lasting => self.word(&chunk[from..at]),
                        Sort::Media => self.found.sizes.end_media(self.media_before),
                        Sort::Text | Sort::Silent => {}
                    }
                    self.ended(self.before + at + 1);
                    return at + 1;
                }
                Some(b'\\') if at + 1 < chunk.len() => at += 2,
                end => {
                    self.found.sizes.add(self.sort, &chunk[from..]);
                    if self.sort.is_word() {
                        self.carry.extend(chunk[from..].iter().take(needs::WORD_MAX));
                        self.carry.truncate(needs::WORD_MAX);
                    }
                    self.mode = Mode::InText { escaped: end.is_some() };
                    return chunk.len();
                }
            }
        }
    }

    /// A word that means something ends with this piece.
    fn word(&mut self, piece: &[u8]) {
        let mut carry = std::mem::take(&mut self.carry);
        let word = if carry.is_empty() {
            &piece[..piece.len().min(needs::WORD_MAX)]
        } else {
            carry.extend(piece.iter().take(needs::WORD_MAX));
            carry.truncate(needs::WORD_MAX);
            carry.as_slice()
        };
        if self.sort == Sort::Kind {
            needs::of_kind(word).into_iter().for_each(|need| self.found.needs.insert(need));
            self.found.offers_search |=
                self.in_tools && self.frames.len() == TOOL_DEPTH && needs::is_search(word);
        }
        self.found.is_dear |= needs::is_dear(self.sort, word);
        carry.clear();
        self.carry = carry;
    }

    /// Goes on in a field name.
    fn name(
        &mut self,
        chunk: &[u8],
        from: usize,
        escaped: bool,
        mut has_escapes: bool,
    ) -> Result<usize, ScanError> {
        let mut at = from + usize::from(escaped);
        loop {
            at = special_at(chunk, at);
            match chunk.get(at) {
                Some(b'"') if self.carry.is_empty() => {
                    self.named(&chunk[from..at], has_escapes, at)?;
                    return Ok(at + 1);
                }
                Some(b'"') => {
                    let mut name = std::mem::take(&mut self.carry);
                    name.extend_from_slice(&chunk[from..at]);
                    self.named(&name, has_escapes, at)?;
                    return Ok(at + 1);
                }
                Some(b'\\') if at + 1 < chunk.len() => {
                    has_escapes = true;
                    at += 2;
                }
                Some(byte) if *byte != b'\\' => {
                    return Err(self.wrong(at, "a field name has a control byte"));
                }
                end => {
                    let escaped = end.is_some();
                    self.carry.extend_from_slice(&chunk[from..]);
                    if self.carry.len() > NAME_MAX {
                        return Err(self.wrong(at, "a field name is too long"));
                    }
                    self.mode = Mode::InName { escaped, has_escapes: has_escapes | escaped };
                    return Ok(chunk.len());
                }
            }
        }
    }

    /// A field name is whole; `at` is where its closing quote is.
    fn named(&mut self, raw: &[u8], has_escapes: bool, at: usize) -> Result<(), ScanError> {
        let decoded;
        let name = if has_escapes {
            let text = std::str::from_utf8(raw).ok().and_then(|raw| unescape(raw).ok());
            decoded = text.ok_or_else(|| self.wrong(at, "a field name has a wrong escape"))?;
            decoded.as_bytes()
        } else {
            raw
        };
        let spellings = self.frames.last().map_or(Spellings::One, |frame| frame.spellings);
        match self.keys.add(&spellings.fold(name), self.limits.fields_max) {
            Added::New => {}
            Added::Doubled => return Err(ScanError::DoubledField { at: self.before + at }),
            Added::TooMany => {
                let max = self.limits.fields_max;
                return Err(ScanError::TooManyFields { at: self.before + at, max });
            }
        }
        let depth = self.frames.len();
        let within = self.frames.last().and_then(|frame| frame.member);
        if depth == 1 || (depth == 2 && within.is_some()) {
            self.found.is_empty = false;
            self.member = self.watch.find(within, name);
            if let Some(watched) = self.member {
                if !self.found.places.names[watched as usize].is_empty() {
                    return Err(ScanError::DoubledField { at: self.before + at });
                }
                self.found.places.names[watched as usize] = self.name_from..self.before + at + 1;
            }
        }
        if let Some(need) = needs::of_name(name, depth) {
            self.found.needs.insert(need);
            self.found.sizes.has_tools |= need == Ability::Tools;
        }
        self.twin = if depth == 1 { twins::bit(name) } else { 0 };
        if depth == 1 {
            self.in_tools = name == b"tools";
        } else if depth == TOOL_DEPTH && self.in_tools {
            self.found.offers_search |= needs::names_search(name);
        }
        self.sort = Sort::of(name);
        self.spellings = spellings.within(name);
        self.found.may_name_kept |= may_name(name, depth);
        // Names deep inside are those of schemas and arguments, which a model reads.
        if depth >= SPOKEN_DEPTH {
            self.found.sizes.add(Sort::Text, name);
        }
        self.mode = Mode::Colon;
        Ok(())
    }

    /// Goes on in a number or word.
    fn scalar(&mut self, chunk: &[u8], from: usize) -> Result<usize, ScanError> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        let length = chunk[from..].iter().position(ends);
        let end = length.map_or(chunk.len(), |length| from + length);
        // However it is cut, the mistake is where the value begins.
        let at = self.before + from - self.carry.len();
        if self.carry.len() + end - from > SCALAR_MAX {
            return Err(ScanError::Syntax { at, why: "a number is too long" });
        }
        if length.is_none() {
            self.carry.extend_from_slice(&chunk[from..]);
            return Ok(chunk.len());
        }
        let is_sound = if self.carry.is_empty() {
            is_scalar(&chunk[from..end])
        } else {
            self.carry.extend_from_slice(&chunk[from..end]);
            let is_sound = is_scalar(&self.carry);
            self.carry.clear();
            is_sound
        };
        if !is_sound {
            return Err(ScanError::Syntax { at, why: "this is no value" });
        }
        self.ended(self.before + end);
        Ok(end)
    }

    fn wrong(&self, at: usize, why: &'static str) -> ScanError {
        ScanError::Syntax { at: self.before + at, why }
    }
}

/// How deep the fields of a tool lie: `tools[].type`.
const TOOL_DEPTH: usize = 3;

/// From this depth on field names count as text: `messages[].content[]` is at five.
const SPOKEN_DEPTH: usize = 6;

fn is_scalar(bytes: &[u8]) -> bool {
    matches!(bytes, b"true" | b"false" | b"null") || is_number(bytes)
}

impl TextSizes {
    /// All of it, in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ascii + self.wide + self.media
    }
}
