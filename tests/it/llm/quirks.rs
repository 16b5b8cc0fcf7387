//! What a provider refuses does not reach it, though it speaks the client's dialect; all else goes
//! on as it came, and the client is told what was left out.

use architrave_testkit::{Config, Gateway, Origin};
use serde_json::{Value, json};

use super::{completion, post, reply};

/// An answer of Anthropic's dialect.
fn message() -> String {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "there",
        "content": [{ "type": "text", "text": "hello" }],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": 3, "output_tokens": 2 },
    })
    .to_string()
}

/// An origin of both dialects, and a gateway with a provider of each of these kinds that is it.
fn house(kinds: &[&str]) -> (Origin, Gateway) {
    let origin = Origin::start(|exchange| {
        let is_messages = exchange.request().target.ends_with("/messages");
        exchange.read_body();
        reply(exchange, 200, &if is_messages { message() } else { completion("hello") });
    });
    let provider = |kind: &&str| {
        format!(
            "  - {{ name: {kind}, kind: {kind}, base_url: \"http://{}/v1\", \
             credentials: [{{ value: a-key }}] }}\n",
            origin.addr()
        )
    };
    let providers: String = kinds.iter().map(provider).collect();
    let gateway = Gateway::start(Config::ai(&format!("providers:\n{providers}")));
    (origin, gateway)
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// What of a body reaches the provider, and what the client is told of the rest.
fn told(house: &(Origin, Gateway), path: &str, body: &Value) -> (Value, String) {
    let (origin, gateway) = house;
    let answer = post(gateway.web(), path, &[], body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut sent: Value = serde_json::from_slice(&origin.last().body).expect("a body of JSON");
    for member in ["model", "messages"] {
        sent.as_object_mut().expect("an object").remove(member);
    }
    (sent, answer.get("x-architrave-dropped").unwrap_or_default().to_owned())
}

fn asking(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
    let members = body.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    body
}

#[test]
fn the_limit_of_the_output_has_the_name_that_the_provider_knows() {
    let house = house(&["openai", "mistral", "openrouter"]);
    for (model, said, sent) in [
        ("mistral/m", json!({"max_completion_tokens": 7}), json!({"max_tokens": 7})),
        (
            "mistral/m",
            json!({"max_completion_tokens": 7, "max_tokens": 9}),
            json!({"max_tokens": 7}),
        ),
        ("openai/o3-mini", json!({"max_tokens": 7}), json!({"max_completion_tokens": 7})),
        (
            "openai/gpt-5",
            json!({"max_completion_tokens": 7, "max_tokens": 9}),
            json!({"max_completion_tokens": 7}),
        ),
        ("openai/gpt-4o", json!({"max_tokens": 7}), json!({"max_tokens": 7})),
        ("openrouter/x", json!({"max_tokens": 7}), json!({"max_tokens": 7})),
    ] {
        assert_eq!(told(&house, CHAT, &asking(model, said)), (sent, String::new()), "{model}");
    }
}

#[test]
fn how_tokens_are_drawn_is_not_said_to_models_that_refuse_it() {
    let house = house(&["openai", "anthropic"]);
    let drawn = json!({"temperature": 0.2, "top_p": 0.9, "max_tokens": 7});
    let older = "anthropic/claude-opus-4-20250514";
    let both = "anthropic/claude-sonnet-4-5";
    let newer = "anthropic/claude-opus-4-7";
    for (path, model, sent, dropped) in [
        (MESSAGES, older, drawn.clone(), ""),
        (MESSAGES, both, json!({"temperature": 0.2, "max_tokens": 7}), "top_p"),
        (MESSAGES, newer, json!({"max_tokens": 7}), "temperature, top_p"),
        (CHAT, both, json!({"temperature": 0.2, "max_tokens": 7}), "top_p"),
        (CHAT, newer, json!({"max_tokens": 7}), "temperature, top_p"),
        (CHAT, "openai/o3", json!({"max_completion_tokens": 7}), "temperature, top_p"),
        (CHAT, "openai/gpt-4o", drawn.clone(), ""),
    ] {
        let (got, told) = told(&house, path, &asking(model, drawn.clone()));
        assert_eq!((got, told.as_str()), (sent, dropped), "{model} by {path}");
    }
    let alone = json!({"top_p": 0.9, "max_tokens": 7});
    assert_eq!(told(&house, MESSAGES, &asking(both, alone.clone())), (alone, String::new()));
}
