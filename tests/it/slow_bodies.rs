//! Clients that are slow with their bodies, by nature or on purpose: the ones are served, the others
//! hold no place that somebody else needs.

use std::time::Duration;

use architrave_testkit::abuse::{self, RawH2, Verdict, kind};
use architrave_testkit::client::get;
use architrave_testkit::h2_origin::H2Origin;
use architrave_testkit::wait::{Gate, throughout};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, Stopwatch, eventually, heavy};
use serde_json::Value;

/// How many clients mean to hold a place each; the default is 1,024 places.
const SLOW: usize = 1_100;

/// Between two pieces of a body that is slow.
const PAUSE: Duration = Duration::from_millis(100);

fn gateway(origin: &Origin, listener: &str) -> Gateway {
    let config = Config::new()
        .listener("web", &format!("protocol: http\n{listener}"))
        .upstream("origin", &[origin.addr()], "retry: { attempts: 0 }")
        .route("all", "service: origin")
        .access_log("{ stdout: {} }");
    Gateway::start(config)
}

/// Sends `piece` again and again until there is an answer, or it was sent `times`.
fn drip(client: &mut Client, piece: &[u8], times: usize) -> Option<(u16, String)> {
    client.patience(PAUSE);
    for _ in 0..times {
        let _gone = client.send(piece);
        if let Ok(response) = client.read_response("POST") {
            return Some((response.status, response.reason()));
        }
    }
    client.patience(SOON);
    None
}

fn log_line(gateway: &Gateway, status: u64) -> Value {
    gateway.stdout().wait_for("a line", 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        (line["status"] == status).then_some(line)
    })
}

#[test]
fn eleven_hundred_slow_bodies_take_no_place_from_anybody_else() {
    let _turn = heavy::turn();
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    let slow: Vec<_> = (0..SLOW)
        .map(|n| {
            let mut client = Client::connect(gateway.web());
            let (length, start) = match n % 3 {
                0 => ("Content-Length: 1000000", "x"),
                1 => ("Content-Length: 10", "x"),
                _ => ("Transfer-Encoding: chunked", "f4240\r\nx"),
            };
            client.send(format!("POST / HTTP/1.1\r\nHost: h\r\n{length}\r\n\r\n{start}")).unwrap();
            client
        })
        .collect();
    let open =
        || gateway.metrics().sum("architrave_listener_connections_open", &[("listener", "web")]);
    eventually("all are in", SOON, || (open() >= SLOW as f64).then_some(()));
    for _ in 0..100 {
        let watch = Stopwatch::start();
        assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
        assert!(watch.elapsed() < Duration::from_secs(1), "after {:?}", watch.elapsed());
    }
    assert!(origin.count() <= 1 + 100 + 512, "half of the places: {}", origin.count());
    // A body that is slow and means it is served, though half of the places are taken.
    let mut honest = Client::connect(gateway.web());
    honest.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n").unwrap();
    assert_eq!(drip(&mut honest, b"xxxx", 1), None);
    honest.send("yyyy").unwrap();
    assert_eq!(honest.read_response("POST").unwrap().status, 200);
    eventually("they are turned away", Duration::from_secs(60), || (open() < 10.0).then_some(()));
    drop(slow);
}

#[test]
fn a_body_that_drips_is_a_408() {
    let origin = Origin::named("a");
    let gateway = gateway(&origin, "limits: { body_rate: 1KiB }\ntimeouts: { body_grace: 500ms }");
    for (length, piece) in
        [("Content-Length: 100000", "x"), ("Transfer-Encoding: chunked", "1\r\nx\r\n")]
    {
        let mut client = Client::connect(gateway.web());
        client.send(format!("POST / HTTP/1.1\r\nHost: h\r\n{length}\r\n\r\n{piece}")).unwrap();
        let watch = Stopwatch::start();
        let answer = drip(&mut client, piece.as_bytes(), 300);
        assert_eq!(answer, Some((408, "client_timeout".to_owned())), "{length}");
        assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
        eventually("the origin is let go", SOON, || (origin.open_connections() == 0).then_some(()));
    }
    let line = log_line(&gateway, 408);
    assert_eq!(line["termination"], "client@request_body", "{line}");
    assert_eq!(line["reason"], "client_timeout", "{line}");
    let detail = line["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("least rate"), "{line}");
    let counted =
        gateway.metrics().sum("architrave_request_failures_total", &[("reason", "client_timeout")]);
    assert!((counted - 2.0).abs() < 0.5, "{counted}");
}

#[test]
fn a_stream_that_drips_is_a_408() {
    let origin = Origin::named("a");
    let gateway = gateway(&origin, "limits: { body_rate: 1KiB }\ntimeouts: { body_grace: 500ms }");
    let mut raw = RawH2::connect(gateway.web());
    let fields = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")];
    raw.send(kind::HEADERS, abuse::END_HEADERS, 1, &abuse::block(&fields)).unwrap();
    raw.client().patience(PAUSE);
    let watch = Stopwatch::start();
    eventually("an answer to a dripping stream", SOON, || {
        let _gone = raw.send(kind::DATA, 0, 1, b"x");
        raw.read().ok().filter(|frame| frame.kind == kind::HEADERS)
    });
    let line = log_line(&gateway, 408);
    assert_eq!(line["termination"], "client@request_body", "{line}");
    assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
}

#[test]
fn a_stream_that_waits_for_its_turn_excuses_none_that_drips_beside_it() {
    let (busy, origin) = (Origin::stalled(), Origin::named("a"));
    let listener = "protocol: http\nlimits: { body_rate: 1KiB }\ntimeouts: { body_grace: 500ms }";
    let alone = "retry: { attempts: 0 }\nlimits: { requests_per_endpoint: 1 }\n\
                 timeouts: { connect: 60s }";
    let config = Config::new()
        .listener("web", listener)
        .upstream("busy", &[busy.addr()], alone)
        .upstream("origin", &[origin.addr()], "retry: { attempts: 0 }")
        .route("busy", "service: busy\nmatch: [{ path: { prefix: /busy } }]")
        .route("all", "service: origin")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let mut inside = Client::connect(gateway.web());
    inside.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    eventually("the place is taken", SOON, || (busy.count() == 1).then_some(()));
    let mut raw = RawH2::connect(gateway.web());
    let fields =
        |path| [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "h")];
    // So much of it is there that it waits for the place, and nobody takes it meanwhile.
    raw.send(kind::HEADERS, abuse::END_HEADERS, 1, &abuse::block(&fields("/busy"))).unwrap();
    for _ in 0..2 {
        raw.send(kind::DATA, 0, 1, &[b'x'; 16 * 1024]).unwrap();
    }
    raw.send(kind::HEADERS, abuse::END_HEADERS, 3, &abuse::block(&fields("/"))).unwrap();
    raw.client().patience(PAUSE);
    let watch = Stopwatch::start();
    eventually("an answer to the dripping stream", SOON, || {
        let _gone = raw.send(kind::DATA, 0, 3, b"x");
        raw.read().ok().filter(|frame| frame.kind == kind::HEADERS && frame.stream == 3)
    });
    let line = log_line(&gateway, 408);
    assert_eq!(line["path"], "/", "{line}");
    assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
    assert_eq!(busy.count(), 1, "the other has waited all the while");
}

#[test]
fn a_slow_body_that_keeps_to_the_least_rate_is_served() {
    let origin = Origin::named("a");
    let gateway = gateway(&origin, "limits: { body_rate: 1KiB }\ntimeouts: { body_grace: 500ms }");
    let mut client = Client::connect(gateway.web());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8192\r\n\r\n").unwrap();
    // Two KiB a second, for four times as long as the grace.
    for _ in 0..20 {
        assert_eq!(drip(&mut client, &[b'x'; 204], 1), None);
    }
    client.send([b'x'; 8192 - 20 * 204]).unwrap();
    assert_eq!(client.read_response("POST").unwrap().status, 200);
    assert_eq!(origin.only().body.len(), 8192);
}

#[test]
fn who_sends_as_fast_as_is_taken_is_not_blamed_for_a_slow_endpoint() {
    let gate = Gate::new();
    let wait = gate.clone();
    let origin = Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "taken");
    });
    let gateway = gateway(&origin, "limits: { body_rate: 1GiB }\ntimeouts: { body_grace: 1500ms }");
    let sending = {
        let mut client = Client::connect(gateway.web());
        std::thread::spawn(move || {
            let head =
                format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", 32 << 20);
            client
                .send(head)
                .and_then(|()| client.send(vec![b'x'; 32 << 20]))
                .expect("it is taken");
            client.read_response("POST").expect("an answer").status
        })
    };
    eventually("the origin has been asked", SOON, || (origin.count() == 1).then_some(()));
    // Longer than the grace, and nobody reads meanwhile.
    throughout("it is borne", Duration::from_secs(3), || origin.open_connections() == 1);
    gate.open();
    assert_eq!(sending.join().expect("the client is served"), 200);
}

#[test]
fn calls_of_grpc_may_be_silent_before_either_has_said_anything() {
    let origin = H2Origin::start_listening_first();
    let config = Config::new()
        .listener(
            "web",
            "protocol: http\nlimits: { body_rate: 1MiB }\ntimeouts: { body_grace: 200ms }",
        )
        .upstream("origin", &[origin.addr()], "protocol: h2c")
        .route("all", "service: origin")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let ask = |content_type: &str| {
        let mut raw = RawH2::connect(gateway.web());
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/test.Echo/Talk"),
            (":authority", "h"),
            ("content-type", content_type),
        ];
        raw.send(kind::HEADERS, abuse::END_HEADERS, 1, &abuse::block(&fields)).unwrap();
        raw.send(kind::DATA, 0, 1, b"hello").unwrap();
        throughout("it says nothing more", Duration::from_secs(1), || origin.requests().is_empty());
        let _gone = raw.send(kind::DATA, abuse::END_STREAM, 1, b"goodbye");
        raw.verdict(1)
    };
    let other = ask("application/octet-stream");
    assert_eq!(other, Verdict::Answered(408), "anything else has to keep to the rate");
    assert_eq!(ask("application/grpc+proto"), Verdict::Answered(200));
}

#[test]
fn who_waits_for_leave_is_not_slow() {
    let origin = Origin::start(|exchange| {
        std::thread::sleep(Duration::from_secs(1));
        exchange.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = exchange.read_body();
        exchange.reply(200, &[], body);
    });
    let gateway = gateway(&origin, "limits: { body_rate: 1KiB }\ntimeouts: { body_grace: 200ms }");
    let mut client = Client::connect(gateway.web());
    let expecting =
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    client.send(expecting).unwrap();
    let interim = client.read_head().unwrap().expect("an interim response");
    assert_eq!(interim.status(), 100);
    client.send("abc").unwrap();
    assert_eq!(client.read_response("POST").unwrap().text(), "abc");
}

#[test]
fn a_body_that_is_waited_for_goes_to_the_endpoint_whole_and_once() {
    let origin = Origin::start(|exchange| {
        let body = exchange.read_body();
        exchange.reply(200, &[], body);
    });
    // One place, and so one that bodies to come may take.
    let config = Config::balanced(&[origin.addr()], "limits: { connections: 2, pending: 8 }");
    let gateway = Gateway::start(config);
    let mut first = Client::connect(gateway.web());
    first.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc").unwrap();
    eventually("the first is on its way", SOON, || (origin.count() == 1).then_some(()));
    for (n, body) in [vec![b'y'; 10], vec![b'z'; 40_000]].into_iter().enumerate() {
        let mut client = Client::connect(gateway.web());
        let head =
            format!("PUT /{n} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
        client.send(head).unwrap();
        client.send(&body[..5]).unwrap();
        assert!(client.is_silent_for(PAUSE));
        assert_eq!(origin.count(), 1 + n, "it has not been asked before the body is there");
        client.send(&body[5..]).unwrap();
        assert_eq!(client.read_response("PUT").unwrap().body, body);
    }
    let mut waiting = Client::connect(gateway.web());
    let chunked =
        "POST /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    waiting.send(chunked).unwrap();
    let leave = waiting.read_head().unwrap().expect("leave is given where no endpoint can");
    assert_eq!(leave.status(), 100);
    waiting.send("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n").unwrap();
    assert_eq!(waiting.read_response("POST").unwrap().text(), "abc");
    first.send("def").unwrap();
    assert_eq!(first.read_response("POST").unwrap().text(), "abcdef");
}
