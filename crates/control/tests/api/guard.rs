//! Who may call: host, origin, peer, token, size.

use architrave_control::BODY_BYTES_MAX;

use crate::gateway::{Gateway, Reply};

const LIST: &str = "/api/v1/upstreams";
const DRAIN: &str = "/api/v1/upstreams/orders/endpoints/127.0.0.1:9001:drain";

fn with_headers(gateway: &Gateway, headers: &[(&str, &str)]) -> Reply {
    gateway.send("GET", LIST, headers, "")
}

#[test]
fn a_name_rebound_to_us_is_refused() {
    let gateway = Gateway::start();
    for host in [
        "attacker.example",
        "attacker.example:9080",
        "127.0.0.1.attacker.example",
        "localhost.attacker.example",
        "attacker@localhost",
        "192.0.2.1:9080",
        "",
        "[::1",
        "2130706433",
    ] {
        let reply = with_headers(&gateway, &[("host", host)]);
        assert_eq!((reply.status(), reply.code().as_str()), (403, "host_not_allowed"), "{host}");
    }
    let probe = gateway.send("GET", "/healthz", &[("host", "attacker.example")], "");
    assert_eq!(probe.code(), "host_not_allowed");
}

#[test]
fn a_second_host_does_not_hide_behind_the_first() {
    let gateway = Gateway::start();
    let hosts = [("host", "localhost"), ("host", "attacker.example")];
    assert_eq!(with_headers(&gateway, &hosts).code(), "host_not_allowed");
    let absolute = gateway.send("GET", "http://attacker.example/api/v1/upstreams", &[], "");
    assert_eq!(absolute.code(), "host_not_allowed");
}

#[test]
fn loopback_and_the_configured_address_are_our_hosts() {
    let gateway = Gateway::with_admin("192.0.2.1:9080", Some("s3cret"));
    for host in
        ["localhost", "LOCALHOST:1", "127.0.0.1:9080", "127.1.2.3", "[::1]:9080", "192.0.2.1:9080"]
    {
        // Without the token, so that the host alone decides: the next check is the one that fails.
        let reply = with_headers(&gateway, &[("host", host)]);
        assert_eq!(reply.code(), "token_missing", "{host}");
    }
    let other = with_headers(&gateway, &[("host", "192.0.2.2:9080")]);
    assert_eq!(other.code(), "host_not_allowed");
}

#[test]
fn on_a_wildcard_address_any_address_is_ours_and_no_name_is() {
    let gateway = Gateway::with_admin("0.0.0.0:9080", Some("s3cret"));
    let probe = |host| gateway.send("GET", "/readyz", &[("host", host)], "").status();
    assert_eq!(probe("192.0.2.7:9080"), 200);
    assert_eq!(probe("gateway.example:9080"), 403);
}

#[test]
fn who_presents_the_token_may_use_any_name() {
    let gateway = Gateway::with_admin("0.0.0.0:9080", Some("s3cret"));
    let host = ("host", "gateway.example:9080");
    let known = with_headers(&gateway, &[host, ("authorization", "Bearer s3cret")]);
    assert_eq!(known.status(), 200);
    let wrong = with_headers(&gateway, &[host, ("authorization", "Bearer guess")]);
    assert_eq!(wrong.code(), "host_not_allowed");
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let gateway = Gateway::start();
    for origin in [
        ("origin", "https://attacker.example"),
        ("origin", "null"),
        ("origin", "http://localhost:3000"),
        ("origin", "localhost:9080"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let reply = gateway.send("POST", DRAIN, &[origin], "");
        assert_eq!(
            (reply.status(), reply.code().as_str()),
            (403, "origin_not_allowed"),
            "{origin:?}"
        );
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
    let upstream = gateway.upstream("orders");
    assert!(upstream.endpoint("127.0.0.1:9001".parse().unwrap()).unwrap().is_available());
}

#[test]
fn our_own_page_may_call() {
    let gateway = Gateway::start();
    let headers = [("origin", "http://localhost:9080"), ("sec-fetch-site", "same-origin")];
    assert_eq!(gateway.send("POST", DRAIN, &headers, "").status(), 200);
}

#[test]
fn no_preflight_is_answered_with_leave() {
    let gateway = Gateway::start();
    let headers =
        [("origin", "http://attacker.example"), ("access-control-request-method", "POST")];
    assert_eq!(gateway.send("OPTIONS", DRAIN, &headers, "").code(), "origin_not_allowed");
}

#[test]
fn with_a_token_everything_but_probes_asks_for_it() {
    let gateway = Gateway::with_admin("127.0.0.1:9080", Some("s3cret"));
    for path in ["/metrics", LIST, "/api/v1/config", "/api/v1/version", "/nothing"] {
        let reply = gateway.get(path);
        assert_eq!((reply.status(), reply.code().as_str()), (401, "token_missing"), "{path}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(gateway.get(path).status(), 200, "{path}");
    }
}

#[test]
fn only_the_whole_token_is_the_token() {
    let gateway = Gateway::with_admin("127.0.0.1:9080", Some("s3cret"));
    for (value, expect) in [
        ("Bearer s3cret", None),
        ("bearer  s3cret", None),
        ("Bearer s3cre", Some("token_invalid")),
        ("Bearer s3crets", Some("token_invalid")),
        ("Bearer ", Some("token_invalid")),
        ("Basic s3cret", Some("token_invalid")),
        ("s3cret", Some("token_missing")),
    ] {
        let reply = with_headers(&gateway, &[("authorization", value)]);
        match expect {
            None => assert_eq!(reply.status(), 200, "{value}"),
            Some(code) => assert_eq!(reply.code(), code, "{value}"),
        }
    }
}

#[test]
fn without_a_token_only_loopback_is_answered() {
    let gateway = Gateway::with_admin("0.0.0.0:9080", None);
    for (peer, status) in [
        ("127.0.0.1", 200),
        ("127.8.8.8", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("192.0.2.1", 403),
        ("2001:db8::1", 403),
    ] {
        let reply = gateway.send_from(peer.parse().unwrap(), "GET", "/healthz", &[], "");
        assert_eq!(reply.status(), status, "{peer}");
    }
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let gateway = Gateway::start();
    let body = "x".repeat(BODY_BYTES_MAX + 1);
    let reply = gateway.post("/api/v1/config:validate", &body);
    assert_eq!((reply.status(), reply.code().as_str()), (413, "body_too_large"));
    let reply = gateway.post("/api/v1/upstreams/orders/endpoints", &" ".repeat(100_000));
    assert_eq!((reply.status(), reply.code().as_str()), (413, "body_too_large"));
}

#[test]
fn every_answer_is_marked_as_not_to_be_kept_or_guessed_at() {
    let gateway = Gateway::start();
    for reply in [gateway.get("/healthz"), gateway.get("/nothing"), gateway.delete(LIST)] {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(reply.header("content-security-policy").is_some());
    }
}
