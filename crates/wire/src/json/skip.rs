//! Going over a value without reading it: one loop, no recursion, so depth costs no stack.
//!
//! It holds JSON's grammar but for what is inside of strings, which `unescape` judges when a string
//! is read.

use super::{TOO_DEEP, is_number};

/// How deep arrays and objects may lie in each other.
const DEPTH_MAX: usize = 512;

/// Where the value that starts at `at` ends, or what is wrong with it and where.
///
/// # Errors
/// The offset of what is no JSON, and why.
pub fn skip_value(bytes: &[u8], mut at: usize) -> Result<usize, (usize, &'static str)> {
    let mut open: Vec<u8> = Vec::new();
    loop {
        at = blank(bytes, at);
        match bytes.get(at) {
            Some(b'"') => at = string_end(bytes, at)?,
            Some(&bracket @ (b'{' | b'[')) => {
                if open.len() == DEPTH_MAX {
                    return Err((at, TOO_DEEP));
                }
                at = blank(bytes, at + 1);
                if bytes.get(at) == Some(&closing(bracket)) {
                    at += 1;
                } else {
                    open.push(bracket);
                    at = if bracket == b'{' { key(bytes, at)? } else { at };
                    continue;
                }
            }
            _ => at = scalar_end(bytes, at)?,
        }
        loop {
            let Some(&bracket) = open.last() else { return Ok(at) };
            at = blank(bytes, at);
            match bytes.get(at) {
                Some(b',') => {
                    at += 1;
                    at = if bracket == b'{' { key(bytes, blank(bytes, at))? } else { at };
                    break;
                }
                Some(&byte) if byte == closing(bracket) => {
                    open.pop();
                    at += 1;
                }
                _ => return Err((at, "misses a comma or a closing bracket")),
            }
        }
    }
}

/// The first place from `at` on that is no white space.
pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The end of the string whose opening quote is at `at`, behind its closing quote.
pub(super) fn string_end(bytes: &[u8], at: usize) -> Result<usize, (usize, &'static str)> {
    let mut end = at + 1;
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(found) if rest[found] == b'"' => return Ok(end + found + 1),
            Some(found) => end += found + 2,
            None => return Err((at, "is a string without an end")),
        }
    }
}

/// The end of the number or word at `at`.
pub(super) fn scalar_end(bytes: &[u8], at: usize) -> Result<usize, (usize, &'static str)> {
    let rest = bytes.get(at..).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    let scalar = &rest[..length];
    if matches!(scalar, b"true" | b"false" | b"null") || is_number(scalar) {
        Ok(at + length)
    } else {
        Err((at, "is no JSON value"))
    }
}

fn key(bytes: &[u8], at: usize) -> Result<usize, (usize, &'static str)> {
    if bytes.get(at) != Some(&b'"') {
        return Err((at, "misses a field name"));
    }
    let end = blank(bytes, string_end(bytes, at)?);
    if bytes.get(end) == Some(&b':') { Ok(end + 1) } else { Err((end, "misses a colon")) }
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'{' { b'}' } else { b']' }
}
