//! Paths in the one spelling in which requests are compared with them.
//!
//! Requests are brought to that spelling when they come in (by `net`); what is written here must
//! already be in it, as another spelling would never match.

use super::scalar::scalar;
use super::{Reader, Shape, Written};
use crate::tree::Node;

/// A path in its canonical spelling.
pub(crate) struct PathText;

impl Written for PathText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let path = scalar(node, reader, "a path that begins with `/`, without a query", |text| {
            let stays_out = |byte: u8| byte.is_ascii_control() || matches!(byte, b'?' | b'#');
            (text.starts_with('/') && !text.bytes().any(stays_out)).then(|| text.to_owned())
        })?;
        let Some(canonical) = canonical(&path) else {
            let message = "no request has a path with dot segments, backslashes, `%00` or a `%` \
                           without two digits";
            reader.refuse(node.place, message);
            return None;
        };
        if canonical != path {
            let message = "requests are compared in one spelling, which this is not";
            let suggestion = (!node.substituted).then_some(canonical);
            reader.refuse_with(node.place, message, suggestion);
            return None;
        }
        Some(path)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "path", pattern: Some("^/") }
    }
}

/// The canonical spelling of a path; `None` for what no request can have.
pub(super) fn canonical(path: &str) -> Option<String> {
    let mut canonical = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => return None,
            b'/' if canonical.ends_with('/') => {}
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                let meant = u8::try_from(high * 16 + low).ok()?;
                if matches!(meant, 0 | b'\\') {
                    return None;
                }
                push(&mut canonical, meant, is_unreserved(meant));
            }
            byte => push(&mut canonical, byte, is_unreserved(byte) || stands_for_itself(byte)),
        }
    }
    (!canonical.split('/').any(has_dots)).then_some(canonical)
}

/// Whether a segment is a dot segment, or is one for a reader that decodes `%2F` or cuts off what
/// follows a `;`: requests with either are refused.
fn has_dots(segment: &str) -> bool {
    let mut parts = segment.split("%2F").flat_map(|part| {
        let part = part.split(';').next()?;
        part.split("%3B").next()
    });
    parts.any(|name| matches!(name, "." | ".."))
}

fn push(path: &mut String, byte: u8, plain: bool) {
    if plain {
        path.push(char::from(byte));
    } else {
        path.push_str(&format!("%{byte:02X}"));
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What RFC 3986 lets stand in a path beside the unreserved characters.
fn stands_for_itself(byte: u8) -> bool {
    b"!$&'()*+,;=:@/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_stands_for_all() {
        for (written, spelled) in [
            ("/", Some("/")),
            ("/orders/7;v=1,2@x:y", Some("/orders/7;v=1,2@x:y")),
            ("/%7euser/%2f%3a", Some("/~user/%2F%3A")),
            ("/caf\u{e9} {id}", Some("/caf%C3%A9%20%7Bid%7D")),
            ("//a///b/", Some("/a/b/")),
            ("/a/%2e%2E/b", None),
            ("/a/./b", None),
            ("/a/..%2fb", None),
            ("/a/..;b", None),
            ("/a/.%3bb", None),
            ("/a/b%2F..;c", None),
            ("/a/b;..", Some("/a/b;..")),
            ("/a/...", Some("/a/...")),
            ("/a\\b", None),
            ("/a%5cb", None),
            ("/a%00", None),
            ("/a%4", None),
            ("/a%zz", None),
        ] {
            assert_eq!(canonical(written).as_deref(), spelled, "{written}");
        }
    }
}
