//! What is secret in forms (`a=b&c=d`), by the names of fields and by what values look like.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{BodyRule, REDACTED};

/// Without the values of fields that are hidden.
pub(super) fn redact(text: &str, rule: &BodyRule) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, field) in text.split('&').enumerate() {
        if place > 0 {
            out.push('&');
        }
        match field.split_once('=') {
            Some((name, value))
                if rule.hides(&percent_decoded(name)) || looks_hidden(value, rule) =>
            {
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
    [value, &plain].into_iter().any(|one| rule.redaction.mask(&percent_decoded(one)).is_some())
}

fn percent_decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let bytes = name.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}
