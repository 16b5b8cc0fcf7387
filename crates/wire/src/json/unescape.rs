//! What a JSON string says: borrowed as it is where it has no escapes, which is nearly always.

use std::borrow::Cow;

use super::special_at;

/// The text between the quotes of a string, its escapes resolved. Half a surrogate pair becomes
/// U+FFFD, as no Rust string can hold it; a raw control byte or an unknown escape is an error,
/// given as its offset.
///
/// # Errors
/// The offset of the control byte or escape.
pub fn unescape(raw: &str) -> Result<Cow<'_, str>, usize> {
    unescape_telling(raw).map(|(text, _)| text)
}

/// The same, and whether half a surrogate pair was replaced.
pub(super) fn unescape_telling(raw: &str) -> Result<(Cow<'_, str>, bool), usize> {
    let mut at = special_at(raw.as_bytes(), 0);
    if at == raw.len() {
        return Ok((Cow::Borrowed(raw), false));
    }
    let mut has_half = false;
    let mut text = String::with_capacity(raw.len());
    let mut from = 0;
    while at < raw.len() {
        text.push_str(&raw[from..at]);
        let (character, length) = escape(raw.as_bytes(), at).ok_or(at)?;
        text.push(character.unwrap_or('\u{FFFD}'));
        has_half |= character.is_none();
        from = at + length;
        at = special_at(raw.as_bytes(), from);
    }
    text.push_str(&raw[from..]);
    Ok((Cow::Owned(text), has_half))
}

/// The character of the escape at `at`, none for half a pair, and how many bytes it takes.
fn escape(bytes: &[u8], at: usize) -> Option<(Option<char>, usize)> {
    if bytes[at] != b'\\' {
        return None;
    }
    let character = match bytes.get(at + 1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unit_pair(bytes, at),
        _ => return None,
    };
    Some((Some(character), 2))
}

/// One `\uXXXX`, or two that make a surrogate pair.
fn unit_pair(bytes: &[u8], at: usize) -> Option<(Option<char>, usize)> {
    let first = unit(bytes, at)?;
    if let Some(character) = char::from_u32(first) {
        return Some((Some(character), 6));
    }
    let second = unit(bytes, at + 6).filter(|unit| (0xDC00..0xE000).contains(unit));
    match second {
        Some(second) if first < 0xDC00 => {
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            Some((char::from_u32(code), 12))
        }
        _ => Some((None, 6)),
    }
}

fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |code, &digit| Some(code * 16 + char::from(digit).to_digit(16)?))
}
