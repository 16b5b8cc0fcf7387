//! Requests that are too large: refused with the status that says so, at the limits of the file.

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON};

fn limited(listener: &str) -> (Gateway, Origin) {
    let origin = Origin::named("a");
    let config = Config::new()
        .listener("web", &format!("protocol: http\n{listener}"))
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin");
    (Gateway::start(config), origin)
}

#[track_caller]
fn refused(gateway: &Gateway, origin: &Origin, bytes: &[u8], status: u16, reason: &str) {
    let mut client = Client::connect(gateway.web());
    let _ = client.send(bytes);
    let response = client.read_response("GET").expect("an answer");
    assert_eq!((response.status, response.reason().as_str()), (status, reason));
    assert!(client.ends_within(SOON), "the connection stays open");
    assert_eq!(origin.count(), 0);
}

#[test]
fn heads_are_bounded_in_bytes() {
    let (gateway, origin) = limited("");
    let fields: Vec<String> = (0..9).map(|n| format!("X-{n}: {}", "v".repeat(8_000))).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    refused(&gateway, &origin, &request("GET", "a", "/", &fields), 431, "head_too_large");
    let one = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "v".repeat(70 << 10));
    refused(&gateway, &origin, one.as_bytes(), 431, "head_too_large");
    // Without an end in sight, too.
    let endless = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "v".repeat(200 << 10));
    refused(&gateway, &origin, endless.as_bytes(), 431, "head_too_large");
    assert_eq!(get(gateway.web(), "a", "/", &fields[..7]).status, 200);
}

#[test]
fn heads_are_bounded_in_fields() {
    let (gateway, origin) = limited("");
    let fields: Vec<String> = (0..101).map(|n| format!("X-{n}: v")).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    refused(&gateway, &origin, &request("GET", "a", "/", &fields), 431, "head_too_large");
    assert_eq!(get(gateway.web(), "a", "/", &fields[..99]).status, 200);
}

#[test]
fn targets_are_bounded() {
    let (gateway, origin) = limited("");
    let long = format!("/{}", "a".repeat(8 << 10));
    refused(&gateway, &origin, &request("GET", "a", &long, &[]), 414, "uri_too_long");
    let longer = format!("/?{}", "a".repeat(60 << 10));
    refused(&gateway, &origin, &request("GET", "a", &longer, &[]), 414, "uri_too_long");
    assert_eq!(get(gateway.web(), "a", &long[..8_000], &[]).status, 200);
}

#[test]
fn who_sends_the_whole_of_a_refused_body_before_it_reads_is_told_why() {
    let origin = Origin::named("a");
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin\npolicies: { body_limit: { request: 1KiB } }");
    let gateway = Gateway::start(config);
    let body = vec![b'x'; 24 << 20];
    let mut client = Client::connect(gateway.web());
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    client.send(head).expect("sent");
    client.send(&body).expect("what is refused is listened to all the same");
    let response = client.read_response("POST").expect("an answer");
    assert_eq!((response.status, response.reason().as_str()), (413, "body_too_large"));
    assert!(client.ends_within(SOON), "the connection stays open");
    assert_eq!(origin.count(), 0);
}

#[test]
fn limits_of_the_file_are_obeyed() {
    let (gateway, origin) = limited("limits: { head: 1KiB, headers: 5, uri: 64B }");
    let large = format!("X: {}", "v".repeat(1_000));
    refused(&gateway, &origin, &request("GET", "a", "/", &[&large]), 431, "head_too_large");
    let many = ["A: 1", "B: 1", "C: 1", "D: 1", "E: 1"];
    refused(&gateway, &origin, &request("GET", "a", "/", &many), 431, "head_too_large");
    let long = format!("/{}", "a".repeat(64));
    refused(&gateway, &origin, &request("GET", "a", &long, &[]), 414, "uri_too_long");
    assert_eq!(get(gateway.web(), "a", &long[..64], &many[..4]).status, 200);
}

#[test]
fn bodies_are_bounded_where_a_policy_says_so() {
    let origin = Origin::named("a");
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin\npolicies: { body_limit: { request: 1KiB } }");
    let gateway = Gateway::start(config);
    let at = |length: usize| {
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}",
            "x".repeat(length)
        )
    };
    assert_eq!(Client::connect(gateway.web()).ask(at(1_024)).status, 200);
    let response = Client::connect(gateway.web()).ask(at(1_025));
    assert_eq!((response.status, response.reason().as_str()), (413, "body_too_large"));
    // Said before the body is sent, where the head already tells.
    let mut client = Client::connect(gateway.web());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n").unwrap();
    assert_eq!(client.read_response("POST").unwrap().status, 413);
    let chunks = "100\r\n".to_owned() + &"x".repeat(256) + "\r\n";
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let fits = format!("{head}{}0\r\n\r\n", chunks.repeat(4));
    assert_eq!(Client::connect(gateway.web()).ask(fits).status, 200);
    origin.forget();
    let over = format!("{head}{}0\r\n\r\n", chunks.repeat(5));
    assert_eq!(Client::connect(gateway.web()).ask(over).status, 413);
    assert!(origin.requests().iter().all(|request| !request.complete), "{:?}", origin.requests());
}

#[test]
fn connections_are_bounded() {
    let (gateway, _origin) = limited("limits: { connections: 10 }");
    let mut inside: Vec<_> = (0..10).map(|_| Client::connect(gateway.web())).collect();
    for client in &mut inside {
        assert_eq!(client.get("a", "/", &[]).status, 200);
    }
    let mut outside = Client::connect(gateway.web());
    let answer = outside.try_ask(request("GET", "a", "/", &[]));
    let refused = answer.as_ref().is_ok_and(|response| response.status == 503);
    assert!(refused || super::is_cut(&answer), "{answer:?}");
    drop(inside.pop());
    architrave_testkit::eventually("a place is free again", SOON, || {
        let mut client = Client::connect(gateway.web());
        let answer = client.try_ask(request("GET", "a", "/", &["Connection: close"]));
        answer.is_ok_and(|response| response.status == 200).then_some(())
    });
    for client in &mut inside {
        assert_eq!(client.get("a", "/", &[]).status, 200, "those inside are served all along");
    }
}
