//! The description of a schema, put into the schema where a dialect has no other place for it: the
//! model reads it there, too.

use std::borrow::Cow;

use crate::json::{Cursor, Kind, Writer};

/// Whether a schema can be given a description: an object without one.
pub(super) fn takes(schema: &str) -> bool {
    let mut cursor = Cursor::new(schema);
    if cursor.kind() != Kind::Object {
        return false;
    }
    let mut has_one = false;
    let read = cursor.object(|cursor, name| {
        has_one |= name == "description";
        cursor.skip()
    });
    read.is_ok() && !has_one
}

/// The schema with a description, where it can be given one.
pub(super) fn with<'s>(schema: &'s str, description: Option<&str>) -> Cow<'s, str> {
    let Some(description) = description.filter(|_| takes(schema)) else {
        return Cow::Borrowed(schema);
    };
    let members = schema.trim_start().strip_prefix('{').unwrap_or_default();
    let mut out = Vec::with_capacity(schema.len() + description.len() + 20);
    out.extend_from_slice(b"{\"description\":");
    Writer::new(&mut out).text(description);
    if !members.trim_start().starts_with('}') {
        out.push(b',');
    }
    out.extend_from_slice(members.as_bytes());
    String::from_utf8(out).map_or(Cow::Borrowed(schema), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_described_once() {
        for (schema, described) in [
            (r#"{"type":"object"}"#, r#"{"description":"a \"day\"","type":"object"}"#),
            ("{ }", r#"{"description":"a \"day\"" }"#),
            (r#" {"description":"mine"}"#, r#" {"description":"mine"}"#),
            ("true", "true"),
        ] {
            assert_eq!(with(schema, Some("a \"day\"")), described);
            assert_eq!(with(schema, None), schema);
        }
        // What stands deeper is another's.
        assert!(takes(r#"{"properties":{"description":{"type":"string"}}}"#));
    }
}
