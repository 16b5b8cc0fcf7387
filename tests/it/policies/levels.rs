//! Policies of several levels: what all of them must let pass, and where the nearest one wins.

use architrave_testkit::client::get;
use architrave_testkit::{Client, Config, Gateway, Origin};

#[test]
fn limits_and_filters_of_every_level_must_pass() {
    let origin = Origin::named("a");
    let config = Config::new()
        .listener("web", "protocol: http\npolicies: { body_limit: { request: 100B } }")
        .upstream("origin", &[origin.addr()], "")
        .route(
            "small",
            "match: [{ path: { prefix: /small } }]\nservice: origin\npolicies: { body_limit: { request: 10B } }",
        )
        .route(
            "large",
            "match: [{ path: { prefix: /large } }]\nservice: origin\npolicies: { body_limit: { request: 1KiB } }",
        )
        .and("policies: { ip_filter: { deny: [127.0.0.9/32] } }");
    let gateway = Gateway::start(config);
    let post = |path: &str, length: usize| {
        let body = "x".repeat(length);
        let ask =
            format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}");
        Client::connect(gateway.web()).ask(ask).status
    };
    assert_eq!((post("/small", 10), post("/small", 11)), (200, 413));
    assert_eq!((post("/large", 100), post("/large", 101)), (200, 413), "the listener's holds too");
    let response = Client::connect_from([127, 0, 0, 9], gateway.web()).get("h", "/small", &[]);
    assert_eq!(response.status, 403, "and that of all");
}

#[test]
fn of_other_policies_the_nearest_wins() {
    let origin = Origin::named("a");
    let set = |value: &str| {
        format!("policies: {{ headers: {{ request: {{ set: {{ x-level: {value} }} }} }} }}")
    };
    let config = Config::new()
        .listener("web", &format!("protocol: http\n{}", set("listener")))
        .upstream("origin", &[origin.addr()], "")
        .service("near", &format!("http: {{ upstream: origin }}\n{}", set("service")))
        .route(
            "r",
            &format!("match: [{{ path: {{ prefix: /r }} }}]\nservice: near\n{}", set("route")),
        )
        .route("s", "match: [{ path: { prefix: /s } }]\nservice: near")
        .route("l", "match: [{ path: { prefix: /l } }]\nservice: origin")
        .and(&set("all"));
    let gateway = Gateway::start(config);
    for (path, level) in [("/r", "route"), ("/s", "service"), ("/l", "listener")] {
        origin.forget();
        assert_eq!(get(gateway.web(), "h", path, &[]).status, 200);
        assert_eq!(origin.only().get("x-level"), Some(level), "{path}");
    }
}

#[test]
fn a_consumer_is_nearer_than_a_route() {
    let origin = Origin::named("a");
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route(
            "all",
            "service: origin\npolicies: { key_auth: {}, headers: { request: { set: { x-level: route } } } }",
        )
        .consumer(
            "ada",
            "
            credentials: [{ api_key: ada-key-0123456789 }]
            policies: { headers: { request: { set: { x-level: consumer } } } }
            ",
        )
        .consumer("bob", "credentials: [{ api_key: bob-key-0123456789 }]");
    let gateway = Gateway::start(config);
    for (key, level) in [("ada-key-0123456789", "consumer"), ("bob-key-0123456789", "route")] {
        origin.forget();
        let field = format!("X-API-Key: {key}");
        assert_eq!(get(gateway.web(), "h", "/", &[&field]).status, 200);
        assert_eq!(origin.only().get("x-level"), Some(level));
    }
}

#[test]
fn filters_come_before_credentials_and_credentials_before_redirects_of_a_service() {
    let origin = Origin::named("a");
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route(
            "all",
            "service: origin\npolicies: { key_auth: {}, ip_filter: { deny: [127.0.0.0/8] }, body_limit: { request: 1B } }",
        )
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]");
    let gateway = Gateway::start(config);
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (403, "forbidden"));
}
