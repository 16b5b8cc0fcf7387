//! Objects as a gateway file: YAML in the layout of `architrave fmt`, keys in the order in which
//! they are declared. What it says is what the objects say, so that reading it gives the same again.

use std::fmt::Write;

use serde_json::Value;

use super::callers::{
    APPLICATIONS, SUBSCRIPTIONS, TEAMS, application_shape, subscription_shape, team_shape,
};
use super::{Callers, Object, ObjectKind, canonical, secret_pointers};
use crate::read::Shape;

/// The longest line with a map or list in brackets, as of `architrave fmt`.
const LINE_COLUMNS_MAX: usize = 100;

/// What is written in place of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// The secrets themselves.
    Plain,
    /// `${env:NAME}`, for names that are made for them.
    Variables,
}

/// A gateway file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// The text.
    pub text: String,
    /// The variables that it needs, and what each stands for, such as
    /// `consumer mobile /credentials/0/api_key`.
    pub variables: Vec<(String, String)>,
}

/// Writes objects as a gateway file, in the order of kinds and then as they come.
#[must_use]
pub fn export<'o>(objects: impl IntoIterator<Item = &'o Object>, secrets: Secrets) -> ExportedFile {
    export_with(objects, &Callers::default(), secrets)
}

/// The same with who calls by subscriptions.
#[must_use]
pub fn export_with<'o>(
    objects: impl IntoIterator<Item = &'o Object>,
    callers: &Callers,
    secrets: Secrets,
) -> ExportedFile {
    let mut kinds: [Vec<Value>; ObjectKind::ALL.len()] = Default::default();
    let mut variables: Vec<(String, String)> = Vec::new();
    for object in objects {
        let mut body = canonical(object);
        let pointers = secret_pointers(object.kind, &body);
        escape(&mut body);
        for pointer in pointers.iter().filter(|_| secrets == Secrets::Variables) {
            let name = variable(object, &body, pointer, &variables);
            if let Some(leaf) = body.pointer_mut(pointer) {
                *leaf = Value::String(format!("${{env:{name}}}"));
            }
            variables.push((name, format!("{} {} {pointer}", object.kind, object.name)));
        }
        kinds[object.kind.index()].push(body);
    }
    let mut text = String::from("version: 1\n");
    for (kind, bodies) in ObjectKind::ALL.into_iter().zip(kinds) {
        if kind == ObjectKind::Policies {
            list(&mut text, TEAMS, team_shape(), &callers.teams);
            list(&mut text, APPLICATIONS, application_shape(), &callers.applications);
            list(&mut text, SUBSCRIPTIONS, subscription_shape(), &callers.subscriptions);
        }
        let shape = Some(kind.shape());
        match (bodies.last(), kind.is_only()) {
            (None, _) => {}
            (Some(body), true) => {
                let _infallible = write!(text, "\n{}:", kind.plural());
                block(&mut text, shape, body, (kind.plural().len() + 2, 2), false);
            }
            (Some(_), false) => {
                let _infallible = writeln!(text, "\n{}:", kind.plural());
                for body in &bodies {
                    text.push_str("  -");
                    block(&mut text, shape, body, (4, 4), true);
                }
            }
        }
    }
    ExportedFile { text, variables }
}

/// A list of what is no object; nothing where there is nothing in it.
fn list(text: &mut String, key: &str, shape: &Shape, items: &Option<Vec<Value>>) {
    let Some(items) = items.as_ref().filter(|items| !items.is_empty()) else { return };
    let _infallible = writeln!(text, "\n{key}:");
    for item in items {
        let mut item = item.clone();
        escape(&mut item);
        text.push_str("  -");
        block(text, Some(shape), &item, (4, 4), true);
    }
}

/// A name for the variable that stands for a secret: its object, what it is part of, what it is.
fn variable(object: &Object, body: &Value, pointer: &str, taken: &[(String, String)]) -> String {
    let mut words = format!("{}_{}", object.kind, object.name);
    let mut value = body;
    for part in pointer.split('/').skip(1) {
        let Some(next) = value.pointer(&format!("/{part}")) else { break };
        if let Some(name) = next.get("name").and_then(Value::as_str) {
            let _infallible = write!(words, "_{name}");
        }
        value = next;
    }
    let _infallible = write!(words, "_{}", pointer.rsplit('/').next().unwrap_or_default());
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_uppercase(),
        false => '_',
    };
    let name: String = words.chars().map(letter).collect();
    let is_free = |name: &String| taken.iter().all(|(other, _)| other != name);
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

/// What would be substituted in a file is kept from it.
fn escape(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("${") => *text = text.replace("${", "$${"),
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(members) => members.values_mut().for_each(escape),
        _ => {}
    }
}

/// A value behind its key or dash: in the same line, from the column `at`, where it fits, else below.
/// `is_item` says that the first key may stand behind the dash.
fn block(
    out: &mut String,
    shape: Option<&Shape>,
    value: &Value,
    (at, indent): (usize, usize),
    is_item: bool,
) {
    let mut line = String::new();
    flow(&mut line, shape, value);
    let is_short = at + line.chars().count() <= LINE_COLUMNS_MAX;
    match value {
        Value::Object(members) if !members.is_empty() && !is_short => {
            for (at, (key, member)) in ordered(shape, value).into_iter().enumerate() {
                match at == 0 && is_item {
                    true => out.push(' '),
                    false if at == 0 => new_line(out, indent),
                    false => (0..indent).for_each(|_| out.push(' ')),
                }
                let start = out.len();
                scalar(out, key);
                let at = indent + out[start..].chars().count() + 2;
                out.push(':');
                block(out, member_shape(shape, key), member, (at, indent + 2), false);
            }
        }
        Value::Array(items) if !items.is_empty() && !is_short => {
            out.push('\n');
            for item in items {
                (0..indent).for_each(|_| out.push(' '));
                out.push('-');
                block(out, item_shape(shape), item, (indent + 2, indent + 2), true);
            }
        }
        Value::String(text) if is_literal_block(text) => literal_block(out, text, indent),
        _ => {
            out.push(' ');
            out.push_str(&line);
            out.push('\n');
        }
    }
}

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    (0..indent).for_each(|_| out.push(' '));
}

/// A value in one line.
fn flow(out: &mut String, shape: Option<&Shape>, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) => {
            let _infallible = write!(out, "{value}");
        }
        Value::String(text) => scalar(out, text),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "[" } else { ", " });
                flow(out, item_shape(shape), item);
            }
            out.push(']');
        }
        Value::Object(members) if members.is_empty() => out.push_str("{}"),
        Value::Object(_) => {
            for (at, (key, member)) in ordered(shape, value).into_iter().enumerate() {
                out.push_str(if at == 0 { "{ " } else { ", " });
                scalar(out, key);
                out.push_str(": ");
                flow(out, member_shape(shape, key), member);
            }
            out.push_str(" }");
        }
    }
}

/// The members of a map, in the order of the declaration; what is not declared comes last.
fn ordered<'v>(shape: Option<&Shape>, value: &'v Value) -> Vec<(&'v str, &'v Value)> {
    let Value::Object(members) = value else { return Vec::new() };
    let mut members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value)).collect();
    if let Some(Shape::Record(record)) = shape.map(long) {
        let place = |key: &str| record.fields.iter().position(|field| field.key == key);
        members.sort_by_key(|(key, _)| place(key).unwrap_or(usize::MAX));
    }
    members
}

fn member_shape<'s>(shape: Option<&'s Shape>, key: &str) -> Option<&'s Shape> {
    match long(shape?) {
        Shape::Record(record) => {
            record.fields.iter().find(|field| field.key == key).map(|field| &field.shape)
        }
        Shape::Choice { options, .. } => {
            options.iter().find(|option| option.key == key)?.shape.as_ref()
        }
        Shape::Pairs { of, .. } => Some(of),
        _ => None,
    }
}

fn item_shape(shape: Option<&Shape>) -> Option<&Shape> {
    match long(shape?) {
        Shape::List { of, .. } => Some(of),
        _ => None,
    }
}

fn long(shape: &Shape) -> &Shape {
    match shape {
        Shape::Either { long, .. } => long,
        shape => shape,
    }
}

/// A text: without quotes where every reader of YAML takes it for one.
fn scalar(out: &mut String, text: &str) {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.bytes().all(plain)
        && !is_word_of_yaml(text);
    if is_plain {
        out.push_str(text);
    } else {
        let _infallible = write!(out, "{}", Value::from(text));
    }
}

/// Words that some reader of YAML takes for something else than text.
fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a text of several lines can stand as such, white space at their ends unharmed.
fn is_literal_block(text: &str) -> bool {
    let is_told = |letter: char| letter == '\n' || !(letter.is_control() || letter == '\u{feff}');
    let body = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && text.chars().all(is_told)
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && !text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        && body.lines().all(|line| !line.ends_with(' '))
}

fn literal_block(out: &mut String, text: &str, indent: usize) {
    out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
    for line in text.lines() {
        if !line.is_empty() {
            (0..indent).for_each(|_| out.push(' '));
            out.push_str(line);
        }
        out.push('\n');
    }
}
