//! What is secret in JSON, found by names. No grammar is read, only texts, so that it gets on with
//! beginnings and with streams.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::names::{self, Fragments, plain_name};
use super::{BodyRule, REDACTED, write_text};
use crate::usage::redaction::Redaction;

/// Without what is hidden in a stream, piece by piece, so that no piece is read in the light of
/// another; a line at which a piece ends is one that `ends_piece`.
///
/// What a tool is called with comes in fragments here, and the name of a secret in another than the
/// secret itself: nothing of them is kept.
pub(super) fn redact_stream(
    (text, is_cut): (&str, bool),
    rule: &BodyRule,
    ends_piece: impl Fn(&str) -> bool,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = 0;
        let ended = rest.split_inclusive('\n').find(|line| {
            end += line.len();
            line.ends_with('\n') && ends_piece(line)
        });
        let piece;
        (piece, rest) = rest.split_at(end);
        let of_call = is_of_call(piece, is_cut && ended.is_none());
        let fragments = Fragments { is_stream: true, of_call };
        out.push_str(&redact(piece, rule, fragments));
    }
    out
}

/// Whether a piece of a stream tells of a call of a tool, by its `type` or as Bedrock has it. One
/// that was cut before it said so is taken to.
fn is_of_call(piece: &str, is_cut: bool) -> bool {
    let bytes = piece.as_bytes();
    let (mut at, mut has_type) = (0, false);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = end_of_text(bytes, at);
        let colon = skip_space(bytes, end);
        if bytes.get(colon) != Some(&b':') {
            at = end;
            continue;
        }
        let name = plain_name(&unescaped(text_within(piece, at, end)));
        at = skip_space(bytes, colon + 1);
        if name == "tooluse" {
            return true;
        }
        if name == "type" && bytes.get(at) == Some(&b'"') {
            let end = end_of_text(bytes, at);
            // Of one that was cut nobody knows what it was to be.
            has_type |= end < bytes.len();
            if names::is_type_of_call(&unescaped(text_within(piece, at, end))) {
                return true;
            }
        }
    }
    is_cut && !has_type
}

/// What lies between the quotes of a text, of which the closing one may be missing.
pub(super) fn text_within(text: &str, start: usize, end: usize) -> &str {
    &text[start + 1..(end - 1).max(start + 1)]
}

/// Without the values of members that are hidden. It reads no grammar, only texts, so that it gets
/// on with beginnings and with streams: a text with a colon behind it is the name of what follows.
pub(super) fn redact(text: &str, rule: &BodyRule, fragments: Fragments) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = end_of_text(bytes, at);
        let colon = skip_space(bytes, end);
        let is_name = bytes.get(colon) == Some(&b':');
        if !is_name {
            if let Some(within) = redact_within(&text[at..end], rule, fragments) {
                out.push_str(&text[copied..at]);
                out.push_str(&within);
                copied = end;
            }
            at = end;
            continue;
        }
        let name = unescaped(text_within(text, at, end));
        let value = skip_space(bytes, colon + 1);
        let is_text = bytes.get(value) == Some(&b'"');
        if !rule.hides(&name) && !fragments.are_in(&name, is_text) {
            at = end;
            continue;
        }
        out.push_str(&text[copied..value]);
        let after = end_of_value(bytes, value);
        if value < bytes.len() {
            let _infallible = write!(out, "\"{REDACTED}\"");
        }
        (at, copied) = (after, after);
    }
    out.push_str(&text[copied..]);
    out
}

/// A text that is JSON itself, as the arguments of a tool are, without what is hidden in it; `None`
/// where it stays as it is.
fn redact_within(text: &str, rule: &BodyRule, fragments: Fragments) -> Option<String> {
    if !text.contains("\\\"") && !text.contains("\\u0022") {
        return None;
    }
    let Some(decoded) = decoded(text) else { return Some(format!("\"{REDACTED}\"")) };
    let redacted = redact(&decoded, rule, fragments);
    (redacted != decoded).then(|| {
        let mut out = String::new();
        write_text(&redacted, &mut out);
        out
    })
}

/// What a text of JSON says, which may be a beginning.
fn decoded(text: &str) -> Option<String> {
    // Of a beginning the last letter may be half there.
    let mut ends = (0..=6.min(text.len() - 1)).map(|cut| text.len() - cut);
    ends.by_ref().filter(|end| text.is_char_boundary(*end)).find_map(|end| {
        let part = &text[..end];
        let whole = serde_json::from_str::<String>(part);
        whole.or_else(|_| serde_json::from_str(&format!("{part}\""))).ok()
    })
}

/// A name in which letters may be written as numbers, as they are meant.
pub(super) fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let whole = format!("\"{name}\"");
    // What is none may be anything, so that it is hidden as if it were a secret.
    Cow::Owned(serde_json::from_str(&whole).unwrap_or_else(|_| "secret".to_owned()))
}

/// Behind the closing quote, or the end where there is none.
pub(super) fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Behind a value, whatever it is; the end where it does not end.
pub(super) fn end_of_value(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = end_of_text(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' if depth == 0 => return at,
            // A line of its own is a value of its own.
            b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Without what is hidden for what it looks like, also where letters of it are written as numbers;
/// `None` where it stays as it is.
pub(in crate::usage) fn mask(text: &str, redaction: &Redaction) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = end_of_text(bytes, at);
        let literal = &text[at..end];
        if literal.contains('\\')
            && let Some(masked) = decoded(literal).and_then(|plain| redaction.mask(&plain))
        {
            out.push_str(&text[copied..at]);
            write_text(&masked, &mut out);
            copied = end;
        }
        at = end;
    }
    if copied == 0 {
        return redaction.mask(text);
    }
    out.push_str(&text[copied..]);
    Some(redaction.mask(&out).unwrap_or(out))
}
