//! `GET` over HTTP/1.1, with the codec that traffic goes through.
//!
//! Only the status is of interest; of the body just enough is read to part in peace.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{CLOSE_TIMEOUT, ProbeError, USER_AGENT};
use crate::connector::RESPONSE_LIMITS;
use crate::fields::Fields;
use crate::h1::{BodyDecoder, BodyStep, HeadParser, RequestOptions, write_request};
use crate::message::{Framing, Method, RequestHead, ResponseHead, Version};
use crate::stream::Stream;

/// Bytes asked for in one read.
const READ_BYTES: usize = 4 << 10;

/// Bytes of the body that are read before the connection is dropped all the same.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Asks for `path` and gives the status of the final answer.
pub(super) async fn get(
    mut stream: Stream,
    authority: &str,
    path: &str,
) -> Result<u16, ProbeError> {
    stream.write_all(&request(authority, path)).await?;
    let mut parser = HeadParser::new();
    let mut head = ResponseHead::default();
    let mut received = Vec::new();
    loop {
        let parsed = parser.response(&received, &RESPONSE_LIMITS, &Method::Get, &mut head)?;
        let Some(prelude) = parsed else {
            fill(&mut stream, &mut received).await?;
            continue;
        };
        received.drain(..prelude.consumed);
        if !head.is_interim() {
            let rest = part(&mut stream, received, prelude.framing);
            // The verdict stands; an endpoint that keeps the body from ending is left to itself.
            let _parted = tokio::time::timeout(CLOSE_TIMEOUT, rest).await;
            return Ok(head.status);
        }
    }
}

fn request(authority: &str, path: &str) -> Vec<u8> {
    let mut fields = Fields::new();
    fields.append("User-Agent", USER_AGENT.as_bytes());
    fields.append("Accept", b"*/*");
    let head = RequestHead {
        method: Method::Get,
        version: Version::Http11,
        authority: authority.to_owned(),
        target: path.to_owned(),
        fields,
    };
    let options = RequestOptions { close: true, ..RequestOptions::default() };
    let mut out = Vec::new();
    write_request(&head, path, Framing::Empty, &options, &mut out);
    out
}

async fn fill(stream: &mut Stream, received: &mut Vec<u8>) -> Result<(), ProbeError> {
    let start = received.len();
    received.resize(start + READ_BYTES, 0);
    let count = stream.read(&mut received[start..]).await?;
    received.truncate(start + count);
    if count == 0 { Err(ProbeError::Closed) } else { Ok(()) }
}

/// Reads what is left of a small body, then closes.
async fn part(
    stream: &mut Stream,
    mut received: Vec<u8>,
    framing: Framing,
) -> Result<(), ProbeError> {
    let mut decoder = BodyDecoder::new(framing);
    let mut total = 0;
    while total < BODY_BYTES_MAX {
        let consumed = match decoder.decode(&received)? {
            BodyStep::Data { skip, len } => skip + len,
            BodyStep::More { skip } => {
                received.drain(..skip);
                fill(stream, &mut received).await?;
                continue;
            }
            BodyStep::End { .. } => break,
        };
        total += consumed;
        received.drain(..consumed);
    }
    Ok(stream.shutdown().await?)
}
