//! Parameters of a query, by decoded name: read, and taken out without touching the others.
//!
//! Only percent-decoding: a `+` stays a plus, since keys may hold one and it is no space in a URI.

use std::borrow::Cow;

/// The decoded, non-empty values of the parameter `name`, in order.
pub(super) fn values<'a>(query: &'a str, name: &str) -> Vec<Cow<'a, [u8]>> {
    query
        .split('&')
        .filter_map(|parameter| {
            let (raw_name, value) = parameter.split_once('=')?;
            (*decode(raw_name) == *name.as_bytes()).then(|| decode(value))
        })
        .filter(|value| !value.is_empty())
        .collect()
}

/// Takes every parameter with one of `names` out of a target. The rest keeps its bytes and order;
/// where nothing is left, the `?` goes too.
pub(super) fn remove(target: &mut String, names: &[String]) {
    let is_named = |parameter: &str| {
        let raw_name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        let decoded = decode(raw_name);
        names.iter().any(|name| *name.as_bytes() == *decoded)
    };
    let Some((path, query)) = target.split_once('?') else { return };
    if !query.split('&').any(is_named) {
        return;
    }
    let mut kept = String::with_capacity(target.len());
    kept.push_str(path);
    for (place, parameter) in query.split('&').filter(|parameter| !is_named(parameter)).enumerate()
    {
        kept.push(if place == 0 { '?' } else { '&' });
        kept.push_str(parameter);
    }
    *target = kept;
}

/// Percent-decoded bytes; what is no valid escape stays as it is.
fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%').then(|| hex_pair(bytes.get(at + 1..at + 3)?)).flatten();
        decoded.push(escape.unwrap_or(*byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    Cow::Owned(decoded)
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(digits[0])? << 4 | digit(digits[1])?)
}
