//! The request that a call becomes. Numbers and bodies go on as they were written: an id of twenty
//! digits is the same one behind us.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::ToolRequest;
use super::encode::{self, Fault};
use super::input::{Input, Place, Style};
use crate::operation::Operation;
use crate::template::Element;

/// How an argument does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct ToolFault {
    /// Where in the arguments: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

pub(super) fn request(
    operation: &Operation,
    inputs: &[Input],
    arguments: &str,
) -> Result<ToolRequest, ToolFault> {
    let said: HashMap<String, &RawValue> = serde_json::from_str(arguments).map_err(|_| {
        ToolFault { pointer: String::new(), message: "the arguments must be an object".to_owned() }
    })?;
    let of = |input: &Input| {
        said.get(&input.argument)
            .map(|raw| raw.get())
            .filter(|raw| *raw != "null" || is_body(input))
    };
    let at = |input: &Input| {
        let pointer = crate::pointer::below("", &input.argument);
        move |Fault(message): Fault| ToolFault { pointer, message: message.to_owned() }
    };
    let mut made = ToolRequest {
        method: operation.method.clone(),
        target: path(operation, inputs, &of)?,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let mut query = String::new();
    for input in inputs {
        let Some(raw) = of(input) else { continue };
        match &input.place {
            Place::Path => {}
            Place::Query(style) => {
                encode::query(&mut query, &input.name, *style, raw).map_err(at(input))?;
            }
            Place::Header => {
                let value = encode::header(raw).map_err(at(input))?;
                made.headers.push((input.name.clone(), value));
            }
            Place::Body(kind) => {
                made.headers.push(("content-type".to_owned(), kind.clone()));
                made.body = raw.as_bytes().to_vec();
            }
        }
    }
    if !query.is_empty() {
        made.target.push('?');
        made.target.push_str(&query);
    }
    Ok(made)
}

fn is_body(input: &Input) -> bool {
    matches!(input.place, Place::Body(_))
}

/// The path, element by element.
fn path<'a>(
    operation: &Operation,
    inputs: &[Input],
    of: &dyn Fn(&Input) -> Option<&'a str>,
) -> Result<String, ToolFault> {
    let value = |name: &str| -> Result<String, ToolFault> {
        let input = inputs.iter().find(|it| it.place == Place::Path && it.name == name);
        let fault = |message: &str| ToolFault {
            pointer: crate::pointer::below("", input.map_or(name, |input| &input.argument)),
            message: message.to_owned(),
        };
        let raw = input.and_then(of).ok_or_else(|| fault("is needed"))?;
        encode::path(raw).map_err(|Fault(message)| fault(message))
    };
    let mut path = String::new();
    for element in &operation.template.elements {
        path.push('/');
        let from = path.len();
        match element {
            Element::Literal(text) => path.push_str(&encode::literal(text)),
            Element::Any(name) => path.push_str(&value(name)?),
            Element::Mixed { names, texts } => {
                path.push_str(&encode::literal(&texts[0]));
                for (name, text) in names.iter().zip(&texts[1..]) {
                    path.push_str(&value(name)?);
                    path.push_str(&encode::literal(text));
                }
            }
        }
        if matches!(&path[from..], "." | "..") {
            let message = "makes an element of the path that is a step to another one".to_owned();
            return Err(ToolFault { pointer: String::new(), message });
        }
    }
    Ok(path)
}

impl Style {
    /// What stands between the items of a list, where they are in one value.
    pub(super) const fn separator(self) -> &'static str {
        match self {
            Self::Joined(separator) => separator,
            _ => ",",
        }
    }
}
