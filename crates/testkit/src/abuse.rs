//! HTTP/2 frames written by hand, for what no well-behaved client would send.

use std::net::SocketAddr;

use crate::client::Client;
use crate::wire::WireError;

/// The kinds of frame, RFC 9113 section 6.
pub mod kind {
    /// DATA
    pub const DATA: u8 = 0;
    /// HEADERS
    pub const HEADERS: u8 = 1;
    /// PRIORITY
    pub const PRIORITY: u8 = 2;
    /// RST_STREAM
    pub const RST_STREAM: u8 = 3;
    /// SETTINGS
    pub const SETTINGS: u8 = 4;
    /// PING
    pub const PING: u8 = 6;
    /// GOAWAY
    pub const GOAWAY: u8 = 7;
    /// WINDOW_UPDATE
    pub const WINDOW_UPDATE: u8 = 8;
    /// CONTINUATION
    pub const CONTINUATION: u8 = 9;
}

/// The flag END_STREAM, and ACK of SETTINGS and PING.
pub const END_STREAM: u8 = 0x1;

/// The flag END_HEADERS.
pub const END_HEADERS: u8 = 0x4;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is; see [`kind`].
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream it belongs to.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// The bytes of a frame.
///
/// # Panics
/// When the payload is longer than a frame can say.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a payload is shorter than 16 MiB");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header block of literal fields, never indexed and not compressed.
#[must_use]
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0x10);
        for text in [name, value] {
            prefixed(&mut bytes, text.len(), 7, 0);
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// An integer with a prefix of so many bits, as HPACK writes it.
pub fn prefixed(bytes: &mut Vec<u8>, mut value: usize, bits: u8, pattern: u8) {
    let limit = (1_usize << bits) - 1;
    let low = |value: usize| u8::try_from(value & 0xff).unwrap_or(u8::MAX);
    if value < limit {
        bytes.push(pattern | low(value));
        return;
    }
    bytes.push(pattern | low(limit));
    value -= limit;
    while value >= 128 {
        bytes.push(low(value & 0x7f) | 0x80);
        value >>= 7;
    }
    bytes.push(low(value));
}

/// The fields of a plain `GET`.
#[must_use]
pub fn get_fields<'a>(host: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", host)]
}

/// A connection on which frames are written by hand.
pub struct RawH2 {
    client: Client,
}

impl RawH2 {
    /// Connects by prior knowledge and exchanges settings.
    ///
    /// # Panics
    /// When the other side does not answer with its settings.
    #[must_use]
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(Client::connect(address))
    }

    /// The same on a connection that is there.
    ///
    /// # Panics
    /// When the other side does not answer with its settings.
    #[must_use]
    #[track_caller]
    pub fn over(mut client: Client) -> Self {
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        hello.extend_from_slice(&frame(kind::SETTINGS, 0, 0, &[]));
        client.send(hello).expect("the preface is taken");
        let mut raw = Self { client };
        let first = raw.read().expect("settings come");
        assert_eq!(first.kind, kind::SETTINGS, "{first:?}");
        raw.send(kind::SETTINGS, END_STREAM, 0, &[]).expect("an acknowledgement is taken");
        raw
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// As the socket says: the other side may have closed.
    pub fn send(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        self.client.send(frame(kind, flags, stream, payload))
    }

    /// Sends a `GET` that is complete in one frame.
    ///
    /// # Errors
    /// As the socket says: the other side may have closed.
    pub fn get(&mut self, stream: u32, host: &str, path: &str) -> std::io::Result<()> {
        let block = block(&get_fields(host, path));
        self.send(kind::HEADERS, END_HEADERS | END_STREAM, stream, &block)
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// When the connection ends or nothing comes.
    pub fn read(&mut self) -> Result<Frame, WireError> {
        let head = self.client.read_exactly(9)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let payload = self.client.read_exactly(length)?;
        Ok(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Reads until a frame of this kind comes.
    ///
    /// # Errors
    /// When the connection ends or nothing comes.
    pub fn read_until(&mut self, kind: u8) -> Result<Frame, WireError> {
        loop {
            let frame = self.read()?;
            if frame.kind == kind {
                return Ok(frame);
            }
        }
    }

    /// Reads until HEADERS, RST_STREAM or the end of the connection answer a stream: the status
    /// where it is one of the static table's, 0 for any other, or the error code.
    pub fn verdict(&mut self, stream: u32) -> Verdict {
        loop {
            match self.read() {
                Ok(Frame { kind: kind::HEADERS, stream: of, payload, .. }) if of == stream => {
                    return Verdict::Answered(static_status(&payload));
                }
                Ok(Frame { kind: kind::RST_STREAM, stream: of, .. }) if of == stream => {
                    return Verdict::Refused;
                }
                Ok(Frame { kind: kind::GOAWAY, .. }) | Err(_) => return Verdict::Ended,
                Ok(_) => {}
            }
        }
    }

    /// The connection under it.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// What came of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A response, with its status where that is written as one of the common ones.
    Answered(u16),
    /// The stream was reset.
    Refused,
    /// The whole connection ended.
    Ended,
}

/// The status that a header block begins with.
fn static_status(block: &[u8]) -> u16 {
    // A change of the table's size may come first.
    let start = block.iter().position(|byte| byte & 0xe0 != 0x20).unwrap_or(0);
    match block.get(start) {
        Some(0x88) => 200,
        Some(0x89) => 204,
        Some(0x8a) => 206,
        Some(0x8b) => 304,
        Some(0x8c) => 400,
        Some(0x8d) => 404,
        Some(0x8e) => 500,
        // A literal with the indexed name `:status` and three digits, plain or by Huffman.
        Some(byte) if byte & 0x3f == 8 || byte & 0x0f == 8 => literal_status(&block[start + 1..]),
        _ => 0,
    }
}

fn literal_status(rest: &[u8]) -> u16 {
    let Some((length, text)) = rest.split_first() else { return 0 };
    let digits = if length & 0x80 == 0 {
        text.get(..usize::from(*length)).map(<[u8]>::to_vec)
    } else {
        text.get(..usize::from(length & 0x7f)).map(huffman_digits)
    };
    let digits = digits.and_then(|digits| String::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Digits by HPACK's Huffman code: 0 to 2 have five bits, the others six.
fn huffman_digits(bytes: &[u8]) -> Vec<u8> {
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)).collect();
    let mut digits = Vec::new();
    let mut at = 0;
    while let Some(five) = bits.get(at..at + 5) {
        let code = five.iter().fold(0_u8, |sum, bit| sum << 1 | bit);
        if code < 3 {
            digits.push(b'0' + code);
            at += 5;
            continue;
        }
        let Some(sixth) = bits.get(at + 5) else { break };
        match code << 1 | sixth {
            six @ 0x19..=0x1f => digits.push(b'3' + (six - 0x19)),
            _ => break,
        }
        at += 6;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_the_standard_shows() {
        let mut bytes = Vec::new();
        prefixed(&mut bytes, 10, 5, 0);
        prefixed(&mut bytes, 1337, 5, 0);
        assert_eq!(bytes, [10, 31, 154, 10]);
    }

    #[test]
    fn statuses_are_read_from_a_block() {
        assert_eq!(static_status(&[0x88]), 200);
        assert_eq!(static_status(&[0x20, 0x8d]), 404);
        assert_eq!(static_status(&[0x48, 0x03, b'5', b'0', b'2']), 502);
        // RFC 7541, C.6.1: 302.
        assert_eq!(static_status(&[0x48, 0x82, 0x64, 0x02]), 302);
        // RFC 7541, C.6.2: 307.
        assert_eq!(static_status(&[0x48, 0x83, 0x64, 0x0e, 0xff]), 307);
    }
}
