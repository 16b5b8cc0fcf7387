//! What a scrape tells of models: who used what, which lanes rest, what is left of budgets, and
//! what guardrails found.

use std::ops::Range;

use architrave_testkit::{Config, Gateway, Reloaded, SOON, eventually};
use serde_json::json;

use super::house::BOB;
use super::{KEY, ask, config, post, saying};

const CHAT: &str = "/v1/chat/completions";

/// Waits until what a scrape says under a name and these labels adds up to `value`.
fn shows(gateway: &Gateway, name: &str, labels: &[(&str, &str)], value: f64) {
    eventually(&format!("{name} {labels:?} is {value}"), SOON, || {
        let metrics = gateway.metrics();
        (metrics.has(name) && metrics.sum(name, labels) == value).then_some(())
    });
}

/// Waits until what a scrape says under a name and these labels is within that.
fn shows_within(gateway: &Gateway, name: &str, labels: &[(&str, &str)], within: Range<f64>) {
    eventually(&format!("{name} {labels:?} is within {within:?}"), SOON, || {
        within.contains(&gateway.metrics().sum(name, labels)).then_some(())
    });
}

/// A provider of OpenAI's at `address`, with the model `fast` at a price that the catalogue knows,
/// and two consumers, of whom one is given tokens slowly.
fn priced(address: &str) -> Config {
    Config::new()
        .web()
        .and(&format!(
            "providers: [{{ name: oa, kind: openai, base_url: \"http://{address}/v1\", \
             credentials: [{{ name: main, value: upstream-key }}] }}]\n\
             models: [{{ name: fast, deployments: [{{ provider: oa, model: gpt-4o-mini }}] }}]"
        ))
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer(
            "ada",
            "credentials: [{ api_key: ada-key-0123456789 }]\nmodels: [fast, \"oa/*\"]\n\
             limits: { tokens: 100000/m }\n\
             budgets: [{ tokens: 1000000, per: day }, { money: 2 USD, per: month }]",
        )
        .consumer(
            "bob",
            "credentials: [{ api_key: bob-key-0123456789 }]\nmodels: [fast]\n\
             limits: { tokens: 20000/d }",
        )
}

#[test]
fn what_a_consumer_uses_is_counted_by_model_and_beside_it_what_it_may() {
    let origin = saying("hello");
    let gateway = Gateway::start(priced(&origin.addr().to_string()));
    for model in ["fast", "oa/gpt-4o-mini", "oa/gpt-4o-mini"] {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
        let answer = post(gateway.web(), CHAT, &[KEY], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    // What a client calls a model at a provider is no label.
    for (model, answers) in [("fast", 1.0), ("(direct)", 2.0)] {
        let of = [("consumer", "ada"), ("gen_ai_request_model", model)];
        for (class, tokens) in [("input", 11.0), ("output", 7.0)] {
            let labels = [of[0], of[1], ("class", class)];
            shows(&gateway, "architrave_llm_consumer_tokens_total", &labels, tokens * answers);
        }
        // 11 tokens at 0.15 and 7 at 0.60 USD for a million.
        let cost = 5_850.0 * answers;
        shows(&gateway, "architrave_llm_consumer_cost_nano_usd_total", &of, cost);
    }
    let budget = |unit, per| [("consumer", "ada"), ("unit", unit), ("per", per)];
    let (tokens, money) = (budget("tokens", "day"), budget("nano_usd", "month"));
    shows(&gateway, "architrave_llm_budget_limit", &tokens, 1_000_000.0);
    shows(&gateway, "architrave_llm_budget_limit", &money, 2e9);
    shows(&gateway, "architrave_llm_budget_spent", &tokens, 54.0);
    shows(&gateway, "architrave_llm_budget_spent", &money, 17_550.0);
    shows(&gateway, "architrave_llm_budget_reserved", &tokens, 0.0);
    let limit = [("consumer", "ada"), ("per", "minute")];
    shows(&gateway, "architrave_llm_token_limit", &limit, 100_000.0);
    // A hundred thousand a minute pay 54 back within moments; twenty thousand a day take more than
    // a minute for 18.
    shows(&gateway, "architrave_llm_token_limit_used", &limit, 0.0);
    let slow = [("consumer", "bob"), ("per", "day")];
    let body = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(post(gateway.web(), CHAT, &[BOB], &body).status, 200);
    shows_within(&gateway, "architrave_llm_token_limit_used", &slow, 1.0..19.0);
}

#[test]
fn nobody_is_counted_where_nobody_is_known() {
    let origin = saying("hello");
    let gateway = super::gateway(&[&origin], "");
    assert_eq!(post(gateway.web(), CHAT, &[], &ask("hi")).status, 200);
    shows(&gateway, "architrave_llm_tokens_total", &[("class", "output")], 7.0);
    assert!(!gateway.metrics().has("architrave_llm_consumer_tokens_total"));
}

#[test]
fn lanes_that_rest_say_why_and_who_stands_in_is_counted() {
    let gateway = Gateway::start(
        Config::new()
            .web()
            .and(
                "providers:\n\
                 - { name: busy, kind: mock, mock: { fail_percent: 100, fail_status: 429 } }\n\
                 - { name: well, kind: mock }\n\
                 models:\n\
                 - { name: fast, deployments: [{ provider: busy, model: echo }], fallbacks: [spare] }\n\
                 - { name: spare, deployments: [{ provider: well, model: echo }] }",
            )
            .service("ai", "llm: {}")
            .route("ai", "service: ai\nkeep_prefix: true"),
    );
    let lane =
        |model, provider| [("gen_ai_request_model", model), ("gen_ai_provider_name", provider)];
    shows(&gateway, "architrave_llm_lane_available", &lane("fast", "busy"), 1.0);
    assert!(!gateway.metrics().has("architrave_llm_lane_rest_seconds"));
    for _ in 0..2 {
        let answer = post(gateway.web(), CHAT, &[], &ask("hi"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    shows(&gateway, "architrave_llm_lane_available", &lane("fast", "busy"), 0.0);
    shows(&gateway, "architrave_llm_lane_available", &lane("spare", "well"), 1.0);
    let why = [("gen_ai_request_model", "fast"), ("reason", "rate_limited")];
    let metrics = gateway.metrics();
    let rests = metrics.samples.iter().find(|it| it.name == "architrave_llm_lane_rest_seconds");
    let rests = rests.expect("a lane that rests");
    assert!(why.iter().all(|(name, value)| rests.labels[*name] == *value), "{rests:?}");
    assert_eq!(rests.labels["upstream_model"], "echo");
    // One is asked once, and both requests are answered by the other model.
    let failures = [("gen_ai_provider_name", "busy"), ("reason", "rate_limited")];
    shows(&gateway, "architrave_llm_attempt_failures_total", &failures, 1.0);
    let fallback = [("gen_ai_request_model", "fast"), ("fallback", "spare")];
    shows(&gateway, "architrave_llm_fallbacks_total", &fallback, 2.0);
    assert_eq!(metrics.sum("architrave_llm_fallbacks_total", &[]), 2.0);
}

#[test]
fn what_guardrails_find_is_counted_where_they_are_written_over_reloads() {
    let origin = saying("write to eve@example.com or bob@example.com about nightfall");
    let guarded = |words: &str| {
        config(&[&origin])
            .service("ai", "llm: {}\npolicies: { guardrail: { personal_data: [email] } }")
            .route(
                "ai",
                &format!(
                    "service: ai\nkeep_prefix: true\n\
                     policies: {{ guardrail: {{ keywords: [{words}], action: refuse, \
                     on: [request] }} }}"
                ),
            )
    };
    let gateway = Gateway::start(guarded("dusk"));
    assert!(!gateway.metrics().has("architrave_llm_guardrail_findings_total"));
    assert_eq!(post(gateway.web(), CHAT, &[], &ask("I am joe@example.com")).status, 200);
    assert_eq!(post(gateway.web(), CHAT, &[], &ask("at dusk")).status, 403);
    let name = "architrave_llm_guardrail_findings_total";
    let (masked, refused) = (
        [("guardrail", "services/ai"), ("action", "masked")],
        [("guardrail", "routes/ai"), ("action", "refused")],
    );
    shows(&gateway, name, &masked, 3.0);
    shows(&gateway, name, &refused, 1.0);
    assert_eq!(gateway.reload(guarded("dusk, dawn")), Reloaded::Taken);
    assert_eq!(post(gateway.web(), CHAT, &[], &ask("at dawn")).status, 403);
    shows(&gateway, name, &refused, 2.0);
    assert_eq!(gateway.metrics().sum(name, &[]), 5.0);
}
