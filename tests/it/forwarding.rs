//! What reaches the origin and what comes back: methods, targets, fields, connections.

mod bodies;
mod duplex;
mod identity;
mod interim;
mod streaming;
mod trust;

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Framing, Gateway, GatewayOptions, Origin, WireError};

#[test]
fn methods_and_targets_arrive_as_sent() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"] {
        origin.forget();
        let target = "/a/b;v=1/c?x=1&y=%20z&empty=&x=2";
        let response = client.ask(request(method, "api.example", target, &[]));
        assert_eq!(response.status, 200, "{method}");
        let request = origin.last();
        assert_eq!((request.method.as_str(), request.target.as_str()), (method, target));
        assert_eq!(request.get("host"), Some("api.example"));
        assert_eq!(request.framing, Framing::None, "{method} grew a body");
    }
}

#[test]
fn options_of_the_whole_server_keeps_its_asterisk() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let response = Client::connect(gateway.web()).ask(request("OPTIONS", "api.example", "*", &[]));
    assert_eq!(response.status, 200);
    assert_eq!(origin.only().target, "*");
}

#[test]
fn ordinary_fields_arrive_in_order_and_unchanged() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let fields = ["X-A: 1", "X-B: two words, and a comma", "X-A: 3", "Cookie: a=1; b=2", "X-U: é"];
    get(gateway.web(), "api.example", "/", &fields);
    let request = origin.only();
    assert_eq!(request.head.all("x-a"), ["1", "3"]);
    assert_eq!(request.get("x-b"), Some("two words, and a comma"));
    assert_eq!(request.get("cookie"), Some("a=1; b=2"));
    assert_eq!(request.get("x-u"), Some("é"));
}

#[test]
fn response_fields_come_back_in_order_and_unchanged() {
    let origin = Origin::start(|exchange| {
        let fields = [
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
            ("X-Thing", "é"),
            ("ETag", "\"abc\""),
        ];
        exchange.reply(207, &fields, "body");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let response = get(gateway.web(), "api.example", "/", &[]);
    assert_eq!(response.status, 207);
    let cookies = ["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"];
    assert_eq!(response.head.all("set-cookie"), cookies);
    assert_eq!(response.get("x-thing"), Some("é"));
    assert_eq!(response.get("etag"), Some("\"abc\""));
}

#[test]
fn hop_by_hop_fields_stay_on_their_hop() {
    let origin = Origin::start(|exchange| {
        let fields = [
            ("Connection", "x-private, keep-alive"),
            ("X-Private", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("X-Public", "2"),
        ];
        exchange.reply(200, &fields, "");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let fields = [
        "Connection: x-mine, keep-alive",
        "X-Mine: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "TE: gzip",
        "Upgrade: h2c",
        "Proxy: http://evil.example",
        "X-Yours: 2",
    ];
    let response = get(gateway.web(), "api.example", "/", &fields);
    let request = origin.only();
    for gone in ["x-mine", "keep-alive", "proxy-connection", "te", "upgrade", "proxy"] {
        assert_eq!(request.head.all(gone), [""; 0], "{gone} was forwarded: {request:?}");
    }
    assert_eq!(request.get("x-yours"), Some("2"));
    for gone in ["x-private", "keep-alive", "proxy-connection"] {
        assert_eq!(response.head.all(gone), [""; 0], "{gone} was passed back: {response:?}");
    }
    assert_eq!(response.get("x-public"), Some("2"));
}

#[test]
fn connections_to_the_origin_are_used_again() {
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().workers(1).start(Config::single(origin.addr()));
    for _ in 0..10 {
        assert_eq!(get(gateway.web(), "api.example", "/", &[]).status, 200);
    }
    assert_eq!((origin.count(), origin.connections()), (10, 1));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::start(|exchange| {
        let target = exchange.target().to_owned();
        exchange.reply(200, &[], target);
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let all: Vec<u8> =
        (0..20).flat_map(|n| request("GET", "api.example", &format!("/{n}"), &[])).collect();
    client.send(all).unwrap();
    for n in 0..20 {
        assert_eq!(client.read_response("GET").unwrap().text(), format!("/{n}"));
    }
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let bytes = b"POST /slow HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\n\
                  3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-End: 1\r\n\r\n";
    for byte in bytes {
        client.send([*byte]).unwrap();
    }
    assert_eq!(client.read_response("POST").unwrap().status, 200);
    assert_eq!(origin.only().body, b"abcde");
}

#[test]
fn a_client_may_finish_sending_and_still_be_answered() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "api.example", "/", &[])).unwrap();
    client.finish();
    assert_eq!(client.read_response("GET").unwrap().text(), "a");
    assert_eq!(client.read_to_end(), Ok(Vec::new()));
}

#[test]
fn connection_close_is_obeyed_and_said() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let response = client.get("api.example", "/", &["Connection: close"]);
    assert!(response.head.says_close(), "{response:?}");
    assert_eq!(client.read_to_end(), Ok(Vec::new()));
}

#[test]
fn http_1_0_clients_get_what_they_understand() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        exchange.send_chunk("abc");
        exchange.send_chunk("");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let response = client.ask("GET / HTTP/1.0\r\nHost: api.example\r\n\r\n");
    assert_eq!(response.text(), "abc");
    assert_ne!(response.framing, Framing::Chunked);
    assert_eq!(origin.only().version, "HTTP/1.1");
    assert!(matches!(client.read_response("GET"), Err(WireError::Truncated(_))), "it stays open");

    let mut client = Client::connect(gateway.web());
    let ask = "GET / HTTP/1.0\r\nHost: api.example\r\nConnection: keep-alive\r\n\r\n";
    let response = client.ask(ask);
    assert_eq!(response.text(), "abc");
    assert_ne!(response.framing, Framing::Chunked);
}

#[test]
fn a_missing_origin_is_a_502_that_says_so() {
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let gateway = Gateway::start(Config::single(refused));
    let response = get(gateway.web(), "api.example", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (502, "connect_failed"));
}

#[test]
fn an_origin_that_cannot_be_reached_is_a_504() {
    let (silent, _guards) = architrave_testkit::origin::unanswering();
    let upstream = "timeouts: { connect: 300ms }\nretry: { attempts: 0 }";
    let gateway = Gateway::start(Config::balanced(&[silent], upstream));
    let response = get(gateway.web(), "api.example", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (504, "connect_timeout"));
}
