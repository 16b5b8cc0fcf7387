//! What the output shall be like: `text`, read and written.

use crate::chat::{Output, OutputFormat, Text};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read_text<'a>(
    cursor: &mut Cursor<'a>,
    output: &mut Output<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "format" => output.format = cursor.maybe(read_format)?,
            "verbosity" => output.verbosity = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_format<'a>(cursor: &mut Cursor<'a>) -> Result<OutputFormat<'a>, JsonError> {
    let (mut kind, mut name_, mut description) = (Text::default(), None, None);
    let (mut schema, mut strict) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "name" => name_ = cursor.maybe(Cursor::text)?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "schema" => schema = cursor.maybe(Cursor::json)?,
            "strict" => strict = cursor.maybe(Cursor::truth)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    match (kind.as_ref(), schema) {
        ("text", _) => Ok(OutputFormat::Text),
        ("json_object", _) => Ok(OutputFormat::Json),
        ("json_schema", Some(schema)) => {
            Ok(OutputFormat::Schema { name: name_, description, schema, strict })
        }
        ("json_schema", None) => Err(cursor.wrong("must have a schema")),
        _ => Err(cursor.wrong("must be text, json_object or json_schema")),
    }
}

pub(super) fn write_text(
    format: Option<&OutputFormat<'_>>,
    verbosity: Option<&str>,
    w: &mut Writer<'_>,
) {
    if format.is_none() && verbosity.is_none() {
        return;
    }
    w.key("text").object(|w| {
        if let Some(format) = format {
            w.key("format").object(|w| write_format(format, w));
        }
        w.text_field("verbosity", verbosity);
    });
}

fn write_format(format: &OutputFormat<'_>, w: &mut Writer<'_>) {
    w.key("type").text(match format {
        OutputFormat::Text => "text",
        OutputFormat::Json => "json_object",
        OutputFormat::Schema { .. } => "json_schema",
    });
    if let OutputFormat::Schema { name, description, schema, strict } = format {
        // The name must be said.
        w.key("name").text(name.as_deref().unwrap_or("output"));
        w.text_field("description", description.as_deref());
        w.key("schema").json(schema.as_str());
        w.truth_field("strict", *strict);
    }
}
