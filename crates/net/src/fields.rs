//! The header fields of one message: whole lines, `name: value` and CRLF, in one arena of bytes.
//!
//! Why not `http::HeaderMap`: a proxy reads few fields, changes fewer and copies all of them;
//! one arena that is filled by one pass over the head, kept in order and in the case it came in,
//! costs no allocation per field and none per message once warm. Lines are kept as HTTP/1.1 writes
//! them, so that a head that comes in well formed is taken over, and passed on, by the run of
//! lines and not by the field.

mod known;

pub(crate) use known::HOP_BY_HOP;
pub use known::{Known, KnownSet};

/// The longest name of a field, in bytes: none in use comes near it.
pub const NAME_BYTES_MAX: usize = 256;

/// Where a line stands in the arena: the name, `: `, the value, CRLF.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    name_bytes: u16,
    known: Known,
    value_bytes: u32,
}

/// Between name and value.
const SEPARATOR: &[u8] = b": ";
/// Behind the value.
const LINE_END: &[u8] = b"\r\n";

impl Entry {
    const fn value_start(self) -> usize {
        self.start as usize + self.name_bytes as usize + SEPARATOR.len()
    }

    /// Where the line ends, its CRLF included.
    const fn end(self) -> usize {
        self.value_start() + self.value_bytes as usize + LINE_END.len()
    }
}

/// One field, as seen in [`Fields::iter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, in the case it came in.
    pub name: &'a [u8],
    /// Its value, without leading and trailing white space.
    pub value: &'a [u8],
    /// Which field it is.
    pub known: Known,
}

/// The fields of one message, in order. Names are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The known fields that are or were among the entries: those that are not need no search.
    seen: KnownSet,
}

/// The room that [`Fields::roomy`] makes, in bytes of lines and in fields.
const ROOMY_BYTES: usize = 512;
const ROOMY_FIELDS: usize = 16;

impl Fields {
    /// No fields, no allocation.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), entries: Vec::new(), seen: KnownSet::EMPTY }
    }

    /// No fields, and room for as many as an answer of our own has.
    #[must_use]
    pub fn roomy() -> Self {
        Self {
            bytes: Vec::with_capacity(ROOMY_BYTES),
            entries: Vec::with_capacity(ROOMY_FIELDS),
            seen: KnownSet::EMPTY,
        }
    }

    /// Removes every field and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.seen = KnownSet::EMPTY;
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a field at the end. The name must be a token and the value free of CR, LF and NUL:
    /// the codec and the configuration check that before they come here; a value made of anything
    /// else goes through [`is_value`] first.
    pub fn append(&mut self, name: &str, value: &[u8]) {
        self.append_bytes(name.as_bytes(), value);
    }

    /// [`Fields::append`] for a name that came as bytes.
    pub fn append_bytes(&mut self, name: &[u8], value: &[u8]) {
        self.append_known(Known::of(name), name, value);
    }

    /// [`Fields::append`] where the caller knows which field it is.
    pub fn append_known(&mut self, known: Known, name: &[u8], value: &[u8]) {
        self.append_parts(known, name, &[value]);
    }

    /// [`Fields::append_known`] for a value in parts that follow each other.
    pub fn append_parts(&mut self, known: Known, name: &[u8], parts: &[&[u8]]) {
        debug_assert!(is_name(name) && parts.iter().all(|part| is_value(part)));
        let value_bytes: usize = parts.iter().map(|part| part.len()).sum();
        let entry = entry(self.bytes.len(), name.len(), value_bytes, known);
        self.bytes.reserve(name.len() + SEPARATOR.len() + value_bytes + LINE_END.len());
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(SEPARATOR);
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.extend_from_slice(LINE_END);
        self.push(entry);
    }

    /// Adds all fields of `other` at the end.
    pub fn append_all(&mut self, other: &Self) {
        let shift = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&other.bytes);
        let moved = |entry: &Entry| Entry { start: entry.start.saturating_add(shift), ..*entry };
        self.entries.extend(other.entries.iter().map(moved));
        self.seen = self.seen.with(other.seen);
    }

    /// Takes over the lines of a head at once, from its first name to its last CRLF, into fields
    /// that are empty; then [`Fields::adopt`] says which of them are fields, beside others that are
    /// appended.
    pub(crate) fn begin_adoption(&mut self, lines: &[u8]) {
        debug_assert!(self.is_empty());
        self.bytes.clear();
        self.bytes.extend_from_slice(lines);
    }

    /// A field whose line was taken over: it starts `start` bytes behind the first name, and
    /// stands there as `name: value` and CRLF.
    pub(crate) fn adopt(&mut self, known: Known, start: usize, name: &[u8], value: &[u8]) {
        let entry = entry(start, name.len(), value.len(), known);
        debug_assert!(field_of(&self.bytes, entry) == Field { name, value, known });
        self.push(entry);
    }

    fn push(&mut self, entry: Entry) {
        self.seen.add(entry.known);
        self.entries.push(entry);
    }

    /// Calls `put` with the lines of the fields for which `keep` says so, in order; lines that
    /// stand together come in one piece.
    pub(crate) fn write_lines(&self, keep: impl Fn(Known) -> bool, mut put: impl FnMut(&[u8])) {
        let mut run = 0..0;
        for entry in self.entries.iter().filter(|entry| keep(entry.known)) {
            let start = entry.start as usize;
            if run.end != start {
                put(&self.bytes[run]);
                run = start..start;
            }
            run.end = entry.end();
        }
        put(&self.bytes[run]);
    }

    /// Every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.entries.iter().map(|entry| self.field(*entry))
    }

    /// The first value of a known field.
    #[must_use]
    pub fn get_known(&self, known: Known) -> Option<&[u8]> {
        if !self.seen.has(known) {
            return None;
        }
        let entry = self.entries.iter().find(|entry| entry.known == known)?;
        Some(self.field(*entry).value)
    }

    /// Every value of a known field, in order.
    pub fn all_known(&self, known: Known) -> impl Iterator<Item = &[u8]> {
        let entries = if self.seen.has(known) { &*self.entries } else { &[] };
        entries.iter().filter(move |entry| entry.known == known).map(|e| self.field(*e).value)
    }

    /// The first value of the field `name`, given in lower case.
    #[must_use]
    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Every value of the field `name`, given in lower case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.entries
            .iter()
            .filter(move |entry| usize::from(entry.name_bytes) == name.len())
            .map(|entry| self.field(*entry))
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }

    /// Whether the field `name`, given in lower case, is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Replaces every field `name` by one with this value, at the end.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.remove(name);
        self.append(name, value);
    }

    /// Removes every field `name`, given in lower case.
    pub fn remove(&mut self, name: &str) {
        let is_it = |entry: &Entry| usize::from(entry.name_bytes) == name.len();
        if self.entries.iter().any(is_it) {
            self.retain(|field| !field.name.eq_ignore_ascii_case(name.as_bytes()));
        }
    }

    /// Removes every occurrence of a known field.
    pub fn remove_known(&mut self, known: Known) {
        self.remove_all_known(KnownSet::of(&[known]));
    }

    /// Removes every occurrence of several known fields.
    pub fn remove_all_known(&mut self, which: KnownSet) {
        if self.seen.meets(which) {
            self.entries.retain(|entry| !which.has(entry.known));
            self.seen = self.seen.without(which);
        }
    }

    /// Whether any of several known fields may be there: `false` is sure.
    #[must_use]
    pub const fn may_have(&self, which: KnownSet) -> bool {
        self.seen.meets(which)
    }

    /// Keeps the fields for which `keep` says so.
    pub fn retain(&mut self, keep: impl Fn(Field<'_>) -> bool) {
        let bytes = &self.bytes;
        self.entries.retain(|entry| keep(field_of(bytes, *entry)));
    }

    /// Bytes that the fields take, as counted against limits: names, values and 4 each.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.entries.iter().map(|e| usize::from(e.name_bytes) + e.value_bytes as usize + 4).sum()
    }

    /// Bytes of memory that are held for lines, in use or not.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes of memory that the lines take: no less than [`Fields::byte_count`], and cheaper.
    #[must_use]
    pub const fn arena_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn field(&self, entry: Entry) -> Field<'_> {
        field_of(&self.bytes, entry)
    }
}

fn entry(start: usize, name_bytes: usize, value_bytes: usize, known: Known) -> Entry {
    Entry {
        start: u32::try_from(start).unwrap_or(u32::MAX),
        name_bytes: u16::try_from(name_bytes).unwrap_or(u16::MAX),
        known,
        value_bytes: u32::try_from(value_bytes).unwrap_or(u32::MAX),
    }
}

fn field_of(bytes: &[u8], entry: Entry) -> Field<'_> {
    let start = entry.start as usize;
    let name_end = start + usize::from(entry.name_bytes);
    let value = entry.value_start();
    let value_end = value + entry.value_bytes as usize;
    Field { name: &bytes[start..name_end], value: &bytes[value..value_end], known: entry.known }
}

/// Says whether `name` is a token (RFC 9110 §5.6.2) short enough to be a field name.
#[must_use]
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= usize::from(u16::MAX)
        && name.iter().all(|b| is_token_byte(*b))
}

/// Says whether `value` may stand as a field value: no control character but tab.
#[must_use]
pub fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..=0xff))
}

/// Says whether `byte` may stand in a token.
#[must_use]
pub const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*'
        | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_case() {
        let mut fields = Fields::new();
        fields.append("Host", b"a");
        fields.append("X-One", b"1");
        fields.append("x-one", b"2");
        assert_eq!(fields.get_known(Known::Host), Some(&b"a"[..]));
        assert_eq!(fields.all("x-one").collect::<Vec<_>>(), [b"1", b"2"]);
        fields.set("x-one", b"3");
        let names: Vec<_> = fields.iter().map(|field| field.name.to_vec()).collect();
        assert_eq!(names, [b"Host".to_vec(), b"x-one".to_vec()]);
        fields.remove("host");
        assert_eq!(fields.get_known(Known::Host), None);
        assert_eq!(fields.len(), 1);
    }

    #[test]
    fn lines_come_out_in_order_without_those_that_are_left_out() {
        let mut first = Fields::new();
        first.append("A", b"1");
        first.append("Connection", b"close");
        first.append_parts(Known::Other, b"B", &[b"2", b"", b"3"]);
        let mut second = Fields::new();
        second.append("C", b"");
        second.append("Te", b"x");
        first.append_all(&second);
        first.remove("a");
        let mut lines = Vec::new();
        first.write_lines(|known| !known.is_hop_by_hop(), |piece| lines.extend_from_slice(piece));
        assert_eq!(lines, b"B: 23\r\nC: \r\n");
        assert_eq!(first.get_known(Known::Te), Some(&b"x"[..]));
        assert_eq!(first.get("b"), Some(&b"23"[..]));
    }

    #[test]
    fn control_characters_are_no_value() {
        assert!(is_value(b"a\tb \xff"));
        for bad in [&b"a\r"[..], b"a\nb", b"\0", b"\x7f"] {
            assert!(!is_value(bad));
        }
        assert!(!is_name(b"a b") && !is_name(b"") && is_name(b"x-y_z"));
    }
}
