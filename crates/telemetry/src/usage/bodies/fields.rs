//! What is secret in forms (`a=b&c=d`), by the names of fields and by what values look like.

use std::fmt::Write as _;

use super::{BodyRule, REDACTED};
use crate::usage::percent::decoded;

/// Without the values of fields that are hidden.
pub(super) fn redact(text: &str, rule: &BodyRule) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, field) in text.split('&').enumerate() {
        if place > 0 {
            out.push('&');
        }
        match field.split_once('=') {
            Some((name, value)) if rule.hides(&decoded(name)) || looks_hidden(value, rule) => {
                let _infallible = write!(out, "{name}={REDACTED}");
            }
            _ => out.push_str(field),
        }
    }
    out
}

/// Whether what is meant by a value is hidden for what it looks like.
fn looks_hidden(value: &str, rule: &BodyRule) -> bool {
    let plain = value.replace('+', " ");
    [value, &plain].into_iter().any(|one| rule.redaction.mask(&decoded(one)).is_some())
}
