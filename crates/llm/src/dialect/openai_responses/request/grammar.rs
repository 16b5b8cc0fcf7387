//! The grammar of a free-form tool: Responses have its parts in the format itself, the form, as
//! Chat does, in an object within.

use crate::chat::{Json, Text};
use crate::json::{Cursor, JsonError, Writer};

/// What a format says.
#[derive(Default)]
struct Format<'a> {
    kind: Text<'a>,
    syntax: Option<Text<'a>>,
    definition: Option<Text<'a>>,
}

/// Reads a format to the one of the form.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Json<'a>, JsonError> {
    let format = read_any(cursor)?;
    let mut json = Vec::new();
    Writer::new(&mut json).object(|w| {
        w.key("type").text(&format.kind);
        if format.kind == "grammar" {
            w.key("grammar").object(|w| format.write(w));
        }
    });
    Ok(Json::from_valid(String::from_utf8(json).expect("the writer writes text")))
}

/// Writes the format of the form.
pub(super) fn write(json: &Json<'_>, writer: &mut Writer<'_>) {
    match read_any(&mut Cursor::new(json.as_str())) {
        Ok(format) => writer.object(|w| {
            w.key("type").text(&format.kind);
            format.write(w);
        }),
        // The provider will say what is wrong with it.
        Err(_) => writer.json(json.as_str()),
    }
}

/// Reads a format with its parts at either place.
fn read_any<'a>(cursor: &mut Cursor<'a>) -> Result<Format<'a>, JsonError> {
    let mut format = Format::default();
    cursor.object(|cursor, name| match name {
        "grammar" => cursor.object(|cursor, name| read_field(cursor, name, &mut format)),
        _ => read_field(cursor, name, &mut format),
    })?;
    Ok(format)
}

fn read_field<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    format: &mut Format<'a>,
) -> Result<(), JsonError> {
    match name {
        "type" => format.kind = cursor.text()?,
        "syntax" => format.syntax = cursor.maybe(Cursor::text)?,
        "definition" => format.definition = cursor.maybe(Cursor::text)?,
        _ => cursor.unknown()?,
    }
    Ok(())
}

impl Format<'_> {
    fn write(&self, w: &mut Writer<'_>) {
        w.text_field("syntax", self.syntax.as_deref());
        w.text_field("definition", self.definition.as_deref());
    }
}
