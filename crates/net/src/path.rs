//! The one canonical spelling of a request path, which routing, policies and the endpoint all see.
//!
//! A path that two readers spell differently is a way around a route or a policy that matches on
//! it. So it is brought to one spelling once, that is what is forwarded, and what cannot be brought
//! to one without guessing how the endpoint would read it is refused:
//!
//! | received | becomes | why |
//! | --- | --- | --- |
//! | `%41`, `%7e`, `%2E` | `A`, `~`, `.` | unreserved characters mean the same either way (RFC 3986 §2.3) |
//! | `%c3%a4`, `%3a` | `%C3%A4`, `%3A` | hexadecimal in upper case; reserved ones stay encoded, they may mean something else |
//! | `"<>[]^{}` and `` ` ``, the bar | `%22`… | no path characters, but browsers send some of them: one spelling |
//! | `/./`, `/../`, `%2e%2e` | resolved | RFC 3986 §5.2.4, after decoding, so that no encoding hides them |
//! | `/../` above the root | refused | clamping would give every endpoint file a second name; no client needs it |
//! | `//` | `/` | most file servers merge them, some frameworks do not, and `//host` reads as an authority |
//! | `%2F` | kept | an identifier may hold a slash; decoding it would make another path of it |
//! | `%2F` or `;` beside `.` or `..` | refused | `..%2F` and `..;x` climb at endpoints that decode or cut parameters |
//! | backslash, `%5C` | refused | a separator for some endpoints, a letter for others |
//! | `%00` | refused | ends the name for endpoints written in C |
//! | `%`, `%4`, `%zz` | refused | no encoding at all, read in as many ways as there are readers |
//! | other bytes | refused | controls, spaces, `?`, `#` and bytes above 0x7F have no place in a path |
//!
//! It is decoded once: `%252e` stays `%252e`, for that is a percent sign followed by `2e`.

use architrave_core::Reason;

/// Why a path has no canonical spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PathError {
    /// It does not start with `/`.
    #[error("the path does not start with a slash")]
    NotAbsolute,
    /// A byte that has no place in a path.
    #[error("the path holds a byte that must be encoded")]
    Byte,
    /// A percent sign without two hexadecimal digits.
    #[error("the path is wrongly percent-encoded")]
    Encoding,
    /// `%00`.
    #[error("the path holds an encoded NUL")]
    Nul,
    /// A backslash, encoded or not.
    #[error("the path holds a backslash")]
    Backslash,
    /// `.` or `..` beside an encoded slash or a parameter.
    #[error("the path hides a dot segment")]
    HiddenDots,
    /// More `..` than there are segments before them.
    #[error("the path climbs above the root")]
    AboveRoot,
}

impl PathError {
    /// The reason to answer with.
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::BadRequest
    }
}

/// Writes the canonical spelling of `path`, which has no query, to `out`, whose content is replaced.
///
/// Doing it again to the outcome changes nothing. `*` is no path: it is the caller's to let pass.
///
/// # Errors
/// When there is no such spelling; `out` is of no use then.
pub fn canonicalize(path: &str, out: &mut String) -> Result<(), PathError> {
    out.clear();
    if is_plain(path) {
        out.push_str(path);
        return Ok(());
    }
    let mut rest = path.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
    out.reserve(path.len());
    out.push('/');
    loop {
        let (segment, more) = match rest.split_once('/') {
            Some((segment, more)) => (segment, Some(more)),
            None => (rest, None),
        };
        write_segment(segment, out, more.is_none())?;
        match more {
            Some(more) => rest = more,
            None => return Ok(()),
        }
    }
}

/// Whether one quick look shows that `path` is canonical. Most paths are; of those that are not
/// plain, some are canonical all the same.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let mut last = 0;
    for &byte in path.as_bytes() {
        if !PLAIN[usize::from(byte)] || (last == b'/' && matches!(byte, b'/' | b'.')) {
            return false;
        }
        last = byte;
    }
    path.starts_with('/')
}

/// Whether `received` says nothing else than the canonical path `canonical`, segment by segment: it
/// has no dot segments, holds nothing that has no place in a path, and differs from it in how
/// characters are encoded and in empty segments at most.
///
/// Then an endpoint that resolves and decodes reads the same in either, and one that does not was
/// asked for what the canonical path is another spelling of. Empty segments at the front are left
/// out of that: `//host/path` reads as an authority.
#[must_use]
pub fn is_spelling_of(received: &str, canonical: &str) -> bool {
    let is_legal = |byte: u8| byte == b'%' || PLAIN[usize::from(byte)];
    if received.starts_with("//") || !received.bytes().all(is_legal) {
        return false;
    }
    let mut spelled = String::with_capacity(received.len());
    for segment in received.split('/') {
        spelled.clear();
        if write_spelling(segment, &mut spelled).is_err() || spelled == "." || spelled == ".." {
            return false;
        }
    }
    canonicalize(received, &mut spelled).is_ok() && spelled == canonical
}

/// Appends a segment and the slash behind it; `out` ends in a slash.
fn write_segment(segment: &str, out: &mut String, is_last: bool) -> Result<(), PathError> {
    let start = out.len();
    write_spelling(segment, out)?;
    match &out[start..] {
        "" => {}
        "." => out.truncate(start),
        ".." => {
            let parent = out[..start - 1].rfind('/').ok_or(PathError::AboveRoot)?;
            out.truncate(parent + 1);
        }
        written if hides_dots(written) => return Err(PathError::HiddenDots),
        _ if is_last => {}
        _ => out.push('/'),
    }
    Ok(())
}

/// Appends the one spelling of the characters of a segment.
fn write_spelling(segment: &str, out: &mut String) -> Result<(), PathError> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                let (high, low) = high.zip(low).ok_or(PathError::Encoding)?;
                match u8::try_from(high << 4 | low).map_err(|_| PathError::Encoding)? {
                    0 => return Err(PathError::Nul),
                    b'\\' => return Err(PathError::Backslash),
                    byte if is_unreserved(byte) => out.push(char::from(byte)),
                    byte => push_encoded(byte, out),
                }
            }
            b'\\' => return Err(PathError::Backslash),
            _ if PLAIN[usize::from(byte)] => out.push(char::from(byte)),
            b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                push_encoded(byte, out);
            }
            _ => return Err(PathError::Byte),
        }
    }
    Ok(())
}

/// Whether a segment is or holds a dot segment for an endpoint that decodes `%2F`, or that cuts
/// off what follows a `;`.
fn hides_dots(segment: &str) -> bool {
    segment.split("%2F").any(|part| {
        let name = part.split(';').next().unwrap_or(part);
        let name = name.split("%3B").next().unwrap_or(name);
        name == "." || name == ".."
    })
}

fn push_encoded(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

const fn is_unreserved(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
}

/// Bytes that stand for themselves: `pchar` without `%`, and the slash.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        plain[byte as usize] = is_unreserved(byte)
            || matches!(
                byte,
                b'!' | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b':'
                    | b'@'
                    | b'/'
            );
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests;
