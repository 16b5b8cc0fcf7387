//! One small question by HTTP/1.1 on a connection of its own, and its whole answer.
//!
//! For what the control runtime asks for, such as access tokens, the keys of identity providers and
//! how a provider does; traffic has pools. It follows no redirect. [`ask`] is for an address that
//! has been judged, [`ask_host`] resolves a name and judges what it leads to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connector::RESPONSE_LIMITS;
use crate::dns::{DnsError, Resolver};
use crate::egress::{self, Permission, Refused};
use crate::fields::Fields;
use crate::h1::{BodyDecoder, BodyStep, HeadParser, ParseError, RequestOptions, write_request};
use crate::message::{Framing, Method, RequestHead, ResponseHead, Version};
use crate::stream::Stream;
use crate::tls::{ClientTls, ConnectError};

/// Bytes asked for in one read.
const READ_BYTES: usize = 4 << 10;

/// The longest answer that is taken where the question does not say another.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;

/// How many addresses of a host are tried.
pub const ADDRESSES_MAX: usize = 4;

/// What is asked.
#[derive(Clone, Copy, Default)]
pub struct Question<'a> {
    /// Host and port as the URL has them.
    pub authority: &'a str,
    /// The host alone, to be verified by TLS.
    pub host: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The method; without it, `POST` where there is a body, and else `GET`.
    pub method: Option<&'a Method>,
    /// What stands in `Authorization`; printed nowhere.
    pub authorization: Option<&'a str>,
    /// Fields beside those that every question has; printed nowhere.
    pub fields: &'a [(&'a str, &'a str)],
    /// What types are taken, as `Accept` says it; JSON where nothing is said.
    pub accept: Option<&'a str>,
    /// What is sent, by `POST`; without it, it is a `GET`.
    pub body: Option<QuestionBody<'a>>,
    /// The longest answer that is taken; [`ANSWER_BYTES_MAX`] where nothing is said.
    pub answer_bytes_max: Option<usize>,
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

/// Where a host is, and how far whoever named it may reach.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// A name, or an address without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// What addresses it may lead to; `None`: any.
    pub permission: Option<Permission>,
}

impl Question<'_> {
    pub(crate) fn method(&self) -> Method {
        match (self.method, self.body) {
            (Some(method), _) => method.clone(),
            (None, Some(_)) => Method::Post,
            (None, None) => Method::Get,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct WholeAnswer {
    /// Its status.
    pub status: u16,
    /// Its fields.
    pub fields: Fields,
    /// Its body.
    pub body: Vec<u8>,
    /// Who gave it.
    pub address: SocketAddr,
    /// The version of TLS that it came by, such as `TLSv1.3`.
    pub tls: Option<&'static str>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The name led nowhere.
    #[error("{0}")]
    Dns(#[from] DnsError),
    /// The address may not be connected to.
    #[error("{0}")]
    Egress(#[from] Refused),
    /// There is no address at all.
    #[error("the name leads nowhere")]
    NoAddress,
    /// No connection could be made.
    #[error("{0}")]
    Connect(#[source] io::Error),
    /// The connection broke.
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
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// Asks at the first address of a host that may be connected to and answers. It has no timeout of
/// its own.
///
/// # Errors
/// Why the last address gave no answer.
pub async fn ask_host(
    resolver: &Resolver,
    destination: Destination<'_>,
    tls: Option<&ClientTls>,
    question: &Question<'_>,
) -> Result<WholeAnswer, FetchError> {
    let addresses = addresses(resolver, destination).await?;
    ask_one_of(&addresses, destination.permission, tls, question).await
}

/// Where a host is, not yet judged. Names need the control runtime.
///
/// # Errors
/// The name leads nowhere.
pub async fn addresses(
    resolver: &Resolver,
    Destination { host, port, .. }: Destination<'_>,
) -> Result<Vec<SocketAddr>, DnsError> {
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(vec![SocketAddr::new(address, port)]),
        Err(_name) => {
            let answer = resolver.addresses(host, port).await?;
            Ok(answer.endpoints.iter().map(|endpoint| endpoint.address).collect())
        }
    }
}

/// Asks at the first of some addresses that may be connected to and answers; at most
/// [`ADDRESSES_MAX`] are tried.
///
/// # Errors
/// Why the last one gave no answer.
pub async fn ask_one_of(
    addresses: &[SocketAddr],
    permission: Option<Permission>,
    tls: Option<&ClientTls>,
    question: &Question<'_>,
) -> Result<WholeAnswer, FetchError> {
    let mut last = FetchError::NoAddress;
    for address in addresses.iter().take(ADDRESSES_MAX) {
        let judged = permission.map_or(Ok(()), |it| egress::judge(address.ip(), it));
        let answer = match judged {
            Ok(()) => ask(*address, tls, question).await,
            Err(refused) => Err(refused.into()),
        };
        match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
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
    let mut stream = send(address, tls, question).await?;
    let bytes_max = question.answer_bytes_max.unwrap_or(ANSWER_BYTES_MAX);
    let (head, body) = read(&mut stream, &question.method(), bytes_max).await?;
    // It is whole; how the other side takes its leave changes nothing.
    let _closed = stream.shutdown().await;
    let ResponseHead { status, fields, .. } = head;
    Ok(WholeAnswer { status, fields, body, address, tls: stream.tls_version() })
}

/// Connects and sends the question.
pub(crate) async fn send(
    address: SocketAddr,
    tls: Option<&ClientTls>,
    question: &Question<'_>,
) -> Result<Stream, FetchError> {
    let stream = TcpStream::connect(address).await.map_err(FetchError::Connect)?;
    stream.set_nodelay(true)?;
    let mut stream: Stream = match tls {
        Some(tls) => tls.connect(stream, question.host).await?.into(),
        None => stream.into(),
    };
    stream.write_all(&request(question)).await?;
    Ok(stream)
}

fn request(question: &Question<'_>) -> Vec<u8> {
    let mut fields = Fields::new();
    fields.append("User-Agent", concat!("architrave/", env!("CARGO_PKG_VERSION")).as_bytes());
    fields.append("Accept", question.accept.unwrap_or("application/json").as_bytes());
    if let Some(authorization) = question.authorization {
        fields.append("Authorization", authorization.as_bytes());
    }
    for (name, value) in question.fields {
        fields.append(name, value.as_bytes());
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

async fn read(
    stream: &mut Stream,
    method: &Method,
    bytes_max: usize,
) -> Result<(ResponseHead, Vec<u8>), FetchError> {
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
        if body.len() > bytes_max {
            return Err(FetchError::TooLong(bytes_max));
        }
    }
    Ok((head, body))
}

/// Reads more; says whether there was any.
pub(crate) async fn fill(stream: &mut Stream, received: &mut Vec<u8>) -> io::Result<bool> {
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
        method: None,
        authorization: None,
        fields: &[],
        accept: None,
        body: Some(QuestionBody {
            content_type: "application/x-www-form-urlencoded",
            bytes: b"grant_type=x",
        }),
        answer_bytes_max: None,
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
            assert_eq!((answer.status, &*answer.body), (200, body.as_bytes()));
            assert_eq!((answer.address, answer.tls), (address, None));
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
        let question = Question {
            authorization: Some("Bearer hush"),
            fields: &[("x-version", "7")],
            body: None,
            ..QUESTION
        };
        assert!(!format!("{question:?}").contains("hush"));
        assert_eq!(ask(address, None, &question).await.unwrap().body, b"{}");
        let request = served.await.unwrap().to_lowercase();
        assert!(request.starts_with("get /token?a=b http/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nauthorization: bearer hush\r\n"), "{request}");
        assert!(request.contains("\r\nx-version: 7\r\n"), "{request}");
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
            (too_long, |error| matches!(error, FetchError::TooLong(_))),
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
                Ok(answer) => {
                    assert_eq!((passes, answer.status, answer.tls), (true, 400, Some("TLSv1.3")));
                }
                Err(error) => assert!(!passes && matches!(error, FetchError::Tls(_)), "{error:?}"),
            }
            assert_eq!(served.await.unwrap().is_empty(), !passes);
        }
    }

    #[tokio::test]
    async fn an_address_that_may_not_be_is_not_asked_and_the_next_one_is() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let (address, served) = server(answer.into()).await;
        let metadata: SocketAddr = "169.254.169.254:80".parse().unwrap();
        let permission = Some(Permission::Private);
        let answer = ask_one_of(&[metadata, address], permission, None, &QUESTION).await;
        assert_eq!(answer.unwrap().address, address);
        served.await.unwrap();
        let refused = ask_one_of(&[metadata], permission, None, &QUESTION).await;
        assert!(matches!(refused, Err(FetchError::Egress(_))), "{refused:?}");
        let nowhere = ask_one_of(&[], permission, None, &QUESTION).await;
        assert!(matches!(nowhere, Err(FetchError::NoAddress)), "{nowhere:?}");
        let destination =
            Destination { host: "127.0.0.1", port: 9, permission: Some(Permission::Public) };
        let refused = ask_host(&Resolver::system(), destination, None, &QUESTION).await;
        assert!(matches!(refused, Err(FetchError::Egress(_))), "{refused:?}");
    }

    fn closed(error: &FetchError) -> bool {
        matches!(error, FetchError::Closed | FetchError::Io(_))
    }
}
