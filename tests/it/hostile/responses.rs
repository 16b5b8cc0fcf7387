//! Origins that answer badly: their answers are refused as strictly as requests, and nothing of
//! one exchange gets into another.

use std::sync::atomic::{AtomicUsize, Ordering};

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, GatewayOptions, Origin, SOON};

use super::is_cut;

fn answering(bytes: &'static [u8]) -> (Gateway, Origin) {
    let origin = Origin::start(move |exchange| {
        exchange.send(bytes);
        exchange.close();
    });
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], "retry: { attempts: 0 }"));
    (gateway, origin)
}

#[test]
fn malformed_heads_are_a_502() {
    let cases: &[(&str, &[u8])] = &[
        ("length and chunked", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok"),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
        ("a list of lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok"),
        ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"),
        ("a positive length", b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
        ("gzip as a coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked twice", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a bare LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
        ("a bare LF in a field", b"HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok"),
        ("a bare CR in a field", b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok"),
        ("a NUL in a field", b"HTTP/1.1 200 OK\r\nX: a\x00\r\nContent-Length: 2\r\n\r\nok"),
        ("a folded field", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok"),
        ("a space before a colon", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"),
        ("no colon", b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok"),
        ("an empty name", b"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nok"),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("a status that is no number", b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok"),
        ("no status", b"HTTP/1.1\r\nContent-Length: 2\r\n\r\nok"),
        ("another version", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("a mail server", b"220 mail.example ESMTP\r\n"),
        ("rubbish", &[0xff; 300]),
        ("a switch nobody asked for", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello"),
    ];
    for (name, bytes) in cases {
        let (gateway, _origin) = answering(bytes);
        let response = get(gateway.web(), "a.example", "/", &[]);
        assert_eq!(response.status, 502, "{name}: {response:?}");
        assert_eq!(response.reason(), "bad_response", "{name}");
        assert_eq!(response.head.all("set-cookie"), [""; 0], "{name}");
    }
}

#[test]
fn an_answer_of_nothing_is_a_502() {
    for bytes in [&b""[..], b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Le"] {
        let (gateway, _origin) = answering(bytes);
        let response = get(gateway.web(), "a.example", "/", &[]);
        assert_eq!((response.status, response.reason().as_str()), (502, "upstream_reset"));
    }
}

#[test]
fn endless_heads_are_a_502_and_cost_no_memory() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nX: ");
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..1_024 {
            exchange.send(&piece);
        }
        exchange.close();
    });
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], "retry: { attempts: 0 }"));
    let before = gateway.rss();
    let response = get(gateway.web(), "a.example", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (502, "bad_response"));
    assert!(gateway.rss().saturating_sub(before) < 8 << 20);
}

#[test]
fn bad_chunks_of_a_response_cut_it_off() {
    for chunks in [
        "g\r\nok\r\n",
        "2\nok\r\n",
        "2\r\nokX0\r\n\r\n",
        "-2\r\nok\r\n",
        "10000000000000002\r\nok\r\n",
        "0\r\nbad\r\n\r\n",
    ] {
        let origin = Origin::start(move |exchange| {
            exchange.send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
            exchange.close();
        });
        let gateway = Gateway::start(Config::balanced(&[origin.addr()], "retry: { attempts: 0 }"));
        let mut client = Client::connect(gateway.web());
        let answer = client.try_ask(request("GET", "a.example", "/", &[]));
        let refused = answer.as_ref().is_ok_and(|response| response.status == 502);
        assert!(refused || is_cut(&answer), "{chunks:?}: {answer:?}");
    }
}

#[test]
fn what_an_origin_sends_too_much_is_nobody_elses_answer() {
    for poison in
        ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", "x", "\r\n\r\n", "0\r\n\r\n"]
    {
        let origin = Origin::start(move |exchange| {
            let target = exchange.target().to_owned();
            match target.as_str() {
                "/first" => exchange
                    .send(format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst{poison}")),
                _ => exchange.reply(200, &[], target),
            }
        });
        let gateway = GatewayOptions::new().workers(1).start(Config::single(origin.addr()));
        let mut client = Client::connect(gateway.web());
        assert_eq!(client.get("a.example", "/first", &[]).text(), "first");
        for n in 0..10 {
            let target = format!("/{n}");
            assert_eq!(client.get("a.example", &target, &[]).text(), target, "after {poison:?}");
        }
    }
}

#[test]
fn what_an_origin_sends_unasked_is_nobodys_answer() {
    let served = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&served);
    let late = architrave_testkit::Gate::new();
    let (wait, sent) = (late.clone(), architrave_testkit::Gate::new());
    let told = sent.clone();
    let origin = Origin::start(move |exchange| {
        let target = exchange.target().to_owned();
        exchange.reply(200, &[], &target);
        if count.fetch_add(1, Ordering::AcqRel) == 0 {
            wait.pass();
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
            told.open();
        }
    });
    let gateway = GatewayOptions::new().workers(1).start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    assert_eq!(client.get("a.example", "/first", &[]).text(), "/first");
    late.open();
    architrave_testkit::eventually("the poison is sent", SOON, || sent.is_open().then_some(()));
    for n in 0..10 {
        let target = format!("/{n}");
        assert_eq!(client.get("a.example", &target, &[]).text(), target);
    }
}

#[test]
fn a_body_that_must_not_be_there_is_nobody_elses_answer() {
    let origin = Origin::start(|exchange| {
        let target = exchange.target().to_owned();
        match target.as_str() {
            "/204" => exchange.send(
                "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
            ),
            "/304" => exchange.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison"),
            "/head" => exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"),
            _ => exchange.reply(200, &[], target),
        }
    });
    let gateway = GatewayOptions::new().workers(1).start(Config::single(origin.addr()));
    for (method, target) in [("GET", "/204"), ("GET", "/304"), ("HEAD", "/head")] {
        let mut client = Client::connect(gateway.web());
        client.ask(request(method, "a.example", target, &[]));
        for n in 0..5 {
            let next = format!("/{n}");
            assert_eq!(client.get("a.example", &next, &[]).text(), next, "after {target}");
        }
    }
}
