//! Reads heads as they arrive, and decides when a look at the bytes is worth its while.
//!
//! Almost every head comes whole, and then there is exactly one pass over it. One that trickles in
//! is not parsed again for each byte: line ends are searched in the new bytes only, and the tokens
//! are looked at again when the empty line has come, when something is wrong with a line end, or
//! when the input has doubled (so that rubbish is refused early); all that is linear in the input.

use std::mem::MaybeUninit;

use memchr::memchr;

use super::{ParseError, RequestPrelude, ResponsePrelude, request, response};
use crate::fields::{Fields, Known};
use crate::message::{Method, RequestHead, ResponseHead};

/// Fields up to this number are split on the stack; a limit above it costs an allocation per head.
pub(super) const FIELDS_ON_STACK: usize = 256;

/// Longest method, and what the rest of a request line takes beside method and target.
pub(super) const METHOD_BYTES_MAX: usize = 32;
const REQUEST_LINE_REST: usize = "  HTTP/1.1\r\n".len();

/// How large a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of the head, from its first line to the empty line, both included.
    pub head_bytes_max: usize,
    /// Number of fields; those that are dropped count.
    pub headers_max: usize,
    /// Bytes of the request target as received.
    pub uri_bytes_max: usize,
}

impl Default for HeadLimits {
    /// 64 KiB, 100 fields, a target of 8 KiB: above what browsers and sane services send.
    fn default() -> Self {
        Self { head_bytes_max: 65_536, headers_max: 100, uri_bytes_max: 8_192 }
    }
}

/// Reads the heads of one direction of a connection, one after the other.
///
/// Call it with everything that has been received and not been consumed, each time more has come.
/// It remembers how far it has looked, so the input must only grow between two calls that belong
/// to the same head; call [`HeadParser::reset`] when that is not so.
#[derive(Debug, Default)]
pub struct HeadParser {
    /// Length of the input at the last full look; 0 before the first.
    pub(super) tried: usize,
    /// How far line ends have been searched.
    scanned: usize,
    /// Whether a line has ended.
    has_line: bool,
    /// Whether an empty line has been seen.
    has_empty_line: bool,
    /// Whether a line ended in a bare LF.
    has_bare_lf: bool,
}

impl HeadParser {
    /// A parser at the start of a message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the head that it was in. Needed only when one is given up: a head that was read
    /// whole leaves the parser ready for the next.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Looks for the head of a request at the start of `input`. `Ok(None)`: more bytes are wanted.
    ///
    /// `head` is cleared and filled; bytes behind [`RequestPrelude::consumed`] are the body's, or
    /// the next request's. On an error `head` holds method and target where they could be read,
    /// for the log.
    ///
    /// # Errors
    /// Whatever is wrong with the head; see [`ParseError`].
    pub fn request(
        &mut self,
        input: &[u8],
        limits: &HeadLimits,
        head: &mut RequestHead,
    ) -> Result<Option<RequestPrelude>, ParseError> {
        // Sound, whoever wrote it: what was read here, or what the gateway put in its place.
        let last_authority = std::mem::take(&mut head.authority);
        head.clear();
        let window = &input[..input.len().min(limits.head_bytes_max)];
        let line_bytes_max = (METHOD_BYTES_MAX + limits.uri_bytes_max + REQUEST_LINE_REST)
            .min(limits.head_bytes_max.saturating_sub(1));
        if !self.is_due(window, limits) && (self.has_line || window.len() <= line_bytes_max) {
            return Ok(None);
        }
        let Some(start) = skip_empty_line(window)? else { return Ok(None) };
        let parsed = request::parse(&window[start..], limits, last_authority, head)
            .inspect_err(|_wrong| request::note_line(&window[start..], limits, head));
        if let Some(mut prelude) = parsed? {
            self.reset();
            prelude.consumed += start;
            return Ok(Some(prelude));
        }
        self.scan(window);
        if !self.has_line && window.len() > line_bytes_max {
            return Err(ParseError::TargetTooLong);
        }
        self.wait(window, limits)?;
        Ok(None)
    }

    /// Looks for the head of a response to `request_method` at the start of `input`, interim ones
    /// included. `Ok(None)`: more bytes are wanted. Otherwise as [`HeadParser::request`].
    ///
    /// # Errors
    /// Whatever is wrong with the head; see [`ParseError`].
    pub fn response(
        &mut self,
        input: &[u8],
        limits: &HeadLimits,
        request_method: &Method,
        head: &mut ResponseHead,
    ) -> Result<Option<ResponsePrelude>, ParseError> {
        head.clear();
        let window = &input[..input.len().min(limits.head_bytes_max)];
        if !self.is_due(window, limits) {
            return Ok(None);
        }
        if matches!(window.first(), Some(b'\r' | b'\n')) {
            return Err(ParseError::EmptyLines);
        }
        if let Some(prelude) = response::parse(window, limits, request_method, head)? {
            self.reset();
            return Ok(Some(prelude));
        }
        self.wait(window, limits)?;
        Ok(None)
    }

    /// Whether tokens should be looked at now.
    fn is_due(&mut self, window: &[u8], limits: &HeadLimits) -> bool {
        if self.tried == 0 {
            return !window.is_empty();
        }
        self.scan(window);
        self.has_empty_line
            || self.has_bare_lf
            || window.len() >= limits.head_bytes_max
            || window.len() >= self.tried.saturating_mul(2)
    }

    /// After a look that found the head to be incomplete: is it still worth waiting for the rest?
    fn wait(&mut self, window: &[u8], limits: &HeadLimits) -> Result<(), ParseError> {
        self.tried = window.len();
        self.scan(window);
        if self.has_bare_lf {
            return Err(ParseError::LineEnd);
        }
        if window.len() < limits.head_bytes_max {
            return Ok(());
        }
        Err(ParseError::HeadTooLong)
    }

    /// Searches line ends in what has come since the last call.
    fn scan(&mut self, window: &[u8]) {
        while let Some(found) = window.get(self.scanned..).and_then(|new| memchr(b'\n', new)) {
            let at = self.scanned + found;
            let before = &window[..at];
            self.scanned = at + 1;
            self.has_bare_lf |= !before.ends_with(b"\r");
            self.has_empty_line |= before.ends_with(b"\n\r");
            // The empty line that may stand before a request line ends no line of it.
            self.has_line |= at > 1;
        }
        self.scanned = window.len();
    }
}

/// Where the message starts: behind one empty line at most (RFC 9112 §2.2). `None`: cannot say yet.
fn skip_empty_line(window: &[u8]) -> Result<Option<usize>, ParseError> {
    match window {
        [] | [b'\r'] | [b'\r', b'\n'] => Ok(None),
        [b'\r', b'\n', b'\r' | b'\n', ..] => Err(ParseError::EmptyLines),
        [b'\r', b'\n', ..] => Ok(Some(2)),
        [b'\r' | b'\n', ..] => Err(ParseError::LineEnd),
        _ => Ok(Some(0)),
    }
}

/// Room for the fields of one head: on the stack, or behind `heap` where that is too small.
pub(super) fn slots<'a, 'b>(
    limits: &HeadLimits,
    stack: &'a mut [MaybeUninit<httparse::Header<'b>>],
    heap: &'a mut Vec<MaybeUninit<httparse::Header<'b>>>,
) -> &'a mut [MaybeUninit<httparse::Header<'b>>] {
    if let Some(slots) = stack.get_mut(..limits.headers_max) {
        return slots;
    }
    heap.resize_with(limits.headers_max, MaybeUninit::uninit);
    heap
}

/// The lines of the fields of a head that has been read whole.
pub(super) struct FieldLines<'a> {
    /// The head up to its empty line.
    head: &'a [u8],
    /// Where the first name stands.
    start: usize,
}

impl<'a> FieldLines<'a> {
    /// The lines of `headers`, tokens of `bytes` of which `consumed` are the head, are taken over
    /// into `fields`; [`FieldLines::keep`] then says which of them are fields.
    pub(super) fn take_over(
        bytes: &'a [u8],
        consumed: usize,
        headers: &[httparse::Header<'_>],
        fields: &mut Fields,
    ) -> Self {
        let head = &bytes[..consumed.saturating_sub(2)];
        let first = headers.first().map(|field| offset(head, field.name.as_bytes()));
        let start = first.filter(|start| *start <= head.len()).unwrap_or(head.len());
        fields.begin_adoption(&head[start..]);
        Self { head, start }
    }

    /// Whether the line before the one of `name` ended in CRLF, which httparse does not insist on.
    /// It has seen to it that a CR stands nowhere else.
    pub(super) fn follows_crlf(&self, name: &[u8]) -> bool {
        let start = offset(self.head, name);
        self.head.get(start.wrapping_sub(2)) == Some(&b'\r')
    }

    /// Keeps a field: its line as it stands when it is one of ours, letter for letter, else
    /// written anew.
    pub(super) fn keep(&self, fields: &mut Fields, known: Known, name: &[u8], value: &[u8]) {
        let start = offset(self.head, name);
        let (name_end, value_start) = (start + name.len(), offset(self.head, value));
        let value_end = value_start.wrapping_add(value.len());
        let is_ours = value_start == name_end + 2
            && matches!(self.head.get(name_end..value_start), Some(b": "))
            && matches!(self.head.get(value_end..value_end + 2), Some(b"\r\n"));
        if is_ours {
            fields.adopt(known, start - self.start, name, value);
        } else {
            fields.append_known(known, name, value);
        }
    }
}

/// Where `part` stands within `whole`; a number beyond it when it is no part of it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr())
}
