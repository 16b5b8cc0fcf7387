//! Bodies move piece by piece, both ways, and no faster than the slower side takes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use architrave_testkit::client::request;
use architrave_testkit::wait::{Gate, throughout};
use architrave_testkit::{Client, Config, Framing, Gateway, Origin, SOON, eventually};

/// More than all socket buffers on the way hold together.
const LARGE: usize = 96 << 20;

/// What may lie in socket buffers and in the gateway when nobody reads.
const UNDER_WAY: usize = 40 << 20;

/// Growth of the gateway's memory that one stalled body may cause.
const MEMORY: u64 = 8 << 20;

#[test]
fn pieces_of_a_response_come_as_they_are_sent() {
    let next = Gate::new();
    let wait = next.clone();
    let origin = Origin::start(move |exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n");
        exchange.send_chunk("data: one\n\n");
        wait.pass();
        exchange.send_chunk("data: two\n\n");
        exchange.send_chunk("");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "a.example", "/events", &[])).unwrap();
    let head = client.read_head().unwrap().expect("a head");
    assert_eq!(head.response_framing("GET"), Ok(Framing::Chunked));
    assert_eq!(client.read_chunk().unwrap(), b"data: one\n\n");
    next.open();
    assert_eq!(client.read_chunk().unwrap(), b"data: two\n\n");
    assert_eq!(client.read_chunk().unwrap(), b"");
}

#[test]
fn a_response_head_comes_before_its_body() {
    let next = Gate::new();
    let wait = next.clone();
    let origin = Origin::start(move |exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        wait.pass();
        exchange.send("ok");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "a.example", "/", &[])).unwrap();
    assert_eq!(client.read_head().unwrap().expect("a head").status(), 200);
    next.open();
    assert_eq!(client.read_exactly(2).unwrap(), b"ok");
}

#[test]
fn pieces_of_a_request_arrive_as_they_are_sent() {
    let (one, two) = (Gate::new(), Gate::new());
    let (saw_one, saw_two) = (one.clone(), two.clone());
    let origin = Origin::start(move |exchange| {
        assert_eq!(exchange.wire().read_chunk().unwrap(), b"one");
        saw_one.open();
        assert_eq!(exchange.wire().read_chunk().unwrap(), b"two");
        saw_two.open();
        assert_eq!(exchange.wire().read_chunk().unwrap(), b"");
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        exchange.close();
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client
        .send(
            "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
        )
        .unwrap();
    eventually("the first piece arrives alone", SOON, || one.is_open().then_some(()));
    client.send("3\r\ntwo\r\n").unwrap();
    eventually("the second piece arrives", SOON, || two.is_open().then_some(()));
    client.send("0\r\n\r\n").unwrap();
    assert_eq!(client.read_response("POST").unwrap().status, 200);
}

#[test]
fn a_slow_client_slows_the_origin_and_costs_no_memory() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let origin = Origin::start(move |exchange| {
        exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..LARGE / piece.len() {
            exchange.send(&piece);
            count.fetch_add(piece.len(), Ordering::AcqRel);
        }
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let before = gateway.rss();
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "a.example", "/", &[])).unwrap();
    assert_eq!(client.read_head().unwrap().expect("a head").status(), 200);
    let stalled = stands_still(&sent);
    assert!(stalled < UNDER_WAY, "{stalled} bytes were taken from the origin");
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < MEMORY, "memory grew by {grown} bytes");
    let mut left = LARGE;
    while left > 0 {
        let piece = client.read_some().unwrap();
        assert!(!piece.is_empty() && piece.iter().all(|byte| *byte == b'x'));
        left -= piece.len();
    }
    assert_eq!(client.get("a.example", "/", &["Connection: close"]).body.len(), LARGE);
}

#[test]
fn a_slow_origin_slows_the_client_and_costs_no_memory() {
    let go = Gate::new();
    let wait = go.clone();
    let origin = Origin::start(move |exchange| {
        wait.pass();
        let mut left = LARGE;
        while left > 0 {
            let piece = exchange.wire().read_some().unwrap();
            assert!(!piece.is_empty() && piece.iter().all(|byte| *byte == b'x'));
            left -= piece.len();
        }
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        exchange.close();
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let before = gateway.rss();
    let sent = Arc::new(AtomicUsize::new(0));
    let (count, address) = (Arc::clone(&sent), gateway.web());
    let sender = std::thread::spawn(move || {
        let mut client = Client::connect(address);
        let head = format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: {LARGE}\r\n\r\n");
        client.send(head).unwrap();
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..LARGE / piece.len() {
            client.send(&piece).unwrap();
            count.fetch_add(piece.len(), Ordering::AcqRel);
        }
        client.read_response("POST").unwrap()
    });
    let stalled = stands_still(&sent);
    assert!(stalled < UNDER_WAY, "{stalled} bytes were taken from the client");
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < MEMORY, "memory grew by {grown} bytes");
    go.open();
    assert_eq!(sender.join().unwrap().text(), "ok");
}

/// Waits until a count has begun and stands still, and gives it.
fn stands_still(count: &AtomicUsize) -> usize {
    let still = Duration::from_millis(400);
    let watch = std::cell::RefCell::new((0, architrave_testkit::Stopwatch::start()));
    let found = eventually("the sender stands still", SOON, || {
        let now = count.load(Ordering::Acquire);
        let mut seen = watch.borrow_mut();
        if now != seen.0 || now == 0 {
            *seen = (now, architrave_testkit::Stopwatch::start());
        }
        (seen.1.elapsed() > still).then_some(now)
    });
    throughout("the sender stays still", Duration::from_millis(200), || {
        count.load(Ordering::Acquire) == found
    });
    found
}
