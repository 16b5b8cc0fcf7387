//! Names as parts of paths and queries: percent escapes taken off and put on.

use std::fmt::Write as _;

use crate::chat::Text;

/// The text of a part of a path; nothing where its escapes are wrong or it is no UTF-8.
pub(crate) fn decode(part: &str) -> Option<Text<'_>> {
    if !part.contains('%') {
        return Some(Text::Borrowed(part));
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [char::from(rest.next()?), char::from(rest.next()?)];
        let [high, low] = digits.map(|digit| digit.to_digit(16));
        bytes.push(u8::try_from(high? * 16 + low?).ok()?);
    }
    String::from_utf8(bytes).ok().map(Text::Owned)
}

/// Whether a name may stand in a path: no path would keep an empty one or dots.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Appends a name as one element of a path, so that it cannot leave its place. A name of dots is
/// escaped twice: escaped once, some would still take it for a step up.
pub(crate) fn encode(name: &str, path: &mut String) {
    if matches!(name, "." | "..") {
        return path.push_str(if name == "." { "%252E" } else { "%252E%252E" });
    }
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => {
                path.push(char::from(byte));
            }
            _ => {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
}

/// The value of a parameter of a query.
#[must_use]
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<Text<'a>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    decode(value)
}
