//! The schema of a tool's arguments: that of each parameter and of the body, with what they refer to
//! put in, so that it stands for itself.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::input::Input;
use crate::pointer;
use crate::walk::Within;

/// More schemas are more than any model reads.
const DEFINITIONS_MAX: usize = 500;

/// The schema of the arguments; `whole` is the description in words of JSON Schema.
pub(super) fn schema(whole: &Value, inputs: &[Input]) -> Result<Value, String> {
    let mut bundle = Bundle { whole, names: BTreeMap::new(), open: VecDeque::new() };
    let mut properties = Map::new();
    for input in inputs {
        let mut own = match &input.schema {
            Some(pointer) => bundle.taken(pointer)?,
            None => json!({}),
        };
        if let Value::Object(members) = &mut own
            && !input.about.is_empty()
            && !members.contains_key("description")
        {
            members.insert("description".to_owned(), json!(input.about));
        }
        properties.insert(input.argument.clone(), own);
    }
    let mut definitions = Map::new();
    while let Some((pointer, name)) = bundle.open.pop_front() {
        let own = bundle.taken(&pointer)?;
        definitions.insert(name, own);
    }
    let required: Vec<&str> = inputs
        .iter()
        .filter(|input| input.is_required)
        .map(|input| input.argument.as_str())
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    // What is not known is refused, and not left out in silence.
    schema["additionalProperties"] = json!(false);
    if !definitions.is_empty() {
        schema["$defs"] = Value::Object(definitions);
    }
    Ok(schema)
}

struct Bundle<'d> {
    whole: &'d Value,
    /// What each place that is referred to is called.
    names: BTreeMap<String, String>,
    /// Those that are not put in yet.
    open: VecDeque<(String, String)>,
}

impl Bundle<'_> {
    /// What stands at a place, its references leading to what is put in.
    fn taken(&mut self, pointer: &str) -> Result<Value, String> {
        let found = self.whole.pointer(pointer);
        let mut own =
            found.ok_or_else(|| format!("it refers to `{pointer}`, which is not there"))?.clone();
        self.within(&mut own, Within::Thing)?;
        Ok(own)
    }

    fn within(&mut self, value: &mut Value, within: Within) -> Result<(), String> {
        match value {
            Value::Object(members) => {
                if within == Within::Thing {
                    self.reference(members)?;
                    self.not_asked(members);
                    // It would choose where references lead.
                    for keyword in ["$id", "$anchor", "$dynamicAnchor", "$schema"] {
                        members.shift_remove(keyword);
                    }
                }
                for (key, member) in members.iter_mut() {
                    if let Some(below) = within.below(key, member) {
                        self.within(member, below)?;
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.within(item, Within::Thing)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn reference(&mut self, members: &mut Map<String, Value>) -> Result<(), String> {
        if members.contains_key("$dynamicRef") {
            return Err("it has a `$dynamicRef`".to_owned());
        }
        let Some(reference) = members.get("$ref").and_then(Value::as_str) else { return Ok(()) };
        let pointer = pointer::of_reference(reference)
            .ok_or_else(|| format!("it refers to `{reference}`, which is no place in it"))?;
        let name = match self.names.get(&pointer) {
            Some(name) => name.clone(),
            None => {
                let name = self.new_name(&pointer)?;
                self.names.insert(pointer.clone(), name.clone());
                self.open.push_back((pointer, name.clone()));
                name
            }
        };
        members.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
        Ok(())
    }

    /// A name after the last part of a place, which no other has.
    fn new_name(&self, pointer: &str) -> Result<String, String> {
        if self.names.len() == DEFINITIONS_MAX {
            return Err(format!("it refers to more than {DEFINITIONS_MAX} schemas"));
        }
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || "_-.".contains(*letter);
        let plain: String = last.chars().filter(is_plain).take(64).collect();
        let plain = if plain.is_empty() { "schema".to_owned() } else { plain };
        let is_taken = |name: &str| self.names.values().any(|known| known == name);
        let mut name = plain.clone();
        let mut number = 2;
        while is_taken(&name) {
            name = format!("{plain}.{number}");
            number += 1;
        }
        Ok(name)
    }

    /// Properties that only answers have are not asked for.
    fn not_asked(&self, members: &mut Map<String, Value>) {
        let Some(Value::Object(properties)) = members.get("properties") else { return };
        let is_of_answers = |name: &str| {
            properties.get(name).is_some_and(|property| self.is_read_only(property, 0))
        };
        let Some(Value::Array(required)) = members.get("required") else { return };
        let kept: Vec<Value> = required
            .iter()
            .filter(|name| !name.as_str().is_some_and(is_of_answers))
            .cloned()
            .collect();
        members.insert("required".to_owned(), Value::Array(kept));
    }

    fn is_read_only(&self, schema: &Value, depth: usize) -> bool {
        const REFERENCES_MAX: usize = 16;
        if schema.get("readOnly") == Some(&Value::Bool(true)) {
            return true;
        }
        let reference = schema.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(pointer::of_reference);
        let target = target.and_then(|pointer| self.whole.pointer(&pointer));
        depth < REFERENCES_MAX && target.is_some_and(|it| self.is_read_only(it, depth + 1))
    }
}
