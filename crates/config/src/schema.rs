//! The JSON Schema (2020-12) of the gateway file, for editors: made from the declarations that
//! read it, so that it cannot fall behind them.
//!
//! It says what is written, not what holds between objects: `architrave validate` does.

use serde_json::{Map, Value as Json, json};

use crate::document::Document;
use crate::read::{FieldShape, OptionShape, RecordShape, Shape, Written};
use crate::service::DESCRIPTION;

/// The definition that lets `${env:…}` and `${file:…}` stand for any scalar.
const SUBSTITUTION: &str = "Substitution";

/// The schema of a whole gateway file.
#[must_use]
pub fn schema() -> Json {
    let mut definitions = Definitions::of_file();
    let root = of(&Document::shape(), &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Architrave gateway file",
        "$ref": root["$ref"],
        "$defs": definitions.all,
    })
}

/// The shapes with names, defined once each, and how they are written.
pub(crate) struct Definitions {
    /// By name.
    pub(crate) all: Map<String, Json>,
    /// What leads to one of them, before its name.
    prefix: &'static str,
    /// Whether it is a file, whose scalars may be substituted; what an API takes is not, and there a
    /// secret may be one that is stored already.
    is_file: bool,
}

impl Definitions {
    fn of_file() -> Self {
        let mut all = Map::new();
        all.insert(
            SUBSTITUTION.to_owned(),
            json!({
                "description": "Text put in when the file is read: ${env:NAME}, \
                                ${env:NAME:-default} or ${file:path}.",
                "type": "string",
                "pattern": "\\$\\{(env|file):[^}]+\\}",
            }),
        );
        Self { all, prefix: "#/$defs/", is_file: true }
    }

    /// For what an API takes.
    pub(crate) fn of_api(prefix: &'static str) -> Self {
        Self { all: Map::new(), prefix, is_file: false }
    }

    /// Defines `name` where it is not yet, and refers to it.
    fn define(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Json) -> Json {
        if !self.all.contains_key(name) {
            let definition = make(self);
            self.all.insert(name.to_owned(), definition);
        }
        json!({ "$ref": format!("{}{name}", self.prefix) })
    }

    /// A scalar of this schema, or what may stand for it.
    fn scalar(&self, schema: Json) -> Json {
        match self.is_file {
            true => {
                let substitution = format!("{}{SUBSTITUTION}", self.prefix);
                json!({ "anyOf": [schema, { "$ref": substitution }] })
            }
            false => schema,
        }
    }
}

/// The schema of one shape; what has a name becomes a definition.
pub(crate) fn of(shape: &Shape, definitions: &mut Definitions) -> Json {
    match shape {
        Shape::Text { kind, pattern } => text(kind, *pattern, definitions),
        Shape::Integer { min, max } => {
            definitions.scalar(json!({ "type": "integer", "minimum": min, "maximum": max }))
        }
        Shape::Number { min, takes_min, max } => {
            let least = if *takes_min { "minimum" } else { "exclusiveMinimum" };
            definitions.scalar(json!({ "type": "number", least: min, "maximum": max }))
        }
        Shape::Boolean => definitions.scalar(json!({ "type": "boolean" })),
        Shape::List { of: element, min } => {
            let items = of(element, definitions);
            json!({ "type": "array", "items": items, "minItems": min })
        }
        Shape::Pairs { of: value, .. } => {
            let mut values = of(value, definitions);
            // Of some header fields it is a secret.
            let is_field = matches!(**value, Shape::Text { kind: "header value", .. });
            if is_field && !definitions.is_file {
                values = json!({ "anyOf": [values, kept()] });
            }
            json!({ "type": "object", "additionalProperties": values })
        }
        Shape::Json => json!({ "type": "object" }),
        Shape::Either { short, long } => {
            json!({ "anyOf": [of(short, definitions), of(long, definitions)] })
        }
        Shape::Words { name, about, words } => {
            definitions.define(name, |_| self::words(about, words))
        }
        Shape::Record(record) => definitions.define(record.name, |all| self::record(record, all)),
        Shape::Choice { name, about, options } => {
            definitions.define(name, |all| choice(about, options, all))
        }
    }
}

fn text(kind: &str, pattern: Option<&str>, definitions: &Definitions) -> Json {
    if matches!(kind, "secret" | DESCRIPTION) && !definitions.is_file {
        return json!({ "title": kind, "anyOf": [{ "type": "string", "minLength": 1 }, kept()] });
    }
    let Some(pattern) = pattern else { return json!({ "type": "string", "title": kind }) };
    // What looks like a number may be written without quotes.
    let numeric = matches!(kind, "port or range" | "status or range" | "condition or status");
    let types = match kind {
        "version" => json!(["string", "number"]),
        _ if numeric => json!(["string", "integer"]),
        _ => json!("string"),
    };
    definitions.scalar(json!({ "type": types, "title": kind, "pattern": pattern }))
}

/// What is shown of a secret, and keeps it when it is sent.
fn kept() -> Json {
    json!({
        "type": "object",
        "description": "Shown in place of a secret, or of a text that is long; sent, it keeps what is stored.",
        "properties": { "has_value": { "const": true } },
        "required": ["has_value"],
        "additionalProperties": false,
    })
}

fn words(about: &[&str], words: &[OptionShape]) -> Json {
    let options: Vec<Json> = words
        .iter()
        .map(|word| json!({ "const": word.key, "description": prose(word.about) }))
        .collect();
    json!({ "description": prose(about), "oneOf": options })
}

fn record(record: &RecordShape, definitions: &mut Definitions) -> Json {
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

fn property(field: &FieldShape, definitions: &mut Definitions) -> Json {
    let mut schema = of(&field.shape, definitions);
    schema["description"] = prose(field.about).into();
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    schema
}

fn choice(about: &[&str], options: &[OptionShape], definitions: &mut Definitions) -> Json {
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
