//! The JSON Schema (2020-12) of the body of an object, as an API takes it: without substitution,
//! and with `{"has_value": true}` for a secret that is stored.

use serde_json::{Map, Value, json};

use super::ObjectKind;
use crate::schema::{Definitions, of};

/// The schema of bodies of a kind, which holds all that it refers to below `$defs`.
#[must_use]
pub fn json_schema(kind: ObjectKind) -> Value {
    let mut definitions = Definitions::of_api("#/$defs/");
    let root = of(kind.shape(), &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": root["$ref"],
        "$defs": definitions.all,
    })
}

/// The same of all kinds at once, as the `components.schemas` of an OpenAPI document: each schema by
/// its name, with references to `#/components/schemas/…`; and of each kind the name that is its
/// body's.
#[must_use]
pub fn component_schemas() -> (Map<String, Value>, Vec<(ObjectKind, String)>) {
    const PREFIX: &str = "#/components/schemas/";
    let mut definitions = Definitions::of_api(PREFIX);
    let mut roots = Vec::new();
    for kind in ObjectKind::ALL {
        let root = of(kind.shape(), &mut definitions);
        let name = root["$ref"].as_str().and_then(|root| root.strip_prefix(PREFIX));
        roots.push((kind, name.unwrap_or_default().to_owned()));
    }
    (definitions.all, roots)
}
