//! Google's own form of schemas, which descends from OpenAPI 3.0, turned to JSON schema.
//!
//! Types are in capitals, `nullable` stands beside them, and numbers of items and characters may be
//! strings. It is only read: Gemini takes JSON schema, too.

use crate::chat::{Json, Text};
use crate::json::{Cursor, JsonError, Kind, Number, Writer};

/// Reads a schema as JSON schema.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Json<'a>, JsonError> {
    let mut out = Vec::new();
    convert(cursor, &mut Writer::new(&mut out))?;
    let text = String::from_utf8(out).expect("the writer was given text only");
    Ok(Json::from_valid(text))
}

fn convert(cursor: &mut Cursor<'_>, w: &mut Writer<'_>) -> Result<(), JsonError> {
    if cursor.kind() != Kind::Object {
        w.json(cursor.json()?.as_str());
        return Ok(());
    }
    let is_nullable = is_nullable(&mut cursor.clone_at())?;
    let mut result = Ok(());
    w.object(|w| result = cursor.object(|cursor, name| field(cursor, name, is_nullable, w)));
    result
}

fn field(
    cursor: &mut Cursor<'_>,
    name: &str,
    is_nullable: bool,
    w: &mut Writer<'_>,
) -> Result<(), JsonError> {
    match (name, cursor.kind()) {
        ("nullable", _) => cursor.skip()?,
        // Only an order, which that of the properties tells.
        ("propertyOrdering" | "property_ordering", _) => cursor.skip()?,
        // That there is a choice is told by the choice.
        ("format", Kind::Text) => {
            let format = cursor.text()?;
            w.text_field("format", Some(format.as_ref()).filter(|format| *format != "enum"));
        }
        ("type", Kind::Text) => write_type(&cursor.text()?, is_nullable, w),
        ("properties" | "defs" | "$defs", Kind::Object) => {
            let mut result = Ok(());
            w.name(name).object(|w| {
                result = cursor.object(|cursor, name| convert(cursor, w.name(name)));
            });
            result?;
        }
        ("items" | "additionalProperties" | "additional_properties", Kind::Object) => {
            convert(cursor, w.name(camel(name)))?;
        }
        ("anyOf" | "any_of" | "prefixItems" | "prefix_items", Kind::Array) => {
            let mut result = Ok(());
            w.name(camel(name)).array(|w| result = cursor.array(|cursor| convert(cursor, w)));
            result?;
        }
        (name, Kind::Text) if COUNTS.contains(&camel(name)) => {
            let text = cursor.text()?;
            match Number::new(text.as_ref()) {
                Some(number) => w.name(camel(name)).number(&number),
                None => w.name(camel(name)).text(&text),
            }
        }
        _ => w.name(camel(name)).json(cursor.json()?.as_str()),
    }
    Ok(())
}

const COUNTS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// The camelCase of those names that have two words.
fn camel(name: &str) -> &str {
    match name {
        "any_of" => "anyOf",
        "prefix_items" => "prefixItems",
        "additional_properties" => "additionalProperties",
        "min_items" => "minItems",
        "max_items" => "maxItems",
        "min_length" => "minLength",
        "max_length" => "maxLength",
        "min_properties" => "minProperties",
        "max_properties" => "maxProperties",
        "defs" => "$defs",
        "ref" => "$ref",
        name => name,
    }
}

fn is_nullable(cursor: &mut Cursor<'_>) -> Result<bool, JsonError> {
    let mut is_nullable = false;
    cursor.object(|cursor, name| match name {
        "nullable" => cursor.maybe(Cursor::truth).map(|said| is_nullable = said.unwrap_or(false)),
        _ => cursor.skip(),
    })?;
    Ok(is_nullable)
}

fn write_type(word: &str, is_nullable: bool, w: &mut Writer<'_>) {
    let word = Text::from(word.to_ascii_lowercase());
    match (word.as_ref(), is_nullable) {
        ("type_unspecified", _) => {}
        (word, false) => w.key("type").text(word),
        (word, true) => w.key("type").array(|w| {
            w.text(word);
            w.text("null");
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_and_nullable_become_json_schema() {
        let schema = r#"{"type":"OBJECT","nullable":true,"properties":{"type":{"type":"STRING",
            "format":"enum","enum":["A"]},"é\"":{"type":"ARRAY","minItems":"2",
            "items":{"any_of":[{"type":"NUMBER"},{"type":"NULL"}]}}},"propertyOrdering":["type"]}"#;
        let read = read(&mut Cursor::new(schema)).unwrap();
        let there = r#"{"type":["object","null"],"properties":{"type":{"type":"string",
            "enum":["A"]},"é\"":{"type":"array","minItems":2,
            "items":{"anyOf":[{"type":"number"},{"type":"null"}]}}}}"#;
        let parse = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(read.as_str()), parse(there));
    }
}
