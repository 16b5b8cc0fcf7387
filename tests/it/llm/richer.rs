//! Models that are to be had by Chat and by Responses: a request in other words goes where it loses
//! less.

use architrave_testkit::{Config, Gateway, Origin};
use serde_json::{Value, json};

use super::house::provider;
use super::{completion, parsed, post, reply};

/// Speaks both, and thinks aloud in Responses.
fn openai() -> Origin {
    Origin::start(|exchange| {
        let is_chat = exchange.target().ends_with("/chat/completions");
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        if is_chat {
            assert!(asked["messages"].is_array(), "{asked}");
            return reply(exchange, 200, &completion("from chat"));
        }
        assert!(asked["input"].is_array() && asked["store"] == false, "{asked}");
        let said = json!({
            "id": "resp_1", "object": "response", "created_at": 1, "model": "there",
            "status": "completed",
            "output": [
                { "type": "reasoning", "id": "rs_1", "encrypted_content": "b3BhcXVl",
                  "summary": [{ "type": "summary_text", "text": "let me see" }] },
                { "type": "message", "id": "m", "role": "assistant", "status": "completed",
                  "content": [{ "type": "output_text", "text": "from responses", "annotations": [] }] },
            ],
            "usage": { "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 },
        });
        reply(exchange, 200, &said.to_string());
    })
}

fn gateway(origin: &Origin) -> Gateway {
    let config = Config::new()
        .web()
        .and(&format!("providers:\n{}", provider(0, "openai", "/v1", origin)))
        .service("ai", "llm: { models: [\"*\"] }")
        .route("ai", "service: ai\nkeep_prefix: true");
    Gateway::start(config)
}

/// A message of Anthropic's with something more in it.
fn message(model: &str, more: Value) -> Value {
    let mut body = json!({
        "model": model, "max_tokens": 4000, "messages": [{ "role": "user", "content": "hi" }],
    });
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

#[test]
fn what_chat_loses_goes_to_responses_where_the_model_takes_them() {
    let origin = openai();
    let gateway = gateway(&origin);
    let document = json!([{ "role": "user", "content": [
        { "type": "document", "source": { "type": "url", "url": "https://a.example/a.pdf" } },
        { "type": "text", "text": "what is it about?" },
    ] }]);
    let thinking = json!({ "type": "enabled", "budget_tokens": 2000 });
    let cases = [
        ("p0/gpt-5", json!({}), "from chat"),
        ("p0/gpt-5", json!({ "messages": document }), "from responses"),
        ("p0/gpt-5", json!({ "thinking": thinking }), "from responses"),
        // Responses have no stop texts, and would refuse them.
        ("p0/gpt-5", json!({ "thinking": thinking, "stop_sequences": ["END"] }), "from chat"),
        // Nobody knows whether it takes them.
        ("p0/brand-new", json!({ "thinking": thinking }), "from chat"),
    ];
    for (model, more, from) in cases {
        let answer = post(gateway.web(), "/v1/messages", &[], &message(model, more.clone()));
        assert_eq!(answer.status, 200, "{more}: {}", answer.text());
        assert!(answer.text().contains(from), "{more}: {}", answer.text());
    }
    // What was thought comes back.
    let answer = post(
        gateway.web(),
        "/v1/messages",
        &[],
        &message("p0/gpt-5", json!({ "thinking": thinking })),
    );
    let said = parsed(&answer)["content"].clone();
    let thoughts = said.as_array().expect("blocks").iter().filter(|it| it["type"] == "thinking");
    assert_eq!(thoughts.count(), 1, "{said}");
    let thoughts = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }],
        "generationConfig": { "thinkingConfig": { "includeThoughts": true } },
    });
    let path = "/v1beta/models/p0/gpt-5:generateContent";
    let answer = post(gateway.web(), path, &[], &thoughts);
    assert!(answer.text().contains("let me see"), "{}", answer.text());
    assert_eq!(answer.get("x-architrave-dropped"), None, "{}", answer.text());
    // The same dialect stays as it is.
    let chat = json!({
        "model": "p0/gpt-5", "reasoning_effort": "low",
        "messages": [{ "role": "user", "content": "hi" }],
    });
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &chat);
    assert!(answer.text().contains("from chat"), "{}", answer.text());
}
