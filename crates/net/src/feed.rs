//! A question whose answer goes on for as long as there is something to tell, such as a stream of
//! events: asked as in [`fetch`](crate::fetch), and read as it comes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::connector::RESPONSE_LIMITS;
use crate::egress::{self, Permission};
use crate::fetch::{ADDRESSES_MAX, FetchError, Question, fill, send};
use crate::fields::Fields;
use crate::h1::{BodyDecoder, BodyStep, HeadParser};
use crate::message::{Framing, ResponseHead};
use crate::stream::Stream;
use crate::tls::ClientTls;

/// Bytes asked for in one read.
const READ_BYTES: usize = 4 << 10;

/// An answer that is read as it comes.
#[derive(Debug)]
pub struct Feed {
    /// Its status.
    pub status: u16,
    /// Its fields.
    pub fields: Fields,
    /// Who gives it.
    pub address: SocketAddr,
    stream: Stream,
    decoder: BodyDecoder,
    framing: Framing,
    received: Vec<u8>,
}

impl Feed {
    /// Asks at the first of some addresses that may be connected to and answers, with `patience` for
    /// each of them until its head is there; at most [`ADDRESSES_MAX`] are tried. What follows has no
    /// limit of its own.
    ///
    /// # Errors
    /// Why the last one gave no answer.
    pub async fn open(
        addresses: &[SocketAddr],
        permission: Option<Permission>,
        tls: Option<&ClientTls>,
        question: &Question<'_>,
        patience: Duration,
    ) -> Result<Self, FetchError> {
        let mut last = FetchError::NoAddress;
        for address in addresses.iter().copied().take(ADDRESSES_MAX) {
            let judged = permission.map_or(Ok(()), |it| egress::judge(address.ip(), it));
            let opened = match judged {
                Ok(()) => timeout(patience, Self::at(address, tls, question)).await,
                Err(refused) => Ok(Err(refused.into())),
            };
            match opened {
                Ok(Ok(feed)) => return Ok(feed),
                Ok(Err(error)) => last = error,
                Err(_late) => last = FetchError::Connect(std::io::ErrorKind::TimedOut.into()),
            }
        }
        Err(last)
    }

    async fn at(
        address: SocketAddr,
        tls: Option<&ClientTls>,
        question: &Question<'_>,
    ) -> Result<Self, FetchError> {
        let mut stream = send(address, tls, question).await?;
        let mut parser = HeadParser::new();
        let mut head = ResponseHead::default();
        let mut received = Vec::new();
        loop {
            let method = question.method();
            match parser.response(&received, &RESPONSE_LIMITS, &method, &mut head)? {
                Some(prelude) => {
                    received.drain(..prelude.consumed);
                    if !head.is_interim() {
                        let framing = prelude.framing;
                        let decoder = BodyDecoder::new(framing);
                        let ResponseHead { status, fields, .. } = head;
                        return Ok(Self {
                            status,
                            fields,
                            address,
                            stream,
                            decoder,
                            framing,
                            received,
                        });
                    }
                }
                None if fill(&mut stream, &mut received).await? => {}
                None => return Err(FetchError::Closed),
            }
        }
    }

    /// Appends what comes next to `into`; false at the end. It may be dropped in the middle and
    /// called again: nothing is lost.
    ///
    /// # Errors
    /// The connection broke, or what came is not HTTP/1.1.
    pub async fn next(&mut self, into: &mut Vec<u8>) -> Result<bool, FetchError> {
        loop {
            match self.decoder.decode(&self.received)? {
                BodyStep::Data { skip, len } => {
                    into.extend_from_slice(&self.received[skip..skip + len]);
                    self.received.drain(..skip + len);
                    return Ok(true);
                }
                BodyStep::More { skip } => {
                    self.received.drain(..skip);
                    // Not into `received` itself: whoever is dropped here must leave it as it is.
                    let mut piece = [0; READ_BYTES];
                    match self.stream.read(&mut piece).await? {
                        0 if self.framing == Framing::UntilClose => return Ok(false),
                        0 => return Err(FetchError::Closed),
                        count => self.received.extend_from_slice(&piece[..count]),
                    }
                }
                BodyStep::End { .. } => return Ok(false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use architrave_core::task;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    async fn fed(answer: &'static [&'static [u8]]) -> (Result<Feed, FetchError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = task::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            for piece in answer {
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
            }
            String::from_utf8(request).unwrap()
        });
        let question = Question {
            authority: "events.example",
            host: "events.example",
            path: "/sse",
            accept: Some("text/event-stream"),
            ..Question::default()
        };
        let (permission, patience) = (Some(Permission::Private), Duration::from_secs(15));
        let feed = Feed::open(&[address], permission, None, &question, patience).await;
        (feed, served.await.unwrap())
    }

    #[tokio::test]
    async fn an_answer_is_read_as_it_comes() {
        let (feed, request) = fed(&[
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"2\r\nde\r\n0\r\n\r\n",
        ])
        .await;
        assert!(request.to_lowercase().contains("\r\naccept: text/event-stream\r\n"), "{request}");
        let mut feed = feed.unwrap();
        let mut told = Vec::new();
        assert!(feed.next(&mut told).await.unwrap());
        assert!(told.starts_with(b"abc"));
        while feed.next(&mut told).await.unwrap() {}
        assert_eq!((feed.status, &told[..]), (200, &b"abcde"[..]));
    }

    #[tokio::test]
    async fn an_end_is_told_from_a_break() {
        let (feed, _) = fed(&[b"HTTP/1.1 200 OK\r\n\r\nabc"]).await;
        let (mut feed, mut told) = (feed.unwrap(), Vec::new());
        while feed.next(&mut told).await.unwrap() {}
        assert_eq!(told, b"abc");
        let (feed, _) = fed(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"]).await;
        let (mut feed, mut told) = (feed.unwrap(), Vec::new());
        assert!(feed.next(&mut told).await.unwrap());
        assert!(feed.next(&mut told).await.is_err());
        let (feed, _) = fed(&[b""]).await;
        assert!(matches!(feed, Err(FetchError::Closed)), "{feed:?}");
    }

    #[tokio::test]
    async fn an_address_that_may_not_be_is_not_asked() {
        let (address, question) = (SocketAddr::from(([127, 0, 0, 1], 9)), Question::default());
        let (permission, patience) = (Some(Permission::Public), Duration::from_secs(1));
        let refused = Feed::open(&[address], permission, None, &question, patience).await;
        assert!(matches!(refused, Err(FetchError::Egress(_))), "{refused:?}");
    }
}
