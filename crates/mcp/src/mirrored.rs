//! Arguments of a tool that headers say again (`x-mcp-header` in its schema): which they are, what
//! they say, and whether they agree.

use std::collections::HashSet;

use architrave_wire::json::{Cursor, JsonError, Kind};
use architrave_wire::strict::fold;

use crate::header::{PARAM_PREFIX, decode, encode, mismatch};
use crate::refusal::Refusal;

const KEYWORD: &str = "x-mcp-header";
/// A tool with more of them is one that nobody wrote.
const MIRRORED_MAX: usize = 64;
/// The range in which every number is one that JavaScript has.
const SAFE: std::ops::RangeInclusive<i64> = -9_007_199_254_740_991..=9_007_199_254_740_991;

/// What an argument must be to stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Integer,
    Truth,
}

/// An argument that a header says again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// The header's name, `mcp-param-` included, in small letters.
    pub header: String,
    /// The way to it through objects of the arguments.
    path: Vec<String>,
    sort: Sort,
}

/// Why a tool is not offered: its schema says something of headers that it may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`x-mcp-header` {0}")]
pub struct WrongMirror(&'static str);

impl Mirrored {
    /// The arguments that a schema says are in headers.
    ///
    /// # Errors
    /// Where it says so wrongly: clients must not see such a tool.
    pub fn of_schema(schema: &str) -> Result<Vec<Self>, WrongMirror> {
        // Nearly no schema says it at all.
        if !schema.contains(KEYWORD) && !schema.contains("\\u") {
            return Ok(Vec::new());
        }
        let mut walk = Walk::default();
        let mut cursor = Cursor::new(schema);
        let read = walk.schema(&mut cursor, true);
        if read.is_err() {
            return Err(WrongMirror("stands in a schema that cannot be read"));
        }
        if let Some(why) = walk.wrong {
            return Err(WrongMirror(why));
        }
        let mut seen = HashSet::new();
        let is_once = walk.found.iter().all(|one| seen.insert(one.header.as_str()));
        match is_once && walk.found.len() <= MIRRORED_MAX {
            true => Ok(walk.found),
            false => Err(WrongMirror("names a header twice")),
        }
    }

    /// What its header says for a call with these arguments; nothing where they do not have it.
    #[must_use]
    pub fn value(&self, arguments: Option<&str>) -> Option<String> {
        self.said(arguments?).map(|said| encode(&said).into_owned())
    }

    /// Holds its header to the arguments.
    ///
    /// # Errors
    /// Where one is there without the other, or says something else.
    pub fn agrees(&self, header: Option<&str>, arguments: Option<&str>) -> Result<(), Refusal> {
        let said = arguments.and_then(|arguments| self.said(arguments));
        let wrong = |why: &str| Err(mismatch(format!("`{}` {why}", self.header)));
        match (header, said) {
            (None, None) => Ok(()),
            (Some(_), None) => wrong("is there, and its argument is not"),
            (None, Some(_)) => wrong("is missing"),
            (Some(header), Some(said)) => match decode(header) {
                None => wrong("is malformed"),
                Some(text) if text == said || self.is_same_number(&text, &said) => Ok(()),
                Some(_) => wrong("does not say what the body says"),
            },
        }
    }

    fn is_same_number(&self, one: &str, other: &str) -> bool {
        self.sort == Sort::Integer && whole(one).is_some() && whole(one) == whole(other)
    }

    /// The text of the argument; none where it is not there, is `null`, or is of another sort, which
    /// its server judges.
    fn said(&self, arguments: &str) -> Option<String> {
        let mut found = None;
        let mut cursor = Cursor::new(arguments);
        step(&mut cursor, &self.path, self.sort, &mut found).ok()?;
        found
    }
}

/// Whole numbers may be written with a point.
fn whole(text: &str) -> Option<i64> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            digits
        }
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok().filter(|value| SAFE.contains(value))
}

fn step(
    cursor: &mut Cursor<'_>,
    path: &[String],
    sort: Sort,
    found: &mut Option<String>,
) -> Result<(), JsonError> {
    let Some((first, rest)) = path.split_first() else {
        *found = match (cursor.kind(), sort) {
            (Kind::Text, Sort::Text) => Some(cursor.text()?.into_owned()),
            (Kind::Scalar, Sort::Integer) => {
                whole(cursor.json()?.as_str()).map(|value| value.to_string())
            }
            (Kind::Scalar, Sort::Truth) => {
                let json = cursor.json()?;
                matches!(json.as_str(), "true" | "false").then(|| json.as_str().to_owned())
            }
            _ => {
                cursor.skip()?;
                None
            }
        };
        return Ok(());
    };
    if cursor.kind() != Kind::Object {
        return cursor.skip();
    }
    cursor.object(|cursor, name| match name == first {
        true => step(cursor, rest, sort, found),
        false => cursor.skip(),
    })
}

/// A walk through a schema.
#[derive(Default)]
struct Walk {
    path: Vec<String>,
    found: Vec<Mirrored>,
    wrong: Option<&'static str>,
}

impl Walk {
    /// Reads a schema, which is reached from the root by properties alone, or is not.
    fn schema(&mut self, cursor: &mut Cursor<'_>, is_reached: bool) -> Result<(), JsonError> {
        match cursor.kind() {
            Kind::Object => {}
            Kind::Array => {
                return cursor.array(|cursor| self.schema(cursor, false));
            }
            _ => return cursor.skip(),
        }
        let mut header: Option<String> = None;
        let mut sort = None;
        cursor.object(|cursor, name| match name {
            KEYWORD if cursor.kind() == Kind::Text => {
                header = Some(cursor.text()?.into_owned());
                Ok(())
            }
            KEYWORD => {
                self.wrong = Some("must be a string");
                cursor.skip()
            }
            "type" if cursor.kind() == Kind::Text => {
                sort = match &*cursor.text()? {
                    "string" => Some(Sort::Text),
                    "integer" => Some(Sort::Integer),
                    "boolean" => Some(Sort::Truth),
                    _ => None,
                };
                Ok(())
            }
            "properties" if cursor.kind() == Kind::Object => cursor.object(|cursor, name| {
                self.path.push(name.to_owned());
                let read = self.schema(cursor, is_reached);
                self.path.pop();
                read
            }),
            // What is an instance, and no schema.
            "const" | "enum" | "default" | "examples" => cursor.skip(),
            _ => self.schema(cursor, false),
        })?;
        let Some(header) = header else { return Ok(()) };
        if !is_reached || self.path.is_empty() {
            self.wrong = Some("stands where properties alone do not lead to");
        } else if !is_token(&header) {
            self.wrong = Some("is no name of a header");
        } else if let Some(sort) = sort {
            let header = format!("{PARAM_PREFIX}{}", fold(&header));
            self.found.push(Mirrored { header, path: self.path.clone(), sort });
        } else {
            self.wrong = Some("is for strings, integers and booleans");
        }
        Ok(())
    }
}

/// Whether a text may be the name of a header (RFC 9110).
fn is_token(text: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.len() <= 128 && text.bytes().all(is_of_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "at":{"type":"object","properties":{"page":{"type":"integer","x-mcp-header":"Page"}}},
        "dry":{"x-mcp-header":"dry","type":"boolean"},
        "x-mcp-header":{"type":"string"}}}"#;

    #[test]
    fn arguments_are_found_by_their_exact_path() {
        let mirrored = Mirrored::of_schema(SCHEMA).unwrap();
        let said = |arguments: &str| -> Vec<String> {
            let each = mirrored.iter();
            each.filter_map(|one| Some(format!("{}: {}", one.header, one.value(Some(arguments))?)))
                .collect()
        };
        assert_eq!(
            said(r#"{"region":"é","at":{"page":42.0,"region":"x"},"dry":false}"#),
            ["mcp-param-region: =?base64?w6k=?=", "mcp-param-page: 42", "mcp-param-dry: false"]
        );
        assert_eq!(said(r#"{"region":null,"page":1,"at":[{"page":1}],"dry":"true"}"#), [""; 0]);
    }

    #[test]
    fn a_header_must_say_what_the_argument_says() {
        let mirrored = Mirrored::of_schema(SCHEMA).unwrap();
        let page = &mirrored[1];
        for (header, arguments, is_right) in [
            (Some("42"), Some(r#"{"at":{"page":42}}"#), true),
            (Some("42.0"), Some(r#"{"at":{"page":42}}"#), true),
            (Some("43"), Some(r#"{"at":{"page":42}}"#), false),
            (None, Some(r#"{"at":{"page":42}}"#), false),
            (Some("42"), Some("{}"), false),
            (None, None, true),
            (None, Some(r#"{"at":{"page":null}}"#), true),
            (Some("\u{1}"), Some(r#"{"at":{"page":42}}"#), false),
        ] {
            assert_eq!(
                page.agrees(header, arguments).is_ok(),
                is_right,
                "{header:?} {arguments:?}"
            );
        }
    }

    #[test]
    fn a_tool_with_a_wrong_mark_is_told() {
        for schema in [
            r#"{"x-mcp-header":"A","type":"string"}"#,
            r#"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":""}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"a b"}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":7}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
            r#"{"properties":{"a":{"items":{"type":"string","x-mcp-header":"A"}}}}"#,
            r#"{"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}"#,
            r#"{"$defs":{"a":{"type":"string","x-mcp-header":"A"}}}"#,
        ] {
            assert!(Mirrored::of_schema(schema).is_err(), "{schema}");
        }
        let fine =
            r#"{"properties":{"a":{"default":{"x-mcp-header":7},"description":"x-mcp-header"}}}"#;
        assert_eq!(Mirrored::of_schema(fine), Ok(Vec::new()));
    }
}
