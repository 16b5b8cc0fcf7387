//! The fields behind a chunked body.
//!
//! A trailer comes when routing, policies and framing have long been decided, so a field that
//! could have changed any of them is dropped (RFC 9110 §6.5.1); so is one with a deceptive name, as
//! in heads.

use super::ParseError;
use super::facts::is_deceptive;
use crate::fields::{Field, Fields, Known};

/// Reads a trailer section whose lines are known to end in CRLF.
pub(super) fn parse(mut bytes: Vec<u8>, fields_max: usize) -> Result<Option<Fields>, ParseError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    bytes.extend_from_slice(b"\r\n");
    let mut slots = vec![httparse::EMPTY_HEADER; fields_max];
    let fields = match httparse::parse_headers(&bytes, &mut slots) {
        Ok(httparse::Status::Complete((_, fields))) => fields,
        // Cannot be: every line has its end. Should it be so, it is malformed.
        Ok(httparse::Status::Partial) => return Err(ParseError::FieldName),
        Err(httparse::Error::TooManyHeaders) => return Err(ParseError::TrailersTooLong),
        Err(error) => return Err(ParseError::of_tokens(error)),
    };
    let mut trailers = Fields::new();
    for field in fields {
        let (name, value) = (field.name.as_bytes(), field.value);
        let known = Known::of(name);
        if is_allowed(Field { name, value, known }) && !is_deceptive(name) {
            trailers.append_known(known, name, value);
        }
    }
    Ok((!trailers.is_empty()).then_some(trailers))
}

/// Whether a field may stand in a trailer section.
pub(crate) fn is_allowed(field: Field<'_>) -> bool {
    let starts = |start: &str| {
        let name = field.name.get(..start.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(start.as_bytes()))
    };
    field.known == Known::Other
        && !["content-", "if-", "x-forwarded-", "x-consumer-", "proxy-", "access-control-"]
            .into_iter()
            .any(starts)
        && !FORBIDDEN.iter().any(|name| field.name.eq_ignore_ascii_case(name.as_bytes()))
}

/// Beside every field that the gateway knows: framing, routing, authentication, payload handling,
/// request modifiers and response control data.
const FORBIDDEN: [&str; 15] = [
    "age",
    "cache-control",
    "expires",
    "location",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "tracestate",
    "vary",
    "warning",
    "www-authenticate",
    "authentication-info",
    "x-api-key",
    "accept-encoding",
];
