//! Schemas, and the examples that are given for them.

use std::collections::HashSet;

use serde_json::Value;

use super::{Notes, rules};
use crate::description::{Edition, Found, reference_of};
use crate::operation;
use crate::pointer;
use crate::schema::{Flat, SchemaCompiler, flat};

rules! {
    INVALID = "schema-invalid", Error,
        "A schema is one by the rules of JSON Schema, or of OpenAPI 3.0.";
    EXAMPLE = "example-invalid", Warning,
        "An example fits the schema that it is an example of.";
    ITEMS = "array-without-items", Warning,
        "A list says what is in it: `items`.";
    REQUIRED = "required-property-undeclared", Warning,
        "What is `required` is one of the `properties`.";
}

/// Deeper schemas are judged as a whole all the same, only not looked into for these rules.
const DEPTH_MAX: usize = 40;

pub(super) fn check(notes: &mut Notes<'_>) {
    let description = notes.description;
    let mut examples = Examples {
        compiler: SchemaCompiler::new(description),
        invalid: HashSet::new(),
        seen: HashSet::new(),
    };
    for refused in examples.compiler.refused() {
        notes.note(&INVALID, &refused.pointer, format!("not a schema: {}", refused.message));
    }
    if let Some(schemas) = description.at("/components/schemas") {
        for (_, schema) in schemas.members() {
            examples.schema(notes, schema, 0);
        }
    }
    for operation in description.operations() {
        if notes.is_full() {
            return;
        }
        for parameter in operation::parameters(description, operation) {
            examples.told(notes, &parameter);
        }
        let body = description.at(&operation::place(operation, "requestBody"));
        if let Some(body) = body.and_then(|body| description.resolved(body)) {
            examples.content(notes, &body);
        }
        let Some(responses) = description.at(&operation::place(operation, "responses")) else {
            continue;
        };
        for (_, response) in responses.members() {
            let Some(response) = description.resolved(response) else { continue };
            examples.content(notes, &response);
            let Some(headers) = response.get("headers") else { continue };
            for (_, header) in headers.members() {
                if let Some(header) = description.resolved(header) {
                    examples.told(notes, &header);
                }
            }
        }
    }
}

struct Examples {
    compiler: SchemaCompiler,
    /// The schemas that are none.
    invalid: HashSet<String>,
    /// What was looked at, since much is shared.
    seen: HashSet<String>,
}

impl Examples {
    fn content(&mut self, notes: &mut Notes<'_>, body: &Found<'_>) {
        let Some(content) = body.get("content") else { return };
        for (_, media) in content.members() {
            self.told(notes, &media);
        }
    }

    /// Something with a schema and perhaps examples: a media type, a parameter, a header.
    fn told(&mut self, notes: &mut Notes<'_>, thing: &Found<'_>) {
        if !self.seen.insert(thing.pointer.clone()) {
            return;
        }
        let Some(schema) = thing.get("schema") else { return };
        self.schema(notes, schema.clone(), 0);
        if let Some(example) = thing.get("example") {
            self.example(notes, &schema, &example);
        }
        let Some(examples) = thing.get("examples") else { return };
        for (_, example) in examples.members() {
            let Some(example) = notes.description.resolved(example) else { continue };
            if let Some(value) = example.get("value") {
                self.example(notes, &schema, &value);
            }
        }
    }

    fn example(&mut self, notes: &mut Notes<'_>, schema: &Found<'_>, example: &Found<'_>) {
        for fault in self.compiler.faults(&schema.pointer, example.value) {
            let place = match fault.pointer.as_str() {
                "" => String::new(),
                at => format!("{at}: "),
            };
            let message = format!("the example does not fit: {place}{}", fault.message);
            notes.note(&EXAMPLE, &format!("{}{}", example.pointer, fault.pointer), message);
        }
    }

    fn schema(&mut self, notes: &mut Notes<'_>, schema: Found<'_>, depth: usize) {
        let is_known = !self.seen.insert(schema.pointer.clone());
        if is_known || notes.is_full() || depth > DEPTH_MAX || !schema.value.is_object() {
            return;
        }
        // One that is invalid says so for everything that it has within.
        if depth == 0
            && let Err(message) = self.compiler.add(&schema.pointer)
        {
            // What leads to nothing, here or further down, is told by its own rule; and of what is
            // shared by many, which is wrong is told once, at its own place.
            let place = whose(&message).unwrap_or_else(|| schema.pointer.clone());
            let is_new = self.invalid.insert(place.clone());
            if is_new && !message.contains("not found") && !leads_to_nothing(notes, &schema) {
                notes.note(&INVALID, &place, format!("not a schema: {message}"));
            }
        }
        if reference_of(schema.value).is_some() && notes.description.edition() == Edition::V30 {
            return;
        }
        self.judge(notes, &schema);
        for key in ["items", "additionalProperties", "not", "contains", "if", "then", "else"] {
            if let Some(within) = schema.get(key) {
                self.schema(notes, within, depth + 1);
            }
        }
        for key in ["allOf", "oneOf", "anyOf", "prefixItems"] {
            for within in schema.items(key) {
                self.schema(notes, within, depth + 1);
            }
        }
        if let Some(properties) = schema.get("properties") {
            for (_, property) in properties.members() {
                self.schema(notes, property, depth + 1);
            }
        }
    }

    fn judge(&mut self, notes: &mut Notes<'_>, schema: &Found<'_>) {
        let description = notes.description;
        let is_list = schema.text("type") == Some("array");
        if is_list && schema.get("items").is_none() && schema.get("prefixItems").is_none() {
            notes.note(&ITEMS, &schema.pointer, "a list that does not say what is in it: `items`");
        }
        if schema.get("required").is_some_and(|required| required.value.is_array())
            && schema.get("properties").is_some()
        {
            let whole: Flat<'_> = flat(description, schema.clone());
            let is_open = !whole.one_of.is_empty() || !whole.any_of.is_empty();
            for name in schema.items("required") {
                let Some(text) = name.value.as_str() else { continue };
                if !is_open && whole.property(text).is_none() {
                    let message = format!("`{text}` is required, and is no property");
                    notes.note(&REQUIRED, &name.pointer, message);
                }
            }
        }
        if let Some(example) = schema.get("example") {
            self.example(notes, schema, &example);
        }
        for example in schema.items("examples") {
            self.example(notes, schema, &example);
        }
    }
}

/// The schema that a message is about, where it begins with its place.
fn whose(message: &str) -> Option<String> {
    let (place, _) = message.split_once(" is not valid against metaschema")?;
    pointer::of_reference(place)
}

/// Whether a reference in a schema, or in what it leads to, leads to nothing.
fn leads_to_nothing(notes: &Notes<'_>, schema: &Found<'_>) -> bool {
    fn any(value: &Value, is: &mut dyn FnMut(&str) -> bool) -> bool {
        match value {
            Value::Object(members) => {
                reference_of(value).is_some_and(&mut *is)
                    || members.values().any(|member| any(member, is))
            }
            Value::Array(items) => items.iter().any(|item| any(item, is)),
            _ => false,
        }
    }
    let mut seen = HashSet::new();
    let mut open = vec![schema.value];
    while let Some(value) = open.pop() {
        let mut next = Vec::new();
        let leads_out = any(value, &mut |reference| {
            let target = pointer::of_reference(reference);
            let Some(found) = target.as_ref().and_then(|target| notes.description.at(target))
            else {
                return true;
            };
            if seen.insert(found.pointer) {
                next.push(found.value);
            }
            false
        });
        if leads_out {
            return true;
        }
        open.append(&mut next);
    }
    false
}
