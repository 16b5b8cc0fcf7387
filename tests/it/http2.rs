//! HTTP/2 on both sides, in the clear by prior knowledge; over TLS it is with `tls`.

mod ending;
mod grpc;
mod upstream;

use std::time::Duration;

use architrave_testkit::abuse::{RawH2, kind};
use architrave_testkit::h2_client::{H2Client, H2Request};
use architrave_testkit::wait::{Gate, settled};
use architrave_testkit::{Config, Gateway, Origin, SOON, eventually};
use http::{HeaderMap, HeaderValue};

#[test]
fn a_request_reaches_an_http_1_origin_as_http_1() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let client = H2Client::connect(gateway.web());
    let fields = [("x-a", "1"), ("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")];
    let response =
        client.ask(H2Request::new("GET", "http://api.example:8080/p/q?x=1&y", &fields)).unwrap();
    assert_eq!((response.status.as_u16(), response.text().as_str()), (200, "a"));
    assert_eq!(response.get("x-origin"), Some("a"));
    let request = origin.only();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/p/q?x=1&y"));
    assert_eq!(request.get("host"), Some("api.example:8080"));
    assert_eq!(request.get("cookie"), Some("a=1; b=2"), "crumbs are one field again");
    assert_eq!(request.get("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.get("x-forwarded-host"), Some("api.example:8080"));
    assert!(request.head.fields.iter().all(|(name, _)| !name.starts_with(':')));
    assert_eq!(request.framing, architrave_testkit::Framing::None);
}

#[test]
fn bodies_and_trailers_pass_both_ways() {
    let origin = Origin::start(|exchange| {
        let body = exchange.read_body();
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        exchange.send_chunk(body);
        exchange.send("0\r\nX-Down: 2\r\n\r\n");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let client = H2Client::connect(gateway.web());
    let mut trailers = HeaderMap::new();
    trailers.insert("x-up", HeaderValue::from_static("1"));
    let request = H2Request::new("POST", "http://h/", &[("te", "trailers")])
        .data("one")
        .data("two")
        .trailers(trailers);
    let response = client.ask(request).unwrap();
    assert_eq!(response.text(), "onetwo");
    assert_eq!(response.trailers.expect("trailers")["x-down"], "2");
    let request = origin.only();
    assert_eq!(request.trailers.len(), 1, "{request:?}");
    let sized = H2Request::new("PUT", "http://h/", &[("content-length", "3")]).data("abc");
    assert_eq!(client.ask(sized).unwrap().text(), "abc");
    let large = vec![b'x'; 8 << 20];
    let response =
        client.ask(H2Request::new("POST", "http://h/", &[]).data(large.clone())).unwrap();
    assert!(response.body == large);
}

#[test]
fn responses_without_a_body_have_none() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/204" => exchange.reply(204, &[], ""),
        "/304" => exchange.reply(304, &[], ""),
        _ => exchange.reply(200, &[], "body"),
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let client = H2Client::connect(gateway.web());
    for (method, path, status) in [("GET", "/204", 204), ("GET", "/304", 304), ("HEAD", "/", 200)] {
        let response = client.ask(H2Request::new(method, &format!("http://h{path}"), &[])).unwrap();
        assert_eq!((response.status.as_u16(), response.body.len()), (status, 0), "{method} {path}");
    }
}

#[test]
fn fields_of_a_connection_do_not_come_back() {
    let origin = Origin::start(|exchange| {
        let fields = [("Connection", "x-private"), ("X-Private", "1"), ("Keep-Alive", "timeout=5")];
        exchange.reply(200, &fields, "");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let response = H2Client::connect(gateway.web()).get("http://h/");
    for name in ["connection", "keep-alive", "x-private", "transfer-encoding"] {
        assert_eq!(response.get(name), None, "{name}");
    }
}

#[test]
fn a_hundred_requests_go_side_by_side() {
    let origin = Origin::start(|exchange| {
        let target = exchange.target().to_owned();
        exchange.reply(200, &[], target);
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let client = H2Client::connect(gateway.web());
    let requests = (0..100).map(|n| H2Request::get(&format!("http://h/{n}"))).collect();
    for (n, response) in client.ask_all(requests).into_iter().enumerate() {
        assert_eq!(response.unwrap().text(), format!("/{n}"));
    }
}

#[test]
fn one_that_waits_holds_up_no_other() {
    let gate = Gate::new();
    let wait = gate.clone();
    let origin = Origin::start(move |exchange| {
        if exchange.target() == "/held" {
            wait.pass();
        }
        exchange.reply(200, &[], "done");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut raw = RawH2::connect(gateway.web());
    raw.get(1, "h", "/held").unwrap();
    eventually("the held one is at the origin", SOON, || (origin.count() == 1).then_some(()));
    raw.get(3, "h", "/free").unwrap();
    let first = raw.read_until(kind::HEADERS).unwrap();
    assert_eq!(first.stream, 3);
    gate.open();
    assert_eq!(raw.read_until(kind::HEADERS).unwrap().stream, 1);
}

#[test]
fn a_client_that_opens_no_window_slows_the_origin() {
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&sent);
    let origin = Origin::start(move |exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..1_024 {
            exchange.send(&piece);
            count.fetch_add(piece.len(), std::sync::atomic::Ordering::AcqRel);
        }
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let before = gateway.rss();
    let mut raw = RawH2::connect(gateway.web());
    raw.get(1, "h", "/").unwrap();
    assert_eq!(raw.read_until(kind::HEADERS).unwrap().stream, 1);
    let mut received = 0;
    while received < 65_535 {
        received += raw.read_until(kind::DATA).unwrap().payload.len();
    }
    assert_eq!(received, 65_535, "the window was overrun");
    let sent = || sent.load(std::sync::atomic::Ordering::Acquire);
    let still = settled("the origin stands still", Duration::from_millis(300), sent);
    assert!(still < 32 << 20, "{still} bytes were taken");
    assert!(gateway.rss().saturating_sub(before) < 8 << 20);
}

#[test]
fn a_stream_that_is_cancelled_is_cancelled_at_the_origin() {
    let origin = Origin::stalled();
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut raw = RawH2::connect(gateway.web());
    raw.get(1, "h", "/").unwrap();
    eventually("the request is at the origin", SOON, || (origin.count() == 1).then_some(()));
    raw.send(kind::RST_STREAM, 0, 1, &8_u32.to_be_bytes()).unwrap();
    eventually("the origin is let go", SOON, || (origin.open_connections() == 0).then_some(()));
}

#[test]
fn answers_of_our_own_are_the_same_as_in_http_1() {
    let gateway = Gateway::start(Config::new().web());
    let client = H2Client::connect(gateway.web());
    let response = client.get("http://h/");
    assert_eq!(response.status, 404);
    assert_eq!(response.get("content-type"), Some("application/problem+json"));
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(body["reason"], "no_route");
}

#[test]
fn a_response_cut_short_is_a_reset_and_costs_the_others_nothing() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/cut" => {
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            exchange.close();
        }
        _ => exchange.reply(200, &[], "whole"),
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let client = H2Client::connect(gateway.web());
    let cut = client.ask(H2Request::get("http://h/cut"));
    assert!(cut.as_ref().map_or(true, |response| response.status == 502), "{cut:?}");
    assert_eq!(client.get("http://h/").text(), "whole");
}
