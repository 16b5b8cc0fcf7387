//! A stream to an HTTP/2 client that must go on taking what is written.
//!
//! Stream limits are not enough: what `h2` has been handed counts as sent, while it may wait in
//! memory for a socket that nobody reads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stream::Stream;
use crate::timer::Timer;

/// What a write must bring to count as progress, in bytes. TLS takes a little into memory of its
/// own at any time, such as the answers to pings that keep coming.
const PROGRESS_BYTES_MIN: usize = 1024;

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] once none has got on for so long.
#[derive(Debug)]
pub struct WatchedStream {
    stream: Stream,
    timer: Timer,
}

impl WatchedStream {
    /// Watches `stream`, which may stand still for `limit` while something is to be written.
    #[must_use]
    pub fn new(stream: Stream, limit: Duration) -> Self {
        let mut timer = Timer::new();
        timer.start(limit);
        Self { stream, timer }
    }

    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() || self.timer.poll_elapsed(context).is_pending() {
            return polled;
        }
        // What the kernel still holds for it is thrown away, too.
        let _closed_politely = SockRef::from(self.stream.tcp()).set_linger(Some(Duration::ZERO));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn watch_write(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if matches!(polled, Poll::Ready(Ok(PROGRESS_BYTES_MIN..))) {
            self.timer.restart();
        }
        self.watch(context, polled)
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch_write(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watch_write(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        if polled.is_ready() {
            self.timer.restart();
        }
        self.watch(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    async fn pair() -> (WatchedStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        (WatchedStream::new(accepted.into(), LIMIT), client)
    }

    async fn write_until_it_fails(stream: &mut WatchedStream) -> io::Error {
        loop {
            if let Err(error) = stream.write_all(&[0; 64 << 10]).await {
                return error;
            }
        }
    }

    #[tokio::test]
    async fn a_reader_that_stops_ends_the_stream() {
        let (mut stream, mut client) = pair().await;
        let failed = tokio::time::timeout(50 * LIMIT, write_until_it_fails(&mut stream)).await;
        assert_eq!(failed.expect("it ends").kind(), io::ErrorKind::TimedOut);
        drop(stream);
        let rest = client.read_to_end(&mut Vec::new()).await;
        assert_eq!(rest.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn silence_with_nothing_to_write_is_no_stall() {
        let (mut stream, mut client) = pair().await;
        let mut byte = [0];
        let silent = tokio::time::timeout(2 * LIMIT, stream.read_exact(&mut byte)).await;
        assert!(silent.is_err());
        stream.write_all(b"x").await.unwrap();
        stream.flush().await.unwrap();
        client.read_exact(&mut byte).await.unwrap();
    }
}
