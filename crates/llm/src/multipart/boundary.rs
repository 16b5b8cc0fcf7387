//! The boundary that a content type says.

use super::MultipartError;

/// The longest that RFC 2046 allows.
const BOUNDARY_MAX: usize = 70;

/// The boundary of a content type.
pub(super) fn of(content_type: &str) -> Result<String, MultipartError> {
    let (kind, mut rest) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(MultipartError::NotAForm);
    }
    let mut boundary = None;
    while !rest.trim().is_empty() {
        let (name, value, after) = parameter(rest).ok_or(MultipartError::NoBoundary)?;
        if name.eq_ignore_ascii_case("boundary") && boundary.replace(value).is_some() {
            return Err(MultipartError::NoBoundary);
        }
        rest = after;
    }
    boundary.filter(|text| is_sound(text)).ok_or(MultipartError::NoBoundary)
}

/// The next `name=value` of a header's parameters, and what comes behind it.
pub(super) fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    if name.is_empty() || name.contains(|c: char| !c.is_ascii_graphic() || ";\"".contains(c)) {
        return None;
    }
    let rest = rest.trim_start();
    let (value, after) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = rest.find(';').unwrap_or(rest.len());
            let value = rest[..end].trim_end();
            if value.is_empty() || value.contains(['"', ' ', '\t']) {
                return None;
            }
            (value.to_owned(), &rest[end..])
        }
    };
    let after = after.trim_start();
    match after.strip_prefix(';') {
        Some(after) => Some((name, value, after)),
        None => after.is_empty().then_some((name, value, after)),
    }
}

/// A quoted string up to its closing quote, and what comes behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, one)) = chars.next() {
        match one {
            '"' => return Some((value, &text[at + 1..])),
            // Only these two are ever meant: Windows has others in names of files.
            '\\' => match chars.clone().next() {
                Some((_, next @ ('"' | '\\'))) => {
                    value.push(next);
                    chars.next();
                }
                _ => value.push('\\'),
            },
            _ => value.push(one),
        }
    }
    None
}

fn is_sound(boundary: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=BOUNDARY_MAX).contains(&boundary.len())
        && boundary.bytes().all(is_known)
        && !boundary.ends_with(' ')
}
