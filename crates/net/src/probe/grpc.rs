//! `grpc.health.v1.Health/Check`, with its two messages written and read by hand.
//!
//! No general gRPC: one unary call whose messages have one field each.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{ProbeError, http2};
use crate::stream::Stream;

const PATH: &str = "/grpc.health.v1.Health/Check";

/// A health answer is seven bytes long; this leaves room for fields to come.
const ANSWER_BYTES_MAX: usize = 4 << 10;

/// The prefix of a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

const CODE_OK: u32 = 0;
const CODE_UNKNOWN: u32 = 2;
const SERVING: u64 = 1;

/// Asks about `service` (empty: the server as a whole); anything but SERVING is an error.
pub(super) async fn check(
    stream: Stream,
    scheme: &str,
    authority: &str,
    service: &str,
) -> Result<(), ProbeError> {
    let mut request = http2::request(Method::POST, scheme, authority, PATH)?;
    let fields = request.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    fields.insert(header::TE, HeaderValue::from_static("trailers"));
    let question = question(service);
    let (fields, body) =
        http2::converse(stream, async move |mut sender: h2::client::SendRequest<Bytes>| {
            let (response, mut body) = sender.send_request(request, false)?;
            body.send_data(question, true)?;
            read(response.await?).await
        })
        .await?;
    judge(&fields, &body)
}

/// The body of an answer, and the fields that hold its gRPC status: the trailers, or the head's
/// own when there is nothing else.
async fn read(answer: http::Response<h2::RecvStream>) -> Result<(HeaderMap, Vec<u8>), ProbeError> {
    if answer.status() != StatusCode::OK {
        return Err(ProbeError::Status(answer.status().as_u16()));
    }
    let (head, mut stream) = answer.into_parts();
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(ProbeError::MalformedGrpc);
        }
    }
    Ok((stream.trailers().await?.unwrap_or(head.headers), body))
}

fn judge(fields: &HeaderMap, body: &[u8]) -> Result<(), ProbeError> {
    let text = |name| fields.get(name).and_then(|value| value.to_str().ok());
    let code = text("grpc-status").map_or(Ok(CODE_UNKNOWN), str::parse);
    let code = code.map_err(|_not_a_number| ProbeError::MalformedGrpc)?;
    if code != CODE_OK {
        let message = text("grpc-message").unwrap_or_default().to_owned();
        return Err(ProbeError::GrpcStatus { code, message });
    }
    match serving_status(body).ok_or(ProbeError::MalformedGrpc)? {
        SERVING => Ok(()),
        other => Err(ProbeError::NotServing(other)),
    }
}

/// `HealthCheckRequest { string service = 1; }` behind its prefix.
fn question(service: &str) -> Bytes {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(1 << 3 | 2);
        write_varint(service.len() as u64, &mut message);
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).expect("a service name is short");
    [&[0], &length.to_be_bytes()[..], &message].concat().into()
}

/// The field of `HealthCheckResponse { ServingStatus status = 1; }`, 0 when it is left out; other
/// fields are stepped over.
fn serving_status(body: &[u8]) -> Option<u64> {
    let (prefix, mut message) = body.split_at_checked(PREFIX_BYTES)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    if prefix[0] != 0 || usize::try_from(length).ok()? != message.len() {
        return None;
    }
    let mut status = 0;
    while !message.is_empty() {
        let tag = read_varint(&mut message)?;
        match (tag >> 3, tag & 7) {
            (1, 0) => status = read_varint(&mut message)?,
            (_, 0) => drop(read_varint(&mut message)?),
            (_, 1) => message = message.get(8..)?,
            (_, 2) => {
                let length = usize::try_from(read_varint(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            (_, 5) => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn read_varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_protobuf() {
        assert_eq!(question(""), &[0, 0, 0, 0, 0][..]);
        assert_eq!(question("ab"), &[0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b'][..]);
        let long = question(&"x".repeat(200));
        assert_eq!(long[..8], [0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01]);
    }

    #[test]
    fn the_answer_is_found_among_other_fields() {
        let behind_prefix = |message: &[u8]| {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            [&[0], &length[..], message].concat()
        };
        for (message, expect) in [
            (&[][..], Some(0)),
            (&[0x08, 1], Some(1)),
            (&[0x08, 2], Some(2)),
            (&[0x12, 2, 8, 1, 0x08, 3], Some(3)),
            (&[0x10, 0xff, 1, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x25, 0, 0, 0, 0, 0x08, 1], Some(1)),
            (&[0x08], None),
            (&[0x08, 0x80], None),
            (&[0x12, 9, 1], None),
            (&[0x0b], None),
            (&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], None),
        ] {
            assert_eq!(serving_status(&behind_prefix(message)), expect, "{message:02x?}");
        }
        assert_eq!(serving_status(&[0, 0, 0, 0]), None);
        assert_eq!(serving_status(&[1, 0, 0, 0, 2, 8, 1]), None);
        assert_eq!(serving_status(&[0, 0, 0, 0, 1, 8, 1]), None);
    }
}
