//! A byte stream to a client or an endpoint: TCP, or TLS over it.

use std::cell::RefCell;
use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A byte stream, with bytes that were read too early put back in front.
#[derive(Debug)]
pub struct Stream {
    kind: Kind,
    replay: Vec<u8>,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpStream),
    Accepted(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    Dialled(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self { kind: Kind::Tcp(stream), replay: Vec::new() }
    }
}

impl From<tokio_rustls::server::TlsStream<TcpStream>> for Stream {
    fn from(stream: tokio_rustls::server::TlsStream<TcpStream>) -> Self {
        Self { kind: Kind::Accepted(Box::new(stream)), replay: Vec::new() }
    }
}

impl From<tokio_rustls::client::TlsStream<TcpStream>> for Stream {
    fn from(stream: tokio_rustls::client::TlsStream<TcpStream>) -> Self {
        Self { kind: Kind::Dialled(Box::new(stream)), replay: Vec::new() }
    }
}

impl Stream {
    /// Puts bytes back in front of what is still to be read.
    pub fn put_back(&mut self, bytes: &[u8]) {
        let mut replay = bytes.to_vec();
        replay.extend_from_slice(&self.replay);
        self.replay = replay;
    }

    /// The TCP connection below.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match &self.kind {
            Kind::Tcp(stream) => stream,
            Kind::Accepted(stream) => stream.get_ref().0,
            Kind::Dialled(stream) => stream.get_ref().0,
        }
    }

    /// The TCP connection when nothing lies over it and nothing was put back: what may be spliced.
    #[must_use]
    pub fn bare_tcp(&self) -> Option<&TcpStream> {
        match &self.kind {
            Kind::Tcp(stream) if self.replay.is_empty() => Some(stream),
            _ => None,
        }
    }

    /// The version of TLS, as its name is written.
    #[must_use]
    pub fn tls_version(&self) -> Option<&'static str> {
        let version = match &self.kind {
            Kind::Tcp(_) => return None,
            Kind::Accepted(stream) => stream.get_ref().1.protocol_version(),
            Kind::Dialled(stream) => stream.get_ref().1.protocol_version(),
        };
        Some(match version {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLS",
        })
    }

    /// The protocol that ALPN chose.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Tcp(_) => None,
            Kind::Accepted(stream) => stream.get_ref().1.alpn_protocol(),
            Kind::Dialled(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    /// What the TLS handshake settled, on an accepted connection.
    #[must_use]
    pub fn accepted_tls(&self) -> Option<&tokio_rustls::rustls::ServerConnection> {
        match &self.kind {
            Kind::Accepted(stream) => Some(stream.get_ref().1),
            _ => None,
        }
    }

    /// Whether an idle connection is still open with nothing unread: the cheap look before it is
    /// used again. No system call unless the runtime has seen an event.
    pub fn is_quiet(&mut self) -> bool {
        let mut byte = [0; 1];
        if let Some(tcp) = self.bare_tcp() {
            let read = tcp.try_read(&mut byte);
            return read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        }
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut probe = ReadBuf::new(&mut byte);
        Pin::new(self).poll_read(&mut context, &mut probe).is_pending()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.replay.is_empty() {
            let count = self.replay.len().min(into.remaining());
            into.put_slice(&self.replay[..count]);
            self.replay.drain(..count);
            return Poll::Ready(Ok(()));
        }
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_read(context, into),
            Kind::Accepted(stream) => Pin::new(stream).poll_read(context, into),
            Kind::Dialled(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Kind::Accepted(stream) => Pin::new(stream).poll_write(context, bytes),
            Kind::Dialled(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Kind::Accepted(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Kind::Dialled(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Tcp(_) => Poll::Ready(Ok(())),
            Kind::Accepted(stream) => Pin::new(stream).poll_flush(context),
            Kind::Dialled(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Kind::Accepted(stream) => Pin::new(stream).poll_shutdown(context),
            Kind::Dialled(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// A stream whose reading and writing half are driven by one task. A borrow never outlives a poll.
#[derive(Debug)]
pub struct SharedStream(RefCell<Stream>);

impl SharedStream {
    /// Shares a stream between two halves.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self(RefCell::new(stream))
    }

    /// Calls `work` with the stream.
    pub fn with<T>(&self, work: impl FnOnce(&mut Stream) -> T) -> T {
        work(&mut self.0.borrow_mut())
    }

    /// Reads into `into`; the number of bytes, 0 at the end.
    pub fn poll_read(&self, context: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut into = ReadBuf::new(into);
        match Pin::new(&mut *self.0.borrow_mut()).poll_read(context, &mut into) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(into.filled().len())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads into the room that `into` has; the number of bytes, 0 at the end.
    pub fn poll_read_buf(
        &self,
        context: &mut Context<'_>,
        into: &mut impl BufMut,
    ) -> Poll<io::Result<usize>> {
        let mut stream = self.0.borrow_mut();
        let read = stream.read_buf(into);
        pin!(read).poll(context)
    }

    /// Writes some of `bytes`.
    pub fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(context, bytes)
    }

    /// Writes some of `parts`.
    pub fn poll_write_vectored(
        &self,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write_vectored(context, parts)
    }

    /// Pushes out what TLS still holds.
    pub fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_flush(context)
    }

    /// Takes the stream back out.
    #[must_use]
    pub fn into_inner(self) -> Stream {
        self.0.into_inner()
    }
}
