//! Which certificate is presented, to whom, and when it changes.

use std::time::Duration;

use architrave_testkit::client::request;
use architrave_testkit::h2_client::{H2Client, H2Request};
use architrave_testkit::python::{self, PythonOrigin};
use architrave_testkit::wait::throughout;
use architrave_testkit::{Client, Config, Gateway, Origin, Reloaded, SOON, eventually};

use super::{Trust, https};

/// The certificate that is presented for a name.
fn presented(gateway: &Gateway, trust: &Trust, name: &str) -> Vec<u8> {
    let config = trust.authority.client(&[]);
    let (_, facts) = Client::connect_tls(gateway.web(), name, config)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    facts.leaf
}

#[test]
fn the_certificate_is_chosen_by_the_name_asked_for() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, first) = trust.entry("one", &["one.example", "127.0.0.1"]);
    let (two, second) = trust.entry("two", &["two.example", "*.two.example"]);
    let gateway = Gateway::start(https(&[&one, &two], "", &origin));
    assert_eq!(presented(&gateway, &trust, "one.example"), first.der);
    assert_eq!(presented(&gateway, &trust, "two.example"), second.der);
    assert_eq!(presented(&gateway, &trust, "x.two.example"), second.der);
    assert_eq!(presented(&gateway, &trust, "TWO.example"), second.der);
    assert_eq!(presented(&gateway, &trust, "127.0.0.1"), first.der, "without a name, the first");
    // A name nobody has gets the first, and the client refuses it.
    let config = trust.authority.client(&[]);
    assert!(Client::connect_tls(gateway.web(), "three.example", config).is_err());
}

#[test]
fn requests_over_tls_are_served_and_said_to_be() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, _) = trust.entry("one", &["one.example"]);
    let gateway = Gateway::start(https(&[&one], "", &origin));
    let config = trust.authority.client(&["http/1.1"]);
    let (mut client, facts) = Client::connect_tls(gateway.web(), "one.example", config).unwrap();
    assert_eq!(facts.alpn.as_deref(), Some(&b"http/1.1"[..]));
    for _ in 0..3 {
        assert_eq!(client.get("one.example", "/", &[]).text(), "a");
    }
    let seen = origin.last();
    assert_eq!(seen.get("x-forwarded-proto"), Some("https"));
    assert!(seen.get("forwarded").is_some_and(|value| value.contains("proto=https")));
}

#[test]
fn http_2_is_agreed_on_where_it_is_offered() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, _) = trust.entry("one", &["one.example"]);
    let gateway = Gateway::start(https(&[&one], "", &origin));
    let config = trust.authority.client(&["h2", "http/1.1"]);
    let client = H2Client::connect_tls(gateway.web(), "one.example", config).unwrap();
    let requests = (0..50).map(|n| H2Request::get(&format!("https://one.example/{n}"))).collect();
    assert!(client.ask_all(requests).into_iter().all(|r| r.is_ok_and(|r| r.text() == "a")));
    assert_eq!(origin.last().get("x-forwarded-proto"), Some("https"));
    let config = trust.authority.client(&[]);
    let (mut client, facts) = Client::connect_tls(gateway.web(), "one.example", config).unwrap();
    assert_eq!(facts.alpn, None);
    assert_eq!(
        client.get("one.example", "/", &[]).status,
        200,
        "HTTP/1.1 where nothing is offered"
    );
}

#[test]
fn a_certificate_that_changes_on_disk_changes_for_new_connections() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, old) = trust.entry("one", &["one.example"]);
    let gateway = Gateway::start(https(&[&one], "", &origin));
    let config = trust.authority.client(&[]);
    let (mut open, _) = Client::connect_tls(gateway.web(), "one.example", config).unwrap();
    assert_eq!(open.get("one.example", "/", &[]).status, 200);
    let (_, new) = trust.entry("one", &["one.example"]);
    assert_ne!(old.der, new.der);
    eventually("the new certificate is presented", SOON * 2, || {
        (presented(&gateway, &trust, "one.example") == new.der).then_some(())
    });
    assert_eq!(open.get("one.example", "/", &[]).status, 200, "open connections live on");
}

#[test]
fn a_certificate_that_cannot_be_read_changes_nothing() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, old) = trust.entry("one", &["one.example"]);
    let config = https(&[&one], "", &origin);
    let gateway = Gateway::start(&config);
    std::fs::write(trust.path().join("one.pem"), "-----BEGIN CERTIFICATE-----\nnonsense\n")
        .unwrap();
    assert!(matches!(gateway.reload(&config), Reloaded::Refused(_)));
    throughout("the old certificate is presented", Duration::from_secs(1), || {
        presented(&gateway, &trust, "one.example") == old.der
    });
}

#[test]
fn a_host_that_does_not_belong_to_the_certificate_is_a_421() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, _) = trust.entry("one", &["one.example", "also-one.example"]);
    let (two, _) = trust.entry("two", &["two.example"]);
    let gateway = Gateway::start(https(&[&one, &two], "", &origin));
    let config = trust.authority.client(&[]);
    let (mut client, _) = Client::connect_tls(gateway.web(), "one.example", config).unwrap();
    assert_eq!(client.get("one.example", "/", &[]).status, 200);
    assert_eq!(client.get("also-one.example", "/", &[]).status, 200, "one certificate, two names");
    let response = client.get("two.example", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (421, "misdirected"));
    assert_eq!(response.get("connection"), Some("close"), "as it happens then");
    assert!(client.ends_within(SOON));
    let config = trust.authority.client(&["h2"]);
    let client = H2Client::connect_tls(gateway.web(), "one.example", config).unwrap();
    assert_eq!(client.get("https://also-one.example/").status, 200);
    assert_eq!(client.get("https://two.example/").status, 421);
    assert_eq!(client.get("https://one.example/").status, 200, "the connection goes on");
}

#[test]
fn what_is_not_tls_is_turned_away() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, _) = trust.entry("one", &["one.example"]);
    let config = https(&[&one], "", &origin);
    let config = config
        .to_string()
        .replace("protocol: https", "protocol: https\n    timeouts: { handshake: 1s }");
    let gateway = Gateway::start(config);
    let mut plain = Client::connect(gateway.web());
    plain.send(request("GET", "one.example", "/", &[])).unwrap();
    let answer = plain.read_response("GET");
    assert!(answer.is_err() || answer.is_ok_and(|response| response.status == 400));
    assert!(plain.ends_within(SOON));
    let mut silent = Client::connect(gateway.web());
    assert!(silent.ends_within(Duration::from_secs(6)), "a handshake that never comes");
    let mut slow = Client::connect(gateway.web());
    slow.send([0x16, 3, 1, 2, 0, 1]).unwrap();
    assert!(slow.ends_within(Duration::from_secs(6)), "a handshake that never ends");
    assert_eq!(origin.count(), 0);
    // The client may see its connection's end before that is counted.
    eventually("all three are counted", SOON, || {
        let name = "architrave_listener_tls_handshake_failures_total";
        (gateway.metrics().sum(name, &[]) >= 3.0).then_some(())
    });
}

#[test]
fn websockets_and_grpc_pass_over_tls() {
    let trust = Trust::new();
    let (one, _) = trust.entry("one", &["one.example", "127.0.0.1"]);
    let (echo, grpc) = (
        PythonOrigin::start("websocket_server.py", &[]),
        PythonOrigin::start("grpc_server.py", &[]),
    );
    let config = Config::new()
        .listener("web", &format!("protocol: https\ntls: {{ certificates: [{one}] }}"))
        .upstream("echo", &[echo.addr()], "")
        .upstream("grpc", &[grpc.addr()], "protocol: h2c")
        .route("echo", "service: echo")
        .route("grpc", "match: [{ path: { prefix: /test.Echo } }]\nservice: grpc");
    let gateway = Gateway::start(config);
    let ca = trust.ca();
    let url = format!("wss://{}/", gateway.web());
    assert_eq!(python::run("websocket_client.py", &[&url, "--ca", &ca]).trim(), "ok");
    let address = gateway.web().to_string();
    let said = python::run("grpc_client.py", &[&address, "--ca", &ca, "--name", "one.example"]);
    assert_eq!(said.trim(), "ok");
}
