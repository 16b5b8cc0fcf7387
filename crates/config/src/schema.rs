//! The JSON Schema (2020-12) of the gateway file, for editors: made from the declarations that
//! read it, so that it cannot fall behind them.
//!
//! It says what is written, not what holds between objects: `architrave validate` does.

use serde_json::{Map, Value as Json, json};

use crate::document::Document;
use crate::read::{FieldShape, OptionShape, RecordShape, Shape, Written};

/// The definition that lets `${env:…}` and `${file:…}` stand for any scalar.
const SUBSTITUTION: &str = "Substitution";

/// The schema of a whole gateway file.
#[must_use]
pub fn schema() -> Json {
    let mut definitions = Map::new();
    definitions.insert(
        SUBSTITUTION.to_owned(),
        json!({
            "description": "Text put in when the file is read: ${env:NAME}, ${env:NAME:-default} \
                            or ${file:path}.",
            "type": "string",
            "pattern": "\\$\\{(env|file):[^}]+\\}",
        }),
    );
    let root = of(&Document::shape(), &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Architrave gateway file",
        "$ref": root["$ref"],
        "$defs": definitions,
    })
}

/// The schema of one shape; what has a name becomes a definition.
fn of(shape: &Shape, definitions: &mut Map<String, Json>) -> Json {
    match shape {
        Shape::Text { kind, pattern } => text(kind, *pattern),
        Shape::Integer { min, max } => {
            substitutable(json!({ "type": "integer", "minimum": min, "maximum": max }))
        }
        Shape::Number { min, takes_min, max } => {
            let least = if *takes_min { "minimum" } else { "exclusiveMinimum" };
            substitutable(json!({ "type": "number", least: min, "maximum": max }))
        }
        Shape::Boolean => substitutable(json!({ "type": "boolean" })),
        Shape::List { of: element, min } => {
            let items = of(element, definitions);
            json!({ "type": "array", "items": items, "minItems": min })
        }
        Shape::Pairs { of: value, .. } => {
            let values = of(value, definitions);
            json!({ "type": "object", "additionalProperties": values })
        }
        Shape::Json => json!({ "type": "object" }),
        Shape::Either { short, long } => {
            json!({ "anyOf": [of(short, definitions), of(long, definitions)] })
        }
        Shape::Words { name, about, words } => {
            define(name, definitions, |_| self::words(about, words))
        }
        Shape::Record(record) => define(record.name, definitions, |all| self::record(record, all)),
        Shape::Choice { name, about, options } => {
            define(name, definitions, |all| choice(about, options, all))
        }
    }
}

fn define(
    name: &str,
    definitions: &mut Map<String, Json>,
    make: impl FnOnce(&mut Map<String, Json>) -> Json,
) -> Json {
    if !definitions.contains_key(name) {
        let definition = make(definitions);
        definitions.insert(name.to_owned(), definition);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn text(kind: &str, pattern: Option<&str>) -> Json {
    let Some(pattern) = pattern else { return json!({ "type": "string", "title": kind }) };
    // What looks like a number may be written without quotes.
    let numeric = matches!(kind, "port or range" | "status or range" | "condition or status");
    let types = if numeric { json!(["string", "integer"]) } else { json!("string") };
    substitutable(json!({ "type": types, "title": kind, "pattern": pattern }))
}

fn substitutable(schema: Json) -> Json {
    json!({ "anyOf": [schema, { "$ref": format!("#/$defs/{SUBSTITUTION}") }] })
}

fn words(about: &[&str], words: &[OptionShape]) -> Json {
    let options: Vec<Json> = words
        .iter()
        .map(|word| json!({ "const": word.key, "description": prose(word.about) }))
        .collect();
    json!({ "description": prose(about), "oneOf": options })
}

fn record(record: &RecordShape, definitions: &mut Map<String, Json>) -> Json {
    let mut properties = Map::new();
    for field in &record.fields {
        properties.insert(field.key.to_owned(), property(field, definitions));
    }
    let required: Vec<&str> =
        record.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    json!({
        "description": prose(record.about),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(field: &FieldShape, definitions: &mut Map<String, Json>) -> Json {
    let mut schema = of(&field.shape, definitions);
    schema["description"] = prose(field.about).into();
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    schema
}

fn choice(about: &[&str], options: &[OptionShape], definitions: &mut Map<String, Json>) -> Json {
    let mut properties = Map::new();
    for option in options {
        let mut schema = option.shape.as_ref().map_or(json!({}), |shape| of(shape, definitions));
        schema["description"] = prose(option.about).into();
        properties.insert(option.key.to_owned(), schema);
    }
    json!({
        "description": prose(about),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    })
}

/// Doc comments as one line.
pub(crate) fn prose(lines: &[&str]) -> String {
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    trimmed.join(" ")
}
