//! Bytes that nobody reads as what they were sent as: bodies of requests that are refused, and
//! what follows an upgrade.

use std::time::Duration;

use architrave_testkit::websocket::{WebSocket, serve_echo};
use architrave_testkit::{Client, Config, Gateway, GatewayOptions, Origin, SOON};

use super::SMUGGLED;

fn guarded(origin: &Origin) -> Gateway {
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("open", "match: [{ path: { prefix: /open } }]\nservice: origin")
        .route(
            "closed",
            "match: [{ path: { prefix: / } }]\nservice: origin\npolicies: { key_auth: {} }",
        )
        .consumer("ada", "credentials: [{ api_key: correct-horse-battery }]");
    Gateway::start(config)
}

#[test]
fn the_body_of_a_refused_request_is_not_a_request() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin);
    let inner = "GET /open HTTP/1.1\r\nHost: a.example\r\n\r\n";
    for framed in [
        format!("Content-Length: {}\r\n\r\n{inner}", inner.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len()),
    ] {
        let mut client = Client::connect(gateway.web());
        let response = client.ask(format!("POST /closed HTTP/1.1\r\nHost: a.example\r\n{framed}"));
        assert_eq!(response.status, 401);
        if response.head.says_close() {
            assert!(client.ends_within(SOON));
        } else {
            let next = client.get("a.example", "/open/next", &[]);
            assert_eq!(next.status, 200);
        }
        assert!(origin.requests().iter().all(|request| request.target == "/open/next"));
    }
}

#[test]
fn a_refused_request_whose_body_never_ends_is_cut_off() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin);
    let mut client = Client::connect(gateway.web());
    let head = "POST /closed HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000000\r\n\r\n";
    client.send(head).unwrap();
    assert_eq!(client.read_response("POST").unwrap().status, 401);
    let piece = vec![b'x'; 64 << 10];
    let cut = (0..2_000).any(|_| client.send(&piece).is_err());
    assert!(cut, "125 MiB of an unwanted body were taken");
    assert_eq!(origin.count(), 0);
}

#[test]
fn nothing_is_tunnelled_before_the_origin_agrees() {
    let origin = Origin::start(|exchange| exchange.reply(403, &[], "no"));
    let gateway = guarded(&origin);
    for upgrade in ["websocket", "h2c", "x-anything"] {
        origin.forget();
        let mut client = Client::connect(gateway.web());
        let ask = format!(
            "GET /open HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n{SMUGGLED}"
        );
        client.send(ask).unwrap();
        assert_eq!(client.read_response("GET").unwrap().status, 403, "{upgrade}");
        // Either the connection ends, or what follows is a request like any other: it needs a key.
        if let Ok(next) = client.read_response("GET") {
            assert_eq!(next.status, 401, "{upgrade}");
        }
        assert_eq!(origin.count(), 1, "{upgrade}: {:?}", origin.requests());
    }
}

#[test]
fn a_switch_to_another_protocol_than_asked_for_is_refused() {
    let origin = Origin::start(|exchange| {
        exchange.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
        );
        exchange.is_abandoned_within(SOON);
        exchange.close();
    });
    let gateway = guarded(&origin);
    let answer = WebSocket::connect(gateway.web(), "a.example", "/open");
    let response = answer.err().expect("not switched");
    assert_eq!(response.status, 502);
}

#[test]
fn a_switch_with_a_body_announced_is_framed_like_any_request() {
    let origin = Origin::start(serve_echo);
    let gateway = guarded(&origin);
    let mut client = Client::connect(gateway.web());
    let ask = format!(
        "GET /open HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Content-Length: {}\r\n\r\n{SMUGGLED}",
        SMUGGLED.len()
    );
    let _ = client.send(ask);
    let head = client.read_head();
    let targets: Vec<_> = origin.requests().into_iter().map(|request| request.target).collect();
    assert!(!targets.contains(&"/smuggled".to_owned()), "{targets:?}, {head:?}");
    let _ = origin.take_violations();
}

#[test]
fn early_bytes_of_a_tunnel_arrive_once_it_is_open() {
    let origin = Origin::start(|exchange| {
        let upgrade = exchange.request().get("upgrade").map(str::to_owned);
        assert_eq!(upgrade.as_deref(), Some("echo"));
        exchange.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
        );
        while let Ok(bytes) = exchange.wire().read_some() {
            if bytes.is_empty() {
                break;
            }
            exchange.send(bytes);
        }
        exchange.close();
    });
    let gateway = guarded(&origin);
    let mut client = Client::connect(gateway.web());
    client
        .send("GET /open HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly")
        .unwrap();
    assert_eq!(client.read_head().unwrap().expect("an answer").status(), 101);
    assert_eq!(client.read_exactly(5).unwrap(), b"early");
    client.send("late").unwrap();
    assert_eq!(client.read_exactly(4).unwrap(), b"late");
    // Half-close is kept: what the origin still sends arrives.
    client.finish();
    assert_eq!(client.read_to_end(), Ok(Vec::new()));
    assert_eq!(origin.count(), 1);
}

#[test]
fn an_origin_connection_that_is_owed_bytes_is_never_used_again() {
    for framing in ["Content-Length: 1000000\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n5\r\nxx"]
    {
        // It answers a POST before it has its body, and then reads on.
        let origin = Origin::start(|exchange| match exchange.request().method.as_str() {
            "POST" => exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly"),
            _ => exchange.reply(200, &[], "next"),
        });
        let config = Config::single(origin.addr());
        let gateway = GatewayOptions::new().workers(1).start(config);
        let mut client = Client::connect(gateway.web());
        client.send(format!("POST / HTTP/1.1\r\nHost: a.example\r\n{framing}")).unwrap();
        assert_eq!(client.read_response("POST").unwrap().text(), "early");
        for _ in 0..3 {
            let mut other = Client::connect(gateway.web());
            other.patience(Duration::from_secs(5));
            let answer = other.try_ask("GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n");
            let answer = answer.map(|response| response.text());
            assert_eq!(answer.as_deref(), Ok("next"), "taken for the body of another");
        }
        // What the first client still sends is neither a request nor part of another's.
        let _ = client.send(SMUGGLED);
        let requests = origin.requests();
        assert!(requests.iter().all(|r| r.target != "/smuggled"), "{requests:?}");
        let _ = origin.take_violations();
    }
}
