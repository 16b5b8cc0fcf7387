//! Where the last whole event ends.

use memchr::memmem;

use super::{FRAME_BYTES_MAX, Framing};

/// How many of these bytes, which begin where an event does, whole events have; what belongs to
/// none, such as commas of an array, goes with the event before it.
#[must_use]
pub fn last_edge(framing: Framing, bytes: &[u8]) -> usize {
    match framing {
        Framing::Sse => sse(bytes),
        Framing::AwsEvents => aws(bytes),
        Framing::JsonArray => json_array(bytes),
    }
}

/// What ends an event: an empty line, whichever of the three line ends there are.
pub(crate) const SSE_EDGES: [&[u8]; 3] = [b"\n\n", b"\r\n\r\n", b"\r\r"];

fn sse(bytes: &[u8]) -> usize {
    if SSE_EDGES.iter().any(|edge| bytes.ends_with(edge)) {
        return bytes.len();
    }
    SSE_EDGES.iter().fold(0, |last, edge| {
        memmem::rfind(&bytes[last..], edge).map_or(last, |at| last + at + edge.len())
    })
}

fn aws(bytes: &[u8]) -> usize {
    let mut edge = 0;
    while let Some(length) = bytes[edge..].first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        // What cannot be believed has no events behind it.
        if !(16..=FRAME_BYTES_MAX).contains(&length) {
            return bytes.len();
        }
        if bytes.len() - edge < length {
            break;
        }
        edge += length;
    }
    edge
}

fn json_array(bytes: &[u8]) -> usize {
    let (mut edge, mut depth) = (0, 0_usize);
    let (mut in_text, mut is_escaped) = (false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if in_text => {
                in_text = is_escaped || byte != b'"';
                is_escaped = !is_escaped && byte == b'\\';
            }
            b'"' => in_text = depth > 0,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            edge = at + 1;
        }
    }
    edge
}
