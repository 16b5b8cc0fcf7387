//! WebSocket (RFC 6455), as little of it as an echo needs: the handshake and whole frames.

use std::io;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::Client;
use crate::message::Response;
use crate::origin::{Exchange, Origin};
use crate::wire::{Wire, WireError};

/// The constant of RFC 6455, section 1.3.
const SALT: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a text frame begins with.
const TEXT: u8 = 0x81;

/// The bit of the last frame of a message.
const FINAL: u8 = 0x80;

/// What a close frame begins with.
const CLOSE: u8 = 0x88;

/// An open WebSocket on the client's side.
pub struct WebSocket {
    client: Client,
}

impl WebSocket {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// The response, when it is not the 101 that the key asks for.
    pub fn connect(address: SocketAddr, host: &str, path: &str) -> Result<Self, Box<Response>> {
        let client = Client::connect(address);
        Self::over(client, host, path)
    }

    /// Shakes hands on a connection that is there.
    ///
    /// # Errors
    /// The response, when it is not the 101 that the key asks for.
    ///
    /// # Panics
    /// When there is no valid response at all.
    pub fn over(client: Client, host: &str, path: &str) -> Result<Self, Box<Response>> {
        Self::shake(client, host, path, &[])
    }

    /// Connects and shakes hands with more fields.
    ///
    /// # Errors
    /// The response, when it is not the 101 that the key asks for.
    pub fn connect_as(
        address: SocketAddr,
        path: &str,
        fields: &[&str],
    ) -> Result<Self, Box<Response>> {
        Self::shake(Client::connect(address), "h", path, fields)
    }

    fn shake(
        mut client: Client,
        host: &str,
        path: &str,
        fields: &[&str],
    ) -> Result<Self, Box<Response>> {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{fields}\r\n"
        );
        client.send(request).expect("the gateway takes the handshake");
        let head = client.read_head().expect("an answer to the handshake").expect("an answer");
        let accepted = head.get("sec-websocket-accept") == Some(&accept(key));
        if head.status() == 101 && accepted {
            return Ok(Self { client });
        }
        let length = head.get("content-length").and_then(|length| length.parse().ok());
        let body = client.read_exactly(length.unwrap_or(0)).unwrap_or_default();
        Err(Box::new(Response { status: head.status(), head, body, ..Response::default() }))
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// As the socket says.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        self.send_frame(TEXT, text.as_bytes())
    }

    /// Sends a frame that begins so.
    ///
    /// # Errors
    /// As the socket says.
    pub fn send_frame(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        let mut frame = frame_head(first, payload.len(), true);
        // A mask of four zero bytes would leave the payload as it is.
        let mask = [1, 2, 3, 4];
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.client.send(frame)
    }

    /// Reads until the close frame: its code and why.
    ///
    /// # Errors
    /// When the connection ends without one.
    pub fn receive_close(&mut self) -> Result<(u16, String), WireError> {
        loop {
            if let (CLOSE, payload) = read_frame(&mut self.client)? {
                let (code, why) = payload.split_at(payload.len().min(2));
                let code = number(code) as u16;
                return Ok((code, String::from_utf8_lossy(why).into_owned()));
            }
        }
    }

    /// Reads a text frame.
    ///
    /// # Errors
    /// When the connection ends or another frame comes.
    pub fn receive(&mut self) -> Result<String, WireError> {
        match read_frame(&mut self.client)? {
            (TEXT, payload) => Ok(String::from_utf8_lossy(&payload).into_owned()),
            (other, _) => Err(WireError::Violation(format!("frame {other:#x}"))),
        }
    }

    /// Sends a text and wants it back.
    ///
    /// # Panics
    /// When it does not come back.
    #[track_caller]
    pub fn echo(&mut self, text: &str) {
        self.send(text).unwrap_or_else(|error| panic!("send {text:?}: {error}"));
        assert_eq!(self.receive().as_deref(), Ok(text));
    }

    /// The connection under it.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// An origin that answers handshakes and echoes frames; everything else is answered 426.
#[must_use]
pub fn echo_origin() -> Origin {
    Origin::start(serve_echo)
}

/// Answers one handshake and echoes until the other side closes.
pub fn serve_echo(exchange: &mut Exchange<'_>) {
    if !shake(exchange) {
        return;
    }
    while let Ok((kind, payload)) = read_frame(exchange.wire()) {
        let mut frame = frame_head(kind, payload.len(), false);
        frame.extend_from_slice(&payload);
        exchange.send(frame);
        if kind == CLOSE {
            break;
        }
    }
    exchange.close();
}

/// Answers one handshake, and each message with those that `answer` gives, until the other side
/// closes or it gives none at all: then it goes without a word.
pub fn serve_talk(exchange: &mut Exchange<'_>, answer: impl Fn(&str) -> Option<Vec<String>>) {
    if !shake(exchange) {
        return;
    }
    let mut message = Vec::new();
    while let Ok((kind, payload)) = read_frame(exchange.wire()) {
        if kind == CLOSE {
            let mut frame = frame_head(CLOSE, payload.len(), false);
            frame.extend_from_slice(&payload);
            exchange.send(frame);
            break;
        }
        message.extend_from_slice(&payload);
        if kind & FINAL == 0 {
            continue;
        }
        let whole = std::mem::take(&mut message);
        let Some(messages) = answer(&String::from_utf8_lossy(&whole)) else { break };
        for message in messages {
            let mut frame = frame_head(TEXT, message.len(), false);
            frame.extend_from_slice(message.as_bytes());
            exchange.send(frame);
        }
    }
    exchange.close();
}

/// Answers a handshake; everything else with 426.
fn shake(exchange: &mut Exchange<'_>) -> bool {
    let key = exchange.request().get("sec-websocket-key").map(str::to_owned);
    let upgrade = exchange.request().get("upgrade").unwrap_or_default().to_ascii_lowercase();
    let Some(key) = key.filter(|_| upgrade == "websocket") else {
        exchange.reply(426, &[("Upgrade", "websocket")], "");
        return false;
    };
    exchange.send(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept(&key)
    ));
    true
}

/// The answer to a handshake's key.
#[must_use]
pub fn accept(key: &str) -> String {
    let salted = format!("{key}{SALT}");
    let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, salted.as_bytes());
    STANDARD.encode(hash)
}

fn frame_head(kind: u8, length: usize, masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut head = vec![kind];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => head.push(mask | short),
        (_, Ok(middle)) => {
            head.push(mask | 126);
            head.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    head
}

fn read_frame(wire: &mut Wire) -> Result<(u8, Vec<u8>), WireError> {
    let head = wire.read_exactly(2)?;
    let length = match head[1] & 0x7f {
        126 => number(&wire.read_exactly(2)?),
        127 => number(&wire.read_exactly(8)?),
        short => usize::from(short),
    };
    let mask = if head[1] & 0x80 == 0 { vec![0; 4] } else { wire.read_exactly(4)? };
    let mut payload = wire.read_exactly(length)?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((head[0], payload))
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_is_that_of_the_standard() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn frames_of_every_length_come_back() {
        let origin = echo_origin();
        let mut socket = WebSocket::connect(origin.addr(), "echo.example", "/").unwrap();
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            socket.echo(&"x".repeat(length));
        }
    }
}
