//! What a TLS client says of itself in its first message: the server name and the protocols.
//!
//! Bytes in, an answer out; nothing is decrypted and nothing consumed, so that the same bytes can
//! be forwarded untouched. Strict about every length, indifferent to every value it does not need.

use std::borrow::Cow;
use std::net::IpAddr;

#[cfg(test)]
mod tests;

/// How many bytes of a connection are looked at for a whole ClientHello, record headers included.
pub const CLIENT_HELLO_BYTES_MAX: usize = 16 << 10;

const RECORD_HANDSHAKE: u8 = 22;
const RECORD_HEADER_BYTES: usize = 5;
/// The longest plaintext record (RFC 8446 §5.1).
const RECORD_BYTES_MAX: usize = 1 << 14;
const MESSAGE_CLIENT_HELLO: u8 = 1;
const MESSAGE_HEADER_BYTES: usize = 4;
const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_ALPN: u16 = 16;
const NAME_TYPE_HOST: u8 = 0;
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// What routing needs of a ClientHello.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// The name asked for, in lower case and without a final dot; `None` when none is asked for.
    pub server_name: Option<String>,
    /// The protocols offered by ALPN, in the client's order; empty without ALPN.
    pub alpn: Vec<Vec<u8>>,
}

/// Why bytes are no ClientHello that could be routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientHelloError {
    /// The connection does not begin with a TLS handshake record.
    #[error("the connection does not begin with a TLS handshake")]
    NotTls,
    /// The first message is another than a ClientHello.
    #[error("the first TLS message is not a ClientHello")]
    NotClientHello,
    /// It does not fit [`CLIENT_HELLO_BYTES_MAX`].
    #[error("the ClientHello is too long")]
    TooLong,
    /// A length within it does not add up, or an extension stands in it twice.
    #[error("the ClientHello is malformed")]
    Malformed,
    /// The server name is no host name.
    #[error("the server name of the ClientHello is not a host name")]
    ServerName,
}

/// Reads the ClientHello at the beginning of a connection's bytes. `None`: more bytes are needed.
///
/// # Errors
/// As soon as the bytes can no longer become a ClientHello.
pub fn parse(bytes: &[u8]) -> Result<Option<ClientHello>, ClientHelloError> {
    match message(bytes)? {
        Some(message) => hello(&message).map(Some),
        None => Ok(None),
    }
}

/// The body of the first handshake message, put together when it came in several records.
fn message(bytes: &[u8]) -> Result<Option<Cow<'_, [u8]>>, ClientHelloError> {
    let mut rest = bytes;
    let mut gathered = Cow::Borrowed(&[][..]);
    while let Some(length) = record_bytes(rest)? {
        let behind = &rest[RECORD_HEADER_BYTES..];
        let fragment = &behind[..behind.len().min(length)];
        let end_of_record = gathered.len() + length;
        if gathered.is_empty() {
            gathered = Cow::Borrowed(fragment);
        } else {
            gathered.to_mut().extend_from_slice(fragment);
        }
        if let Some(total) = message_bytes(&gathered)? {
            // Nothing may follow a ClientHello before it is answered, least of all in its record.
            if end_of_record > total {
                return Err(ClientHelloError::Malformed);
            }
            if gathered.len() == total {
                return Ok(Some(gathered));
            }
        }
        if fragment.len() < length {
            break;
        }
        rest = &behind[length..];
    }
    if bytes.len() >= CLIENT_HELLO_BYTES_MAX {
        return Err(ClientHelloError::TooLong);
    }
    Ok(None)
}

/// The length of the record that begins here, once its header is there; at least 1.
fn record_bytes(rest: &[u8]) -> Result<Option<usize>, ClientHelloError> {
    let is_handshake = rest.first().is_none_or(|kind| *kind == RECORD_HANDSHAKE);
    // The major version: 3 from SSL 3.0 to TLS 1.3. The minor one has never meant much here.
    let is_tls = rest.get(1).is_none_or(|major| *major == 3);
    if !is_handshake || !is_tls {
        return Err(ClientHelloError::NotTls);
    }
    let Some(header) = rest.first_chunk::<RECORD_HEADER_BYTES>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    // An empty record could be sent for ever without the message getting anywhere.
    if length == 0 || length > RECORD_BYTES_MAX {
        return Err(ClientHelloError::Malformed);
    }
    Ok(Some(length))
}

/// The size of the message that begins here, its header included, once that can be told.
fn message_bytes(gathered: &[u8]) -> Result<Option<usize>, ClientHelloError> {
    if gathered.first().is_some_and(|kind| *kind != MESSAGE_CLIENT_HELLO) {
        return Err(ClientHelloError::NotClientHello);
    }
    let Some(header) = gathered.first_chunk::<MESSAGE_HEADER_BYTES>() else { return Ok(None) };
    let total = MESSAGE_HEADER_BYTES
        + (usize::from(header[1]) << 16 | usize::from(header[2]) << 8 | usize::from(header[3]));
    if total + RECORD_HEADER_BYTES > CLIENT_HELLO_BYTES_MAX {
        return Err(ClientHelloError::TooLong);
    }
    Ok(Some(total))
}

fn hello(message: &[u8]) -> Result<ClientHello, ClientHelloError> {
    let mut reader = Reader(&message[MESSAGE_HEADER_BYTES..]);
    let read = |reader: &mut Reader<'_>| -> Option<()> {
        let version = reader.number()?;
        let _random = reader.take(32)?;
        let session = reader.short_block()?;
        let suites = reader.block()?;
        let compressions = reader.short_block()?;
        let plausible = version >> 8 == 3
            && session.len() <= 32
            && suites.len() >= 2
            && suites.len() % 2 == 0
            && !compressions.is_empty();
        plausible.then_some(())
    };
    read(&mut reader).ok_or(ClientHelloError::Malformed)?;
    if reader.is_empty() {
        // Clients from before extensions end here.
        return Ok(ClientHello::default());
    }
    extensions(reader)
}

fn extensions(mut reader: Reader<'_>) -> Result<ClientHello, ClientHelloError> {
    let mut list = reader.last_block().ok_or(ClientHelloError::Malformed)?;
    let (mut server_name, mut alpn) = (None, None);
    while !list.is_empty() {
        let kind = list.number().ok_or(ClientHelloError::Malformed)?;
        let content = list.block().ok_or(ClientHelloError::Malformed)?;
        let twice = match kind {
            EXTENSION_SERVER_NAME => server_name.replace(content).is_some(),
            EXTENSION_ALPN => alpn.replace(content).is_some(),
            _ => false,
        };
        if twice {
            return Err(ClientHelloError::Malformed);
        }
    }
    let host = match server_name {
        Some(content) => host_name(content).ok_or(ClientHelloError::Malformed)?,
        None => None,
    };
    Ok(ClientHello {
        server_name: host.map(checked_host).transpose()?.flatten(),
        alpn: match alpn {
            Some(content) => protocols(content).ok_or(ClientHelloError::Malformed)?,
            None => Vec::new(),
        },
    })
}

/// The one host name in the content of the server name extension; the outer `None` is a broken one.
fn host_name(content: &[u8]) -> Option<Option<&[u8]>> {
    let mut list = Reader(content).last_block().filter(|list| !list.is_empty())?;
    let mut found = None;
    while !list.is_empty() {
        let kind = list.byte()?;
        let name = list.block()?;
        if kind == NAME_TYPE_HOST && found.replace(name).is_some() {
            return None;
        }
    }
    Some(found)
}

/// The protocols in the content of the ALPN extension.
fn protocols(content: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut list = Reader(content).last_block().filter(|list| !list.is_empty())?;
    let mut found = Vec::new();
    while !list.is_empty() {
        found.push(list.short_block().filter(|name| !name.is_empty())?.to_vec());
    }
    Some(found)
}

/// The host in the form that rules are written in. An address is no server name (RFC 6066 §3);
/// clients that send one all the same count as having sent none.
fn checked_host(name: &[u8]) -> Result<Option<String>, ClientHelloError> {
    let name = std::str::from_utf8(name).map_err(|_| ClientHelloError::ServerName)?;
    if name.parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    let host = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_'))
    };
    if host.len() > HOST_BYTES_MAX || !host.split('.').all(is_label) {
        return Err(ClientHelloError::ServerName);
    }
    Ok(Some(host.to_ascii_lowercase()))
}

/// A cursor whose every step says whether the bytes were there.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A block behind its length in one byte.
    fn short_block(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?;
        self.take(usize::from(length))
    }

    /// A block behind its length in two bytes.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    /// A block behind its length in two bytes, which nothing may follow.
    fn last_block(&mut self) -> Option<Self> {
        let block = self.block()?;
        self.is_empty().then_some(Self(block))
    }
}
