//! One connection carrying HTTP/1 bytes: sends them as told, reads them strictly.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::message::{Fields, Framing, Head, parse_field, text_of};
use crate::wait::Stopwatch;

/// Bytes of one connection that are kept for a test to look at.
const KEPT_BYTES: usize = 4 << 20;

/// Why reading stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The peer closed within a message; the bytes of it so far.
    Truncated(Vec<u8>),
    /// The peer reset the connection.
    Reset,
    /// Nothing came for too long.
    Deadline,
    /// What came breaks the protocol.
    Violation(String),
}

/// Anything that carries bytes both ways over a socket.
pub trait Stream: Read + Write + Send {
    /// The socket under it.
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Stream for rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }
}

impl Stream for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }
}

/// One connection.
pub struct Wire {
    stream: Box<dyn Stream>,
    ahead: Vec<u8>,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    /// Takes over a connected stream. Reads give up after 20 seconds of nothing.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>) -> Self {
        let _ = stream.socket().set_read_timeout(Some(Duration::from_secs(20)));
        let _ = stream.socket().set_write_timeout(Some(Duration::from_secs(20)));
        let _ = stream.socket().set_nodelay(true);
        Self { stream, ahead: Vec::new(), kept: Arc::default() }
    }

    /// The first bytes that were received, shared: it grows as more arrive.
    #[must_use]
    pub fn kept(&self) -> Arc<Mutex<Vec<u8>>> {
        Arc::clone(&self.kept)
    }

    /// The socket under it.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        self.stream.socket()
    }

    /// How long a read may wait.
    pub fn patience(&self, span: Duration) {
        let _ = self.socket().set_read_timeout(Some(span));
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// As the socket says.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    /// Sends no more; the other way stays open.
    pub fn finish(&mut self) {
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Closes both ways.
    pub fn close(&mut self) {
        let _ = self.socket().shutdown(Shutdown::Both);
    }

    /// Closes with a reset: what is in flight is lost.
    pub fn reset(&mut self) {
        let socket = socket2::SockRef::from(self.socket());
        let _ = socket.set_linger(Some(Duration::ZERO));
        // An abortive disconnect takes effect at once, even while clones of the socket live.
        let unspecified = rustix::net::connect_unspec(self.socket());
        if unspecified.is_err() {
            self.close();
        }
    }

    /// Reads a head; `None` when the peer closed before its first byte.
    ///
    /// # Errors
    /// When it is cut off, late or malformed.
    pub fn read_head(&mut self) -> Result<Option<Head>, WireError> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                let bytes: Vec<u8> = self.ahead.drain(..end + 4).collect();
                return Head::parse(&bytes).map(Some).map_err(WireError::Violation);
            }
            if self.fill()? == 0 {
                return match self.ahead.is_empty() {
                    true => Ok(None),
                    false => Err(WireError::Truncated(std::mem::take(&mut self.ahead))),
                };
            }
        }
    }

    /// Reads a whole body and the trailers behind it.
    ///
    /// # Errors
    /// When it is cut off, late or malformed.
    pub fn read_body(&mut self, framing: Framing) -> Result<(Vec<u8>, Fields), WireError> {
        match framing {
            Framing::None => Ok((Vec::new(), Vec::new())),
            Framing::Length(length) => {
                let length = usize::try_from(length).expect("bodies in tests fit in memory");
                Ok((self.read_exactly(length)?, Vec::new()))
            }
            Framing::UntilClose => Ok((self.read_to_end()?, Vec::new())),
            Framing::Chunked => self.read_chunks(),
        }
    }

    /// Reads one chunk; an empty one is the last, and its trailers are still to be read.
    ///
    /// # Errors
    /// When it is cut off, late or malformed.
    pub fn read_chunk(&mut self) -> Result<Vec<u8>, WireError> {
        let line = self.read_line()?;
        let digits = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = match usize::from_str_radix(&line, 16) {
            Ok(size) if digits => size,
            _ => return Err(WireError::Violation(format!("bad chunk size {line:?}"))),
        };
        let chunk = self.read_exactly(size)?;
        if size > 0 && self.read_exactly(2)? != b"\r\n" {
            return Err(WireError::Violation("a chunk does not end in CRLF".to_owned()));
        }
        Ok(chunk)
    }

    fn read_chunks(&mut self) -> Result<(Vec<u8>, Fields), WireError> {
        let mut body = Vec::new();
        loop {
            let chunk = self.read_chunk()?;
            if chunk.is_empty() {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let mut trailers = Vec::new();
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                return Ok((body, trailers));
            }
            trailers.push(parse_field(&line).map_err(WireError::Violation)?);
        }
    }

    /// Reads a line that ends in CRLF.
    ///
    /// # Errors
    /// When it is cut off or late.
    pub fn read_line(&mut self) -> Result<String, WireError> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).take(end).collect();
                return Ok(text_of(&line));
            }
            self.fill_within_message()?;
        }
    }

    /// Reads exactly `length` bytes.
    ///
    /// # Errors
    /// When they are cut off or late.
    pub fn read_exactly(&mut self, length: usize) -> Result<Vec<u8>, WireError> {
        while self.ahead.len() < length {
            self.fill_within_message()?;
        }
        Ok(self.ahead.drain(..length).collect())
    }

    /// Reads until the peer closes.
    ///
    /// # Errors
    /// When it resets or stays silent.
    pub fn read_to_end(&mut self) -> Result<Vec<u8>, WireError> {
        while self.fill()? > 0 {}
        Ok(std::mem::take(&mut self.ahead))
    }

    /// Whatever comes next, at least a byte; empty when the peer closed.
    ///
    /// # Errors
    /// When it resets or stays silent.
    pub fn read_some(&mut self) -> Result<Vec<u8>, WireError> {
        if self.ahead.is_empty() {
            self.fill()?;
        }
        Ok(std::mem::take(&mut self.ahead))
    }

    /// Whether the peer ends the connection (closed or reset) within `span`; bytes are dropped.
    pub fn ends_within(&mut self, span: Duration) -> bool {
        let watch = Stopwatch::start();
        while watch.elapsed() < span {
            self.patience((span.saturating_sub(watch.elapsed())).max(Duration::from_millis(1)));
            match self.fill() {
                Ok(0) | Err(WireError::Reset) => return true,
                _ => self.ahead.clear(),
            }
        }
        false
    }

    /// Whether nothing at all comes for `span`, not even an end.
    pub fn is_silent_for(&mut self, span: Duration) -> bool {
        self.patience(span);
        let silent = self.ahead.is_empty() && self.fill() == Err(WireError::Deadline);
        self.patience(Duration::from_secs(20));
        silent
    }

    fn fill_within_message(&mut self) -> Result<(), WireError> {
        match self.fill()? {
            0 => Err(WireError::Truncated(std::mem::take(&mut self.ahead))),
            _ => Ok(()),
        }
    }

    fn fill(&mut self) -> Result<usize, WireError> {
        let mut space = [0; 16 << 10];
        loop {
            match self.stream.read(&mut space) {
                Ok(count) => {
                    self.ahead.extend_from_slice(&space[..count]);
                    let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = KEPT_BYTES.saturating_sub(kept.len()).min(count);
                    kept.extend_from_slice(&space[..room]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Deadline,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::ConnectionAborted => Self::Reset,
            io::ErrorKind::UnexpectedEof => Self::Truncated(Vec::new()),
            _ => Self::Violation(error.to_string()),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
