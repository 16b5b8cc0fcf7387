//! Values as parts of a request, each of which stays in its place.

use std::fmt::Write as _;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::input::Style;

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

/// Bytes that mean nothing anywhere in a URL (RFC 3986).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
}

/// A text of the description's own path, of which what may stand in a path stands.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            byte if is_unreserved(byte) || b"!$&'()*+,;=:@%".contains(&byte) => {
                out.push(char::from(byte));
            }
            byte => {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A text, number or truth value as text.
fn scalar(raw: &str) -> Result<String, Fault> {
    match raw.bytes().next() {
        Some(b'"') => serde_json::from_str(raw).map_err(|_| Fault("is no text")),
        Some(b'{' | b'[') => Err(Fault("must be a text, number or truth value here")),
        // As it was written: no digit is lost.
        _ => Ok(raw.to_owned()),
    }
}

/// The items of a list as texts; one for anything else.
fn items(raw: &str) -> Result<Vec<String>, Fault> {
    if !raw.starts_with('[') {
        return scalar(raw).map(|text| vec![text]);
    }
    let all: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| Fault("is no list"))?;
    all.into_iter().map(|item| scalar(item.get())).collect()
}

/// A value as one element of a path, or as a part of one.
pub(super) fn path(raw: &str) -> Result<String, Fault> {
    let items = items(raw)?;
    let mut out = String::new();
    for (index, text) in items.iter().enumerate() {
        // Some servers take escapes off before they look for steps.
        let is_step = |part: &str| matches!(part, "." | "..");
        if text.split(['/', '\\']).any(is_step) {
            return Err(Fault("has a step to another path"));
        }
        if text.chars().any(char::is_control) {
            return Err(Fault("has a control character"));
        }
        if index > 0 {
            out.push(',');
        }
        escape(text, &mut out);
    }
    if out.is_empty() { Err(Fault("must not be empty in a path")) } else { Ok(out) }
}

/// A value as header.
pub(super) fn header(raw: &str) -> Result<String, Fault> {
    let value = items(raw)?.join(",");
    let is_sound = value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    if is_sound && value.trim() == value {
        return Ok(value);
    }
    Err(Fault("has a letter that no header has, or blanks around it"))
}

/// Adds a value to a query.
pub(super) fn query(query: &mut String, name: &str, style: Style, raw: &str) -> Result<(), Fault> {
    let mut pair = |name: &str, value: &dyn Fn(&mut String)| {
        if !query.is_empty() {
            query.push('&');
        }
        escape(name, query);
        query.push('=');
        value(query);
    };
    if style == Style::Json {
        pair(name, &|out| escape(raw, out));
        return Ok(());
    }
    if raw.starts_with('{') {
        let members: Map<String, Value> =
            serde_json::from_str(raw).map_err(|_| Fault("is no object"))?;
        // Once more, as it was written.
        let raw: std::collections::HashMap<String, &RawValue> =
            serde_json::from_str(raw).map_err(|_| Fault("is no object"))?;
        let mut all: Vec<(&str, String)> = Vec::with_capacity(members.len());
        for key in members.keys() {
            let Some(value) = raw.get(key).filter(|value| value.get() != "null") else { continue };
            all.push((key, scalar(value.get())?));
        }
        match style {
            Style::Deep => all
                .iter()
                .for_each(|(key, text)| pair(&format!("{name}[{key}]"), &|out| escape(text, out))),
            Style::Joined(separator) => pair(name, &|out| {
                for (index, (key, text)) in all.iter().enumerate() {
                    out.push_str(if index > 0 { separator } else { "" });
                    escape(key, out);
                    out.push_str(separator);
                    escape(text, out);
                }
            }),
            _ => all.iter().for_each(|(key, text)| pair(key, &|out| escape(text, out))),
        }
        return Ok(());
    }
    let items = items(raw)?;
    match style {
        Style::Deep => return Err(Fault("must be an object here")),
        Style::Joined(_) => pair(name, &|out| {
            for (index, text) in items.iter().enumerate() {
                out.push_str(if index > 0 { style.separator() } else { "" });
                escape(text, out);
            }
        }),
        _ => items.iter().for_each(|text| pair(name, &|out| escape(text, out))),
    }
    Ok(())
}
