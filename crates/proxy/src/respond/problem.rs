//! The body of the gateway's own refusals: problem+json (RFC 9457), or a gRPC status.

use architrave_core::Reason;
use architrave_net::ResponseHead;

use crate::exchange::Exchange;

/// Makes the body and its fields; empty where there is no reason.
pub(super) fn body(
    exchange: &Exchange<'_>,
    reason: Option<Reason>,
    detail: &str,
    head: &mut ResponseHead,
) -> Vec<u8> {
    let Some(reason) = reason else {
        return Vec::new();
    };
    if exchange.is_grpc() {
        write_grpc_status(reason, detail, head);
        return Vec::new();
    }
    head.fields.append("Content-Type", b"application/problem+json");
    head.fields.append("Cache-Control", b"no-store");
    let mut body = String::with_capacity(192);
    body.push_str("{\"type\":\"about:blank\",\"title\":\"");
    body.push_str(title(head.status));
    body.push_str("\",\"status\":");
    body.push_str(itoa::Buffer::new().format(head.status));
    body.push_str(",\"reason\":\"");
    body.push_str(reason.as_str());
    body.push('"');
    if !detail.is_empty() {
        // Details are our own words, and hardly any of them would need to be escaped.
        body.push_str(",\"detail\":\"");
        body.extend(detail.chars().map(plain));
        body.push('"');
    }
    let life = exchange.matched.as_ref().and_then(|matched| matched.service?.life.as_deref());
    if let Some(successor) = life.and_then(|life| life.successor(reason)) {
        body.push_str(",\"successor\":\"");
        body.extend(successor.chars().map(plain));
        body.push('"');
    }
    let id = exchange.identity.request_id();
    if !id.is_empty() && !id.contains(['"', '\\']) {
        body.push_str(",\"request_id\":\"");
        body.push_str(id);
        body.push('"');
    }
    body.push_str("}\n");
    body.into_bytes()
}

/// A letter that need not be escaped.
fn plain(letter: char) -> char {
    match letter {
        '"' | '\\' => '\'',
        letter if letter.is_control() => ' ',
        letter => letter,
    }
}

/// What a status is called.
pub(crate) fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        414 => "URI Too Long",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    }
}

/// A gRPC client reads no body: it is told in fields, with status 200 (gRPC over HTTP/2,
/// "Trailers-Only").
fn write_grpc_status(reason: Reason, detail: &str, head: &mut ResponseHead) {
    let code = match (reason, head.status) {
        (Reason::ResponseTimeout | Reason::ConnectTimeout | Reason::StallTimeout, _) => "4",
        (Reason::BodyTooLarge | Reason::RateLimited | Reason::QueueFull, _) => "8",
        (_, 401) => "16",
        (_, 403) => "7",
        (_, 404 | 501) => "12",
        (_, 502..=504) => "14",
        (_, 400..=499) => "3",
        _ => "13",
    };
    head.status = 200;
    head.fields.append("content-type", b"application/grpc");
    head.fields.append("grpc-status", code.as_bytes());
    let message = if detail.is_empty() { reason.as_str() } else { detail };
    head.fields.append("grpc-message", message.as_bytes());
}
