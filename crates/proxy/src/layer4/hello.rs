//! Reads the ClientHello off a connection, to be sent ahead to whichever endpoint it leads to.
//!
//! The bytes are read and not peeked at: a socket with unread bytes cannot say when more come.

use std::io;
use std::time::Duration;

use architrave_core::Reason;
use architrave_net::buffer::{self, Buffer};
use architrave_net::client_hello::{self, CLIENT_HELLO_BYTES_MAX, ClientHello, ClientHelloError};
use architrave_telemetry::Phase;
use tokio::net::TcpStream;

use crate::failure::Failure;

/// What a TLS client has said, read and understood.
#[derive(Debug)]
pub(super) struct Read {
    /// The message.
    pub(super) hello: ClientHello,
    /// All that was read: the message, and perhaps what came behind it.
    pub(super) bytes: Buffer,
}

/// A TLS alert; its level is always fatal here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Alert {
    /// The message could not be read.
    DecodeError = 50,
    /// No rule leads to the name.
    UnrecognizedName = 112,
}

/// Why no ClientHello was read.
#[derive(Debug, thiserror::Error)]
pub(super) enum HelloError {
    /// The client went away.
    #[error("the client went away before its ClientHello was whole")]
    Closed,
    /// It took too long.
    #[error("no ClientHello in time")]
    Timeout,
    /// What came is none.
    #[error("{0}")]
    Unsound(#[from] ClientHelloError),
}

impl HelloError {
    /// The alert with which the client is turned away, if it is spoken to at all.
    pub(super) const fn alert(&self) -> Option<Alert> {
        match self {
            Self::Closed | Self::Timeout => None,
            Self::Unsound(ClientHelloError::NotTls) => None,
            Self::Unsound(ClientHelloError::ServerName) => Some(Alert::UnrecognizedName),
            Self::Unsound(_) => Some(Alert::DecodeError),
        }
    }
}

impl From<HelloError> for Failure {
    fn from(error: HelloError) -> Self {
        let detail = error.to_string();
        match error {
            HelloError::Closed => Self::client(Reason::ClientClosed, Phase::Accept, detail),
            HelloError::Timeout => Self::gateway(Reason::ClientTimeout, Phase::Accept, detail),
            HelloError::Unsound(_) => Self::client(Reason::BadRequest, Phase::Accept, detail),
        }
    }
}

/// Reads until the ClientHello is whole.
///
/// # Errors
/// [`HelloError`], as soon as the bytes can no longer become one.
pub(super) async fn read(stream: &TcpStream, limit: Duration) -> Result<Read, HelloError> {
    tokio::time::timeout(limit, read_on(stream)).await.unwrap_or(Err(HelloError::Timeout))
}

async fn read_on(stream: &TcpStream) -> Result<Read, HelloError> {
    let mut bytes = Buffer::new();
    let mut wanted = 1;
    loop {
        stream.readable().await.map_err(|_gone| HelloError::Closed)?;
        match stream.try_read(bytes.room(buffer::Size::Usual)) {
            Ok(0) => return Err(HelloError::Closed),
            Ok(count) => bytes.filled(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_gone) => return Err(HelloError::Closed),
        }
        if bytes.len() < wanted {
            continue;
        }
        if let Some(hello) = client_hello::parse(bytes.data())? {
            return Ok(Read { hello, bytes });
        }
        wanted = end_of_records(bytes.data());
    }
}

/// Where the record ends that is being sent. Parsing begins at the first byte each time: doing so
/// for every byte of a client that sends them one by one would be a way to wear us out.
fn end_of_records(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some([_, _, _, high, low]) = bytes.get(end..).and_then(|rest| rest.first_chunk()) {
        end += 5 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    // Between two records: as much as tells how long the next one is.
    let wanted = if end <= bytes.len() { end + 5 } else { end };
    wanted.min(CLIENT_HELLO_BYTES_MAX)
}

/// Tells a client why it is turned away, as far as it listens.
pub(super) fn send_alert(stream: &TcpStream, alert: Alert) {
    let record = [21, 3, 3, 0, 2, 2, alert as u8];
    // Seven bytes fit an empty send buffer, or the client is not there any more.
    let _gone = stream.try_write(&record);
    // Bytes left unread would turn the close into a reset, which can overtake the alert.
    let mut rest = [0; 4096];
    while matches!(stream.try_read(&mut rest), Ok(count) if count > 0) {}
}

#[cfg(test)]
mod tests;
