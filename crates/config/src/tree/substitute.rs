//! `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` in the values of a tree; `$${` stands
//! for `${` itself. What comes in this way is never quoted in a message, as it may be a secret.

use std::borrow::Cow;

use super::{Content, Fault, Node, Tree};
use crate::Sources;

/// Puts in what values ask for; a missing one is a fault at its value.
pub(crate) fn substitute(tree: &mut Tree<'_>, sources: &dyn Sources, faults: &mut Vec<Fault>) {
    if tree.substitutes {
        walk(&mut tree.root, sources, faults);
    }
}

fn walk(node: &mut Node<'_>, sources: &dyn Sources, faults: &mut Vec<Fault>) {
    match &mut node.content {
        Content::Nothing => {}
        Content::Text(text) if text.contains("${") => match expand(text, sources) {
            Ok((expanded, substituted)) => {
                *text = Cow::Owned(expanded);
                node.substituted = substituted;
                node.is_plain = false;
            }
            Err(message) => {
                node.substituted = true;
                faults.push(Fault { explains_all: true, ..Fault::new(node.place, message) });
            }
        },
        Content::Text(_) => {}
        Content::List(items) => {
            for item in items {
                walk(item, sources, faults);
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                if entry.key().contains("${") {
                    let message = "substitution works in values, not in keys";
                    let fault = Fault::new(entry.key.place, message);
                    faults.push(Fault { explains_all: true, ..fault });
                }
                walk(&mut entry.value, sources, faults);
            }
        }
    }
}

/// The text with everything put in, and whether anything was.
fn expand(text: &str, sources: &dyn Sources) -> Result<(String, bool), String> {
    let mut expanded = String::with_capacity(text.len());
    let mut substituted = false;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            expanded.push_str(&rest[..at - 1]);
            expanded.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        expanded.push_str(&rest[..at]);
        let (asked, behind) = rest[at + 2..]
            .split_once('}')
            .ok_or_else(|| String::from("`${` without its `}`; `$${` stands for the text `${`"))?;
        expanded.push_str(&resolve(asked, sources)?);
        substituted = true;
        rest = behind;
    }
    expanded.push_str(rest);
    Ok((expanded, substituted))
}

fn resolve(asked: &str, sources: &dyn Sources) -> Result<String, String> {
    if let Some(variable) = asked.strip_prefix("env:") {
        let (name, default) = match variable.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (variable, None),
        };
        let value = sources.env(name);
        // As in a shell, `:-` also stands in for a variable that is set and empty.
        let value = value.filter(|value| default.is_none() || !value.is_empty());
        return value.or_else(|| default.map(str::to_owned)).ok_or_else(|| {
            format!("the environment variable `{name}` is not set and has no default (`:-`)")
        });
    }
    if let Some(path) = asked.strip_prefix("file:") {
        let text = sources
            .file(path)
            .map_err(|reason| format!("the file `{path}` cannot be read: {reason}"))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        return Ok(line.strip_suffix('\r').unwrap_or(line).to_owned());
    }
    Err(format!(
        "`${{{asked}}}` is no substitution: write `${{env:NAME}}`, `${{env:NAME:-default}}` or \
         `${{file:path}}`, or `$${{` for the text `${{`"
    ))
}
