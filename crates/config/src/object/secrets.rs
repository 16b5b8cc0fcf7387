//! Secrets within the body of an object, found by how its kind is declared: a leaf is secret
//! because its type is, so that no list of paths can fall behind; and the value of a header field is,
//! because the field's name says so.
//!
//! A secret that is shown is `{"has_value": true}`, and what comes back as that stays as it was.
//! The same goes for the text of a description, which is no secret, only too long to be shown.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{ObjectKind, push_part};
use crate::read::Shape;
use crate::service::DESCRIPTION;

/// A secret that was to stay as it is, where there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no secret to keep here: `{{\"has_value\": true}}` stands for one that is stored already"
)]
pub struct NoSuchSecret {
    /// Where in the new body: a JSON Pointer (RFC 6901).
    pub pointer: String,
}

/// Puts `{"has_value": true}` in place of every secret of a body.
pub fn hide_secrets(kind: ObjectKind, body: &mut Value) {
    for pointer in hidden_pointers(kind, body) {
        if let Some(leaf) = body.pointer_mut(&pointer) {
            *leaf = json!({ "has_value": true });
        }
    }
}

/// The reverse of [`hide_secrets`]: puts the secrets of `old` in place of each
/// `{"has_value": true}` of `new`. Elements of lists belong together by their `name`, where they
/// have one, and else by their place.
///
/// # Errors
/// Every place where there is nothing to keep.
pub fn keep_secrets(
    kind: ObjectKind,
    new: &mut Value,
    old: &Value,
) -> Result<(), Vec<NoSuchSecret>> {
    let mut missing = Vec::new();
    for pointer in hidden_pointers(kind, new) {
        if !new.pointer(&pointer).is_some_and(is_kept) {
            continue;
        }
        match counterpart(new, old, &pointer).filter(|leaf| !is_kept(leaf)).cloned() {
            Some(secret) => {
                if let Some(leaf) = new.pointer_mut(&pointer) {
                    *leaf = secret;
                }
            }
            None => missing.push(NoSuchSecret { pointer }),
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}

/// Where the secrets of a body are, as JSON Pointers (RFC 6901), in the order of the declaration.
#[must_use]
pub fn secret_pointers(kind: ObjectKind, body: &Value) -> Vec<String> {
    static HAVE_SECRETS: LazyLock<[bool; ObjectKind::ALL.len()]> =
        LazyLock::new(|| ObjectKind::ALL.map(|kind| has_leaf(kind.shape(), SECRET)));
    if !HAVE_SECRETS[kind.index()] {
        return Vec::new();
    }
    leaves(kind, body, SECRET)
}

/// What is not shown of a body: secrets, and texts that are read by an operation of their own.
fn hidden_pointers(kind: ObjectKind, body: &Value) -> Vec<String> {
    let mut pointers = secret_pointers(kind, body);
    if kind == ObjectKind::Service {
        pointers.extend(leaves(kind, body, DESCRIPTION));
    }
    pointers
}

/// Where a body names files of the machine that the gateway runs on, as JSON Pointers (RFC 6901):
/// not for everybody who may change an object.
#[must_use]
pub fn file_pointers(kind: ObjectKind, body: &Value) -> Vec<String> {
    leaves(kind, body, FILE)
}

/// What the declaration calls a secret, and the path of a file.
const SECRET: &str = "secret";
const FILE: &str = "file path";

/// What the declaration calls the value of a header field.
const FIELD: &str = "header value";
/// What is in the names of header fields by which callers prove who they are.
const OF_CREDENTIALS: [&str; 10] = [
    "auth",
    "cookie",
    "token",
    "secret",
    "passw",
    "credential",
    "session",
    "api-key",
    "apikey",
    "api_key",
];

/// Whether the value of a header field is a secret, as its name has it: `authorization`, `cookie`,
/// `x-api-key`, `x-upstream-token`.
#[must_use]
pub fn is_credential_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_key = name == "key" || name.ends_with("-key") || name.ends_with("_key");
    is_key || OF_CREDENTIALS.iter().any(|word| name.contains(word))
}

/// Whether it stands for a secret that is stored.
fn is_kept(value: &Value) -> bool {
    let Value::Object(members) = value else { return false };
    members.len() == 1 && members.get("has_value") == Some(&Value::Bool(true))
}

/// The value of `old` that stands where `pointer` leads to in `new`.
fn counterpart<'o>(new: &Value, old: &'o Value, pointer: &str) -> Option<&'o Value> {
    let (mut new, mut old) = (new, old);
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        (new, old) = match (new, old) {
            (Value::Object(new), Value::Object(old)) => (new.get(&part)?, old.get(&part)?),
            (Value::Array(new), Value::Array(old)) => {
                let place: usize = part.parse().ok()?;
                let new = new.get(place)?;
                let old = match new.get("name") {
                    Some(name) => old.iter().find(|old| old.get("name") == Some(name))?,
                    // One with a name of its own is another.
                    None => old.get(place).filter(|old| old.get("name").is_none())?,
                };
                (new, old)
            }
            _ => return None,
        };
    }
    Some(old)
}

fn leaves(kind: ObjectKind, body: &Value, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(kind.shape(), body, &mut String::new(), wanted, &mut found);
    found
}

/// Notes every leaf of `value` that is `wanted` by its shape, whatever is written there.
fn walk(shape: &Shape, value: &Value, at: &mut String, wanted: &str, found: &mut Vec<String>) {
    let length = at.len();
    let mut below = |shape: &Shape, part: &str, value: &Value, at: &mut String| {
        push_part(at, part);
        walk(shape, value, at, wanted, found);
        at.truncate(length);
    };
    match (shape, value) {
        (Shape::Text { kind, .. }, value) if *kind == wanted && !value.is_null() => {
            found.push(at.clone());
        }
        (Shape::List { of, .. }, Value::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                below(of, &place.to_string(), item, at);
            }
        }
        (Shape::Pairs { of, .. }, Value::Object(members)) => {
            for (key, member) in members {
                let is_field = wanted == SECRET && is_of_fields(of);
                if is_field && is_credential_field(key) && !member.is_null() {
                    below(&CREDENTIAL, key, member, at);
                } else {
                    below(of, key, member, at);
                }
            }
        }
        (Shape::Record(record), Value::Object(members)) => {
            for field in &record.fields {
                if let Some(member) = members.get(field.key) {
                    below(&field.shape, field.key, member, at);
                }
            }
        }
        (Shape::Choice { options, .. }, Value::Object(members)) => {
            for option in options {
                if let (Some(shape), Some(member)) = (&option.shape, members.get(option.key)) {
                    below(shape, option.key, member, at);
                }
            }
        }
        (Shape::Either { short, long }, value) => {
            let is_long = value.is_object() || value.is_array();
            walk(if is_long { long } else { short }, value, at, wanted, found);
        }
        _ => {}
    }
}

/// What the value of such a field is taken for.
const CREDENTIAL: Shape = Shape::Text { kind: SECRET, pattern: None };

fn is_of_fields(shape: &Shape) -> bool {
    matches!(shape, Shape::Text { kind, .. } if *kind == FIELD)
}

/// Whether a shape has such a leaf anywhere.
fn has_leaf(shape: &Shape, wanted: &str) -> bool {
    match shape {
        Shape::Text { kind, .. } => *kind == wanted,
        Shape::Pairs { of, .. } if wanted == SECRET && is_of_fields(of) => true,
        Shape::List { of, .. } | Shape::Pairs { of, .. } => has_leaf(of, wanted),
        Shape::Record(record) => record.fields.iter().any(|field| has_leaf(&field.shape, wanted)),
        Shape::Choice { options, .. } => {
            options.iter().filter_map(|option| option.shape.as_ref()).any(|of| has_leaf(of, wanted))
        }
        Shape::Either { short, long } => has_leaf(short, wanted) || has_leaf(long, wanted),
        Shape::Words { .. }
        | Shape::Integer { .. }
        | Shape::Number { .. }
        | Shape::Boolean
        | Shape::Json => false,
    }
}
