//! The admin listener: probes, metrics, endpoints, and who may call it.

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, Origin, Reloaded, SOON, eventually};

use crate::fleet::{Fleet, of, tally};

#[test]
fn probes_say_that_it_lives_and_takes_traffic() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    assert_eq!(gateway.admin_json("/healthz")["status"], "ok");
    assert_eq!(gateway.admin_json("/readyz")["status"], "ready");
    assert_eq!(get(gateway.web(), "h", "/healthz", &[]).text(), "a", "traffic has no such paths");
}

#[test]
fn a_file_that_was_refused_is_said_where_people_look() {
    let origin = Origin::named("a");
    let config = Config::single(origin.addr());
    let gateway = Gateway::start(&config);
    assert!(matches!(gateway.reload("version: 1\nnonsense: true\n"), Reloaded::Refused(_)));
    let ready = gateway.admin_json("/readyz");
    assert_eq!(ready["status"], "ready");
    let message = ready["last_reload_error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("nonsense"), "{ready}");
    let faults = gateway.admin_json("/api/v1/config")["last_error"]["errors"].clone();
    assert_eq!((&faults[0]["line"], &faults[0]["column"]), (&2.into(), &1.into()), "{faults}");
    let page = gateway.metrics();
    assert_eq!(page.sum("architrave_config_last_reload_success", &[]), 0.0);
    assert_eq!(page.sum("architrave_config_reloads_total", &[("outcome", "failed")]), 1.0);
    assert_eq!(gateway.reload(&config), Reloaded::Taken);
    assert!(gateway.admin_json("/readyz")["last_reload_error"].is_null());
    assert_eq!(gateway.metrics().sum("architrave_config_last_reload_success", &[]), 1.0);
}

#[test]
fn metrics_count_what_happened() {
    let origin = Origin::start(|exchange| {
        let status = if exchange.target() == "/bad" { 500 } else { 200 };
        exchange.reply(status, &[], "hello");
    });
    let config = Config::new()
        .web()
        .upstream("orders", &[origin.addr()], "")
        .route("orders", "hosts: [h]\nservice: orders");
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.web());
    for _ in 0..7 {
        client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    }
    client.get("h", "/bad", &[]);
    client.get("nobody", "/", &[]);
    let has = |name: &str, labels: &[(&str, &str)], value: f64| {
        eventually(&format!("{name} {labels:?} is {value}"), SOON, || {
            (gateway.metrics().sum(name, labels) == value).then_some(())
        });
    };
    has("architrave_requests_total", &[("route", "orders"), ("class", "2xx")], 7.0);
    has("architrave_requests_total", &[("route", "orders"), ("class", "5xx")], 1.0);
    has("architrave_requests_total", &[("route", "(none)"), ("class", "4xx")], 1.0);
    has("architrave_request_failures_total", &[("reason", "no_route")], 1.0);
    has("architrave_request_duration_seconds_count", &[("route", "orders")], 8.0);
    has("architrave_request_bytes_total", &[("route", "orders")], 21.0);
    has("architrave_response_bytes_total", &[("route", "orders")], 40.0);
    has("architrave_upstream_attempts_total", &[("upstream", "orders")], 8.0);
    let address = origin.addr().to_string();
    let endpoint = [("upstream", "orders"), ("endpoint", address.as_str())];
    has("architrave_endpoint_latency_seconds_count", &endpoint, 8.0);
    has("architrave_endpoint_in_flight", &endpoint, 0.0);
    has("architrave_listener_connections_open", &[("listener", "web")], 1.0);
    has("architrave_config_generation", &[], 1.0);
}

#[test]
fn every_sample_has_a_type_and_a_meaning_and_labels_stay_bounded() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    for n in 0..200 {
        let host = format!("host-{n}.example");
        get(
            gateway.web(),
            &host,
            &format!("/path-{n}?q={n}"),
            &[&format!("User-Agent: agent-{n}")],
        );
    }
    let page = gateway.metrics();
    for sample in &page.samples {
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| {
                sample.name.strip_suffix(suffix).filter(|name| page.types.contains_key(*name))
            })
            .unwrap_or(&sample.name);
        assert!(page.types.contains_key(family), "{family} has no type");
        assert!(page.helps.get(family).is_some_and(|help| help.len() > 10), "{family} has no help");
        for value in sample.labels.values() {
            assert!(
                !value.contains("host-") && !value.contains("path-") && !value.contains("agent-")
            );
        }
    }
}

#[test]
fn upstreams_are_listed_with_what_is_known_of_them() {
    let fleet = Fleet::start(2);
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), "balance: round_robin"));
    tally(&gateway, 10, &[]);
    let endpoint = gateway.endpoint("origin", fleet.addr(0));
    assert_eq!(endpoint["health"], "healthy");
    assert_eq!((&endpoint["weight"], &endpoint["in_flight"]), (&1.into(), &0.into()));
    assert_eq!((&endpoint["requests"], &endpoint["failures"]), (&5.into(), &0.into()));
    assert!(endpoint["latency_ms"].is_number(), "{endpoint}");
    assert_eq!(gateway.admin_get("/api/v1/upstreams/nobody").status, 404);
}

#[test]
fn an_endpoint_is_drained_made_ready_and_given_a_weight() {
    let fleet = Fleet::start(2);
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), "balance: round_robin"));
    let a = fleet.addr(0);
    gateway.endpoint_action("origin", a, "drain", "");
    assert_eq!(of(&tally(&gateway, 40, &[]), "b"), 40);
    assert_eq!(gateway.endpoint("origin", a)["is_draining"], true);
    gateway.endpoint_action("origin", a, "ready", "");
    assert_eq!(of(&tally(&gateway, 40, &[]), "a"), 20);
    gateway.endpoint_action("origin", a, "set_weight", "{\"weight\":3}");
    assert_eq!(of(&tally(&gateway, 40, &[]), "a"), 30);
    gateway.endpoint_action("origin", a, "set_weight", "{\"weight\":0}");
    assert_eq!(of(&tally(&gateway, 40, &[]), "b"), 40);
    let path = format!("/api/v1/upstreams/origin/endpoints/{a}");
    for (action, body, status) in [
        ("set_weight", "{\"weight\":-1}", 400..=422),
        ("set_weight", "{\"weight\":1,\"x\":2}", 400..=422),
        ("set_weight", "nonsense", 400..=422),
        ("explode", "{}", 404..=404),
    ] {
        let response = gateway.admin_ask("POST", &format!("{path}:{action}"), body);
        assert!(status.contains(&response.status), "{action} {body}: {}", response.status);
    }
    let read = gateway.admin_ask("GET", &format!("{path}:drain"), "");
    assert!((400..=405).contains(&read.status), "{}", read.status);
}

#[test]
fn draining_finishes_what_is_in_flight() {
    let gate = architrave_testkit::Gate::new();
    let wait = gate.clone();
    let origin = Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "late");
    });
    let other = Origin::named("other");
    let gateway =
        Gateway::start(Config::balanced(&[origin.addr(), other.addr()], "balance: first"));
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/", &[])).unwrap();
    eventually("one is in flight", SOON, || (origin.count() == 1).then_some(()));
    gateway.endpoint_action("origin", origin.addr(), "drain", "");
    assert_eq!(gateway.endpoint("origin", origin.addr())["in_flight"], 1);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "other");
    gate.open();
    assert_eq!(client.read_response("GET").unwrap().text(), "late");
}

#[test]
fn endpoints_are_added_and_removed_while_it_runs() {
    let fleet = Fleet::start(2);
    let config = Config::balanced(&fleet.addrs()[..1], "balance: round_robin");
    let gateway = Gateway::start(&config);
    let b = fleet.addr(1);
    let path = "/api/v1/upstreams/origin/endpoints";
    let body = format!("{{\"address\":\"{b}\",\"weight\":1}}");
    assert_eq!(gateway.admin_ask("POST", path, &body).status, 201);
    assert_eq!(gateway.admin_ask("POST", path, &body).status, 409, "it is there already");
    assert_eq!(of(&tally(&gateway, 40, &[]), "b"), 20);
    assert_eq!(gateway.reload(&config), Reloaded::Taken);
    assert_eq!(of(&tally(&gateway, 40, &[]), "b"), 20, "a reload leaves it");
    let one = |address| format!("{path}/{address}");
    assert_eq!(gateway.admin_ask("DELETE", &one(b), "").status, 204);
    assert_eq!(of(&tally(&gateway, 40, &[]), "a"), 40);
    assert_eq!(
        gateway.admin_ask("DELETE", &one(fleet.addr(0)), "").status,
        409,
        "it is the file's"
    );
}

#[test]
fn pages_of_other_origins_get_nothing() {
    let gateway = Gateway::start(Config::new().web());
    let address = gateway.admin();
    let ask = |host: &str, fields: &[&str]| {
        Client::connect(address).ask(request("GET", host, "/api/v1/config", fields)).status
    };
    let port = address.port();
    assert_eq!(ask(&address.to_string(), &[]), 200);
    assert_eq!(ask(&format!("localhost:{port}"), &[]), 200);
    assert_eq!(ask(&format!("[::1]:{port}"), &[]), 200);
    assert_eq!(ask("evil.example", &[]), 403, "a name that was rebound");
    assert_eq!(ask(&format!("evil.example:{port}"), &[]), 403);
    assert_eq!(ask("localhost.evil.example", &[]), 403);
    let own = format!("Origin: http://{address}");
    assert_eq!(ask(&address.to_string(), &[&own]), 200);
    assert_eq!(ask(&address.to_string(), &["Origin: http://evil.example"]), 403);
    assert_eq!(ask(&address.to_string(), &["Origin: null"]), 403);
    assert_eq!(ask(&address.to_string(), &["Sec-Fetch-Site: cross-site"]), 403);
    let response = Client::connect(address).get(&address.to_string(), "/healthz", &[&own]);
    assert_eq!(response.head.all("access-control-allow-origin"), [""; 0]);
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let yaml = Config::new().web().to_string().replace(
        "admin: { address: \"127.0.0.1:0\" }",
        "admin: { address: \"127.0.0.1:0\", token: \"a-long-admin-token-0123\" }",
    );
    let gateway = Gateway::start(yaml);
    let address = gateway.admin();
    let ask = |path: &str, fields: &[&str]| get(address, &address.to_string(), path, fields).status;
    assert_eq!((ask("/healthz", &[]), ask("/readyz", &[])), (200, 200), "probes need not know it");
    for path in ["/metrics", "/api/v1/upstreams", "/api/v1/config"] {
        assert_eq!(ask(path, &[]), 401, "{path}");
        assert_eq!(ask(path, &["Authorization: Bearer wrong"]), 401, "{path}");
        assert_eq!(ask(path, &["Authorization: Bearer a-long-admin-token-0123"]), 200, "{path}");
    }
}

#[test]
fn a_reload_and_a_check_can_be_asked_for() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::new().web());
    let before = gateway.config_state().generation;
    gateway.write_config(Config::single(origin.addr()));
    let response = gateway.admin_ask("POST", "/api/v1/config:reload", "");
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(gateway.config_state().generation > before);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "a", "live when it says so");
    let validate = |body: &str| {
        let length = body.len();
        let ask = format!(
            "POST /api/v1/config:validate HTTP/1.1\r\nHost: {}\r\nContent-Type: application/yaml\r\n\
             Content-Length: {length}\r\n\r\n{body}",
            gateway.admin()
        );
        Client::connect(gateway.admin()).ask(ask)
    };
    assert_eq!(validate(&Config::new().web().to_string()).status, 200);
    let refused = validate("version: 1\nroutes: 7\nlisteners: x\n");
    assert_eq!(refused.status, 422);
    let body: serde_json::Value = serde_json::from_slice(&refused.body).expect("a JSON body");
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(2), "{body}");
    assert_eq!(body["title"], "Unprocessable Content", "as the status line has it");
}

#[test]
fn the_admin_listener_is_bounded_like_any_other() {
    let gateway = Gateway::start(Config::new().web());
    let mut slow = Client::connect(gateway.admin());
    slow.send("GET /healthz HTTP/1.1\r\nHost: ").unwrap();
    let bytes =
        format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "y".repeat(1 << 20));
    let answer = Client::connect(gateway.admin()).try_ask(bytes);
    assert!(answer.is_err() || answer.is_ok_and(|response| response.status == 431));
    let body = "POST /api/v1/config:validate HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/yaml\r\nContent-Length: 1000000000\r\n\r\n";
    let mut client = Client::connect(gateway.admin());
    client.send(body).unwrap();
    client.patience(Duration::from_secs(5));
    assert!(client.read_response("POST").is_ok_and(|response| response.status == 413));
    assert_eq!(gateway.admin_get("/healthz").status, 200);
}

#[test]
fn nobody_keeps_an_operator_out_by_holding_connections() {
    let gateway = Gateway::start(Config::new().web());
    let connect = || Client::connect(gateway.admin());
    let sum = |outcome: &str| {
        let page = gateway.metrics();
        page.sum("architrave_admin_connections_total", &[("outcome", outcome)])
    };
    // More than there are places: idle ones, and ones that never end their request.
    let mut held: Vec<_> = (0..150).map(|_| connect()).collect();
    for client in &mut held[..100] {
        let _begun = client.send("GET /healthz HTTP/1.1\r\nHost: ");
    }
    for _ in 0..5 {
        assert_eq!(gateway.admin_get("/healthz").status, 200);
    }
    held.extend((0..150).map(|_| connect()));
    assert_eq!(gateway.admin_get("/readyz").status, 200);
    eventually("those that gave way are counted", SOON, || {
        (sum("displacing") > 150.0).then_some(())
    });
    assert_eq!(sum("refused"), 0.0);
    drop(held);
    // With room again, a connection that is kept is served for as long as it likes.
    let mut kept = connect();
    for _ in 0..200 {
        assert_eq!(kept.get("localhost", "/healthz", &[]).status, 200);
        assert_eq!(gateway.admin_get("/healthz").status, 200);
    }
}
