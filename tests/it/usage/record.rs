//! The record of one exchange: every attempt, in order, with why it was given up, and what policies
//! did.

use std::sync::Arc;

use architrave_testkit::client::{get, request};
use architrave_testkit::dialect::post;
use architrave_testkit::{Client, Config, Gate, Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::{KEY, Place, WRITTEN_WITHIN, metrics, shown};

/// The record of the only exchange at a path.
fn record(gateway: &Gateway, path: &str) -> Value {
    let found = eventually("the exchange is in the log", WRITTEN_WITHIN, || {
        let log = shown(gateway, "/api/v1/requests");
        let log = log["requests"].as_array().expect("a list").clone();
        log.into_iter().find(|one| one["path"] == path)
    });
    shown(gateway, &format!("/api/v1/requests/{}", found["id"].as_str().expect("an id")))
}

/// What policies did, as `policy:outcome`.
fn policies(record: &Value) -> Vec<String> {
    let all = record["policies"].as_array().expect("a list");
    all.iter().map(|one| format!("{}:{}", word(one, "policy"), word(one, "outcome"))).collect()
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Attempts follow each other within the exchange.
fn assert_in_order(record: &Value) {
    let number = |one: &Value, name: &str| one[name].as_f64().expect("a number");
    let mut earliest = 0.0;
    for one in record["attempts"].as_array().expect("a list") {
        assert!(number(one, "start_ms") >= earliest, "{record}");
        earliest = number(one, "start_ms") + number(one, "duration_ms") - 0.01;
    }
    assert!(earliest <= number(&record["facts"], "duration_ms"), "{record}");
}

#[test]
fn a_record_has_every_attempt_and_what_policies_did() {
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let bad = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    });
    let good = Origin::named("good");
    let (bad_address, good_address) = (bad.addr(), good.addr());
    let upstream = "balance: first\nhealth: { passive: { consecutive_failures: 0 } }\n\
                    retry: { attempts: 3, retry_on: [connect_failure, \"503\"] }";
    let config = Config::new()
        .web()
        .upstream("several", &[refused, bad_address, good_address], upstream)
        .route(
            "several",
            "service: several\npolicies:\n  key_auth: { headers: [x-api-key] }\n  \
             rate_limit: { rate: 1000/m, burst: 1000 }\n  rewrite: { strip_prefix: /v1 }\n  \
             body_limit: { request: 8B }\n  \
             headers: { response: { set: { x-edge: here } } }",
        )
        .consumer("mobile", &format!("credentials: [{{ api_key: {KEY} }}]"));
    let place = Place::new(None);
    let gateway = place.start_with(&config, "{ sample_percent: 100 }");
    let key = format!("X-Api-Key: {KEY}");
    assert_eq!(get(gateway.web(), "h", "/v1/good", &[&key]).status, 200);
    let one = record(&gateway, "/good");
    let attempts = one["attempts"].as_array().expect("a list").clone();
    assert_eq!(attempts.len(), 3, "{one}");
    assert_eq!(one["facts"]["attempts"], 3);
    assert_eq!(attempts[0]["endpoint"], refused.to_string());
    assert_eq!(
        (word(&attempts[0], "error"), word(&attempts[0], "given_up")),
        ("connect_failed", "failed")
    );
    assert_eq!(attempts[1]["endpoint"], bad_address.to_string());
    assert_eq!((&attempts[1]["status"], word(&attempts[1], "given_up")), (&json!(503), "status"));
    assert_eq!(
        (&attempts[2]["endpoint"], &attempts[2]["status"]),
        (&json!(good_address.to_string()), &json!(200))
    );
    assert!(attempts[2].get("given_up").is_none() && attempts[2].get("error").is_none(), "{one}");
    assert_in_order(&one);
    assert_eq!(
        policies(&one),
        [
            "key_auth:passed",
            "rate_limit:passed",
            "body_limit:passed",
            "rewrite:changed",
            "headers:changed"
        ]
    );
    // Refused before anybody was asked.
    assert_eq!(get(gateway.web(), "h", "/v1/nobody", &[]).status, 401);
    let one = record(&gateway, "/v1/nobody");
    assert_eq!(
        (&one["attempts"], policies(&one)),
        (&json!([]), vec!["key_auth:refused".to_owned()])
    );
    assert!(!one.to_string().contains(KEY), "{one}");
}

#[test]
fn where_all_fail_the_last_attempt_is_told_as_well() {
    let bad = [0, 1].map(|_| Origin::start(|exchange| exchange.reset_after_reading()));
    let upstream = "health: { passive: { consecutive_failures: 0 } }\nbalance: round_robin";
    let place = Place::new(None);
    let gateway = place.start(&Config::balanced(&[bad[0].addr(), bad[1].addr()], upstream));
    assert_eq!(get(gateway.web(), "h", "/gone", &[]).status, 502);
    let one = record(&gateway, "/gone");
    let attempts = one["attempts"].as_array().expect("a list");
    assert_eq!(one["facts"]["attempts"], attempts.len(), "{one}");
    let (last, before) = attempts.split_last().expect("one at least");
    assert!(before.iter().all(|one| one["given_up"] == "failed"), "{one}");
    assert_eq!((word(last, "error"), last.get("given_up")), ("upstream_reset", None));
    assert_in_order(&one);
}

/// The attempts of the exchange at `/`: endpoint, status, and why it was given up.
fn hedged(first: &Origin, second: &Origin, ask: impl FnOnce(&Gateway)) -> Vec<[Value; 3]> {
    let upstream = "health: { passive: { consecutive_failures: 0 } }\nbalance: first\n\
                    hedge: { after: 100ms }\nretry: { attempts: 0 }";
    let place = Place::new(None);
    let config = Config::balanced(&[first.addr(), second.addr()], upstream);
    let gateway = place.start_with(&config, "{ sample_percent: 100 }");
    ask(&gateway);
    let one = record(&gateway, "/");
    let mut earliest = 0.0;
    let attempts = one["attempts"].as_array().expect("a list").iter().map(|attempt| {
        let start = attempt["start_ms"].as_f64().expect("a number");
        assert!(start >= earliest, "{one}");
        earliest = start;
        ["endpoint", "status", "given_up"].map(|name| attempt[name].clone())
    });
    attempts.collect()
}

#[test]
fn of_two_attempts_side_by_side_the_first_is_told_first_and_each_as_it_ended() {
    let told = |origin: &Origin, status: Value, given_up: Value| {
        [json!(origin.addr().to_string()), status, given_up]
    };
    let ask = |gateway: &Gateway| assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    let (stuck, good) = (Origin::stalled(), Origin::named("good"));
    assert_eq!(
        hedged(&stuck, &good, ask),
        [told(&stuck, Value::Null, json!("slower")), told(&good, json!(200), Value::Null)]
    );
    let stuck = Arc::new(Origin::stalled());
    let other = Arc::clone(&stuck);
    let slow = Origin::start(move |exchange| {
        eventually("the hedge has begun", SOON, || (other.count() == 1).then_some(()));
        exchange.reply(200, &[], "slow");
    });
    assert_eq!(
        hedged(&slow, &stuck, ask),
        [told(&slow, json!(200), Value::Null), told(&stuck, Value::Null, json!("slower"))]
    );
    // A hedge that had failed already is not told as slower; nobody was tried after it.
    let gate = Gate::new();
    let wait = gate.clone();
    let slow = Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "slow");
    });
    let poor = Origin::start(|exchange| exchange.reply(503, &[], "poor"));
    let attempts = hedged(&slow, &poor, |gateway| {
        let mut client = Client::connect(gateway.web());
        client.send(request("GET", "h", "/", &[])).expect("it is taken");
        eventually("the hedge has failed", SOON, || {
            let failed = metrics(gateway).sum("architrave_endpoint_requests_total", &[]);
            (failed == 1.0).then_some(())
        });
        gate.open();
        assert_eq!(client.read_response("GET").expect("an answer").status, 200);
    });
    assert_eq!(
        attempts,
        [told(&slow, json!(200), Value::Null), told(&poor, json!(503), Value::Null)]
    );
}

#[test]
fn an_endpoint_of_a_provider_is_given_up_for_what_followed() {
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let provider = format!(
        "providers:\n  \
         - {{ name: gone, kind: openai, base_url: \"http://{refused}/v1\", credentials: [{{ value: k }}] }}\n  \
         - {{ name: pretend, kind: mock, mock: {{ reply: {{ echo: {{}} }} }} }}\n"
    );
    let models = "models:\n  \
                  - { name: alone, deployments: [{ provider: gone, model: m }] }\n  \
                  - name: fast\n    strategy: priority\n    deployments:\n      \
                  - { provider: gone, model: m, priority: 0 }\n      \
                  - { provider: pretend, model: echo, priority: 1 }";
    let place = Place::new(None);
    let gateway = place.start_with(&Config::ai(&(provider + models)), "{ sample_percent: 100 }");
    let attempts = |model: &str, status: u16| {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "one" }] });
        let asked = post("/v1/chat/completions", &[], &body);
        let answer = Client::connect(gateway.web()).ask(asked);
        assert_eq!(answer.status, status, "{}", answer.text());
        let one = eventually("the exchange is in the log", WRITTEN_WITHIN, || {
            let log = shown(&gateway, "/api/v1/requests");
            let log = log["requests"].as_array().expect("a list").clone();
            log.into_iter().find(|one| one["model"] == model)
        });
        let one = shown(&gateway, &format!("/api/v1/requests/{}", word(&one, "id")));
        one["attempts"].as_array().expect("a list").clone()
    };
    let all = attempts("fast", 200);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(
        (word(&all[0], "error"), word(&all[0], "given_up"), all[1].get("given_up")),
        ("connect_failed", "broken", None)
    );
    let all = attempts("alone", 502);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((word(&all[0], "error"), all[0].get("given_up")), ("connect_failed", None));
}

#[test]
fn whoever_answers_where_no_route_is_has_answered_or_refused() {
    let listener = "policies:\n  cors: { origins: [\"https://here.example\"] }\n  \
                    redirect: { scheme: https }";
    let config = Config::new().listener("web", listener);
    let place = Place::new(None);
    let gateway = place.start_with(&config, "{ sample_percent: 100 }");
    let answer = get(gateway.web(), "h", "/moved", &[]);
    assert!((300..400).contains(&answer.status), "{}", answer.status);
    assert_eq!(policies(&record(&gateway, "/moved")), ["redirect:answered"]);
}

#[test]
fn of_models_each_lane_that_was_asked_is_told() {
    let parts = "providers:\n  \
                 - { name: busy, kind: mock, mock: { reply: { echo: {} }, fail_percent: 100, fail_status: 529 } }\n  \
                 - { name: pretend, kind: mock, mock: { reply: { echo: {} } } }\n\
                 models:\n  \
                 - name: fast\n    strategy: priority\n    deployments:\n      \
                 - { provider: busy, model: echo, priority: 0 }\n      \
                 - { provider: pretend, model: echo, priority: 1 }";
    let place = Place::new(None);
    let gateway = place.start_with(&Config::ai(parts), "{ sample_percent: 100 }");
    let body = json!({ "model": "fast", "messages": [{ "role": "user", "content": "one" }] });
    let asked = post("/v1/chat/completions", &[], &body);
    let answer = Client::connect(gateway.web()).ask(asked);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let one = record(&gateway, "/v1/chat/completions");
    let attempts = one["attempts"].as_array().expect("a list");
    assert_eq!(attempts.len(), 2, "{one}");
    assert_eq!(
        (word(&attempts[0], "deployment"), &attempts[0]["status"], word(&attempts[0], "given_up")),
        ("busy/echo", &json!(529), "overloaded")
    );
    assert_eq!(
        (word(&attempts[1], "deployment"), &attempts[1]["status"]),
        ("pretend/echo", &json!(200))
    );
    assert!(attempts[1].get("given_up").is_none(), "{one}");
    assert_in_order(&one);
}

#[test]
fn what_the_rules_hide_is_in_no_record_and_shown_to_nobody() {
    let origin = Origin::start(|exchange| {
        let body = r#"{"customer":{"name":"Ann"},"card":"4111 1111 1111 1111","ok":true}"#;
        let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n";
        exchange.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    });
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .service(
            "orders",
            "http: { upstream: origin }\nlog_bodies: { redact: [size] }\n\
             redact: { paths: [/customer/name], query: [hint], patterns: [\"K-[0-9]{4}\"] }",
        )
        .route("orders", "match: [{ path: { prefix: /orders } }]\nservice: orders")
        .route("all", "service: origin");
    let place = Place::new(None);
    let gateway = place.start_with(&config, "{ redact: { names: [birth_day] } }");
    let body = json!({ "size": 42, "birthDay": "1990-01-01", "mail": "ann@example.org", "n": 1 });
    let target = "/orders/ann@example.org/K-1234?hint=1&page=2";
    let asked = post(target, &["User-Agent: probe of K-5678"], &body);
    assert_eq!(Client::connect(gateway.web()).ask(asked).status, 400);
    let one = record(&gateway, "/orders/***/***");
    let facts = &one["facts"];
    assert_eq!(facts["path"], "/orders/***/***");
    assert_eq!(
        (&facts["query"], &facts["user_agent"]),
        (&json!("***&page=*"), &json!("probe of ***"))
    );
    let text = |side: &str| -> Value {
        let text = one["bodies"][side]["text"].as_str().expect("a text");
        serde_json::from_str(text).expect("JSON")
    };
    let hidden = "***";
    assert_eq!(
        text("request"),
        json!({ "size": hidden, "birthDay": hidden, "mail": hidden, "n": 1 })
    );
    assert_eq!(
        text("response"),
        json!({ "customer": { "name": hidden }, "card": hidden, "ok": true })
    );
    // Elsewhere what is said for the whole gateway holds, and what is there by default.
    assert_eq!(get(gateway.web(), "h", "/K-1234/DE89370400440532013000", &[]).status, 400);
    record(&gateway, "/K-1234/***");
    // Neither is what is written otherwise: paths stay encoded on their way.
    let mail = "/orders/bob%40example.org/of/DE89%203704%200044%200532%200130%2000";
    let answer = get(gateway.web(), "h", &format!("{mail}?%68int=1&page=2"), &[]);
    assert_eq!(answer.status, 400);
    let facts = &record(&gateway, "/orders/***/of/***")["facts"];
    assert_eq!(
        (&facts["path"], &facts["query"]),
        (&json!("/orders/***/of/***"), &json!("***&page=*"))
    );
    // Not in the file either.
    let database = std::fs::read(place.folder.path().join("usage.db")).expect("the file");
    let wal = std::fs::read(place.folder.path().join("usage.db-wal")).unwrap_or_default();
    for secret in
        ["ann@example", "1990-01-01", "4111 1111", "DE8937", "K-5678", "bob%40", "DE89%20"]
    {
        for bytes in [&database, &wal] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in the file");
        }
    }
}
