//! What the new process knows without having found it out: who is unwell, what operators have set,
//! what everybody owes under limits, where names lead, and by which key cookies are sealed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::name_server::{NameServer, Record};
use architrave_testkit::process::Ending;
use architrave_testkit::{
    Client, Config, Gateway, LoadPlan, Origin, SOON, eventually, heavy, namespace,
};
use serde_json::{Value, json};

use crate::fleet::{Fleet, of, tally};

const OLD_ENDED: Ending = Ending::Code(0);

/// An origin that stops answering anything when it is told to: a black hole.
fn hole(name: &'static str) -> (Origin, Arc<AtomicBool>) {
    let is_open = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_open);
    let origin = Origin::start(move |exchange| match switch.load(Ordering::Acquire) {
        true => exchange.reply(200, &[], name),
        false => exchange.stall(),
    });
    (origin, is_open)
}

#[test]
fn who_is_unwell_is_asked_nothing_by_the_new_process() {
    let _turn = heavy::turn();
    let ((bad, is_open), good) = (hole("bad"), Origin::named("good"));
    // Three probes half a second apart: a process that had to find it out would fail many.
    let upstream = "retry: { attempts: 0 }\ntimeouts: { first_byte: 2s }\n\
        health: { active: { check: { http: { path: /healthz, expect: [\"200-299\"] } }, \
        interval: 500ms, timeout: 300ms, rise: 2, fall: 3 } }";
    let gateway = Gateway::start(Config::balanced(&[bad.addr(), good.addr()], upstream));
    assert!(of(&tally(&gateway, 50, &[]), "bad") > 0, "it is asked while it is well");
    is_open.store(false, Ordering::Release);
    gateway.wait_health("origin", bad.addr(), false, SOON);
    let load = LoadPlan::new(gateway.web())
        .connections(4)
        .per_connection(5)
        .pause(Duration::from_millis(1))
        .start();
    load.wait_for(100);
    for round in 0..2 {
        assert_eq!(gateway.upgrade(), OLD_ENDED, "round {round}");
        let endpoint = gateway.endpoint("origin", bad.addr());
        assert_eq!(endpoint["health"], "unhealthy", "{endpoint}");
        load.wait_for(100);
    }
    let report = load.stop();
    report.assert_clean();
    assert_eq!(report.by_body.len(), 1, "{:?}", report.by_body);
    // It is judged by its probes as before.
    is_open.store(true, Ordering::Release);
    gateway.wait_health("origin", bad.addr(), true, SOON);
}

#[test]
fn who_was_ejected_stays_out_for_what_is_left_of_it() {
    let failing = Origin::start(|exchange| exchange.reply(500, &[], "failing"));
    let good = Origin::named("good");
    let upstream = "balance: round_robin\nretry: { attempts: 0 }\n\
        health: { passive: { consecutive_failures: 3, eject_for: 300s } }";
    let gateway = Gateway::start(Config::balanced(&[failing.addr(), good.addr()], upstream));
    eventually("it is ejected", SOON, || {
        let _answer = get(gateway.web(), "h", "/", &[]);
        (gateway.endpoint("origin", failing.addr())["health"] == "ejected").then_some(())
    });
    let left = |gateway: &Gateway| {
        let endpoint = gateway.endpoint("origin", failing.addr());
        assert_eq!(endpoint["health"], "ejected", "{endpoint}");
        endpoint["ejected_for_ms"].as_f64().unwrap_or_else(|| panic!("{endpoint}"))
    };
    let before = left(&gateway);
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    let after = left(&gateway);
    assert!(after < before && after > 200_000.0, "{before} → {after}");
    assert_eq!(of(&tally(&gateway, 20, &[]), "good"), 20);
}

#[test]
fn what_operators_have_set_stays_set() {
    let fleet = Fleet::start(4);
    let addrs = fleet.addrs();
    let gateway = Gateway::start(Config::balanced(&addrs[..3], "balance: round_robin"));
    gateway.endpoint_action("origin", addrs[0], "drain", "");
    gateway.endpoint_action("origin", addrs[1], "set_weight", "{\"weight\":3}");
    let body = format!("{{\"address\":\"{}\",\"weight\":2}}", addrs[3]);
    let path = "/api/v1/upstreams/origin/endpoints";
    assert_eq!(gateway.admin_ask("POST", path, &body).status, 201);
    let shares = |gateway: &Gateway, requests: u64| {
        let counts = tally(gateway, requests, &[]);
        ["a", "b", "c", "d"].map(|name| of(&counts, name))
    };
    assert_eq!(shares(&gateway, 60), [0, 30, 10, 20]);
    for _ in 0..2 {
        assert_eq!(gateway.upgrade(), OLD_ENDED);
        assert_eq!(shares(&gateway, 60), [0, 30, 10, 20]);
    }
    assert_eq!(gateway.endpoint("origin", addrs[0])["is_draining"], true);
    gateway.endpoint_action("origin", addrs[0], "ready", "");
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    assert_eq!(shares(&gateway, 70), [10, 30, 10, 20], "what was undone stays undone");
}

#[test]
fn who_is_at_a_limit_stays_at_it() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(
        Config::new()
            .web()
            .upstream("origin", &[origin.addr()], "")
            .route(
                "by-address",
                "hosts: [address.example]\nservice: origin\n\
                 policies: { rate_limit: { rate: 20/h, burst: 5, key: { address: {} } } }",
            )
            .route(
                "by-header",
                "hosts: [header.example]\nservice: origin\n\
                 policies: { rate_limit: { rate: 20/h, burst: 5, key: { header: x-user } } }",
            )
            .route(
                "by-consumer",
                "hosts: [consumer.example]\nservice: origin\npolicies: { key_auth: {} }",
            )
            .consumer(
                "ada",
                "credentials: [{ api_key: ada-key-0123456789 }]\nlimits: { requests: 5/h }",
            ),
    );
    let key = "X-Api-Key: ada-key-0123456789";
    let ask = |gateway: &Gateway, host: &str, fields: &[&str]| {
        get(gateway.web(), host, "/", fields).status
    };
    let cases: [(&str, &[&str]); 3] = [
        ("address.example", &[]),
        ("header.example", &["X-User: ada"]),
        ("consumer.example", &[key]),
    ];
    for (host, fields) in cases {
        let passed = (0..3).filter(|_| ask(&gateway, host, fields) == 200).count();
        assert_eq!(passed, 3, "{host}");
    }
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    for (host, fields) in cases {
        // Three of five are used up, and both processes count.
        let passed = (0..6).filter(|_| ask(&gateway, host, fields) == 200).count();
        assert_eq!(passed, 2, "{host}");
    }
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    for (host, fields) in cases {
        assert_eq!(ask(&gateway, host, fields), 429, "{host}");
    }
    assert_eq!(ask(&gateway, "header.example", &["X-User: bob"]), 200, "others are not at it");
}

#[test]
fn limits_hold_under_load_through_upgrades() {
    let _turn = heavy::turn();
    let origin = Origin::named("a");
    // So slow that nothing is paid back while the test runs.
    let gateway = Gateway::start(
        Config::single(origin.addr())
            .and("policies: { rate_limit: { rate: 60/h, burst: 400, key: { address: {} } } }"),
    );
    let load = LoadPlan::new(gateway.web())
        .connections(4)
        .per_connection(7)
        .pause(Duration::from_millis(2))
        .check(|response| match response.status {
            200 | 429 => Ok(()),
            status => Err(format!("status {status}")),
        })
        .start();
    load.wait_for(50);
    for round in 0..3 {
        assert_eq!(gateway.upgrade(), OLD_ENDED, "round {round}");
        load.wait_for(50);
    }
    eventually("the limit is reached", SOON, || {
        (get(gateway.web(), "h", "/", &[]).status == 429).then_some(())
    });
    load.stop().assert_clean();
    // Each of four connections may meet the old process once more after it has told what it knows.
    let passed = origin.count();
    assert!((400..=400 + 3 * 8).contains(&passed), "{passed} requests passed a limit of 400");
}

#[test]
fn cookies_hold_without_a_file_of_keys() {
    let fleet = Fleet::start(4);
    let upstream = "balance: round_robin\npersistence: { cookie: { name: stay, ttl: 1h } }";
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), upstream));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let response = get(gateway.web(), "h", "/", &[]);
            let set = response.get("set-cookie").expect("a cookie is set").to_owned();
            let pair = set.split(';').next().expect("a pair").to_owned();
            (pair, response.text())
        })
        .collect();
    for _ in 0..2 {
        assert_eq!(gateway.upgrade(), OLD_ENDED);
        for (pair, place) in &clients {
            let response = get(gateway.web(), "h", "/", &[&format!("Cookie: {pair}")]);
            assert_eq!(&response.text(), place);
            assert!(response.get("set-cookie").is_none(), "set anew without need");
        }
    }
    // The key is nowhere to be read: not in the environment, the arguments or the folder.
    let environment = std::fs::read(format!("/proc/{}/environ", gateway.pid().as_raw_nonzero()));
    let environment = String::from_utf8_lossy(&environment.expect("it is ours")).into_owned();
    let named = environment.split('\0').filter(|it| it.starts_with("ARCHITRAVE_SUCCESSOR"));
    assert_eq!(named.collect::<Vec<_>>(), ["ARCHITRAVE_SUCCESSOR=2"]);
}

#[test]
fn names_lead_where_they_led_although_nobody_can_be_asked() {
    let name = "upgrade::known::names_lead_where_they_led_although_nobody_can_be_asked";
    if !namespace::is_inside(name) {
        return;
    }
    let origin = Origin::named("a");
    let server = NameServer::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
    server.set("orders.internal", &[Record::A(60, Ipv4Addr::LOCALHOST)]);
    let port = origin.addr().port();
    let source = format!("{{ dns: {{ name: orders.internal, port: {port} }} }}");
    let gateway = Gateway::start(
        Config::new().web().upstream_of("origin", &source, "").route("all", "service: origin"),
    );
    eventually("the name resolves", SOON, || {
        (get(gateway.web(), "h", "/", &[]).status == 200).then_some(())
    });
    drop(server);
    let load = LoadPlan::new(gateway.web())
        .connections(4)
        .per_connection(5)
        .pause(Duration::from_millis(2))
        .start();
    load.wait_for(50);
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    load.wait_for(100);
    load.stop().assert_clean();
}

const KEY: &str = "Authorization: Bearer ada-key-0123456789";

/// An AI gateway to origins that are asked for `fast` one after the other.
fn models(origins: &[&Origin], consumer: &str) -> Config {
    let providers: Vec<_> = (origins.iter().enumerate())
        .map(|(at, origin)| {
            let address = origin.addr();
            format!(
                "  - {{ name: p{at}, kind: openai, base_url: \"http://{address}/v1\", \
                 credentials: [{{ name: main, value: upstream-key-{at} }}] }}"
            )
        })
        .collect();
    let deployments: Vec<_> = (0..origins.len())
        .map(|at| format!("{{ provider: p{at}, model: there, priority: {at} }}"))
        .collect();
    Config::new()
        .web()
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer("ada", &format!("credentials: [{{ api_key: ada-key-0123456789 }}]\n{consumer}"))
        .and(&format!(
            "providers:\n{}\nmodels:\n  - {{ name: fast, strategy: priority, deployments: [{}] }}",
            providers.join("\n"),
            deployments.join(", ")
        ))
}

fn completion() -> String {
    json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "there",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "hello" },
        }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 90, "total_tokens": 100 },
    })
    .to_string()
}

fn answering() -> Origin {
    Origin::start(|exchange| {
        let _body = exchange.read_body();
        exchange.reply(200, &[("Content-Type", "application/json")], completion());
    })
}

fn chat(gateway: &Gateway) -> u16 {
    let body = json!({
        "model": "fast", "max_tokens": 100, "messages": [{ "role": "user", "content": "hi" }],
    });
    let body = body.to_string();
    let length = format!("Content-Length: {}", body.len());
    let fields = [KEY, "Content-Type: application/json", length.as_str()];
    let mut bytes = request("POST", "h", "/v1/chat/completions", &fields);
    bytes.extend_from_slice(body.as_bytes());
    Client::connect(gateway.web()).ask(bytes).status
}

#[test]
fn a_provider_that_said_not_now_is_left_alone_for_as_long_as_it_said() {
    let busy = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let fields = [("Content-Type", "application/json"), ("Retry-After", "250")];
        exchange.reply(429, &fields, r#"{"error":{"message":"not now"}}"#);
    });
    let other = answering();
    let gateway = Gateway::start(models(&[&busy, &other], ""));
    assert_eq!((chat(&gateway), busy.count(), other.count()), (200, 1, 1));
    for round in 2..4 {
        assert_eq!(gateway.upgrade(), OLD_ENDED);
        assert_eq!((chat(&gateway), busy.count(), other.count()), (200, 1, round));
    }
}

#[test]
fn what_was_spent_stays_spent_without_a_data_folder() {
    let origin = answering();
    let limits = "budgets: [{ tokens: 1000, per: month }]\nlimits: { tokens: 100000/h }";
    let gateway = Gateway::start(models(&[&origin], limits));
    let spent = |gateway: &Gateway| {
        let usage = gateway.admin_json("/api/v1/usage/ada");
        let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{usage}"));
        (number(&usage["budgets"][0]["spent"]), number(&usage["budgets"][0]["reserved"]))
    };
    let settled = |much: u64| {
        eventually(&format!("{much} are spent"), SOON, || {
            (spent(&gateway) == (much, 0)).then_some(())
        });
    };
    for _ in 0..4 {
        assert_eq!(chat(&gateway), 200);
    }
    settled(400);
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    settled(400);
    for _ in 0..5 {
        assert_eq!(chat(&gateway), 200);
    }
    settled(900);
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    settled(900);
    // What is left is less than a prompt and a hundred tokens: a shorter answer, and then none.
    let passed = (0..5).filter(|_| chat(&gateway) == 200).count();
    assert!(passed <= 2, "{passed}");
    assert_eq!(gateway.upgrade(), OLD_ENDED);
    assert_eq!(chat(&gateway), 429);
}
