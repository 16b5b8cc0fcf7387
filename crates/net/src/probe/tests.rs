//! Probes against small servers of our own, over real loopback sockets.
//!
//! Each server takes one connection and tells what it read from it.

use std::future::Future;

use architrave_core::task;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::tls::ServerTls;
use crate::tls::tests::Authority;

const PLENTY: Duration = Duration::from_secs(20);

/// A listener whose first connection goes to `serve`.
async fn server<T, S, F>(serve: S) -> (SocketAddr, JoinHandle<T>)
where
    T: Send + 'static,
    S: FnOnce(TcpStream) -> F + Send + 'static,
    F: Future<Output = T> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = task::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await
    });
    (address, served)
}

/// Answers one HTTP/1.1 request with these bytes and gives the request's.
async fn http1_server(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
    server(move |mut stream| async move {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        // An orderly end and no reset: the probe has read everything.
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        String::from_utf8(request).unwrap()
    })
    .await
}

/// Answers one HTTP/2 request and gives its head and body.
async fn serve_h2<S>(
    stream: S,
    answer: impl FnOnce(&mut h2::server::SendResponse<Bytes>),
) -> (Request<()>, Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (request, mut respond) = connection.accept().await.unwrap().unwrap();
    let (head, mut body) = request.into_parts();
    let mut received = Vec::new();
    let reading = async {
        while let Some(data) = body.data().await {
            received.extend_from_slice(&data.unwrap());
        }
    };
    tokio::select! {
        () = reading => {}
        _ended = connection.accept() => panic!("the connection ended before the request"),
    }
    answer(&mut respond);
    drop(respond);
    assert!(connection.accept().await.is_none(), "one probe, one request, and a goodbye");
    (Request::from_parts(head, ()), received)
}

fn grpc_answer(
    respond: &mut h2::server::SendResponse<Bytes>,
    body: &'static [u8],
    trailers: &[(&'static str, &'static str)],
) {
    let mut fields = HeaderMap::new();
    for (name, value) in trailers {
        fields.insert(*name, HeaderValue::from_static(value));
    }
    let mut response = Response::new(());
    if body.is_empty() {
        *response.headers_mut() = fields;
        respond.send_response(response, true).unwrap();
        return;
    }
    let mut stream = respond.send_response(response, false).unwrap();
    stream.send_data(Bytes::from_static(body), false).unwrap();
    stream.send_trailers(fields).unwrap();
}

fn settings(check: HealthCheck) -> ActiveHealth {
    ActiveHealth { check, interval: PLENTY, timeout: PLENTY, rise: 1, fall: 1 }
}

fn http(expect: &[(u16, u16)]) -> HealthCheck {
    HealthCheck::Http { path: "/healthz?deep=1".into(), expect: expect.to_vec() }
}

fn plain(check: HealthCheck, protocol: UpstreamProtocol) -> Probe {
    Probe::new(&settings(check), None, protocol, SendProxyProtocol::Off)
}

fn grpc(service: &str) -> Probe {
    plain(HealthCheck::Grpc { service: service.into() }, UpstreamProtocol::Auto)
}

#[tokio::test]
async fn an_http_check_asks_plainly_and_judges_the_status() {
    let probe = plain(http(&[(200, 299), (401, 401)]), UpstreamProtocol::Auto);
    for (answer, expect) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", None),
        ("HTTP/1.1 204 No Content\r\n\r\n", None),
        ("HTTP/1.0 299 Fine\r\n\r\nuntil the end", None),
        ("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", None),
        ("HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", None),
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", Some(503)),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", Some(302)),
    ] {
        let (address, served) = http1_server(answer).await;
        let verdict = probe.run(address, None).await;
        match expect {
            None => assert!(verdict.is_ok(), "{verdict:?}"),
            Some(status) => {
                assert!(matches!(verdict, Err(ProbeError::Status(found)) if found == status));
            }
        }
        let expect = format!(
            "GET /healthz?deep=1 HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {USER_AGENT}\r\n\
             Accept: */*\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(served.await.unwrap(), expect);
    }
}

#[tokio::test]
async fn the_host_is_the_name_where_there_is_one() {
    let probe = plain(http(&[(200, 200)]), UpstreamProtocol::Http1);
    let (address, served) = http1_server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    probe.run(address, Some("a.example")).await.unwrap();
    let expect = format!("\r\nHost: a.example:{}\r\n", address.port());
    assert!(served.await.unwrap().contains(&expect));
    for (address, name, expect) in [
        ("192.0.2.1:80", None, "192.0.2.1"),
        ("192.0.2.1:443", None, "192.0.2.1:443"),
        ("[2001:db8::1]:80", None, "[2001:db8::1]"),
        ("[2001:db8::1]:81", None, "[2001:db8::1]:81"),
        ("192.0.2.1:80", Some("a.example"), "a.example"),
    ] {
        assert_eq!(probe.authority(address.parse().unwrap(), name), expect);
    }
}

#[tokio::test]
async fn answers_that_are_none_fail_the_check() {
    let probe = plain(http(&[(200, 200)]), UpstreamProtocol::Http1);
    let (address, _served) = http1_server("").await;
    assert!(matches!(probe.run(address, None).await, Err(ProbeError::Closed)));
    let (address, _served) = http1_server("HTTP/1.1 200 OK\r\nContent-").await;
    assert!(matches!(probe.run(address, None).await, Err(ProbeError::Closed)));
    let (address, _served) = http1_server("SSH-2.0-OpenSSH\r\n\r\n").await;
    assert!(matches!(probe.run(address, None).await, Err(ProbeError::Malformed(_))));
}

#[tokio::test]
async fn silence_fails_the_check_in_time() {
    for check in [http(&[(200, 200)]), HealthCheck::Grpc { service: String::new() }] {
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let (address, served) = server(move |stream| async move {
            let _released = released.await;
            drop(stream);
        })
        .await;
        let timeout = Duration::from_millis(50);
        let short = ActiveHealth { timeout, ..settings(check) };
        let probe = Probe::new(&short, None, UpstreamProtocol::Auto, SendProxyProtocol::Off);
        let verdict = probe.run(address, None).await;
        assert!(matches!(verdict, Err(ProbeError::Timeout(told)) if told == timeout));
        release.send(()).unwrap();
        served.await.unwrap();
    }
}

#[tokio::test]
async fn a_tcp_check_connects_and_no_more() {
    let probe = plain(HealthCheck::Tcp, UpstreamProtocol::Auto);
    let (address, served) = server(|mut stream| async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all
    })
    .await;
    probe.run(address, None).await.unwrap();
    assert!(served.await.unwrap().is_empty());
    // The listener is gone by now, so the port refuses.
    assert!(matches!(probe.run(address, None).await, Err(ProbeError::Io(_))));
}

#[tokio::test]
async fn the_proxy_header_goes_first_and_speaks_for_nobody() {
    for (version, expect) in [
        (SendProxyProtocol::V1, &b"PROXY UNKNOWN\r\n"[..]),
        (SendProxyProtocol::V2, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
    ] {
        let probe = Probe::new(&settings(HealthCheck::Tcp), None, UpstreamProtocol::Auto, version);
        let (address, served) = server(|mut stream| async move {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            all
        })
        .await;
        probe.run(address, None).await.unwrap();
        assert_eq!(served.await.unwrap(), expect);
    }
}

#[tokio::test]
async fn an_http_check_speaks_http2_where_traffic_does() {
    let probe = plain(http(&[(200, 200)]), UpstreamProtocol::H2c);
    for status in [200, 500] {
        let (address, served) = server(move |stream| {
            serve_h2(stream, move |respond| {
                let response = Response::builder().status(status).body(()).unwrap();
                respond.send_response(response, true).unwrap();
            })
        })
        .await;
        let verdict = probe.run(address, None).await;
        assert_eq!(verdict.is_ok(), status == 200, "{verdict:?}");
        let (request, _) = served.await.unwrap();
        assert_eq!(request.uri().to_string(), format!("http://{address}/healthz?deep=1"));
        assert_eq!(request.headers()["user-agent"], USER_AGENT);
    }
}

#[tokio::test]
async fn a_grpc_check_passes_on_serving_alone() {
    const OK: &[(&str, &str)] = &[("grpc-status", "0")];
    for (body, trailers, expect) in [
        (&[0, 0, 0, 0, 2, 8, 1][..], OK, ""),
        (&[0, 0, 0, 0, 2, 8, 2], OK, "serving status 2"),
        (&[0, 0, 0, 0, 0], OK, "serving status 0"),
        (&[0, 0, 0, 0, 9, 8, 1], OK, "malformed gRPC answer"),
        (&[0, 0, 0, 0, 2, 8, 1], &[], "grpc status 2"),
        (b"", &[("grpc-status", "5"), ("grpc-message", "who?")], "grpc status 5: who?"),
        (b"", &[("grpc-status", "x")], "malformed gRPC answer"),
    ] {
        let (address, served) = server(move |stream| {
            serve_h2(stream, move |respond| grpc_answer(respond, body, trailers))
        })
        .await;
        let verdict = grpc("orders").run(address, None).await;
        assert_eq!(verdict.err().map(|e| e.to_string()).unwrap_or_default(), expect);
        let (request, question) = served.await.unwrap();
        assert_eq!(question, b"\0\0\0\0\x08\x0a\x06orders");
        assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
        assert_eq!(request.headers()["content-type"], "application/grpc");
        assert_eq!(request.headers()["te"], "trailers");
    }
}

#[tokio::test]
async fn a_grpc_check_of_something_else_fails() {
    let (address, _served) = server(|stream| {
        serve_h2(stream, |respond| {
            let response = Response::builder().status(404).body(()).unwrap();
            respond.send_response(response, true).unwrap();
        })
    })
    .await;
    assert!(matches!(grpc("").run(address, None).await, Err(ProbeError::Status(404))));
    let (address, _served) = http1_server("HTTP/1.1 400 What\r\n\r\n").await;
    assert!(grpc("").run(address, None).await.is_err());
}

#[tokio::test]
async fn over_tls_the_certificate_is_verified_and_alpn_decides() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let listener = authority.listener(&[&files]);
    let upstream_tls = authority.trust();
    for (protocol, name, expect_h2, passes) in [
        (UpstreamProtocol::Auto, "site.example", true, true),
        (UpstreamProtocol::Http1, "site.example", false, true),
        (UpstreamProtocol::Auto, "other.example", false, false),
    ] {
        let tls = ServerTls::load(&listener).unwrap();
        let (address, served) = server(move |stream| async move {
            let mut stream = tls.accept(stream).await.ok()?;
            if stream.get_ref().1.alpn_protocol() == Some(ALPN_H2) {
                let (request, _) = serve_h2(stream, |respond| {
                    respond.send_response(Response::new(()), true).unwrap();
                })
                .await;
                return Some(request.uri().to_string());
            }
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            Some("HTTP/1.1".to_owned())
        })
        .await;
        let client = ClientTls::load(&upstream_tls, protocol).unwrap();
        let check = settings(http(&[(200, 200)]));
        let probe = Probe::new(&check, Some(client), protocol, SendProxyProtocol::Off);
        let verdict = probe.run(address, Some(name)).await;
        assert_eq!(verdict.is_ok(), passes, "{verdict:?}");
        let by_h2 = format!("https://site.example:{}/healthz?deep=1", address.port());
        let expect = match (passes, expect_h2) {
            (false, _) => None,
            (true, true) => Some(by_h2),
            (true, false) => Some("HTTP/1.1".to_owned()),
        };
        assert_eq!(served.await.unwrap(), expect);
    }
}

#[tokio::test]
async fn a_tcp_check_over_tls_does_the_handshake() {
    let authority = Authority::new();
    let files = authority.issue("site", &["127.0.0.1"]);
    let tls = ServerTls::load(&authority.listener(&[&files])).unwrap();
    let (address, served) = server(move |stream| async move {
        let mut stream = tls.accept(stream).await?;
        let mut all = Vec::new();
        // Without a TLS goodbye this is an error.
        stream.read_to_end(&mut all).await
    })
    .await;
    let client = ClientTls::load(&authority.trust(), UpstreamProtocol::Auto).unwrap();
    let check = settings(HealthCheck::Tcp);
    let probe = Probe::new(&check, Some(client), UpstreamProtocol::Auto, SendProxyProtocol::Off);
    probe.run(address, None).await.unwrap();
    assert_eq!(served.await.unwrap().unwrap(), 0);
    let (address, served) = server(|mut stream| async move {
        stream.write_all(b"SSH-2.0-OpenSSH\r\n").await.unwrap();
        stream
    })
    .await;
    assert!(matches!(probe.run(address, None).await, Err(ProbeError::Tls(_))));
    drop(served.await.unwrap());
}

#[tokio::test]
async fn probes_may_run_on_any_thread() {
    let (address, _served) = http1_server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let probe = plain(http(&[(200, 200)]), UpstreamProtocol::Auto);
    task::spawn(async move { probe.run(address, Some("a.example")).await }).await.unwrap().unwrap();
}
