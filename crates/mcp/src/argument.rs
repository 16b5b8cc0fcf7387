//! One argument of a call, found in the bytes that go on: what a rule judges is what its server
//! reads.
//!
//! Strict about types: a number that is not whole, or not spelled as one, is no number to compare.

use std::borrow::Cow;

use architrave_wire::json::{Cursor, JsonError, Kind};

/// What an argument is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument<'a> {
    /// A text, as it is meant.
    Text(Cow<'a, str>),
    /// A whole number, spelled as one.
    Whole(i64),
    /// `true` or `false`.
    Truth(bool),
    /// Anything else.
    Other,
}

impl<'a> Argument<'a> {
    /// The one at a path of elements of a JSON Pointer; none where nothing is there, or where it is
    /// said twice.
    #[must_use]
    pub fn at(arguments: &'a str, path: &[String]) -> Option<Self> {
        let mut found = None;
        let mut times = 0;
        let mut cursor = Cursor::exact(arguments);
        let read = walk(&mut cursor, path, &mut |argument| {
            times += 1;
            found = Some(argument);
        });
        read.and_then(|()| cursor.end()).ok()?;
        found.filter(|_| times == 1)
    }
}

fn walk<'a>(
    cursor: &mut Cursor<'a>,
    path: &[String],
    found: &mut dyn FnMut(Argument<'a>),
) -> Result<(), JsonError> {
    let Some((first, rest)) = path.split_first() else {
        found(match cursor.kind() {
            Kind::Text => Argument::Text(cursor.text()?),
            Kind::Scalar => match cursor.json()?.as_str() {
                "true" => Argument::Truth(true),
                "false" => Argument::Truth(false),
                number => number.parse().map_or(Argument::Other, Argument::Whole),
            },
            _ => {
                cursor.skip()?;
                Argument::Other
            }
        });
        return Ok(());
    };
    match cursor.kind() {
        Kind::Object => {
            let mut is_seen = false;
            cursor.object(|cursor, name| {
                if name != first.as_str() {
                    return cursor.skip();
                }
                if std::mem::replace(&mut is_seen, true) {
                    // Which one counts, readers do not agree on: neither of them does here.
                    found(Argument::Other);
                    found(Argument::Other);
                }
                walk(cursor, rest, found)
            })
        }
        Kind::Array => {
            let mut place = 0_usize;
            cursor.array(|cursor| {
                let is_it = place.to_string() == *first;
                place += 1;
                if is_it { walk(cursor, rest, found) } else { cursor.skip() }
            })
        }
        _ => cursor.skip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(arguments: &str, pointer: &str) -> Option<Argument<'static>> {
        let path: Vec<String> = pointer.split('/').skip(1).map(str::to_owned).collect();
        Argument::at(arguments, &path).map(|argument| match argument {
            Argument::Text(text) => Argument::Text(Cow::Owned(text.into_owned())),
            Argument::Whole(number) => Argument::Whole(number),
            Argument::Truth(truth) => Argument::Truth(truth),
            Argument::Other => Argument::Other,
        })
    }

    #[test]
    fn arguments_are_found_however_their_names_are_spelled() {
        let text = |text: &'static str| Some(Argument::Text(Cow::Borrowed(text)));
        for (arguments, pointer, argument) in [
            (r#"{"a":"x"}"#, "/a", text("x")),
            (r#"{ "\u0061" : "\u0078" }"#, "/a", text("x")),
            (r#"{"a":{"b":["x",{"c":1}]}}"#, "/a/b/1/c", Some(Argument::Whole(1))),
            (r#"{"a":["x"]}"#, "/a/00", None),
            (r#"{"a":["x"]}"#, "/a/1", None),
            (r#"{"A":"x"}"#, "/a", None),
            (r#"{"a":"x","a":"y"}"#, "/a", None),
            (r#"{"a":{"b":1},"a":2}"#, "/a/b", None),
            (r#"{"a":"\ud800"}"#, "/a", None),
            (r#"{"a":true}"#, "/a", Some(Argument::Truth(true))),
            (r#"{"a":"true"}"#, "/a", text("true")),
            (r#"{"a":-7}"#, "/a", Some(Argument::Whole(-7))),
            (r#"{"a":1.0}"#, "/a", Some(Argument::Other)),
            (r#"{"a":1e0}"#, "/a", Some(Argument::Other)),
            (r#"{"a":9223372036854775808}"#, "/a", Some(Argument::Other)),
            (r#"{"a":null}"#, "/a", Some(Argument::Other)),
            (r#"{"a":[]}"#, "/a", Some(Argument::Other)),
            (r#"{"a":1} x"#, "/a", None),
            ("[]", "/a", None),
            ("", "/a", None),
        ] {
            assert_eq!(at(arguments, pointer), argument, "{arguments} {pointer}");
        }
    }
}
