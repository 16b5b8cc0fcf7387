//! The objects of a gateway file, as bodies of JSON: in the types that each kind declares, so that
//! one thing has one form however it was written.

use serde_json::{Map, Value};

use super::callers::{APPLICATIONS, SUBSCRIPTIONS, TEAMS};
use super::{ONLY_NAME, Object, ObjectKind};
use crate::read::{Shape, is_number};
use crate::tree::{self, Content, Fault, Node};
use crate::{ConfigError, Sources};

/// The objects of a gateway file. With `sources`, what it asks for is put in; without, it stands
/// there as written. They are not judged: [`load`](crate::load()) does that. `file` only names it
/// in errors.
///
/// # Errors
/// It cannot be read, or a substitution is missing.
pub fn objects_of(
    text: &str,
    file: &str,
    sources: Option<&dyn Sources>,
) -> Result<Vec<Object>, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let mut tree = tree::parse(text, file, &mut faults).map_err(|error| vec![error])?;
    if let Some(sources) = sources {
        tree::substitute(&mut tree, sources, &mut faults);
    }
    if !faults.is_empty() {
        return Err(tree.report(faults, file));
    }
    let mut objects = Vec::new();
    for kind in ObjectKind::ALL {
        let Some(node) = tree.root.get(kind.plural()) else { continue };
        if kind.is_only() {
            // No policy at all is how a file says that it has none.
            if !node.entries().is_empty() {
                let (name, body) = (ONLY_NAME.to_owned(), json(node, kind.shape()));
                objects.push(Object { kind, name, body });
            }
            continue;
        }
        for item in node.items() {
            let Some(name) = item.get("name").and_then(Node::text) else { continue };
            let mut body = json(item, kind.shape());
            if let Some(sources) = sources.filter(|_| kind == ObjectKind::Service)
                && let Err(why) = take_in(&mut body, sources)
            {
                let place = item.get("api").map_or(item.place, |api| api.place);
                faults.push(Fault::new(place, why));
            }
            objects.push(Object { kind, name: name.to_owned(), body });
        }
    }
    if !faults.is_empty() {
        return Err(tree.report(faults, file));
    }
    Ok(objects)
}

/// Puts the text of a description in the place of the name of its file, which means nothing
/// elsewhere.
fn take_in(body: &mut Value, sources: &dyn Sources) -> Result<(), String> {
    let Some(Value::Object(api)) = body.get_mut("api") else { return Ok(()) };
    let Some(Value::String(path)) = api.remove("file") else { return Ok(()) };
    let text = sources.description(&path).map_err(|why| format!("{path}: {why}"))?;
    api.insert("text".to_owned(), Value::String(text));
    Ok(())
}

/// The keys of a gateway file beside its objects and who calls by subscriptions, such as `admin`;
/// `version` aside.
///
/// # Errors
/// It cannot be read.
pub fn settings_of(text: &str, file: &str) -> Result<Vec<String>, ConfigError> {
    let tree = tree::parse(text, file, &mut Vec::new())?;
    let keys = tree.root.entries().iter().map(|entry| entry.key().to_owned());
    let is_setting = |key: &String| {
        !["version", TEAMS, APPLICATIONS, SUBSCRIPTIONS].contains(&key.as_str())
            && ObjectKind::from_plural(key).is_none()
    };
    Ok(keys.filter(is_setting).collect())
}

/// A body in the one form that its kind declares: numbers where numbers are meant, texts where texts
/// are, and its name in it.
#[must_use]
pub fn canonical(object: &Object) -> Value {
    json(&tree::object_node(object), object.kind.shape())
}

/// A value as its shape has it; as it looks, where it is something else.
pub(super) fn json(node: &Node<'_>, shape: &Shape) -> Value {
    match (shape, &node.content) {
        (_, Content::Nothing) => Value::Null,
        (Shape::Text { .. } | Shape::Words { .. }, Content::Text(text)) => text_of(text),
        (Shape::Integer { .. } | Shape::Number { .. } | Shape::Boolean, Content::Text(text)) => {
            literal(text).unwrap_or_else(|| text_of(text))
        }
        (Shape::List { of, .. }, Content::List(items)) => {
            Value::Array(items.iter().map(|item| json(item, of)).collect())
        }
        (Shape::Pairs { of, .. }, Content::Map(_)) => map(node, |_| Some(of)),
        (Shape::Record(record), Content::Map(_)) => map(node, |key| {
            record.fields.iter().find(|field| field.key == key).map(|field| &field.shape)
        }),
        (Shape::Choice { options, .. }, Content::Map(_)) => map(node, |key| {
            options.iter().find(|option| option.key == key).and_then(|option| option.shape.as_ref())
        }),
        (Shape::Either { short, .. }, Content::Text(_)) => json(node, short),
        (Shape::Either { long, .. }, _) => json(node, long),
        // Nobody here knows what is meant: what stands without quotes is what it looks like.
        (_, Content::Text(text)) if node.is_plain => literal(text).unwrap_or_else(|| text_of(text)),
        (_, Content::Text(text)) => text_of(text),
        (_, Content::List(items)) => {
            Value::Array(items.iter().map(|item| json(item, &Shape::Json)).collect())
        }
        (_, Content::Map(_)) => map(node, |_| None),
    }
}

fn map<'s>(node: &Node<'_>, shape_of: impl Fn(&str) -> Option<&'s Shape>) -> Value {
    let members = node.entries().iter().map(|entry| {
        let shape = shape_of(entry.key()).unwrap_or(&Shape::Json);
        (entry.key().to_owned(), json(&entry.value, shape))
    });
    Value::Object(members.collect::<Map<_, _>>())
}

fn text_of(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// `true`, `false` or a number of JSON.
fn literal(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => text.parse().ok().filter(|_| is_number(text)).map(Value::Number),
    }
}
