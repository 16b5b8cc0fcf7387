//! What routes ask about a request, looked up only when one asks.

use std::borrow::Cow;

use architrave_net::{Known, RequestHead};
use architrave_policy::preflight_method;

/// A request as routes see it.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    head: &'a RequestHead,
    host: &'a str,
    path: &'a str,
}

impl<'a> RequestFacts<'a> {
    /// `host`: lower case, without port. `path`: canonical.
    #[must_use]
    pub const fn new(head: &'a RequestHead, host: &'a str, path: &'a str) -> Self {
        Self { head, host, path }
    }

    /// The host, lower case, without port.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The canonical path.
    #[must_use]
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// The method; of a CORS preflight, the one it asks for: it is made on behalf of the request
    /// to come.
    pub(super) fn method(&self) -> &'a str {
        let preflight = preflight_method(self.head).map(std::str::from_utf8);
        preflight.and_then(Result::ok).unwrap_or_else(|| self.head.method.as_str())
    }

    /// Whether it is a CORS preflight that asks whether the header `name` may come: then it comes
    /// with the request itself, and nobody knows its value yet.
    pub(super) fn announces(&self, name: &str) -> bool {
        let names = self.head.fields.all("access-control-request-headers");
        let mut names = names.flat_map(|list| list.split(|byte| *byte == b','));
        self.is_preflight()
            && names.any(|one| one.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether it is a CORS preflight; browsers send none with cookies.
    pub(super) fn is_preflight(&self) -> bool {
        preflight_method(self.head).is_some()
    }

    pub(super) fn header(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // `Host` lives outside the fields.
        let authority = (name == "host").then_some(self.head.authority.as_bytes());
        authority.into_iter().chain(self.head.fields.all(name))
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        query_parameter(self.head.query()?, name)
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        cookie(self.head, name)
    }
}

/// The value of a cookie in a request.
#[must_use]
pub fn cookie<'a>(head: &'a RequestHead, name: &str) -> Option<&'a str> {
    let lines =
        head.fields.all_known(Known::Cookie).filter_map(|line| std::str::from_utf8(line).ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

/// The first value of a parameter in `application/x-www-form-urlencoded` form.
#[must_use]
pub fn query_parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then(|| decode(value))
    })
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match (first, escaped) {
            (_, Some((high, low))) => {
                out.push(high << 4 | low);
                rest = &tail[2..];
            }
            (b'+', None) => {
                out.push(b' ');
                rest = tail;
            }
            (byte, None) => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_the_first_one_counts() {
        let query = "a=1&b=x%20y+z&a=2&%63=3&d&e=%zz";
        let get = |name| query_parameter(query, name).map(Cow::into_owned);
        assert_eq!(get("a").as_deref(), Some("1"));
        assert_eq!(get("b").as_deref(), Some("x y z"));
        assert_eq!(get("c").as_deref(), Some("3"));
        assert_eq!(get("d").as_deref(), Some(""));
        assert_eq!(get("e").as_deref(), Some("%zz"));
        assert_eq!(get("f"), None);
    }

    #[test]
    fn cookies_are_found_among_others() {
        let mut head = RequestHead::default();
        head.fields.append("cookie", b"a=1; b=2=3;c = 4");
        head.fields.append("Cookie", b"d=5");
        assert_eq!(cookie(&head, "b"), Some("2=3"));
        assert_eq!(cookie(&head, "d"), Some("5"));
        assert_eq!(cookie(&head, "x"), None);
    }
}
