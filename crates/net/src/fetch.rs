//! One small question by HTTP/1.1 on a connection of its own, and its whole answer.
//!
//! For what the control runtime asks for, such as access tokens and the keys of identity providers;
//! traffic has pools. It follows no
//! redirect, and it resolves no name: whoever asks has judged the address.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connector::RESPONSE_LIMITS;
use crate::fields::Fields;
use crate::h1::{BodyDecoder, BodyStep, HeadParser, ParseError, RequestOptions, write_request};
use crate::message::{Framing, Method, RequestHead, ResponseHead, Version};
use crate::stream::Stream;
use crate::tls::{ClientTls, ConnectError};

/// Bytes asked for in one read.
const READ_BYTES: usize = 4 << 10;

/// The longest answer that is taken.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Host and port as the URL has them.
    pub authority: &'a str,
    /// The host alone, to be verified by TLS.
    pub host: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// What stands in `Authorization`; printed nowhere.
    pub authorization: Option<&'a str>,
    /// What is sent, by `POST`; without it, it is a `GET`.
    pub body: Option<QuestionBody<'a>>,
}

/// What is sent with a question.
#[derive(Clone, Copy)]
pub struct QuestionBody<'a> {
    /// Its type.
    pub content_type: &'a str,
    /// At least one byte.
    pub bytes: &'a [u8],
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method();
        write!(formatter, "{method:?} {} {}", self.authority, self.path)
    }
}

impl Question<'_> {
    const fn method(&self) -> Method {
        match self.body {
            Some(_) => Method::Post,
            None => Method::Get,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeAnswer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum FetchError {
    /// No connection could be made, or it broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The TLS handshake failed.
    #[error("{0}")]
    Tls(#[from] ConnectError),
    /// The connection was closed before the answer was whole.
    #[error("the connection was closed before the answer was whole")]
    Closed,
    /// The answer is not HTTP/1.1.
    #[error("malformed answer: {0}")]
    Malformed(#[from] ParseError),
    /// The answer is too long.
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
}

/// Asks at an address, by TLS where there is some. It has no timeout of its own.
///
/// # Errors
/// [`FetchError`].
pub async fn ask(
    address: SocketAddr,
    tls: Option<&ClientTls>,
    question: &Question<'_>,
) -> Result<WholeAnswer, FetchError> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut stream: Stream = match tls {
        Some(tls) => tls.connect(stream, question.host).await?.into(),
        None => stream.into(),
    };
    stream.write_all(&request(question)).await?;
    let answer = read(&mut stream, &question.method()).await?;
    // It is whole; how the other side takes its leave changes nothing.
    let _closed = stream.shutdown().await;
    Ok(answer)
}

fn request(question: &Question<'_>) -> Vec<u8> {
    let mut fields = Fields::new();
    fields.append("User-Agent", concat!("architrave/", env!("CARGO_PKG_VERSION")).as_bytes());
    fields.append("Accept", b"application/json");
    if let Some(authorization) = question.authorization {
        fields.append("Authorization", authorization.as_bytes());
    }
    if let Some(body) = &question.body {
        fields.append("Content-Type", body.content_type.as_bytes());
    }
    let head = RequestHead {
        method: question.method(),
        version: Version::Http11,
        authority: question.authority.to_owned(),
        target: question.path.to_owned(),
        fields,
    };
    let options = RequestOptions { close: true, ..RequestOptions::default() };
    let mut out = Vec::new();
    let body = question.body.map(|body| body.bytes);
    let framing = body.map_or(Framing::Empty, |body| Framing::Length(body.len() as u64));
    write_request(&head, question.path, framing, &options, &mut out);
    out.extend_from_slice(body.unwrap_or_default());
    out
}

async fn read(stream: &mut Stream, method: &Method) -> Result<WholeAnswer, FetchError> {
    let mut parser = HeadParser::new();
    let mut head = ResponseHead::default();
    let mut received = Vec::new();
    let framing = loop {
        match parser.response(&received, &RESPONSE_LIMITS, method, &mut head)? {
            Some(prelude) => {
                received.drain(..prelude.consumed);
                if !head.is_interim() {
                    break prelude.framing;
                }
            }
            None if fill(stream, &mut received).await? => {}
            None => return Err(FetchError::Closed),
        }
    };
    let mut decoder = BodyDecoder::new(framing);
    let mut body = Vec::new();
    loop {
        let consumed = match decoder.decode(&received)? {
            BodyStep::Data { skip, len } => {
                body.extend_from_slice(&received[skip..skip + len]);
                skip + len
            }
            BodyStep::More { skip } => {
                received.drain(..skip);
                match fill(stream, &mut received).await? {
                    true => 0,
                    false if framing == Framing::UntilClose => break,
                    false => return Err(FetchError::Closed),
                }
            }
            BodyStep::End { .. } => break,
        };
        received.drain(..consumed);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(FetchError::TooLong);
        }
    }
    Ok(WholeAnswer { status: head.status, body })
}

/// Reads more; says whether there was any.
async fn fill(stream: &mut Stream, received: &mut Vec<u8>) -> io::Result<bool> {
    let start = received.len();
    received.resize(start + READ_BYTES, 0);
    let count = stream.read(&mut received[start..]).await?;
    received.truncate(start + count);
    Ok(count > 0)
}

#[cfg(test)]
mod tests {
    use architrave_config::UpstreamProtocol;
    use architrave_core::task;
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::tls::ServerTls;
    use crate::tls::tests::Authority;

    const QUESTION: Question<'static> = Question {
        authority: "tokens.example:8443",
        host: "tokens.example",
        path: "/token?a=b",
        authorization: None,
        body: Some(QuestionBody {
            content_type: "application/x-www-form-urlencoded",
            bytes: b"grant_type=x",
        }),
    };
    const END: &[u8] = b"grant_type=x";

    /// Reads one request up to its known body and answers it.
    async fn serve<S>(mut stream: S, answer: Vec<u8>) -> String
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = Vec::new();
        let is_whole = |request: &[u8]| match request.starts_with(b"GET") {
            true => request.ends_with(b"\r\n\r\n"),
            false => request.ends_with(END),
        };
        while !is_whole(&request) {
            request.push(stream.read_u8().await.unwrap());
        }
        // A client that has had enough may be gone.
        let _written = stream.write_all(&answer).await;
        let _closed = stream.shutdown().await;
        String::from_utf8(request).unwrap()
    }

    async fn server(answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
        server_with(None, answer).await
    }

    /// The request is empty where no handshake came about.
    async fn server_with(
        tls: Option<ServerTls>,
        answer: Vec<u8>,
    ) -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = task::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            match tls {
                None => serve(stream, answer).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, answer).await,
                    Err(_) => String::new(),
                },
            }
        });
        (address, served)
    }

    #[tokio::test]
    async fn a_question_is_asked_and_its_whole_answer_read() {
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
                "{}",
            ),
            ("HTTP/1.1 200 OK\r\n\r\n{\"a\":1}", "{\"a\":1}"),
            ("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        ] {
            let (address, served) = server(answer.into()).await;
            let answer = ask(address, None, &QUESTION).await.unwrap();
            assert_eq!(answer, WholeAnswer { status: 200, body: body.into() });
            let request = served.await.unwrap();
            assert!(request.starts_with("POST /token?a=b HTTP/1.1\r\n"), "{request}");
            let host = request.lines().find(|line| line.to_lowercase().starts_with("host:"));
            assert!(host.is_some_and(|host| host.ends_with("tokens.example:8443")), "{request}");
            assert!(request.ends_with("\r\n\r\ngrant_type=x"), "{request}");
        }
    }

    #[tokio::test]
    async fn without_a_body_it_is_a_get_and_what_proves_us_is_shown() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let (address, served) = server(answer.into()).await;
        let question = Question { authorization: Some("Bearer hush"), body: None, ..QUESTION };
        assert!(!format!("{question:?}").contains("hush"));
        assert_eq!(ask(address, None, &question).await.unwrap().body, b"{}");
        let request = served.await.unwrap().to_lowercase();
        assert!(request.starts_with("get /token?a=b http/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nauthorization: bearer hush\r\n"), "{request}");
        assert!(!request.contains("content-"), "{request}");
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_or_too_long_is_none() {
        let long = ANSWER_BYTES_MAX + 1;
        let mut too_long =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {long}\r\n\r\n").into_bytes();
        too_long.resize(too_long.len() + long, b'x');
        for (answer, is_right) in [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}".to_vec(), closed as fn(&_) -> bool),
            (b"HTTP/1.1 200 OK\r\n".to_vec(), closed),
            (Vec::new(), closed),
            (b"SSH-2.0-x\r\n\r\n".to_vec(), |error| matches!(error, FetchError::Malformed(_))),
            (too_long, |error| matches!(error, FetchError::TooLong)),
        ] {
            let (address, served) = server(answer).await;
            let error = ask(address, None, &QUESTION).await.unwrap_err();
            assert!(is_right(&error), "{error:?}");
            served.await.unwrap();
        }
    }

    #[tokio::test]
    async fn over_tls_the_certificate_is_verified() {
        let authority = Authority::new();
        let client = ClientTls::load(&authority.trust(), UpstreamProtocol::Http1).unwrap();
        for (name, passes) in [("tokens.example", true), ("other.example", false)] {
            let files = authority.issue(name, &[name]);
            let tls = ServerTls::load(&authority.listener(&[&files])).unwrap();
            let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 1\r\n\r\nx".to_vec();
            let (address, served) = server_with(Some(tls), answer).await;
            let answer = ask(address, Some(&client), &QUESTION).await;
            match answer {
                Ok(answer) => assert_eq!((passes, answer.status), (true, 400)),
                Err(error) => assert!(!passes && matches!(error, FetchError::Tls(_)), "{error:?}"),
            }
            assert_eq!(served.await.unwrap().is_empty(), !passes);
        }
    }

    fn closed(error: &FetchError) -> bool {
        matches!(error, FetchError::Closed | FetchError::Io(_))
    }
}
