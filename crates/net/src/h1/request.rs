//! The head of a request: one pass of tokens, one pass that keeps the fields and learns from them.

use std::mem::MaybeUninit;

use super::facts::{Facts, is_deceptive};
use super::parse::{FIELDS_ON_STACK, FieldLines, METHOD_BYTES_MAX, slots};
use super::{HeadLimits, ParseError, target};
use crate::fields::Known;
use crate::fields::NAME_BYTES_MAX;
use crate::message::{Framing, Method, RequestHead, Version};

/// What a request head says about the bytes behind it and the connection it came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestPrelude {
    /// Bytes of the input that belong to the head; the body starts behind them.
    pub consumed: usize,
    /// The body's framing; never [`Framing::UntilClose`].
    pub framing: Framing,
    /// Whether the client will take another response on this connection. `false` as well when
    /// `has_stray_body`: what is in front of us may have read the bytes otherwise.
    pub keep_alive: bool,
    /// Whether GET, HEAD or TRACE came with a body. Some endpoints do not read it and take it for
    /// the next request, so the request is to be forwarded on a connection that carries no other
    /// after it ([`RequestOptions::close`](super::RequestOptions::close)).
    pub has_stray_body: bool,
    /// Whether the client waits for `100 (Continue)` before it sends its body.
    pub expects_continue: bool,
    /// Whether `Connection: upgrade` and `Upgrade` are there. The body, if there is one, is framed
    /// as ever and comes first; there is no tunnel before the endpoint's 101.
    pub wants_upgrade: bool,
}

pub(super) fn parse(
    bytes: &[u8],
    limits: &HeadLimits,
    last_authority: String,
    head: &mut RequestHead,
) -> Result<Option<RequestPrelude>, ParseError> {
    let mut stack = [const { MaybeUninit::uninit() }; FIELDS_ON_STACK];
    let mut heap = Vec::new();
    let slots = slots(limits, &mut stack, &mut heap);
    let mut tokens = httparse::Request::new(&mut []);
    let outcome = tokens.parse_with_uninit_headers(bytes, slots);
    if tokens.path.is_some_and(|target| target.len() > limits.uri_bytes_max) {
        return Err(ParseError::TargetTooLong);
    }
    let consumed = match outcome {
        Ok(httparse::Status::Complete(consumed)) => consumed,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return explain(error, bytes, &tokens, head),
    };
    let (method, target) = (tokens.method.unwrap_or(""), tokens.path.unwrap_or(""));
    head.version = if tokens.version == Some(0) { Version::Http10 } else { Version::Http11 };
    head.method = read_method(method)?;
    let mut facts = Facts::default();
    let mut host = None;
    let mut expects_continue = false;
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
        match known {
            Known::Other if is_deceptive(name) => continue,
            Known::Host if host.is_some() => return Err(ParseError::HostRepeated),
            Known::Host => {
                host = Some(value);
                continue;
            }
            Known::Expect => expects_continue |= value.eq_ignore_ascii_case(b"100-continue"),
            _ => facts.note(known, value)?,
        }
        lines.keep(&mut head.fields, known, name, value);
    }
    if !bytes[..consumed].ends_with(b"\r\n\r\n") {
        return Err(ParseError::LineEnd);
    }
    target::read(target, host, last_authority, head)?;
    let framing = facts.framing(head.version)?.unwrap_or(Framing::Empty);
    let has_stray_body = framing != Framing::Empty
        && matches!(head.method, Method::Get | Method::Head | Method::Trace);
    Ok(Some(RequestPrelude {
        consumed,
        framing,
        keep_alive: facts.keep_alive(head.version) && !has_stray_body,
        has_stray_body,
        expects_continue: expects_continue
            && framing != Framing::Empty
            && head.version == Version::Http11,
        wants_upgrade: facts.wants_upgrade(head.version),
    }))
}

fn read_method(token: &str) -> Result<Method, ParseError> {
    let method = Method::from_token(token);
    check_method(&method)?;
    Ok(method)
}

/// Whether a method can be served, over whichever version of HTTP it came: none that is longer than
/// the limit, and none that an endpoint may take for HEAD or CONNECT, which frame what follows.
pub(crate) fn check_method(method: &Method) -> Result<(), ParseError> {
    match method {
        Method::Connect => Err(ParseError::Connect),
        Method::Other(token)
            if token.len() > METHOD_BYTES_MAX
                || token.eq_ignore_ascii_case("HEAD")
                || token.eq_ignore_ascii_case("CONNECT") =>
        {
            Err(ParseError::Method)
        }
        _ => Ok(()),
    }
}

/// Notes method and target of a head that is refused for what comes behind them, for the log.
#[cold]
pub(super) fn note_line(bytes: &[u8], limits: &HeadLimits, head: &mut RequestHead) {
    if !head.target.is_empty() {
        return;
    }
    let mut tokens = httparse::Request::new(&mut []);
    // There is room for no field, and none is wanted.
    let _line_alone = tokens.parse(bytes);
    if let (Some(method), Some(target)) = (tokens.method, tokens.path)
        && target.len() <= limits.uri_bytes_max
    {
        head.method = Method::from_token(method);
        head.target.push_str(target);
    }
}

/// The error that httparse's one stands for; what could be read goes to `head` for the log.
#[cold]
fn explain(
    error: httparse::Error,
    bytes: &[u8],
    tokens: &httparse::Request<'_, '_>,
    head: &mut RequestHead,
) -> Result<Option<RequestPrelude>, ParseError> {
    if let Some(method) = tokens.method {
        head.method = Method::from_token(method);
    }
    let Some(target) = tokens.path else { return Err(ParseError::of_tokens(error)) };
    head.target.push_str(target);
    if error != httparse::Error::Version {
        return Err(ParseError::of_tokens(error));
    }
    let end = target.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr()) + target.len() + 1;
    let rest = bytes.get(end..).unwrap_or_default();
    let may_be_h2 = tokens.method == Some("PRI") && target == "*" && rest.len() < H2_REST.len();
    if may_be_h2 && H2_REST.starts_with(rest) {
        return Ok(None);
    }
    judge_version(rest)
}

/// What HTTP/2 begins with behind `PRI * ` (RFC 9113 §3.4), as far as it looks like a head. Nothing
/// is said about it before it is whole, so that whoever speaks HTTP/2 can tell.
const H2_REST: &[u8] = b"HTTP/2.0\r\n\r\n";

/// Tells a version that is not spoken here from what is no version; `rest` starts where it stands.
fn judge_version(rest: &[u8]) -> Result<Option<RequestPrelude>, ParseError> {
    const SHAPE: &[u8] = b"HTTP/0.0\r\n";
    let fits = rest.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        shape => byte == shape,
    });
    match fits {
        true if rest.len() >= SHAPE.len() => Err(ParseError::VersionNotSupported),
        true => Ok(None),
        false => Err(ParseError::Version),
    }
}
