//! Claude in the words of Vertex: the model in the path, the revision in the body; from clients and
//! to the provider.

use architrave_testkit::{Gateway, Origin, Response};
use serde_json::{Value, json};

use super::house::{keyed, sole, with_ada};
use super::{KEY, completion, parsed, post, reply};

const MODELS: &str = "/v1/projects/p/locations/europe-west4/publishers/anthropic/models";

/// A provider that says a message in Anthropic's words, and counts to nine.
fn anthropic() -> Origin {
    Origin::start(|exchange| {
        let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        if exchange.target().contains("count") {
            return reply(exchange, 200, r#"{"input_tokens":9}"#);
        }
        if body["stream"] == true || exchange.target().contains("stream") {
            let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
            return exchange.reply(200, &[("Content-Type", "text/event-stream")], stop);
        }
        let message = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "there",
            "content": [{ "type": "text", "text": "hello" }], "stop_reason": "end_turn",
            "stop_sequence": null, "usage": { "input_tokens": 3, "output_tokens": 2 },
        });
        reply(exchange, 200, &message.to_string());
    })
}

/// What a client asks, which is to say nothing of a model.
fn body() -> Value {
    json!({
        "anthropic_version": "vertex-2023-10-16", "max_tokens": 64,
        "messages": [{ "role": "user", "content": "hi" }],
    })
}

fn ask(gateway: &Gateway, end: &str, body: &Value) -> Response {
    let answer = post(gateway.web(), &format!("{MODELS}/{end}"), &[KEY], body);
    assert_eq!(answer.status, 200, "{end}: {}", answer.text());
    answer
}

/// Where the last request to an origin went, and what it said.
fn sent(origin: &Origin) -> (String, Value) {
    let last = origin.last();
    (last.target, serde_json::from_slice(&last.body).expect("JSON"))
}

fn to(origin: &Origin, kind: &str, base_path: &str, there: &str) -> Gateway {
    Gateway::start(with_ada(keyed(sole(kind, base_path, origin, there)), ""))
}

#[test]
fn at_anthropic_the_body_names_the_model_and_says_no_revision() {
    let origin = anthropic();
    // It may be called the same there.
    for there in ["claude-there", "fast"] {
        let gateway = to(&origin, "anthropic", "", there);
        let answer = ask(&gateway, "fast:rawPredict", &body());
        assert_eq!(parsed(&answer)["content"][0]["text"], "hello");
        assert_eq!(answer.get("x-architrave-dropped"), None);
        let mut wanted = body();
        wanted.as_object_mut().expect("an object").remove("anthropic_version");
        wanted["model"] = there.into();
        assert_eq!(sent(&origin), ("/v1/messages".to_owned(), wanted.clone()));
        assert_eq!(origin.last().get("anthropic-version"), Some("2023-06-01"));
        // The path asks for a stream, whether or not the body does.
        let told = ask(&gateway, "fast:streamRawPredict", &body());
        assert!(told.text().contains("message_stop"), "{}", told.text());
        wanted["stream"] = true.into();
        assert_eq!(sent(&origin).1, wanted);
        let mut counted = body();
        counted["model"] = "fast".into();
        let count = ask(&gateway, "count-tokens:rawPredict", &counted);
        assert_eq!(
            (parsed(&count), count.get("x-architrave-estimated")),
            (json!({ "input_tokens": 9 }), None)
        );
        let (target, said) = sent(&origin);
        assert_eq!((&*target, &said["model"]), ("/v1/messages/count_tokens", &json!(there)));
        assert_eq!(said["anthropic_version"], Value::Null);
    }
}

#[test]
fn at_vertex_it_goes_on_as_it_came() {
    let origin = anthropic();
    let there = "/v1/projects/house/locations/l";
    let gateway = to(&origin, "vertex-anthropic", there, "claude-there@1");
    ask(&gateway, "fast:rawPredict", &body());
    let models = format!("{there}/publishers/anthropic/models");
    assert_eq!(sent(&origin), (format!("{models}/claude-there@1:rawPredict"), body()));
    assert_eq!(origin.last().get("authorization"), Some("Bearer key-0"));
    let mut streamed = body();
    streamed["stream"] = true.into();
    ask(&gateway, "fast:streamRawPredict", &body());
    assert_eq!(sent(&origin), (format!("{models}/claude-there@1:streamRawPredict"), streamed));
    // Who asks in Anthropic's own way is told there in Vertex's.
    let mut plain = body();
    plain["model"] = "fast".into();
    plain.as_object_mut().expect("an object").remove("anthropic_version");
    let answer = post(gateway.web(), "/v1/messages", &[KEY], &plain);
    assert_eq!((answer.status, sent(&origin).1), (200, body()));
    plain.as_object_mut().expect("an object").remove("max_tokens");
    let count = post(gateway.web(), "/v1/messages/count_tokens", &[KEY], &plain);
    assert_eq!(parsed(&count), json!({ "input_tokens": 9 }));
    let (target, said) = sent(&origin);
    assert_eq!(target, format!("{models}/count-tokens:rawPredict"));
    assert_eq!(said["model"], "claude-there@1");
}

#[test]
fn in_other_words_nothing_is_lost_by_it() {
    let origin = Origin::start(|exchange| reply(exchange, 200, &completion("hello")));
    let gateway = to(&origin, "openai_compatible", "/v1", "there");
    let answer = ask(&gateway, "fast:rawPredict", &body());
    assert_eq!(parsed(&answer)["content"][0]["text"], "hello");
    // Of the answer; of the request nothing is.
    assert_eq!(answer.get("x-architrave-dropped"), Some("created"));
    assert_eq!(sent(&origin).1["model"], "there");
    // Refusals are in Anthropic's words, also of what is not there.
    for (end, status) in [("other:rawPredict", 404), ("fast:rawGuess", 404)] {
        let refused = post(gateway.web(), &format!("{MODELS}/{end}"), &[KEY], &body());
        assert_eq!((refused.status, &parsed(&refused)["type"]), (status, &json!("error")), "{end}");
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn the_model_that_the_path_names_is_asked_whatever_the_body_says() {
    let origin = Origin::start(|exchange| reply(exchange, 200, &completion("hello")));
    let gateway = to(&origin, "openai_compatible", "/v1", "fast");
    let path = "/openai/deployments/fast/chat/completions";
    let messages = json!([{ "role": "user", "content": "hi" }]);
    for body in [
        json!({ "model": "dear", "messages": messages }),
        json!({ "messages": messages }),
        json!({ "model": null, "messages": messages }),
    ] {
        assert_eq!(post(gateway.web(), path, &[KEY], &body).status, 200);
        assert_eq!(sent(&origin).1, json!({ "model": "fast", "messages": messages }), "{body}");
    }
}
