//! Heads between `h2`'s form and ours. What HTTP/1.1 could misread never gets through here.

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue, Request, Response, Uri};

use crate::fields::{Field, Fields, Known, NAME_BYTES_MAX};
use crate::h1::{self, HeadLimits, ParseError, is_authority};
use crate::message::{Framing, Method, RequestHead, ResponseHead, Version};

/// Which way fields go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// To an endpoint.
    Request,
    /// To a client.
    Response,
}

impl Direction {
    /// As in the HTTP/1 codec: whether a field of this name, which the gateway does not know, is
    /// dropped because somebody behind us might take it for another.
    fn drops(self, name: &[u8]) -> bool {
        match self {
            Self::Request => h1::is_deceptive(name),
            Self::Response => h1::imitates_framing(name),
        }
    }
}

/// Why a head that came over HTTP/2 is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Too many fields, or too many bytes of them.
    #[error("too many header fields")]
    TooLarge,
    /// The target is longer than the limit.
    #[error("request target too long")]
    UriTooLong,
    /// CONNECT, with or without `:protocol`.
    #[error("CONNECT is not served")]
    Connect,
    /// A field that HTTP/2 forbids, or one that contradicts another.
    #[error("malformed request head")]
    Malformed,
}

/// Reads a request's head into `head`.
///
/// # Errors
/// [`HeadError`]; `head` is then partly filled, for the log.
pub fn read_request(
    from: &Request<h2::RecvStream>,
    limits: &HeadLimits,
    head: &mut RequestHead,
) -> Result<Framing, HeadError> {
    head.clear();
    head.version = Version::H2;
    head.method = Method::from_token(from.method().as_str());
    let uri = from.uri();
    head.target.push_str(uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str));
    h1::check_method(&head.method).map_err(|error| match error {
        ParseError::Connect => HeadError::Connect,
        _ => HeadError::Malformed,
    })?;
    if head.target.len() > limits.uri_bytes_max {
        return Err(HeadError::UriTooLong);
    }
    let is_whole_server = head.target == "*" && head.method == Method::Options;
    let is_target = head.target.starts_with('/') || is_whole_server;
    if !is_target || head.target.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'#') {
        return Err(HeadError::Malformed);
    }
    read_authority(from, head)?;
    read_fields(from.headers(), limits, Direction::Request, &mut head.fields)?;
    framing_of(&head.fields, from.body().is_end_stream())
}

fn read_authority(from: &Request<h2::RecvStream>, head: &mut RequestHead) -> Result<(), HeadError> {
    let named = from.uri().authority().map(http::uri::Authority::as_str);
    let mut hosts = from.headers().get_all(http::header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(HeadError::Malformed);
    }
    let host = match host {
        Some(host) => Some(host.to_str().map_err(|_not_ascii| HeadError::Malformed)?),
        None => None,
    };
    let authority = match (named, host) {
        (Some(named), Some(host)) if !named.eq_ignore_ascii_case(host) => {
            return Err(HeadError::Malformed);
        }
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => return Err(HeadError::Malformed),
    };
    if !is_authority(authority.as_bytes()) {
        return Err(HeadError::Malformed);
    }
    head.authority.push_str(authority);
    Ok(())
}

/// Reads a response's head into `head`.
///
/// # Errors
/// [`HeadError`] when it has more fields than the limits allow.
pub fn read_response(
    from: &Response<h2::RecvStream>,
    limits: &HeadLimits,
    head: &mut ResponseHead,
) -> Result<Framing, HeadError> {
    head.clear();
    head.version = Version::H2;
    head.status = from.status().as_u16();
    read_fields(from.headers(), limits, Direction::Response, &mut head.fields)?;
    framing_of(&head.fields, from.body().is_end_stream())
}

/// Copies the fields of an interim response.
///
/// # Errors
/// [`HeadError::TooLarge`]; what fits has been copied.
pub fn read_interim_fields(from: &HeaderMap, fields: &mut Fields) -> Result<(), HeadError> {
    read_fields(from, &crate::connector::RESPONSE_LIMITS, Direction::Response, fields)
}

/// Copies fields, checking them against the limits; cookie crumbs are joined (RFC 9113 §8.2.3).
///
/// # Errors
/// [`HeadError`].
fn read_fields(
    from: &HeaderMap,
    limits: &HeadLimits,
    direction: Direction,
    fields: &mut Fields,
) -> Result<(), HeadError> {
    let mut bytes = 0;
    let mut cookie: Vec<u8> = Vec::new();
    for (count, (name, value)) in from.iter().enumerate() {
        bytes += name.as_str().len() + value.len() + 4;
        if bytes > limits.head_bytes_max || count >= limits.headers_max {
            return Err(HeadError::TooLarge);
        }
        let known = Known::of(name.as_str().as_bytes());
        match known {
            Known::Host => {}
            Known::Cookie => {
                if !cookie.is_empty() {
                    cookie.extend_from_slice(b"; ");
                }
                cookie.extend_from_slice(value.as_bytes());
            }
            // Kept: the one hop-by-hop field that HTTP/2 has, and the one that bodies are checked by.
            Known::Te if value.as_bytes() == b"trailers" => {
                fields.append_known(known, b"te", value.as_bytes());
            }
            Known::ContentLength => fields.append_known(known, b"content-length", value.as_bytes()),
            _ if known.is_hop_by_hop() => return Err(HeadError::Malformed),
            _ if name.as_str().len() > NAME_BYTES_MAX => return Err(HeadError::TooLarge),
            Known::Other if direction.drops(name.as_str().as_bytes()) => {}
            _ => fields.append_known(known, name.as_str().as_bytes(), value.as_bytes()),
        }
    }
    if !cookie.is_empty() {
        fields.append_known(Known::Cookie, b"cookie", &cookie);
    }
    Ok(())
}

fn framing_of(fields: &Fields, is_ended: bool) -> Result<Framing, HeadError> {
    let mut lengths = fields.all_known(Known::ContentLength);
    let declared = lengths.next();
    if lengths.next().is_some() {
        return Err(HeadError::Malformed);
    }
    if is_ended {
        return Ok(Framing::Empty);
    }
    match declared {
        None => Ok(Framing::Chunked),
        Some(text) => match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(0) => Ok(Framing::Empty),
            Some(length) => Ok(Framing::Length(length)),
            None => Err(HeadError::Malformed),
        },
    }
}

/// Makes the form in which `h2` sends a request: `target` replaces the head's own.
///
/// # Errors
/// [`HeadError::Malformed`] when a part cannot be said in HTTP/2.
pub fn write_request(
    head: &RequestHead,
    target: &str,
    scheme: &str,
    framing: Framing,
    takes_trailers: bool,
) -> Result<Request<()>, HeadError> {
    let mut request = Request::new(());
    *request.version_mut() = http::Version::HTTP_2;
    *request.method_mut() = http::Method::from_bytes(head.method.as_str().as_bytes())
        .map_err(|_error| HeadError::Malformed)?;
    *request.uri_mut() = Uri::builder()
        .scheme(scheme)
        .authority(head.authority.as_str())
        .path_and_query(target)
        .build()
        .map_err(|_error| HeadError::Malformed)?;
    write_fields(&head.fields, framing, request.headers_mut())?;
    if takes_trailers {
        request.headers_mut().insert(http::header::TE, HeaderValue::from_static("trailers"));
    }
    Ok(request)
}

/// Makes the form in which `h2` sends a response.
///
/// # Errors
/// [`HeadError::Malformed`] when a part cannot be said in HTTP/2.
pub fn write_response(head: &ResponseHead, framing: Framing) -> Result<Response<()>, HeadError> {
    let mut response = Response::new(());
    *response.status_mut() =
        http::StatusCode::from_u16(head.status).map_err(|_error| HeadError::Malformed)?;
    write_fields(&head.fields, framing, response.headers_mut())?;
    Ok(response)
}

fn write_fields(fields: &Fields, framing: Framing, into: &mut HeaderMap) -> Result<(), HeadError> {
    into.reserve(fields.len() + 1);
    for field in fields.iter().filter(|field| !field.known.is_hop_by_hop()) {
        let name = HeaderName::from_bytes(field.name).map_err(|_error| HeadError::Malformed)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_error| HeadError::Malformed)?;
        into.append(name, value);
    }
    match framing {
        Framing::Length(length) => {
            into.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        Framing::Empty => {
            // An answer to HEAD keeps the length that the body would have had.
            if let Some(length) = fields.get_known(Known::ContentLength)
                && let Ok(length) = HeaderValue::from_bytes(length)
            {
                into.insert(http::header::CONTENT_LENGTH, length);
            }
        }
        Framing::Chunked | Framing::UntilClose => {}
    }
    Ok(())
}

/// Fields of trailers that are let through, and bytes of them.
const TRAILER_LIMITS: HeadLimits =
    HeadLimits { head_bytes_max: 16 * 1024, headers_max: 64, uri_bytes_max: 0 };

/// Copies the trailers of a body, those that HTTP/1 would let through: too many are cut off, never
/// an endless list.
pub(super) fn read_trailers(from: &HeaderMap) -> Option<Fields> {
    let (mut fields, mut bytes) = (Fields::new(), 0);
    for (name, value) in from.iter().take(TRAILER_LIMITS.headers_max) {
        let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
        bytes += name.len() + value.len() + 4;
        if bytes > TRAILER_LIMITS.head_bytes_max {
            break;
        }
        let known = Known::of(name);
        let may_stand = h1::is_allowed_in_trailers(Field { name, value, known });
        if may_stand && name.len() <= NAME_BYTES_MAX && !h1::is_deceptive(name) {
            fields.append_known(known, name, value);
        }
    }
    (!fields.is_empty()).then_some(fields)
}

/// Makes the form in which `h2` sends trailers.
pub(super) fn write_trailers(fields: &Fields) -> HeaderMap {
    let mut into = HeaderMap::with_capacity(fields.len());
    for field in fields.iter().filter(|field| h1::is_allowed_in_trailers(*field)) {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(field.name), HeaderValue::from_bytes(field.value))
        {
            into.append(name, value);
        }
    }
    into
}

#[cfg(test)]
mod tests;
