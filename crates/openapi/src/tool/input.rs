//! What an operation takes, one argument of its tool for each parameter and one for the body.

use std::collections::HashSet;

use serde_json::Value;

use crate::description::{Description, Found};
use crate::operation::{self, Operation};

/// Headers that no argument may say: who calls, how a body is framed, which way a request has come.
const BARRED: [&str; 22] = [
    "accept",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "mcp-session-id",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-http-method-override",
    "x-real-ip",
];

/// Of these OpenAPI itself says that they are no parameters.
const NO_PARAMETERS: [&str; 3] = ["accept", "authorization", "content-type"];

/// Where an argument goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query(Style),
    Header,
    /// The body, of this media type.
    Body(String),
}

/// How a value stands in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `a=1&a=2`, and members by their own names.
    Form,
    /// `a=1,2`, with this between.
    Joined(&'static str),
    /// `a[b]=1`.
    Deep,
    /// JSON.
    Json,
}

/// One argument.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// What the tool calls it.
    pub(super) argument: String,
    /// What the operation calls it.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) is_required: bool,
    pub(super) about: String,
    /// Where its schema is.
    pub(super) schema: Option<String>,
}

pub(super) fn gather(
    description: &Description,
    operation: &Operation,
) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    for parameter in operation::parameters(description, operation) {
        if let Some(mut input) = of_parameter(&parameter)? {
            if !taken.insert(input.argument.clone()) {
                let place = parameter.text("in").unwrap_or_default();
                input.argument = format!("{place}_{}", input.argument);
                if !taken.insert(input.argument.clone()) {
                    return Err(format!(
                        "two of its parameters would be called `{}`",
                        input.argument
                    ));
                }
            }
            inputs.push(input);
        }
    }
    for name in operation.template.names() {
        let is_there = inputs.iter().any(|input| input.place == Place::Path && input.name == name);
        if !is_there {
            return Err(format!("its path has `{{{name}}}`, which it does not describe"));
        }
    }
    let body = description.at(&operation::place(operation, "requestBody"));
    if let Some(body) = body.and_then(|body| description.resolved(body))
        && let Some(mut input) = of_body(&body)?
    {
        if !taken.insert(input.argument.clone()) {
            "request_body".clone_into(&mut input.argument);
        }
        if input.argument == "request_body" && !taken.insert(input.argument.clone()) {
            return Err("its parameters leave no name for its body".to_owned());
        }
        inputs.push(input);
    }
    Ok(inputs)
}

fn of_parameter(parameter: &Found<'_>) -> Result<Option<Input>, String> {
    let (Some(name), Some(place)) = (parameter.text("name"), parameter.text("in")) else {
        return Err("one of its parameters has no name or no place".to_owned());
    };
    let is_required = parameter.is("required") || place == "path";
    // What cannot be sent is missing, which only matters where it is needed.
    let cannot = |why: &str| match is_required {
        true => Err(format!("its {place} parameter `{name}` {why}")),
        false => Ok(None),
    };
    let small = name.to_ascii_lowercase();
    let is_json = parameter.get("schema").is_none()
        && parameter
            .get("content")
            .is_some_and(|content| content.members().all(|(range, _)| is_json(range)));
    if parameter.get("schema").is_none() && parameter.get("content").is_some() && !is_json {
        return cannot("is of a media type that is not JSON");
    }
    let style = parameter.text("style");
    let explodes = parameter.value.get("explode").and_then(Value::as_bool);
    let place = match place {
        "path" if is_json => return cannot("is JSON in a path"),
        "path" => match style {
            None | Some("simple") => Place::Path,
            Some(_) => return cannot("has a style that is not spoken here"),
        },
        "query" if is_json => Place::Query(Style::Json),
        "query" => Place::Query(match (style.unwrap_or("form"), explodes) {
            ("form", None | Some(true)) => Style::Form,
            ("form", Some(false)) => Style::Joined(","),
            ("spaceDelimited", None | Some(false)) => Style::Joined("%20"),
            ("pipeDelimited", None | Some(false)) => Style::Joined("%7C"),
            ("spaceDelimited" | "pipeDelimited", Some(true)) => Style::Form,
            ("deepObject", _) => Style::Deep,
            _ => return cannot("has a style that is not spoken here"),
        }),
        "header" if NO_PARAMETERS.contains(&small.as_str()) => return Ok(None),
        "header" if !is_field(name) => return cannot("is no name of a header"),
        "header" if BARRED.contains(&small.as_str()) || small.starts_with("x-forwarded-") => {
            return cannot("is a header that no caller may say");
        }
        "header" if is_json => return cannot("is JSON in a header"),
        "header" => Place::Header,
        "cookie" => return cannot("is a cookie, which tools have none of"),
        _ => return cannot("is in a place that is not known"),
    };
    let own = parameter.get("schema");
    let schema = own.or_else(|| parameter.get("content")?.members().next()?.1.get("schema"));
    Ok(Some(Input {
        argument: name.to_owned(),
        name: if place == Place::Header { small } else { name.to_owned() },
        place,
        is_required,
        about: parameter.text("description").unwrap_or_default().to_owned(),
        schema: schema.map(|schema| schema.pointer),
    }))
}

fn of_body(body: &Found<'_>) -> Result<Option<Input>, String> {
    let is_required = body.is("required");
    let Some(content) = body.get("content") else { return Ok(None) };
    let mut media = content.members();
    let Some((range, media)) = media.find(|(range, _)| is_json(range)) else {
        return match is_required {
            true => Err("its body is of a media type that is not JSON".to_owned()),
            false => Ok(None),
        };
    };
    Ok(Some(Input {
        argument: "body".to_owned(),
        name: String::new(),
        place: Place::Body(range.to_owned()),
        is_required,
        about: body.text("description").unwrap_or_default().to_owned(),
        schema: media.get("schema").map(|schema| schema.pointer),
    }))
}

fn is_json(range: &str) -> bool {
    let kind = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_plain = kind.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && (kind == "application/json" || kind.ends_with("+json"))
}

/// Whether a text may be the name of a header.
fn is_field(name: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_of_it)
}
