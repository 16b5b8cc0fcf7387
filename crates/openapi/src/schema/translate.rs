//! The schemas of OpenAPI 3.0 in the words of JSON Schema 2020-12: `nullable`, and bounds that say
//! of another whether it is excluded.

use serde_json::{Map, Value, json};

use crate::walk::Within;

/// Translates everything in a description.
pub(crate) fn from_30(value: &mut Value) {
    walk(value, Within::Thing);
}

fn walk(value: &mut Value, within: Within) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                if let Some(below) = within.below(key, member) {
                    walk(member, below);
                }
            }
            if within == Within::Thing {
                bound(members, "minimum", "exclusiveMinimum");
                bound(members, "maximum", "exclusiveMaximum");
                if members.get("nullable") == Some(&Value::Bool(true)) {
                    let schema = std::mem::take(members);
                    *value = nullable(schema);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, Within::Thing)),
        _ => {}
    }
}

fn bound(members: &mut Map<String, Value>, bound: &str, exclusive: &str) {
    let Some(Value::Bool(is_exclusive)) = members.get(exclusive) else { return };
    if !is_exclusive {
        members.remove(exclusive);
    } else if let Some(limit) = members.remove(bound) {
        members.insert(exclusive.to_owned(), limit);
    } else {
        members.remove(exclusive);
    }
}

/// A schema that takes `null` as well.
fn nullable(mut members: Map<String, Value>) -> Value {
    members.remove("nullable");
    let is_plain =
        ["$ref", "allOf", "oneOf", "anyOf"].iter().all(|key| !members.contains_key(*key));
    match members.get_mut("type") {
        Some(kind @ Value::String(_)) if is_plain => {
            *kind = json!([kind.clone(), "null"]);
            if let Some(Value::Array(values)) = members.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
            Value::Object(members)
        }
        None if is_plain => Value::Object(members),
        _ => {
            let mut either = Map::new();
            either.insert("anyOf".to_owned(), json!([Value::Object(members), { "type": "null" }]));
            Value::Object(either)
        }
    }
}
