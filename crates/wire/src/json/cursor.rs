//! The reader: a place in a JSON text that moves forward only, each value being read once.
//!
//! It keeps the path to where it is, so that mistakes and fields that nobody understood can be
//! named. Doubled field names are not its business: `scan` has refused them before, and in what
//! providers send the last one counts.

use super::skip::{blank, scalar_end, string_end};
use super::{Json, JsonError, Number, Text, skip_value, unescape, unescape_telling};

/// How many fields that nobody understood are named; more are only counted.
const UNKNOWN_NAMED_MAX: usize = 16;

/// How deep arrays and objects that are gone into may lie in each other: whoever reads them calls
/// himself for each, so depth costs stack. Requests are held to the same before.
const DEPTH_MAX: usize = 128;

/// A place in a JSON text.
#[derive(Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    path: Vec<Step<'a>>,
    /// How deep the place lies from which the path begins.
    path_from: usize,
    unknown: Vec<String>,
    unknown_count: usize,
    /// Whether what cannot be said again as it was said is refused.
    is_exact: bool,
}

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    Text,
    /// `null`
    Null,
    /// A number, `true`, `false`, or nothing that JSON knows.
    Scalar,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            path: Vec::new(),
            path_from: 0,
            unknown: Vec::new(),
            unknown_count: 0,
            is_exact: false,
        }
    }

    /// The same, refusing what could not be told on as it was said: half a surrogate pair in a
    /// string, a number that no reader holds. Of what nobody can say again, it is noted as not
    /// understood otherwise.
    #[must_use]
    pub fn exact(text: &'a str) -> Self {
        Self { is_exact: true, ..Self::new(text) }
    }

    /// A second cursor at the same place, to read a value that is to be kept as a whole, too.
    #[must_use]
    pub fn clone_at(&self) -> Self {
        let is_exact = self.is_exact;
        Self { at: self.at, path_from: self.depth(), is_exact, ..Self::new(self.text) }
    }

    /// Where the cursor is, in bytes from the start of the text.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// What kind of value comes next.
    pub fn kind(&mut self) -> Kind {
        self.at = blank(self.text.as_bytes(), self.at);
        match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b'n') => Kind::Null,
            _ => Kind::Scalar,
        }
    }

    /// Reads an object; `field` is called at each value and must read or skip it.
    ///
    /// # Errors
    /// Where no object is here or it lies too deep, or `field` fails.
    pub fn object(
        &mut self,
        field: impl FnMut(&mut Self, &str) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.kind() != Kind::Object {
            return Err(self.wrong("must be an object"));
        }
        self.open()?;
        if self.closes(b'}') {
            return Ok(());
        }
        self.fields(field)
    }

    /// Reads an object from the name of one of its fields to its end; `field` is called as
    /// [`Cursor::object`] calls it.
    ///
    /// # Errors
    /// Where no field is here, or `field` fails.
    pub fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, &str) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        loop {
            let raw = self.string("misses a field name")?;
            let name = unescape(raw).map_err(|_| self.wrong("has a wrong field name"))?;
            self.expect(b':', "misses a colon")?;
            self.path.push(Step::Field(raw));
            field(self, &name)?;
            self.path.pop();
            if self.closes(b'}') {
                return Ok(());
            }
            self.expect(b',', "misses a comma or a closing bracket")?;
        }
    }

    /// Reads an array; `item` is called at each value and must read or skip it.
    ///
    /// # Errors
    /// Where no array is here or it lies too deep, or `item` fails.
    pub fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.kind() != Kind::Array {
            return Err(self.wrong("must be an array"));
        }
        self.open()?;
        if self.closes(b']') {
            return Ok(());
        }
        for index in 0.. {
            self.path.push(Step::Index(index));
            item(self)?;
            self.path.pop();
            if self.closes(b']') {
                break;
            }
            self.expect(b',', "misses a comma or a closing bracket")?;
        }
        Ok(())
    }

    /// Reads a string.
    ///
    /// # Errors
    /// Where no string is here, or its escapes are wrong.
    pub fn text(&mut self) -> Result<Text<'a>, JsonError> {
        let raw = self.string("must be a string")?;
        let read = unescape_telling(raw);
        let (text, has_half) =
            read.map_err(|_| self.wrong("is a string with a wrong escape or control byte"))?;
        match has_half {
            true if self.is_exact => Err(self.wrong("has half of a surrogate pair")),
            true => {
                self.note_unknown("");
                Ok(text)
            }
            false => Ok(text),
        }
    }

    /// Reads a number, keeping its text.
    ///
    /// # Errors
    /// Where no number is here.
    pub fn number(&mut self) -> Result<Number<'a>, JsonError> {
        const WHY: &str = "must be a number";
        let scalar = self.scalar(WHY)?;
        let number = Number::new(scalar).ok_or_else(|| self.wrong(WHY))?;
        if self.is_exact && !number.is_finite() {
            return Err(self.wrong("is larger than any number can be"));
        }
        Ok(number)
    }

    /// Reads a whole number of at least 0.
    ///
    /// # Errors
    /// Where none is here.
    pub fn count(&mut self) -> Result<u64, JsonError> {
        const WHY: &str = "must be a whole number";
        self.scalar(WHY)?.parse().map_err(|_| self.wrong(WHY))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// Where neither is here.
    pub fn truth(&mut self) -> Result<bool, JsonError> {
        const WHY: &str = "must be true or false";
        self.scalar(WHY)?.parse().map_err(|_| self.wrong(WHY))
    }

    /// Reads any value as the text that it is.
    ///
    /// # Errors
    /// Where no value is here.
    pub fn json(&mut self) -> Result<Json<'a>, JsonError> {
        self.at = blank(self.text.as_bytes(), self.at);
        let from = self.at;
        self.skip()?;
        Ok(Json::from_valid(&self.text[from..self.at]))
    }

    /// Reads a value that may be `null`.
    ///
    /// # Errors
    /// Where `read` fails.
    pub fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Option<T>, JsonError> {
        if self.kind() == Kind::Null {
            self.skip()?;
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Reads an array of what `read` reads; `null` is an empty one.
    ///
    /// # Errors
    /// Where no array is here, or `read` fails.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        let mut list = Vec::new();
        self.maybe(|cursor| cursor.array(|item| read(item).map(|value| list.push(value))))?;
        Ok(list)
    }

    /// Goes over a value.
    ///
    /// # Errors
    /// Where no value is here.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        match skip_value(self.text.as_bytes(), self.at) {
            Ok(end) => {
                self.at = end;
                Ok(())
            }
            Err((at, why)) => Err(JsonError { at, path: self.path(), why }),
        }
    }

    /// Goes over a value that nobody here understands, and remembers its path, so that the loss can
    /// be told. What is `null`, zero or empty says nothing and is no loss.
    ///
    /// # Errors
    /// Where no value is here.
    pub fn unknown(&mut self) -> Result<(), JsonError> {
        let json = self.json()?;
        if !matches!(json.as_str(), "null" | "0" | "\"\"" | "[]" | "{}") {
            self.note_unknown("");
        }
        Ok(())
    }

    /// Remembers something below the value that is being read as not understood.
    pub fn note_unknown(&mut self, below: &str) {
        self.unknown_count += 1;
        if self.unknown.len() < UNKNOWN_NAMED_MAX {
            let dot = if below.is_empty() || self.path.is_empty() { "" } else { "." };
            self.unknown.push(format!("{}{dot}{below}", self.path()));
        }
    }

    /// The paths that nobody understood, and how many more there were than are named.
    #[must_use]
    pub fn take_unknown(&mut self) -> (Vec<String>, usize) {
        let more = self.unknown_count - self.unknown.len();
        self.unknown_count = 0;
        (std::mem::take(&mut self.unknown), more)
    }

    /// Holds that nothing but white space follows.
    ///
    /// # Errors
    /// Where something does.
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.at = blank(self.text.as_bytes(), self.at);
        if self.at == self.text.len() { Ok(()) } else { Err(self.wrong("goes on after its end")) }
    }

    /// A mistake at this place.
    #[must_use]
    pub fn wrong(&self, why: &'static str) -> JsonError {
        JsonError { at: self.at, path: self.path(), why }
    }

    /// Path to the value that is being read, as `messages[2].role`.
    #[must_use]
    pub fn path(&self) -> String {
        use std::fmt::Write as _;
        self.path.iter().fold(String::new(), |mut path, step| {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => {
                    let _ = write!(path, ".{name}");
                }
                Step::Index(index) => {
                    let _ = write!(path, "[{index}]");
                }
            }
            path
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// How many arrays and objects are around this place.
    fn depth(&self) -> usize {
        self.path_from + self.path.len()
    }

    /// Goes into the array or the object that is here.
    fn open(&mut self) -> Result<(), JsonError> {
        if self.depth() >= DEPTH_MAX {
            return Err(self.wrong(super::TOO_DEEP));
        }
        self.at += 1;
        Ok(())
    }

    fn closes(&mut self, bracket: u8) -> bool {
        self.at = blank(self.text.as_bytes(), self.at);
        let closes = self.peek() == Some(bracket);
        self.at += usize::from(closes);
        closes
    }

    fn expect(&mut self, byte: u8, why: &'static str) -> Result<(), JsonError> {
        if self.closes(byte) { Ok(()) } else { Err(self.wrong(why)) }
    }

    /// The raw text of the string that is here.
    fn string(&mut self, why: &'static str) -> Result<&'a str, JsonError> {
        if self.kind() != Kind::Text {
            return Err(self.wrong(why));
        }
        let end = string_end(self.text.as_bytes(), self.at).map_err(|(at, why)| JsonError {
            at,
            path: self.path(),
            why,
        })?;
        let raw = &self.text[self.at + 1..end - 1];
        self.at = end;
        Ok(raw)
    }

    /// The text of the number or word that is here; `why` is what is said of a value of another
    /// kind, which is JSON as well.
    fn scalar(&mut self, why: &'static str) -> Result<&'a str, JsonError> {
        if matches!(self.kind(), Kind::Object | Kind::Array | Kind::Text) {
            return Err(self.wrong(why));
        }
        match scalar_end(self.text.as_bytes(), self.at) {
            Ok(end) => {
                let scalar = &self.text[self.at..end];
                self.at = end;
                Ok(scalar)
            }
            Err((at, why)) => Err(JsonError { at, path: self.path(), why }),
        }
    }
}
