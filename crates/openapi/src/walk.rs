//! Which values of a description are things of the format, and which are names and values of the
//! API that it describes.

use serde_json::Value;

/// What the members of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// Keys that the format knows.
    Thing,
    /// Names that the author chose, each with a thing.
    Names,
}

/// Keys with maps of names: what is called `example` or `default` in those is a thing like any
/// other.
const OF_NAMES: [&str; 21] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "encoding",
    "examples",
    "headers",
    "links",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
    "webhooks",
];

/// Keys whose values are the API's and not the description's: no `$ref` in them is one.
const OF_VALUES: [&str; 6] = ["example", "default", "enum", "const", "value", "mapping"];

impl Within {
    /// What is within a member of a map; `None` when it is a value of the API.
    pub(crate) fn below(self, key: &str, member: &Value) -> Option<Self> {
        if self == Self::Names {
            return Some(Self::Thing);
        }
        let is_value = OF_VALUES.contains(&key)
            || key.starts_with("x-")
            || (key == "examples" && member.is_array());
        if is_value {
            return None;
        }
        Some(if OF_NAMES.contains(&key) { Self::Names } else { Self::Thing })
    }
}
