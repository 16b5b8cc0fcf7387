//! Where URIs of resources stand in what servers say: in contents, in links, in what is shown of
//! tools. Each is told with its place, so that a mark can be put on it while the rest stays.

use std::ops::Range;

use architrave_wire::edit::Edits;
use architrave_wire::json::{Cursor, JsonError, Kind, Writer};

use crate::message::{Message, MessageKind, Part};
use crate::uri;

/// Called with each URI: where its JSON lies, and what it says.
pub type EachUri<'e> = dyn FnMut(Range<usize>, &str) + 'e;

/// The edits that put a server's mark on every URI of its resources in one of its messages.
///
/// # Errors
/// Where what it says is not of the form that has URIs: then nothing is sure.
pub fn mark(message: &Message, text: &str, server: &str) -> Result<Edits, JsonError> {
    let mut edits = Edits::new();
    let mut each = |at: Range<usize>, found: &str| {
        let mut value = Vec::new();
        Writer::new(&mut value).text(&uri::public(server, found));
        edits.edit(at, value);
    };
    match message.kind() {
        MessageKind::Response => {
            for part in [Part::Contents, Part::Content, Part::Messages] {
                if let Some(span) = message.span(part) {
                    let from = span.start;
                    let mut shifted = |at: Range<usize>, found: &str| {
                        each(at.start + from..at.end + from, found);
                    };
                    match part {
                        Part::Contents => each_of(&text[span], &mut shifted, resource)?,
                        Part::Content => each_of(&text[span], &mut shifted, block)?,
                        _ => each_of(&text[span], &mut shifted, prompt_message)?,
                    }
                }
            }
        }
        _ => {
            if let (Some(span), Some(found)) =
                (message.span(Part::Uri), message.text(Part::Uri, text))
            {
                each(span, &found);
            }
        }
    }
    Ok(edits)
}

/// The URIs of MCP Apps that a tool names in its `_meta`.
///
/// # Errors
/// Where it is no JSON.
pub fn apps_uris(entry: &str, each: &mut EachUri<'_>) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(entry);
    object(&mut cursor, &mut |cursor, name| match name {
        "_meta" => object(cursor, &mut |cursor, name| match name {
            "ui/resourceUri" => text(cursor, each),
            "ui" => object(cursor, &mut |cursor, name| match name {
                "resourceUri" => text(cursor, each),
                _ => cursor.skip(),
            }),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    })
}

fn each_of(
    list: &str,
    each: &mut EachUri<'_>,
    read: fn(&mut Cursor<'_>, &mut EachUri<'_>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(list);
    match cursor.kind() {
        Kind::Array => cursor.array(|cursor| read(cursor, each)),
        _ => read(&mut cursor, each),
    }
}

/// `{"role":…,"content":…}`, of a prompt.
fn prompt_message(cursor: &mut Cursor<'_>, each: &mut EachUri<'_>) -> Result<(), JsonError> {
    object(cursor, &mut |cursor, name| match (name, cursor.kind()) {
        ("content", Kind::Array) => cursor.array(|cursor| block(cursor, each)),
        ("content", _) => block(cursor, each),
        _ => cursor.skip(),
    })
}

/// A block of content: a link to a resource, one that is put in, or something without one.
fn block(cursor: &mut Cursor<'_>, each: &mut EachUri<'_>) -> Result<(), JsonError> {
    let mut own: Option<(Range<usize>, String)> = None;
    let mut is_link = false;
    object(cursor, &mut |cursor, name| match (name, cursor.kind()) {
        ("type", Kind::Text) => {
            is_link = cursor.text()? == "resource_link";
            Ok(())
        }
        ("uri", Kind::Text) => text(cursor, &mut |at, found| own = Some((at, found.to_owned()))),
        ("resource", Kind::Object) => resource(cursor, each),
        // What a tool has said, of a sampling with tools.
        ("content", Kind::Array) => cursor.array(|cursor| block(cursor, each)),
        _ => cursor.skip(),
    })?;
    if let Some((at, found)) = own.filter(|_| is_link) {
        each(at, &found);
    }
    Ok(())
}

fn resource(cursor: &mut Cursor<'_>, each: &mut EachUri<'_>) -> Result<(), JsonError> {
    object(cursor, &mut |cursor, name| match name {
        "uri" => text(cursor, each),
        _ => cursor.skip(),
    })
}

/// Reads an object; anything else is gone over.
fn object(
    cursor: &mut Cursor<'_>,
    member: &mut dyn FnMut(&mut Cursor<'_>, &str) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    match cursor.kind() {
        Kind::Object => cursor.object(|cursor, name| member(cursor, name)),
        _ => cursor.skip(),
    }
}

/// Reads a string and tells it; anything else is gone over.
fn text(cursor: &mut Cursor<'_>, each: &mut EachUri<'_>) -> Result<(), JsonError> {
    if cursor.kind() != Kind::Text {
        return cursor.skip();
    }
    let from = cursor.at();
    let text = cursor.text()?;
    each(from..cursor.at(), &text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MessageLimits;

    fn marked(text: &str) -> String {
        let message = Message::read(text, &MessageLimits::default()).expect(text);
        let edits = mark(&message, text, "s").expect(text);
        String::from_utf8(edits.apply(text.as_bytes())).unwrap()
    }

    #[test]
    fn every_uri_of_a_resource_gets_its_servers_mark_and_no_other() {
        let result =
            |members: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{members}}}}}"#);
        for (before, after) in [
            (
                r#""contents":[{"uri":"a:b","text":"{\"uri\":\"x:y\"}"}]"#,
                r#""contents":[{"uri":"mcp.s+a:b","text":"{\"uri\":\"x:y\"}"}]"#,
            ),
            (
                r#""content":[{"uri":"a:b","type":"resource_link"},{"type":"resource","resource":{"uri":"ui://c"}},{"type":"text","uri":"a:b"}]"#,
                r#""content":[{"uri":"mcp.s+a:b","type":"resource_link"},{"type":"resource","resource":{"uri":"ui://mcp.s+c"}},{"type":"text","uri":"a:b"}]"#,
            ),
            (
                r#""messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"a:b"}}},{"content":[{"type":"resource_link","uri":"a:c"}]}]"#,
                r#""messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"mcp.s+a:b"}}},{"content":[{"type":"resource_link","uri":"mcp.s+a:c"}]}]"#,
            ),
            (r#""structuredContent":{"uri":"a:b"}"#, r#""structuredContent":{"uri":"a:b"}"#),
        ] {
            assert_eq!(marked(&result(before)), result(after));
        }
        let told = |uri: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"{uri}"}}}}"#
            )
        };
        assert_eq!(marked(&told("a:b")), told("mcp.s+a:b"));
    }

    #[test]
    fn apps_are_marked_in_what_is_said_of_tools() {
        let entry = r#"{"name":"x","_meta":{"ui":{"resourceUri":"ui://a"},"ui/resourceUri":"ui://b"},"inputSchema":{"uri":"a:b"}}"#;
        let mut found = Vec::new();
        apps_uris(entry, &mut |at, uri| found.push((entry[at].to_owned(), uri.to_owned())))
            .unwrap();
        let quoted = |text: &str| (format!("\"{text}\""), text.to_owned());
        assert_eq!(found, [quoted("ui://a"), quoted("ui://b")]);
    }
}
