//! Writes heads and chunk framing, appending to a buffer that the caller keeps.
//!
//! The framing is always ours: `Content-Length` and `Transfer-Encoding` are written from what was
//! understood, and received hop-by-hop fields ([`Known::is_hop_by_hop`]) are left out. Fields that
//! `Connection` names must have been removed before (`hop::strip_hop_by_hop`). Names keep the case
//! they came in; nothing here can fail.

use super::{status, trailer};
use crate::fields::{Fields, HOP_BY_HOP, Known};
use crate::message::{Framing, Method, RequestHead, ResponseHead};

/// What follows the data of each chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Room for the lines that we add to those of the fields.
const OWN_LINES_BYTES: usize = 160;

/// How a forwarded request speaks to the next hop.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestOptions<'a> {
    /// Asks for the connection to be closed behind the response.
    pub close: bool,
    /// Asks for this protocol: the value for `Upgrade`.
    pub upgrade: Option<&'a str>,
    /// Says that trailers are welcome (`TE: trailers`), when the client said so.
    pub te_trailers: bool,
}

/// What a response says about the connection it is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persist {
    /// To an HTTP/1.1 client, on a connection that goes on: nothing need be said.
    KeepAlive,
    /// To an HTTP/1.0 client that asked for it: `Connection: keep-alive`.
    KeepAliveHttp10,
    /// `Connection: close`.
    Close,
    /// With status 101: `Connection: upgrade`, and the head's own `Upgrade`.
    Upgrade,
}

/// Writes the head of a request, as HTTP/1.1, with `Host` from `head.authority`. That may be empty
/// only where HTTP/1.0 came without `Host`: give it a name before, as strict endpoints refuse an
/// empty one.
///
/// `target` is the canonical origin form (or `*`). `Framing::UntilClose` has no meaning in a
/// request and is written as chunked. A request without body says `Content-Length: 0` where the
/// method leads one to expect a body (POST, PUT, PATCH), else nothing.
pub fn write_request(
    head: &RequestHead,
    target: &str,
    framing: Framing,
    options: &RequestOptions<'_>,
    out: &mut Vec<u8>,
) {
    debug_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()) && !target.is_empty());
    out.reserve(target.len() + head.authority.len() + head.fields.arena_bytes() + OWN_LINES_BYTES);
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
    out.extend_from_slice(head.authority.as_bytes());
    out.extend_from_slice(b"\r\n");
    write_fields(&head.fields, out);
    match framing {
        Framing::Empty | Framing::Length(0) => {
            if matches!(head.method, Method::Post | Method::Put | Method::Patch) {
                out.extend_from_slice(b"Content-Length: 0\r\n");
            }
        }
        Framing::Length(length) => write_length(length, out),
        Framing::Chunked | Framing::UntilClose => out.extend_from_slice(CHUNKED),
    }
    write_request_connection(options, out);
    out.extend_from_slice(b"\r\n");
}

const CHUNKED: &[u8] = b"Transfer-Encoding: chunked\r\n";

fn write_request_connection(options: &RequestOptions<'_>, out: &mut Vec<u8>) {
    if options.te_trailers {
        out.extend_from_slice(b"TE: trailers\r\n");
    }
    if let Some(protocol) = options.upgrade {
        write_field(b"Upgrade", protocol.as_bytes(), out);
    }
    let line: &[u8] = match (options.upgrade.is_some(), options.close, options.te_trailers) {
        (false, false, false) => b"",
        (false, true, false) => b"Connection: close\r\n",
        (false, false, true) => b"Connection: TE\r\n",
        (false, true, true) => b"Connection: close, TE\r\n",
        // Whether it is closed is decided by what becomes of the upgrade.
        (true, _, false) => b"Connection: Upgrade\r\n",
        (true, _, true) => b"Connection: Upgrade, TE\r\n",
    };
    out.extend_from_slice(line);
}

/// Writes the head of a response, as HTTP/1.1, with the standard reason phrase of its status.
///
/// 1xx and 204 get no framing fields, and 304 is written as [`write_response_to_head`] does.
/// `Framing::UntilClose` needs [`Persist::Close`]; for an HTTP/1.0 client a chunked body must
/// be sent as `UntilClose`.
pub fn write_response(head: &ResponseHead, framing: Framing, persist: Persist, out: &mut Vec<u8>) {
    if head.status == 304 {
        return write_response_to_head(head, persist, out);
    }
    start_response(head, out);
    if head.status >= 200 && head.status != 204 {
        match framing {
            Framing::Empty => out.extend_from_slice(b"Content-Length: 0\r\n"),
            Framing::Length(length) => write_length(length, out),
            Framing::Chunked => out.extend_from_slice(CHUNKED),
            Framing::UntilClose => debug_assert!(persist == Persist::Close),
        }
    }
    write_response_connection(head, persist, out);
}

/// Writes the head of a response that has no body because the request was HEAD (or the status is
/// 304): the length that the body would have had is told as the head's own `Content-Length` tells
/// it, and nothing is said when that is absent.
pub fn write_response_to_head(head: &ResponseHead, persist: Persist, out: &mut Vec<u8>) {
    start_response(head, out);
    if let Some(length) = head.fields.get_known(Known::ContentLength)
        && head.status >= 200
        && head.status != 204
    {
        write_field(b"Content-Length", length, out);
    }
    write_response_connection(head, persist, out);
}

fn start_response(head: &ResponseHead, out: &mut Vec<u8>) {
    out.reserve(head.fields.arena_bytes() + OWN_LINES_BYTES);
    status::write_line(head.status, out);
    write_fields(&head.fields, out);
}

fn write_response_connection(head: &ResponseHead, persist: Persist, out: &mut Vec<u8>) {
    match persist {
        Persist::KeepAlive => {}
        Persist::KeepAliveHttp10 => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        Persist::Close => out.extend_from_slice(b"Connection: close\r\n"),
        Persist::Upgrade => {
            for protocol in head.fields.all_known(Known::Upgrade) {
                write_field(b"Upgrade", protocol, out);
            }
            out.extend_from_slice(b"Connection: Upgrade\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes the line before the data of a chunk; [`CHUNK_END`] goes behind the data. `len` is at
/// least 1: a chunk of 0 bytes would end the body.
pub fn write_chunk_head(len: usize, out: &mut Vec<u8>) {
    debug_assert!(len > 0, "an empty chunk ends the body");
    let digits = (usize::BITS - len.leading_zeros()).div_ceil(4);
    for place in (0..digits).rev() {
        out.push(b"0123456789abcdef"[len >> (4 * place) & 0xf]);
    }
    out.extend_from_slice(b"\r\n");
}

/// Ends a chunked body. Trailer fields that may not stand there are left out.
pub fn write_last_chunk(trailers: Option<&Fields>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    for field in trailers.iter().flat_map(|fields| fields.iter()) {
        if trailer::is_allowed(field) {
            write_field(field.name, field.value, out);
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn write_fields(fields: &Fields, out: &mut Vec<u8>) {
    fields.write_lines(|known| !HOP_BY_HOP.has(known), |lines| out.extend_from_slice(lines));
}

#[inline]
fn write_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn write_length(length: u64, out: &mut Vec<u8>) {
    write_field(b"Content-Length", itoa::Buffer::new().format(length).as_bytes(), out);
}
