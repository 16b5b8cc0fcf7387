//! The parameters of a request held against what an operation takes: taken out of path, query,
//! headers and cookies, given the type that the schema asks for, and judged by it.

use architrave_config::ApiRequest;
use serde_json::{Map, Number, Value};

use super::header;
use super::problem::Fault;
use crate::description::{Description, Found};
use crate::operation::{self, Operation};
use crate::pointer;
use crate::schema::{Flat, Validator, Way, flat};

/// Header fields that a description does not describe as parameters.
const NO_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

pub(super) fn faults(
    description: &Description,
    validator: &Validator,
    operation: &Operation,
    request: &ApiRequest<'_>,
    path: &str,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let in_path = operation.template.values(path).unwrap_or_default();
    let query = pairs(request.query);
    for parameter in operation::parameters(description, operation) {
        let (Some(name), Some(place)) = (parameter.text("name"), parameter.text("in")) else {
            continue;
        };
        if place == "header" && NO_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        let fault = |detail: String| Fault {
            pointer: None,
            parameter: Some((place.to_owned(), name.to_owned())),
            detail,
        };
        let schema = schema(&parameter);
        let told = schema.clone().map(|schema| flat(description, schema)).unwrap_or_default();
        let sent: Vec<String> = match place {
            "path" => in_path
                .iter()
                .filter(|(known, _)| *known == name)
                .filter_map(|(_, value)| pointer::decoded(value))
                .collect(),
            "query" => of_query(&query, name, &told, &parameter),
            "header" => header(request, name).map(str::to_owned).into_iter().collect(),
            _ => header(request, "cookie").and_then(|all| cookie(all, name)).into_iter().collect(),
        };
        if sent.is_empty() {
            if parameter.is("required") {
                faults.push(fault("is missing, and is required".to_owned()));
            }
            continue;
        }
        let Some(schema) = schema else { continue };
        let value = match parameter.get("schema").is_some() {
            true => typed(description, &told, &sent, &parameter, place),
            // A `content` says how the text is to be read.
            false => match serde_json::from_str(&sent[0]) {
                Ok(value) => value,
                Err(error) => {
                    faults.push(fault(format!("is not JSON: {error}")));
                    continue;
                }
            },
        };
        for wrong in validator.faults(description, &schema.pointer, &value, Way::Request) {
            let at = if wrong.pointer.is_empty() { "" } else { " at " };
            faults.push(fault(format!("{}{at}{}", wrong.message, wrong.pointer)));
        }
    }
    faults
}

/// The schema of a parameter, its own or that of its only media type.
pub(super) fn schema<'d>(parameter: &Found<'d>) -> Option<Found<'d>> {
    let own = parameter.get("schema");
    own.or_else(|| parameter.get("content")?.members().next()?.1.get("schema"))
}

/// A query or form, taken apart.
fn pairs(query: &str) -> Vec<(String, String)> {
    let plain = |text: &str| pointer::decoded(&text.replace('+', " ")).unwrap_or_default();
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (plain(name), plain(value))
        })
        .collect()
}

/// The values that a query has for a parameter; of an object, its members as `name=value`.
fn of_query(
    query: &[(String, String)],
    name: &str,
    told: &Flat<'_>,
    parameter: &Found<'_>,
) -> Vec<String> {
    if is_type(told, "object") && !is_type(told, "string") {
        let is_deep = parameter.text("style") == Some("deepObject");
        let member = |key: &str| -> Option<String> {
            if is_deep {
                let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
                return Some(inner.to_owned());
            }
            told.properties
                .iter()
                .find(|(known, _)| *known == key)
                .map(|(known, _)| (*known).to_owned())
        };
        let members =
            query.iter().filter_map(|(key, value)| Some(format!("{}={value}", member(key)?)));
        return members.collect();
    }
    let listed = format!("{name}[]");
    let same = query.iter().filter(|(key, _)| *key == name || *key == listed);
    same.map(|(_, value)| value.clone()).collect()
}

fn cookie(all: &str, name: &str) -> Option<String> {
    let mut pairs = all.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

fn is_type(told: &Flat<'_>, kind: &str) -> bool {
    told.types.as_ref().is_some_and(|types| types.contains(kind))
}

/// Texts as the value that the schema asks for.
fn typed(
    description: &Description,
    told: &Flat<'_>,
    sent: &[String],
    parameter: &Found<'_>,
    place: &str,
) -> Value {
    if is_type(told, "array") {
        let separator = match parameter.text("style") {
            Some("spaceDelimited") => ' ',
            Some("pipeDelimited") => '|',
            _ => ',',
        };
        let explodes = parameter.value.get("explode").and_then(Value::as_bool);
        let is_whole = place == "query" && explodes.unwrap_or(separator == ',');
        let items = told.items.clone().map(|items| flat(description, items)).unwrap_or_default();
        let parts: Vec<&str> = match is_whole {
            true => sent.iter().map(String::as_str).collect(),
            false => sent.iter().flat_map(|text| text.split(separator)).collect(),
        };
        return parts.into_iter().map(|part| scalar(&items, part.trim())).collect();
    }
    if is_type(told, "object") && !is_type(told, "string") {
        let mut members = Map::new();
        for pair in sent {
            let Some((key, text)) = pair.split_once('=') else { continue };
            let property = told.properties.iter().find(|(known, _)| *known == key);
            let property =
                property.map(|(_, it)| flat(description, it.clone())).unwrap_or_default();
            members.insert(key.to_owned(), scalar(&property, text));
        }
        return Value::Object(members);
    }
    scalar(told, &sent[0])
}

/// A text as a number or truth value, where the schema takes one; else the text.
fn scalar(told: &Flat<'_>, text: &str) -> Value {
    let alternatives = told.any_of.is_empty() && told.one_of.is_empty();
    let takes = |kind: &str| is_type(told, kind);
    let is_number = takes("number") || takes("integer");
    let number = || text.parse::<Number>().ok().map(Value::Number);
    let truth = match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    };
    let text_value = || Value::String(text.to_owned());
    match () {
        () if is_number => number().unwrap_or_else(text_value),
        () if takes("boolean") => truth.unwrap_or_else(text_value),
        () if takes("null") && text.is_empty() => Value::Null,
        () if takes("string") => text_value(),
        // It may be any of several: what it looks like.
        () if !alternatives => number().or(truth).unwrap_or_else(text_value),
        () => text_value(),
    }
}
