//! What a route does to a request beside sending it on: redirects, rewrites, fields, timeouts.

use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::{Client, Config, Gateway, Origin, Response, Stopwatch};

fn redirected(policy: &str, host: &str, target: &str) -> Response {
    let config = Config::new().web().route("old", &format!("policies: {{ redirect: {policy} }}"));
    get(Gateway::start(config).web(), host, target, &[])
}

#[test]
fn redirects_say_where_to_go() {
    let location = |policy: &str, target: &str, status: u16| {
        let response = redirected(policy, "old.example", target);
        assert_eq!(response.status, status, "{policy}");
        response.get("location").expect("a redirect has a location").to_owned()
    };
    assert_eq!(
        location("{ scheme: https, host: new.example, status: 308 }", "/a/b?c=d&e", 308),
        "https://new.example/a/b?c=d&e"
    );
    assert_eq!(
        location("{ scheme: https, port: 8443, status: 301 }", "/a", 301),
        "https://old.example:8443/a"
    );
    let to_path = location("{ path: /new, status: 302 }", "/old?x=1", 302);
    assert!(to_path.ends_with("/new?x=1"), "{to_path}");
}

#[test]
fn a_redirect_keeps_the_port_only_where_it_still_means_something() {
    let response = redirected("{ scheme: https, status: 308 }", "old.example:8080", "/");
    assert_eq!(response.get("location"), Some("https://old.example/"));
    let response = redirected("{ scheme: https, port: 443, status: 308 }", "old.example", "/");
    assert_eq!(response.get("location"), Some("https://old.example/"));
}

#[test]
fn a_redirect_cannot_be_made_to_lead_elsewhere() {
    for target in
        ["//evil.example/", "/%2f/evil.example", "/\\evil.example", "/a%0d%0aSet-Cookie:x=1"]
    {
        let response = redirected("{ scheme: https, status: 308 }", "old.example", target);
        if response.status == 308 {
            let location = response.get("location").expect("a redirect has a location");
            assert!(location.starts_with("https://old.example/"), "{target}: {location}");
        } else {
            assert_eq!(response.status, 400, "{target}");
        }
        assert_eq!(response.head.all("set-cookie"), [""; 0]);
    }
}

#[test]
fn a_redirect_of_a_request_with_a_body_leaves_the_connection_in_step() {
    let config = Config::new()
        .web()
        .route("old", "policies: { redirect: { host: new.example, status: 308 } }");
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.web());
    let first = client.ask("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /");
    assert_eq!(first.status, 308);
    if !first.head.says_close() {
        let second = client.get("h", "/b", &[]);
        assert_eq!(second.get("location"), Some("http://new.example/b"));
    }
}

fn rewritten(policy: &str, matching: &str, host: &str, target: &str) -> (String, String) {
    let origin = Origin::named("a");
    let more =
        format!("service: origin\nmatch: [{{ {matching} }}]\npolicies: {{ rewrite: {policy} }}");
    let config = Config::new().web().upstream("origin", &[origin.addr()], "").route("all", &more);
    let gateway = Gateway::start(config);
    assert_eq!(get(gateway.web(), host, target, &[]).status, 200);
    let request = origin.only();
    (request.get("host").unwrap_or_default().to_owned(), request.target)
}

#[test]
fn paths_and_hosts_are_rewritten() {
    let check = |policy: &str, target: &str, expected: &str| {
        let (_, seen) = rewritten(policy, "path: { prefix: /api }", "h", target);
        assert_eq!(seen, expected, "{policy} of {target}");
    };
    check("{ strip_prefix: /api }", "/api/users?x=1", "/users?x=1");
    check("{ strip_prefix: /api }", "/api", "/");
    check("{ strip_prefix: /api }", "/api/", "/");
    check("{ strip_prefix: /api }", "/api?x=1", "/?x=1");
    check("{ path: /fixed }", "/api/users?x=1", "/fixed?x=1");
    let rewrite = "{ host: internal.example, strip_prefix: /api }";
    let seen = rewritten(rewrite, "path: { prefix: /api }", "public.example", "/api/x");
    assert_eq!(seen, ("internal.example".to_owned(), "/x".to_owned()));
}

#[test]
fn a_stripped_prefix_leaves_no_second_host() {
    let (_, seen) =
        rewritten("{ strip_prefix: /api }", "path: { prefix: /api }", "h", "/api//evil.example/x");
    assert!(!seen.starts_with("//"), "{seen}");
}

#[test]
fn fields_are_set_added_and_removed() {
    let origin = Origin::start(|exchange| {
        exchange.reply(200, &[("Server", "secret/1.0"), ("X-Keep", "1"), ("X-Many", "1")], "");
    });
    let config = Config::new().web().upstream("origin", &[origin.addr()], "").route(
        "all",
        "
        service: origin
        policies:
          headers:
            request: { set: { x-edge: architrave }, add: { x-tag: two }, remove: [x-debug] }
            response: { set: { x-frame-options: DENY }, add: { x-many: two }, remove: [server] }
        ",
    );
    let gateway = Gateway::start(config);
    let fields = ["X-Edge: forged", "X-Edge: twice", "X-Tag: one", "X-Debug: 1", "x-debug: 2"];
    let response = get(gateway.web(), "h", "/", &fields);
    let request = origin.only();
    assert_eq!(request.get("x-edge"), Some("architrave"));
    assert_eq!(request.head.all("x-tag"), ["one", "two"]);
    assert_eq!(request.head.all("x-debug"), [""; 0]);
    assert_eq!(response.get("x-frame-options"), Some("DENY"));
    assert_eq!(response.head.all("x-many"), ["1", "two"]);
    assert_eq!(response.head.all("server"), [""; 0]);
    assert_eq!(response.get("x-keep"), Some("1"));
}

#[test]
fn a_route_that_takes_too_long_is_a_504() {
    let origin = Origin::stalled();
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "retry: { attempts: 0 }")
        .route("all", "service: origin\ntimeout: 300ms");
    let gateway = Gateway::start(config);
    let watch = Stopwatch::start();
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (504, "response_timeout"));
    let took = watch.elapsed();
    assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_timeout_covers_retries_too() {
    let origin = Origin::stalled();
    let other = Origin::stalled();
    let config = Config::new()
        .web()
        .upstream(
            "origin",
            &[origin.addr(), other.addr()],
            "retry: { attempts: 5, per_try_timeout: 200ms, retry_on: [connect_failure, reset_before_response, \"504\"] }",
        )
        .route("all", "service: origin\ntimeout: 500ms");
    let gateway = Gateway::start(config);
    let watch = Stopwatch::start();
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 504);
    assert!(watch.elapsed() < Duration::from_secs(3), "{:?}", watch.elapsed());
}

#[test]
fn a_stream_outlives_the_timeout_of_its_route() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        exchange.send_slowly("0123456789", Duration::from_millis(60));
    });
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin\ntimeout: 200ms");
    let gateway = Gateway::start(config);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "0123456789");
}
