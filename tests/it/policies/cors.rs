//! `cors`: what browsers of other origins may do.

use architrave_testkit::client::request;
use architrave_testkit::{Client, Config, Gateway, Origin, Response};

use super::guarded;

const POLICY: &str = "cors: { origins: [\"https://shop.example\", \"https://*.partner.example\"], \
    methods: [GET, PUT], headers: [content-type, x-token], expose: [x-total], max_age: 10m }";

fn preflight(gateway: &Gateway, from: &str, method: &str, headers: &str) -> Response {
    let fields = [
        format!("Origin: {from}"),
        format!("Access-Control-Request-Method: {method}"),
        format!("Access-Control-Request-Headers: {headers}"),
    ];
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    Client::connect(gateway.web()).ask(request("OPTIONS", "api.example", "/", &fields))
}

fn list(response: &Response, name: &str) -> Vec<String> {
    let mut values: Vec<_> = response
        .get(name)
        .unwrap_or_default()
        .split(',')
        .map(|v| v.trim().to_lowercase())
        .collect();
    values.sort_unstable();
    values
}

#[test]
fn a_preflight_is_answered_by_the_gateway() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, &format!("key_auth: {{}}, {POLICY}"));
    let response = preflight(&gateway, "https://shop.example", "PUT", "content-type,x-token");
    assert!(matches!(response.status, 200 | 204), "{response:?}");
    assert_eq!(response.get("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(list(&response, "access-control-allow-methods"), ["get", "put"]);
    assert_eq!(list(&response, "access-control-allow-headers"), ["content-type", "x-token"]);
    assert_eq!(response.get("access-control-max-age"), Some("600"));
    assert_eq!(response.head.all("access-control-allow-credentials"), [""; 0]);
    assert!(list(&response, "vary").contains(&"origin".to_owned()), "{response:?}");
    assert_eq!(origin.count(), 0, "neither the key is asked for nor the origin");
}

#[test]
fn a_preflight_is_for_the_route_of_the_request_to_come() {
    let origin = Origin::named("a");
    let config = Config::new().web().upstream("origin", &[origin.addr()], "").route(
        "all",
        &format!(
            "match: [{{ headers: {{ x-token: {{ exact: acme }}, x-old: {{ present: false }} }}, \
             cookies: {{ cohort: {{ exact: b }} }} }}]\nservice: origin\npolicies: {{ {POLICY} }}"
        ),
    );
    let gateway = Gateway::start(config);
    let from = "https://shop.example";
    let response = preflight(&gateway, from, "PUT", "content-type, X-Token");
    assert!(matches!(response.status, 200 | 204), "{response:?}");
    assert_eq!(response.get("access-control-allow-origin"), Some(from));
    assert_eq!(preflight(&gateway, from, "PUT", "content-type").status, 404, "no token will come");
    assert_eq!(preflight(&gateway, from, "PUT", "x-token, x-old").status, 404, "the old will");
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_stranger_gets_no_leave() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, POLICY);
    for from in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "https://partner.example",
        "https://evil.example/.partner.example",
        "null",
    ] {
        let response = preflight(&gateway, from, "GET", "");
        assert_eq!(response.head.all("access-control-allow-origin"), [""; 0], "{from}");
        let field = format!("Origin: {from}");
        let response = Client::connect(gateway.web()).get("api.example", "/", &[&field]);
        assert_eq!(response.head.all("access-control-allow-origin"), [""; 0], "{from}");
    }
    let response = preflight(&gateway, "https://a.partner.example", "GET", "");
    assert_eq!(response.get("access-control-allow-origin"), Some("https://a.partner.example"));
}

#[test]
fn an_answer_says_who_may_read_it() {
    let origin = Origin::start(|exchange| {
        let fields =
            [("Access-Control-Allow-Origin", "*"), ("Vary", "Accept-Encoding"), ("X-Total", "1")];
        exchange.reply(200, &fields, "");
    });
    let gateway = guarded(&origin, POLICY);
    let response =
        Client::connect(gateway.web()).get("api.example", "/", &["Origin: https://shop.example"]);
    assert_eq!(response.get("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(response.get("access-control-expose-headers"), Some("x-total"));
    let vary = response.head.all("vary").join(",").to_lowercase();
    assert!(vary.contains("origin") && vary.contains("accept-encoding"), "{vary}");
}

#[test]
fn credentials_are_allowed_when_the_file_says_so() {
    let origin = Origin::named("a");
    let gateway =
        guarded(&origin, "cors: { origins: [\"https://shop.example\"], credentials: true }");
    let response =
        Client::connect(gateway.web()).get("api.example", "/", &["Origin: https://shop.example"]);
    assert_eq!(response.get("access-control-allow-credentials"), Some("true"));
    assert_eq!(response.get("access-control-allow-origin"), Some("https://shop.example"));
}

#[test]
fn options_that_are_no_preflight_go_to_the_origin() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, POLICY);
    let response = Client::connect(gateway.web()).ask(request("OPTIONS", "api.example", "/", &[]));
    assert_eq!(response.text(), "a");
}
