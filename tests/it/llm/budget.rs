//! What a consumer may use up.

use architrave_testkit::{Gateway, Origin};
use serde_json::{Value, json};

use super::house::{self, held_to, of_budget, sole};
use super::{KEY, ask, config, parsed, post, reply, saying};

fn with_budget(origin: &Origin, budget: &str) -> Gateway {
    held_to(budget, config(&[origin]))
}

#[test]
fn what_an_answer_says_that_it_cost_is_charged_where_nobody_knows_a_price() {
    let origin = Origin::start(|exchange| {
        exchange.read_body();
        let mut said: Value = serde_json::from_str(&super::completion("hello")).expect("JSON");
        said["usage"]["cost"] = json!(0.6);
        reply(exchange, 200, &said.to_string());
    });
    let gateway = with_budget(&origin, "{ money: 1 USD, per: day }");
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let mut body = ask("hi");
        body["max_tokens"] = json!(9);
        let answer = post(gateway.web(), path, &[KEY], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cost: f64 = answer.get("x-architrave-cost").expect("told").parse().expect("USD");
        assert!((cost - 0.6).abs() < 1e-9, "{cost}");
    }
    house::has_spent(&gateway, 1_200_000_000);
}

/// A provider that takes no request, which costs nothing and says nothing of the provider.
fn refusing() -> Origin {
    Origin::start(|exchange| {
        exchange.read_body();
        reply(exchange, 400, r#"{"message":"no","error":{"message":"no"}}"#);
    })
}

#[test]
fn what_a_model_may_reason_goes_down_with_the_limit_that_is_left() {
    let origin = refusing();
    let gateway = held_to("{ tokens: 5000, per: day }", sole("anthropic", "", &origin, "there"));
    let sent = |most: u64, thinking: u64| -> Value {
        let body = json!({
            "model": "fast", "max_tokens": most, "messages": [{ "role": "user", "content": "hi" }],
            "thinking": { "type": "enabled", "budget_tokens": thinking },
        });
        post(gateway.web(), "/v1/messages", &[KEY], &body);
        serde_json::from_slice(&origin.last().body).expect("JSON")
    };
    let lowered = sent(16_000, 10_000);
    let most = lowered["max_tokens"].as_u64().expect("a number");
    assert!((4_900..5_000).contains(&most), "{lowered}");
    assert_eq!(lowered["thinking"]["budget_tokens"], json!(most - 1), "{lowered}");
    let fitting = sent(16_000, 2_000);
    assert_eq!(fitting["thinking"]["budget_tokens"], json!(2_000), "{fitting}");
}

#[test]
fn where_too_little_is_left_to_reason_a_model_does_not() {
    let origin = refusing();
    let keys = "aws: { access_key_id: AKIA0, secret_access_key: key-0 }";
    let models = architrave_testkit::Config::new().web().and(&format!(
        "providers: [{{ name: p0, kind: bedrock, region: eu-west-1, base_url: \"http://{}\", \
         credentials: [{{ {keys} }}] }}]\n\
         models: [{{ name: fast, deployments: [{{ provider: p0, model: there }}] }}]",
        origin.addr()
    ));
    let gateway = held_to("{ tokens: 900, per: day }", models);
    let body = json!({
        "messages": [{ "role": "user", "content": [{ "text": "hi" }] }],
        "inferenceConfig": { "maxTokens": 12_000 },
        "additionalModelRequestFields": { "thinking": { "type": "enabled", "budget_tokens": 8_000 } },
    });
    post(gateway.web(), "/model/fast/converse", &[KEY], &body);
    let sent: Value = serde_json::from_slice(&origin.last().body).expect("JSON");
    let most = sent["inferenceConfig"]["maxTokens"].as_u64().expect("a number");
    assert!(most < 900, "{sent}");
    let thinking = &sent["additionalModelRequestFields"]["thinking"];
    assert_eq!(*thinking, json!({ "type": "disabled" }), "{sent}");
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
    assert!(none.get("x-request-id").is_some_and(|id| !id.is_empty()), "{none:?}");
}

/// An origin that tells what it was asked for by as many tokens of the answer as `limit` finds.
fn telling(limit: fn(&Value) -> Option<u64>) -> Origin {
    Origin::start(move |exchange| {
        let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let used = json!({ "prompt_tokens": 1, "completion_tokens": limit(&body) });
        let mut said: Value = serde_json::from_str(&super::completion("hello")).expect("JSON");
        said["usage"] = used;
        reply(exchange, 200, &said.to_string());
    })
}

#[test]
fn a_limit_that_is_stated_twice_is_reserved_at_the_higher_and_both_are_lowered() {
    let origin =
        telling(|body| body["max_tokens"].as_u64().max(body["max_completion_tokens"].as_u64()));
    let gateway = with_budget(&origin, "{ tokens: 1000, per: day }");
    let mut body = ask("hi");
    body["max_completion_tokens"] = json!(1);
    body["max_tokens"] = json!(100_000_000);
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
    let granted = parsed(&answer)["usage"]["completion_tokens"].as_u64().expect("a number");
    assert!((900..1000).contains(&granted), "no more than what is left: {granted}");
}

#[test]
fn a_completion_without_a_limit_gets_one_and_is_not_refused() {
    let origin = telling(|body| body["max_tokens"].as_u64());
    let gateway = with_budget(&origin, "{ tokens: 200000, per: day }");
    let body = json!({ "model": "fast", "prompt": "x" });
    let answer = post(gateway.web(), "/v1/completions", &[KEY], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(parsed(&answer)["usage"]["completion_tokens"], json!(4096));
    let best = json!({ "model": "fast", "prompt": "x", "max_tokens": 20_000, "best_of": 20 });
    let answer = post(gateway.web(), "/v1/completions", &[KEY], &best);
    let granted = parsed(&answer)["usage"]["completion_tokens"].as_u64().expect("a number");
    assert!(granted < 10_000, "each of twenty may be so long: {granted}");
}

/// A gateway in front of Bedrock, models of which nobody knows anything.
fn bedrock(origin: &Origin, budget: &str) -> Gateway {
    held_to(budget, sole("bedrock-api-key", "", origin, "own.model-v1"))
}

#[test]
fn a_bare_call_is_sent_while_what_it_may_use_is_left_and_its_own_limit_is_lowered() {
    let origin = Origin::start(|exchange| {
        let body = exchange.read_body();
        reply(exchange, 200, &String::from_utf8_lossy(&body));
    });
    let gateway = bedrock(&origin, "{ tokens: 20000, per: day }");
    let call = |body: &Value| post(gateway.web(), "/model/fast/invoke", &[KEY], body);
    let plain = call(&json!({ "prompt": "hi" }));
    assert_eq!((plain.status, parsed(&plain)), (200, json!({ "prompt": "hi" })));
    for (name, inner) in [("max_gen_len", None), ("textGenerationConfig", Some("maxTokenCount"))] {
        let limit = |limit: u64| match inner {
            Some(inner) => json!({ name: { inner: limit } }),
            None => json!({ name: limit }),
        };
        let sent = parsed(&call(&limit(1_000_000)));
        let sent = inner.map_or(&sent[name], |inner| &sent[name][inner]).as_u64();
        assert!(sent.is_some_and(|sent| (10_000..20_000).contains(&sent)), "{name}: {sent:?}");
        assert_eq!(parsed(&call(&limit(100))), limit(100));
    }
    let poor = bedrock(&origin, "{ tokens: 2000, per: day }");
    let refused = post(poor.web(), "/model/fast/invoke", &[KEY], &json!({ "prompt": "hi" }));
    assert_eq!(refused.status, 429, "{}", refused.text());
}

#[test]
fn a_body_of_geminis_says_a_field_in_one_spelling() {
    let origin = saying("hello");
    let gateway = with_budget(&origin, "{ tokens: 200000, per: day }");
    let contents = json!([{ "role": "user", "parts": [{ "text": "hi" }] }]);
    let ask = |body: &Value| {
        post(gateway.web(), "/v1beta/models/fast:generateContent", &[KEY], body).status
    };
    let system = json!({ "parts": [{ "text": "be brief" }] });
    assert_eq!(ask(&json!({ "contents": contents, "systemInstruction": system })), 200);
    for (one, other) in
        [("systemInstruction", "system_instruction"), ("generationConfig", "generation_config")]
    {
        assert_eq!(ask(&json!({ "contents": contents, one: {}, other: {} })), 400, "{one}");
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn what_goes_on_from_an_answer_reserves_the_conversation_before_it() {
    let gateway = std::sync::Arc::new(std::sync::OnceLock::<Gateway>::new());
    let (seen, of_origin) = (std::sync::Arc::new(std::sync::Mutex::new(0)), gateway.clone());
    let told = seen.clone();
    let origin = Origin::start(move |exchange| {
        let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let reserved = of_budget(of_origin.get().expect("it runs"), "reserved");
        *told.lock().expect("nobody panics") = reserved;
        let name = body["input"].as_str().unwrap_or_default();
        let said = json!({
            "id": format!("resp_{name}"), "object": "response", "status": "completed",
            "model": "there", "created_at": 1, "output": [],
            "usage": { "input_tokens": 60_000, "output_tokens": 40_000, "total_tokens": 100_000 },
        });
        reply(exchange, 200, &said.to_string());
    });
    let models = sole("openai", "/v1", &origin, "there");
    let gateway = gateway.get_or_init(|| held_to("{ tokens: 1000000, per: day }", models));
    let reserved = |mut more: Value| {
        more["model"] = json!("fast");
        more["max_output_tokens"] = json!(100);
        let answer = post(gateway.web(), "/v1/responses", &[KEY], &more);
        assert_eq!(answer.status, 200, "{}", answer.text());
        *seen.lock().expect("nobody panics")
    };
    let first = reserved(json!({ "input": "one" }));
    assert!(first < 1_000, "{first}");
    let next = reserved(json!({ "input": "two", "previous_response_id": "resp_one" }));
    assert!((100_000..101_000).contains(&next), "{next}");
    let elsewhere = reserved(json!({ "input": "x", "previous_response_id": "resp_elsewhere" }));
    assert!((32_768..34_000).contains(&elsewhere), "{elsewhere}");
    let file = json!({ "type": "input_file", "file_url": "https://a.example/a.pdf" });
    let file = json!([{ "role": "user", "content": [file] }]);
    let linked = reserved(json!({ "input": file }));
    assert!((6_000..7_000).contains(&linked), "{linked}");
}

#[test]
fn a_whole_answer_tells_what_is_left_when_it_is_paid() {
    let origin = saying("hello");
    let gateway = with_budget(&origin, "{ tokens: 20000, per: day }");
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &ask("hi"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    // 11 tokens in and 7 out, by what the provider said, and not the 4,096 that were reserved.
    let left = answer.get("ratelimit").expect("it is told");
    assert!(left.contains("r=19982"), "{left}");
}
