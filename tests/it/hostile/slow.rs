//! Clients that take their time: to say what they want, to send it, to take the answer.

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, Stopwatch, eventually};

/// The timeouts of a listener in these tests.
const TIMEOUTS: &str =
    "protocol: http\ntimeouts: { head: 600ms, idle: 900ms, body_stall: 600ms, write_stall: 600ms }";

fn hasty(origin: &Origin) -> Gateway {
    let config = Config::new()
        .listener("web", TIMEOUTS)
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin");
    Gateway::start(config)
}

#[test]
fn a_head_that_does_not_come_to_its_end_is_a_408() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    for part in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n"] {
        let mut client = Client::connect(gateway.web());
        client.send(part).unwrap();
        let watch = Stopwatch::start();
        let response = client.read_response("GET").unwrap();
        assert_eq!(
            (response.status, response.reason().as_str()),
            (408, "client_timeout"),
            "{part:?}"
        );
        assert!(watch.elapsed() < Duration::from_secs(5), "{part:?} took {:?}", watch.elapsed());
        assert!(client.ends_within(SOON));
    }
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_head_that_drips_is_a_408_all_the_same() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    let mut client = Client::connect(gateway.web());
    let watch = Stopwatch::start();
    client.patience(Duration::from_millis(50));
    let mut drops = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
    let response = eventually("an answer to a dripping head", SOON, || {
        let _ = client.send([*drops.next().expect("drops are endless")]);
        client.read_response("GET").ok()
    });
    assert_eq!(response.status, 408);
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
}

#[test]
fn a_connection_that_never_says_anything_is_closed() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    assert!(Client::connect(gateway.web()).ends_within(Duration::from_secs(5)));
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    let mut client = Client::connect(gateway.web());
    assert_eq!(client.get("a", "/", &[]).status, 200);
    let watch = Stopwatch::start();
    assert_eq!(client.read_to_end(), Ok(Vec::new()));
    let took = watch.elapsed();
    assert!(took >= Duration::from_millis(700) && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_body_that_stops_coming_is_a_408() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    for (head, part) in
        [("Content-Length: 10", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n")]
    {
        let mut client = Client::connect(gateway.web());
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{part}")).unwrap();
        let response = client.read_response("POST").unwrap();
        assert_eq!(
            (response.status, response.reason().as_str()),
            (408, "client_timeout"),
            "{head}"
        );
        assert!(client.ends_within(SOON));
        eventually("the origin is let go", SOON, || (origin.open_connections() == 0).then_some(()));
        assert!(origin.requests().iter().all(|request| !request.complete));
    }
}

#[test]
fn a_body_that_keeps_coming_slowly_is_no_fault() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    let mut client = Client::connect(gateway.web());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n").unwrap();
    for byte in b"01234567" {
        // Eight times a quarter of a second: longer than the limit in all, never between two.
        assert!(client.is_silent_for(Duration::from_millis(250)));
        client.send([*byte]).unwrap();
    }
    assert_eq!(client.read_response("POST").unwrap().status, 200);
    assert_eq!(origin.only().body, b"01234567");
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n");
        let piece = vec![b'x'; 64 << 10];
        while exchange.wire().send(&piece).is_ok() {}
        exchange.close();
    });
    let gateway = hasty(&origin);
    let mut client = Client::connect_narrow(gateway.web());
    client.send(request("GET", "a", "/", &[])).unwrap();
    eventually("the origin has been asked", SOON, || (origin.count() == 1).then_some(()));
    eventually("the origin is let go", SOON, || (origin.open_connections() == 0).then_some(()));
    let answer = client.read_response("GET");
    assert!(super::is_cut(&answer), "{:?}", answer.map(|response| response.body.len()));
}

#[test]
fn others_are_served_meanwhile() {
    let origin = Origin::named("a");
    let gateway = hasty(&origin);
    let slow: Vec<_> = (0..100)
        .map(|_| {
            let mut client = Client::connect(gateway.web());
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ").unwrap();
            client
        })
        .collect();
    let watch = Stopwatch::start();
    assert_eq!(get(gateway.web(), "a", "/", &[]).status, 200);
    assert!(watch.elapsed() < Duration::from_secs(1), "{:?}", watch.elapsed());
    drop(slow);
}
