//! What the admin API shows of models and of what consumers have used.

use architrave_testkit::dialect::post;
use architrave_testkit::{Client, Config, Dialect, Gateway, Origin, Response, SOON, eventually};
use serde_json::{Value, json};

use super::{KEY, completion, config, saying};

fn lane(model: &Value, deployment: usize) -> &Value {
    &model["deployments"][deployment]["lanes"][0]
}

fn ask_anything(gateway: &Gateway) -> Response {
    let question = Dialect::OpenaiChat.question("fast", "hi", false);
    Client::connect(gateway.web()).ask(post("/v1/chat/completions", &[], &question))
}

#[test]
fn a_deployment_that_rests_says_why_and_how_long_and_what_is_left_of_the_others_quota() {
    let first = Origin::start(|exchange| {
        let fields = [("Content-Type", "application/json"), ("Retry-After", "30")];
        exchange.reply(429, &fields, "{\"error\":{\"message\":\"slow down\"}}");
    });
    let second = Origin::start(|exchange| {
        let fields = [
            ("Content-Type", "application/json"),
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "498"),
            ("x-ratelimit-reset-requests", "1h"),
        ];
        exchange.reply(200, &fields, completion("hello"));
    });
    let config = config(&[&first, &second])
        .service("ai", "llm: {}")
        .route("ai", "service: ai\nkeep_prefix: true");
    let gateway = Gateway::start(config);
    let fresh = gateway.admin_json("/api/v1/models/fast");
    assert_eq!((&fresh["name"], &fresh["strategy"]), (&json!("fast"), &json!("priority")));
    assert_eq!(lane(&fresh, 0)["state"], "ready");
    let answer = ask_anything(&gateway);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let model = gateway.admin_json("/api/v1/models/fast");
    let (first, second) = (lane(&model, 0), lane(&model, 1));
    assert_eq!((&first["state"], &first["failures"]), (&json!("rate_limited"), &json!(1)));
    let rests = first["rests_for_ms"].as_f64().expect("a time");
    assert!((20_000.0..=30_000.0).contains(&rests), "{rests}");
    assert_eq!((&second["state"], &second["credential"]), (&json!("ready"), &json!("main")));
    let quota = &second["quotas"][0];
    assert_eq!(quota["of"], "requests");
    assert_eq!((&quota["left"], &quota["limit"]), (&json!(498), &json!(500)));
    let resets = quota["resets_in_ms"].as_f64().expect("a time");
    assert!((3_500_000.0..=3_600_000.0).contains(&resets), "{resets}");
    assert_eq!(second["requests_in_flight"], 0);
    assert_eq!(gateway.admin_json("/api/v1/models")["models"][0]["name"], "fast");
}

#[test]
fn choices_are_explained_in_the_log_and_a_rest_ends_when_an_operator_says_so() {
    let first = Origin::start(|exchange| {
        let fields = [("Content-Type", "application/json"), ("Retry-After", "300")];
        exchange.reply(429, &fields, "{\"error\":{\"message\":\"slow down\"}}");
    });
    let second = saying("hello");
    let config = config(&[&first, &second])
        .service("ai", "llm: {}")
        .route("ai", "service: ai\nkeep_prefix: true")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let passed_over = |line: usize| {
        let answer = ask_anything(&gateway);
        assert_eq!(answer.status, 200, "{}", answer.text());
        gateway.stdout().wait_for("a line about it", line, SOON, |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["passed_over"].clone())
        })
    };
    let ready = |body| gateway.admin_ask("POST", "/api/v1/models/fast:ready", body);
    assert_eq!(passed_over(0), json!(["tried:rate_limited p0/there-0 main"]));
    assert_eq!(passed_over(1), json!(["rate_limited p0/there-0 main"]));
    assert_eq!(ready(r#"{"provider":"p1"}"#).status, 200);
    assert_eq!(passed_over(2), json!(["rate_limited p0/there-0 main"]));
    let answer = ready(r#"{"provider":"p0","credential":"main"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let model: Value = serde_json::from_slice(&answer.body).expect("the model");
    assert_eq!(lane(&model, 0)["state"], "ready");
    assert_eq!(passed_over(3), json!(["tried:rate_limited p0/there-0 main"]));
    assert_eq!(ready(r#"{"provider":"p2"}"#).status, 404);
}

#[test]
fn the_log_tells_tokens_by_class() {
    let origin = Origin::start(|exchange| {
        let mut said: Value = serde_json::from_str(&super::completion("hello")).expect("JSON");
        said["usage"] = json!({
            "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
            "completion_tokens_details": { "reasoning_tokens": 5 },
        });
        super::reply(exchange, 200, &said.to_string());
    });
    let config = config(&[&origin])
        .service("ai", "llm: {}")
        .route("ai", "service: ai\nkeep_prefix: true")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    assert_eq!(ask_anything(&gateway).status, 200);
    let line = gateway
        .stdout()
        .wait_for("a line about it", 0, SOON, |line| serde_json::from_str::<Value>(line).ok());
    assert_eq!((&line["output_tokens"], &line["reasoning_tokens"]), (&json!(7), &json!(5)));
    assert_eq!(line.get("output_audio_tokens"), None, "what there is none of is left out");
}

#[test]
fn what_was_used_is_shown_by_consumer_and_what_is_in_flight_beside_it() {
    let gateway = Gateway::start(
        Config::ai(
            "
            providers:
              - { name: pretend, kind: mock, mock: { reply: { fixed: one two three }, tokens_per_second: 1 } }
            ",
        )
        .consumer(
            "ada",
            "
            credentials: [{ api_key: ada-key-0123456789 }]
            models: [\"pretend/*\"]
            budgets: [{ tokens: 100000, per: month }, { money: 5 USD, per: day }]
            ",
        )
        .consumer("bob", "credentials: [{ api_key: bob-key-0123456789 }]"),
    );
    let usage = gateway.admin_json("/api/v1/usage");
    assert_eq!(usage["usage"].as_array().map(Vec::len), Some(1), "{usage}");
    let of_ada = || gateway.admin_json("/api/v1/usage/ada")["budgets"].clone();
    assert_eq!(
        (&of_ada()[0]["unit"], &of_ada()[1]["unit"]),
        (&json!("nano_usd"), &json!("tokens"))
    );
    assert_eq!((&of_ada()[1]["limit"], &of_ada()[1]["left"]), (&json!(100_000), &json!(100_000)));
    let question = Dialect::OpenaiChat.question("pretend/fixed", "hi", true);
    let question = Dialect::OpenaiChat.limited(question, 50);
    let mut client = Client::connect(gateway.web());
    client.send(post("/v1/chat/completions", &[KEY], &question)).expect("sent");
    let reserved = eventually("something is reserved", SOON, || {
        of_ada()[1]["reserved"].as_u64().filter(|reserved| *reserved > 0)
    });
    assert!((50..200).contains(&reserved), "{reserved}");
    client.reset();
    eventually("what was used is counted", SOON, || {
        let budget = &of_ada()[1];
        let spent = budget["spent"].as_u64().expect("a number");
        (budget["reserved"] == 0 && spent > 0 && spent < reserved).then_some(())
    });
}
