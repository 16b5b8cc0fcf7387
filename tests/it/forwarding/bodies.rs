//! Bodies of every framing, both ways, whole and cut short.

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::wait::Gate;
use architrave_testkit::{Client, Config, Framing, Gateway, Origin, SOON, WireError, eventually};

#[test]
fn request_bodies_of_every_framing_arrive_whole() {
    let cases: [(&str, &str, &str); 6] = [
        ("a length", "Content-Length: 5\r\n\r\nhello", "hello"),
        ("a length of nothing", "Content-Length: 0\r\n\r\n", ""),
        ("chunks", "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
        ("no chunk but the last", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""),
        (
            "leading zeros",
            "Transfer-Encoding: Chunked\r\n\r\n0005\r\nhello\r\n000\r\n\r\n",
            "hello",
        ),
        (
            "upper-case digits",
            "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
            "0123456789",
        ),
    ];
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
        for (name, rest, body) in cases {
            origin.forget();
            let ask = format!("{method} / HTTP/1.1\r\nHost: a.example\r\n{rest}");
            let response = client.try_ask(ask);
            let answer = response.as_ref().map(|response| response.status);
            assert_eq!(answer, Ok(200), "{method} with {name}");
            // A body where none belongs may cost the client its connection, if it is told so.
            if response.is_ok_and(|response| response.head.says_close()) {
                client = Client::connect(gateway.web());
            }
            assert_eq!(origin.last().body, body.as_bytes(), "{method} with {name}");
        }
    }
}

#[test]
fn response_bodies_of_every_framing_come_back_whole() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/length" => exchange.reply(200, &[], "hello"),
        "/empty" => exchange.reply(200, &[], ""),
        "/chunks" => {
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            exchange.send("2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 5\r\n\r\n");
        }
        "/close" => {
            exchange.send("HTTP/1.1 200 OK\r\n\r\nhello");
            exchange.close();
        }
        _ => {
            exchange.send("HTTP/1.0 200 OK\r\n\r\nhello");
            exchange.close();
        }
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    for (target, body) in [
        ("/length", "hello"),
        ("/empty", ""),
        ("/chunks", "hello"),
        ("/close", "hello"),
        ("/1.0", "hello"),
    ] {
        // On one connection, twice: what is left behind by the first would show in the second.
        let mut client = Client::connect(gateway.web());
        for _ in 0..2 {
            let response = client.get("a.example", target, &[]);
            assert_eq!((response.status, response.text().as_str()), (200, body), "{target}");
            if response.head.says_close() {
                break;
            }
        }
    }
}

#[test]
fn responses_without_a_body_have_none() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/204" => exchange.send("HTTP/1.1 204 No Content\r\n\r\n"),
        "/304" => {
            exchange.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n")
        }
        "/head" => exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        _ => exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    for (method, target) in
        [("GET", "/204"), ("GET", "/304"), ("HEAD", "/head"), ("HEAD", "/chunked")]
    {
        let response = client.ask(request(method, "a.example", target, &[]));
        assert_eq!((response.framing, response.body.len()), (Framing::None, 0), "{target}");
        if target == "/head" {
            assert_eq!(response.get("content-length"), Some("5"));
        }
        if target == "/204" {
            assert_eq!(response.head.all("content-length"), [""; 0]);
            assert_eq!(response.head.all("transfer-encoding"), [""; 0]);
        }
    }
    assert_eq!(origin.count(), 4);
}

#[test]
fn trailers_pass_both_ways() {
    let origin = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n");
        exchange.send("2\r\nok\r\n0\r\nX-Down: 2\r\n\r\n");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let response = client.ask(
        "POST / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nConnection: TE\r\n\
         Transfer-Encoding: chunked\r\nTrailer: X-Up\r\n\r\n2\r\nhi\r\n0\r\nX-Up: 1\r\n\r\n",
    );
    assert_eq!(response.trailers, [("X-Down".to_owned(), "2".to_owned())], "{response:?}");
    let request = origin.only();
    assert_eq!(request.trailers.len(), 1, "{request:?}");
    assert!(request.trailers[0].0.eq_ignore_ascii_case("x-up"));
    assert_eq!(request.trailers[0].1, "1");
}

#[test]
fn framing_and_routing_fields_in_trailers_are_not_passed_on() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let response = Client::connect(gateway.web()).try_ask(
        "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\
         Content-Length: 7\r\nTransfer-Encoding: gzip\r\nHost: evil.example\r\n\
         X-Forwarded-For: 6.6.6.6\r\nConnection: close\r\nX-Fine: 1\r\n\r\n",
    );
    // Refusing such a message is as good as taking the fields away.
    if response.is_ok_and(|response| response.status == 200) {
        let request = origin.only();
        let names: Vec<_> = request.trailers.iter().map(|(name, _)| name.to_lowercase()).collect();
        for name in ["content-length", "transfer-encoding", "host", "x-forwarded-for", "connection"]
        {
            assert!(!names.contains(&name.to_owned()), "{names:?}");
        }
    }
}

#[test]
fn a_response_cut_short_does_not_look_whole() {
    let origin = Origin::start(|exchange| {
        match exchange.target() {
            "/length" => exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
            "/chunked" => {
                exchange
                    .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            }
            _ => exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhel"),
        }
        exchange.close();
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    for target in ["/length", "/chunked", "/in-chunk"] {
        let mut client = Client::connect(gateway.web());
        match client.try_ask(request("GET", "a.example", target, &[])) {
            Err(WireError::Truncated(_) | WireError::Reset) => {}
            Ok(response) if response.status == 502 => {}
            other => panic!("{target} looks whole: {other:?}"),
        }
    }
}

#[test]
fn a_request_cut_short_never_looks_whole_to_the_origin() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    for rest in [
        "Content-Length: 10\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let mut client = Client::connect(gateway.web());
        client.send(format!("POST / HTTP/1.1\r\nHost: a.example\r\n{rest}")).unwrap();
        eventually("the head reaches the origin", SOON, || (origin.count() == 1).then_some(()));
        client.close();
        eventually("the origin's connection ends", SOON, || {
            (origin.open_connections() == 0).then_some(())
        });
        assert!(!origin.requests()[0].complete, "{rest:?}");
        origin.forget();
    }
}

#[test]
fn an_answer_before_the_whole_request_is_passed_on() {
    let origin = Origin::start(|exchange| {
        exchange
            .send("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
        exchange.close();
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client
        .send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000000\r\n\r\nbegin")
        .unwrap();
    let response = client.read_response("POST").unwrap();
    assert_eq!((response.status, response.text().as_str()), (413, "large"));
    // The rest of the body is never taken for a request.
    let _ = client.send("GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n");
    assert!(client.ends_within(SOON));
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_client_that_leaves_is_left_by_the_gateway_too() {
    let abandoned = Gate::new();
    let seen = abandoned.clone();
    let origin = Origin::start(move |exchange| {
        if exchange.is_abandoned_within(Duration::from_secs(30)) {
            seen.open();
        }
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "a.example", "/", &[])).unwrap();
    eventually("the request reaches the origin", SOON, || (origin.count() == 1).then_some(()));
    // A mere end of sending would not do: a client may say so and still wait for the answer.
    client.reset();
    eventually("the origin is told", SOON, || abandoned.is_open().then_some(()));
    assert_eq!(get(gateway.admin(), "127.0.0.1", "/healthz", &[]).status, 200);
}
