//! `/api/v1/upstreams` and `/api/v1/upstreams/{name}`.

use std::time::Duration;

use architrave_balance::Outcome;

use crate::gateway::Gateway;

#[test]
fn upstreams_are_listed_by_name_and_endpoints_by_address() {
    insta::assert_snapshot!(Gateway::start().get("/api/v1/upstreams"));
}

#[test]
fn an_upstream_shows_what_its_endpoints_went_through() {
    let gateway = Gateway::start();
    let upstream = gateway.upstream("orders");
    let first = upstream.endpoint("127.0.0.1:9001".parse().unwrap()).unwrap();
    let second = upstream.endpoint("127.0.0.1:9002".parse().unwrap()).unwrap();
    let answered = first.begin(gateway.clock.now());
    let _in_flight = first.begin(gateway.clock.now());
    gateway.clock.advance(Duration::from_millis(25));
    answered.finish(Outcome::Success, gateway.clock.now());
    for _failure in 0..5 {
        second.begin(gateway.clock.now()).finish(Outcome::Failure, gateway.clock.now());
    }
    gateway.clock.advance(Duration::from_secs(10));
    let reply = gateway.get("/api/v1/upstreams/orders");
    let latency = reply.json()["endpoints"][0]["latency_ms"].as_f64().unwrap();
    assert!(latency > 0.0 && latency <= 25.0, "{latency}");
    // How the average moves is for the balancing code to say.
    let shown = reply.to_string();
    let lines = shown.lines().map(|line| match line.split_once("\"latency_ms\": ") {
        Some((indent, value)) if value != "null," => format!("{indent}\"latency_ms\": [number],"),
        _ => line.to_owned(),
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn an_upstream_that_is_not_there_is_not_found() {
    let gateway = Gateway::start();
    insta::assert_snapshot!(gateway.get("/api/v1/upstreams/missing"));
    for name in ["..", "Orders", "orders%00", "%ff", "a%2Fb"] {
        let reply = gateway.get(&format!("/api/v1/upstreams/{name}"));
        assert!([400, 404].contains(&reply.status()), "{name}: {reply}");
        assert!(["upstream_not_found", "path_invalid"].contains(&reply.code().as_str()));
    }
}
