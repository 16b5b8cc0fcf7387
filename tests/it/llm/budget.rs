//! What a consumer may use up.

use architrave_testkit::{Gateway, Origin};
use serde_json::{Value, json};

use super::{KEY, ask, config, parsed, post, reply, saying};

fn with_budget(origin: &Origin, budget: &str) -> Gateway {
    let config = config(&[origin])
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer(
            "ada",
            &format!("credentials: [{{ api_key: ada-key-0123456789 }}]\nbudgets: [{budget}]"),
        );
    Gateway::start(config)
}

#[test]
fn the_limit_of_the_output_is_lowered_to_what_is_left_and_then_all_is_refused() {
    let origin = Origin::start(|exchange| {
        let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let limit = body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64());
        // Providers count otherwise than anybody estimates.
        let used = limit.map(|limit| limit + 50);
        let used = json!({ "prompt_tokens": 10, "completion_tokens": used, "total_tokens": 0 });
        let mut said: Value = serde_json::from_str(&super::completion("hello")).expect("JSON");
        said["usage"] = used;
        reply(exchange, 200, &said.to_string());
    });
    let gateway = with_budget(&origin, "{ tokens: 1000, per: day }");
    let mut body = ask("hi");
    body["max_tokens"] = json!(5000);
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
    let granted = parsed(&answer)["usage"]["completion_tokens"].as_u64().expect("a number");
    assert!((950..1050).contains(&granted), "most of what is left: {granted}");
    let refused = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.get("retry-after").is_some());
    let asked = origin.count();
    for path in ["/v1/embeddings", "/v1/completions", "/v1/images/generations"] {
        let body = json!({ "model": "fast", "input": "x", "prompt": "x" });
        assert_eq!(post(gateway.web(), path, &[KEY], &body).status, 429, "{path}");
    }
    assert_eq!(origin.count(), asked, "nothing is asked any more");
}

#[test]
fn without_a_key_nothing_is_asked() {
    let origin = saying("hello");
    let gateway = with_budget(&origin, "{ tokens: 1000, per: day }");
    let none = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    let wrong = ["Authorization: Bearer nobodys-key-0123456789"];
    let wrong = post(gateway.web(), "/v1/chat/completions", &wrong, &ask("hi"));
    assert_eq!((none.status, wrong.status, origin.count()), (401, 401, 0));
    assert!(parsed(&none)["error"]["message"].is_string(), "{}", none.text());
}
