//! Whose word about the client is taken, and what operators may make of it.

use architrave_testkit::client::get;
use architrave_testkit::{Client, Config, Gateway, Origin, Request, Response};

fn gateway(origin: &Origin, listener: &str, route: &str) -> Gateway {
    let config = Config::new()
        .listener("web", &format!("protocol: http\n{listener}"))
        .upstream("origin", &[origin.addr()], "persistence: { cookie: { name: stay, ttl: 1h } }")
        .route("all", &format!("service: origin\n{route}"));
    Gateway::start(config)
}

/// What a client says through a balancer that writes a PROXY header and reads no fields.
fn behind_a_balancer(header: &str) -> Request {
    let origin = Origin::named("a");
    let listener = "proxy_protocol: required\ntrusted_proxies: [127.0.0.0/8, 192.0.2.8/32]";
    let gateway = gateway(&origin, listener, "");
    let mut client = Client::connect(gateway.web());
    client.send(header).expect("the header is sent");
    let fields = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Real-IP: 6.6.6.6"];
    assert_eq!(client.get("h", "/", &fields).status, 200);
    origin.only()
}

#[test]
fn a_proxy_header_makes_nobody_trusted_but_whom_it_names() {
    let stranger = behind_a_balancer("PROXY TCP4 203.0.113.9 198.51.100.1 5000 80\r\n");
    assert_eq!(stranger.head.all("x-forwarded-for"), ["203.0.113.9"]);
    assert_eq!(stranger.head.all("x-forwarded-proto"), ["http"]);
    assert_eq!(stranger.get("x-real-ip"), None);
    let nobody = behind_a_balancer("PROXY UNKNOWN\r\n");
    assert_eq!(nobody.head.all("x-forwarded-for"), ["127.0.0.1"]);
    let proxy = behind_a_balancer("PROXY TCP4 192.0.2.8 198.51.100.1 5000 80\r\n");
    assert_eq!(proxy.head.all("x-forwarded-for"), ["6.6.6.6, 192.0.2.8"]);
    assert_eq!(proxy.head.all("x-forwarded-proto"), ["https"]);
}

#[test]
fn operators_edits_of_what_origins_are_told_win() {
    let origin = Origin::named("a");
    let edits = "policies: { headers: { request: { set: { x-forwarded-proto: wss, x-real-ip: 1.2.3.4, x-request-id: fixed }, remove: [forwarded, traceparent] } } }";
    let gateway = gateway(&origin, "", edits);
    get(gateway.web(), "shop.example", "/", &["X-Real-IP: 6.6.6.6"]);
    let request = origin.only();
    assert_eq!(request.head.all("x-forwarded-proto"), ["wss"]);
    assert_eq!(request.head.all("x-real-ip"), ["1.2.3.4"]);
    assert_eq!(request.head.all("x-request-id"), ["fixed"]);
    assert_eq!((request.get("forwarded"), request.get("traceparent")), (None, None));
    assert_eq!(request.get("x-forwarded-host"), Some("shop.example"));
}

#[test]
fn the_host_is_told_as_the_client_named_it() {
    let origin = Origin::named("a");
    let gateway = gateway(&origin, "", "policies: { rewrite: { host: inner } }");
    get(gateway.web(), "Shop.Example:80", "/", &[]);
    assert_eq!(origin.only().get("x-forwarded-host"), Some("Shop.Example:80"));
}

#[test]
fn strangers_choose_no_route_by_what_only_proxies_say() {
    let origin = Origin::named("a");
    let condition = "match: [{ headers: { x-forwarded-proto: { exact: https } } }]";
    let gateway = gateway(&origin, "", condition);
    let response = get(gateway.web(), "h", "/", &["X-Forwarded-Proto: https"]);
    assert_eq!(response.status, 404);
}

fn to_https(trusted: &str, fields: &[&str]) -> Response {
    let origin = Origin::named("a");
    let listener = format!("trusted_proxies: [{trusted}]");
    let gateway = gateway(&origin, &listener, "policies: { redirect: { scheme: https } }");
    get(gateway.web(), "h", "/", fields)
}

#[test]
fn behind_a_proxy_that_ends_tls_a_request_is_taken_for_secure() {
    let said = ["X-Forwarded-Proto: https"];
    let secure = to_https("127.0.0.0/8", &said);
    assert_eq!(secure.status, 200, "no redirect to where the client already is");
    let cookie = secure.get("set-cookie").expect("persistence sets a cookie");
    assert!(cookie.contains("Secure"), "{cookie}");
    assert_eq!(to_https("127.0.0.0/8", &["X-Forwarded-Proto: http"]).status, 308);
    assert_eq!(to_https("10.0.0.0/8", &said).status, 308, "a stranger is not believed");
}

/// What the origin is told, and who may pass a filter on 203.0.113.7, of a request through a proxy.
fn through_a_proxy(fields: &[&str]) -> (Response, Option<Request>) {
    let origin = Origin::named("a");
    let filter = "policies: { ip_filter: { allow: [203.0.113.7/32] } }";
    let gateway = gateway(&origin, "trusted_proxies: [127.0.0.0/8]", filter);
    let response = get(gateway.web(), "h", "/", fields);
    let request = origin.requests().pop();
    (response, request)
}

#[test]
fn a_proxy_that_speaks_the_standard_is_understood() {
    let said = "Forwarded: for=6.6.6.6;proto=http, for=\"203.0.113.7:5000\";proto=https;host=bank";
    let (response, request) = through_a_proxy(&[said]);
    assert_eq!(response.status, 200);
    let cookie = response.get("set-cookie").expect("persistence sets a cookie");
    assert!(cookie.contains("Secure"), "{cookie}");
    let request = request.expect("it is passed on");
    assert_eq!(request.head.all("x-forwarded-for"), ["6.6.6.6, 203.0.113.7, 127.0.0.1"]);
    assert_eq!(request.head.all("x-forwarded-proto"), ["https"]);
    assert_eq!(request.head.all("x-forwarded-host"), ["bank"]);
    let forwarded = request.head.all("forwarded").join(", ");
    assert!(forwarded.starts_with("for=6.6.6.6") && forwarded.contains("for=127.0.0.1;host=h"));
}

#[test]
fn a_proxy_that_speaks_only_the_older_fields_is_continued_in_both() {
    let origin = Origin::named("a");
    let gateway = gateway(&origin, "trusted_proxies: [127.0.0.0/8]", "");
    let told = |fields: &[&str]| {
        origin.forget();
        assert_eq!(get(gateway.web(), "h", "/", fields).status, 200);
        let request = origin.only();
        let joined = |name: &str| request.head.all(name).join(", ");
        (joined("x-forwarded-for"), joined("forwarded"))
    };
    let older = ["X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-Proto: https"];
    let (chain, elements) = told(&older);
    assert_eq!(chain, "6.6.6.6, 203.0.113.7, 127.0.0.1");
    let ours = "for=127.0.0.1;host=h;proto=https";
    assert_eq!(elements, format!("for=6.6.6.6, for=203.0.113.7;proto=https, {ours}"));
    // What a client slipped past such a proxy is not what the origin is told.
    let (_, elements) =
        told(&["X-Forwarded-For: 203.0.113.7", "Forwarded: for=10.0.0.1;proto=https"]);
    assert_eq!(elements, "for=203.0.113.7, for=127.0.0.1;host=h;proto=http");
    let (chain, elements) = told(&["Forwarded: for=203.0.113.7;by=_gate"]);
    assert_eq!(chain, "203.0.113.7, 127.0.0.1");
    assert!(elements.starts_with("for=203.0.113.7;by=_gate, for=127.0.0.1"), "{elements}");
    let (chain, elements) = told(&["Forwarded: for=203.0.113.7;x=\""]);
    assert_eq!(
        (chain.as_str(), elements.as_str()),
        ("127.0.0.1", "for=127.0.0.1;host=h;proto=http")
    );
}

#[test]
fn what_passed_a_proxy_unread_is_not_believed() {
    // Proxies that know only the older fields append to those, and pass the standard one on.
    let spoofed = ["X-Forwarded-For: 6.6.6.6", "Forwarded: for=203.0.113.7;proto=https"];
    assert_eq!(through_a_proxy(&spoofed).0.status, 403);
    let broken = ["Forwarded: for=203.0.113.7;x=\", for=\"[2001:db8::1]\""];
    assert_eq!(through_a_proxy(&broken).0.status, 403);
}

#[test]
fn strangers_who_speak_the_standard_are_not_believed() {
    let said = ["Forwarded: for=6.6.6.6;proto=https"];
    assert_eq!(to_https("10.0.0.0/8", &said).status, 308);
    assert_eq!(to_https("127.0.0.0/8", &said).status, 200);
}
