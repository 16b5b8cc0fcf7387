//! The head of a response, read as strictly as a request's: an endpoint can be hostile too.

use std::mem::MaybeUninit;

use super::facts::{Facts, imitates_framing};
use super::parse::{FIELDS_ON_STACK, FieldLines, slots};
use super::{HeadLimits, ParseError};
use crate::fields::Known;
use crate::fields::NAME_BYTES_MAX;
use crate::message::{Framing, Method, ResponseHead, Version};

/// What a response head says about the bytes behind it and the connection it came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponsePrelude {
    /// Bytes of the input that belong to the head; the body, or the next head after an interim
    /// one, starts behind them.
    pub consumed: usize,
    /// The body's framing. [`Framing::Empty`] for a response to HEAD, for 1xx, 204 and 304,
    /// whatever the fields say; their `Content-Length` is still among the fields.
    pub framing: Framing,
    /// Whether the connection may carry another request once the body has been read whole.
    pub keep_alive: bool,
}

pub(super) fn parse(
    bytes: &[u8],
    limits: &HeadLimits,
    request_method: &Method,
    head: &mut ResponseHead,
) -> Result<Option<ResponsePrelude>, ParseError> {
    let mut stack = [const { MaybeUninit::uninit() }; FIELDS_ON_STACK];
    let mut heap = Vec::new();
    let slots = slots(limits, &mut stack, &mut heap);
    let mut tokens = httparse::Response::new(&mut []);
    // The default configuration of the parser is its strict one.
    let outcome = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut tokens,
        bytes,
        slots,
    );
    let consumed = match outcome {
        Ok(httparse::Status::Complete(consumed)) => consumed,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(ParseError::of_tokens(error)),
    };
    head.version = if tokens.version == Some(0) { Version::Http10 } else { Version::Http11 };
    head.status = tokens.code.unwrap_or(0);
    if head.status < 100 {
        return Err(ParseError::StatusLine);
    }
    let mut facts = Facts::default();
    let lines = FieldLines::take_over(bytes, consumed, tokens.headers, &mut head.fields);
    for field in tokens.headers.iter() {
        let (name, value) = (field.name.as_bytes(), field.value);
        if !lines.follows_crlf(name) {
            return Err(ParseError::LineEnd);
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(ParseError::FieldName);
        }
        let known = Known::of(name);
        if known == Known::Other {
            if imitates_framing(name) {
                continue;
            }
        } else {
            facts.note(known, value)?;
        }
        lines.keep(&mut head.fields, known, name, value);
    }
    if !bytes[..consumed].ends_with(b"\r\n\r\n") {
        return Err(ParseError::LineEnd);
    }
    let (framing, is_reusable) = frame(head, facts.framing(head.version)?, request_method)?;
    let keep_alive = is_reusable && facts.keep_alive(head.version);
    Ok(Some(ResponsePrelude { consumed, framing, keep_alive }))
}

/// The framing of the body (RFC 9112 §6.3), and whether anything may follow it.
fn frame(
    head: &ResponseHead,
    announced: Option<Framing>,
    request_method: &Method,
) -> Result<(Framing, bool), ParseError> {
    let announces_body = !matches!(announced, None | Some(Framing::Empty));
    match head.status {
        // What follows is no longer HTTP.
        101 => Ok((Framing::Empty, false)),
        100..=199 if announces_body => Err(ParseError::InterimWithBody),
        100..=199 => Ok((Framing::Empty, true)),
        _ if *request_method == Method::Head => Ok((Framing::Empty, true)),
        304 => Ok((Framing::Empty, true)),
        // An endpoint that announces a body here might send it: the connection ends with it.
        204 => Ok((Framing::Empty, !announces_body)),
        _ => match announced {
            Some(framing) => Ok((framing, true)),
            None => Ok((Framing::UntilClose, false)),
        },
    }
}
