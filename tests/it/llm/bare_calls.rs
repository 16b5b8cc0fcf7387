//! Bare calls of models: what they ask for shows in their bodies alone, and so does what they and
//! streams of images have used.

use architrave_testkit::{Config, Gateway, Origin};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::form::{part, send};
use super::house::{has_spent, held_to, keyed, sole, with_ada};
use super::{KEY, completion, parsed, post, reply};

fn on_a_budget(origin: &Origin, kind: &str) -> Gateway {
    held_to("{ tokens: 1000000, per: day }", sole(kind, "", origin, "own.model-v1"))
}

#[test]
fn the_body_of_a_bare_calls_answer_tells_its_tokens_in_its_models_words() {
    let origin = Origin::start(move |exchange| {
        let _body = exchange.read_body();
        let usage = json!({ "input_tokens": 9, "output_tokens": 5000 });
        reply(exchange, 200, &json!({ "content": [], "usage": usage }).to_string());
    });
    let gateway = on_a_budget(&origin, "bedrock-api-key");
    let body = json!({ "max_tokens": 6000 });
    assert_eq!(post(gateway.web(), "/model/fast/invoke", &[KEY], &body).status, 200);
    has_spent(&gateway, 5_009);
}

#[test]
fn a_stream_of_an_edited_image_tells_its_tokens_however_large_the_image_is() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let usage = json!({
            "input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
            "input_tokens_details": { "text_tokens": 10, "image_tokens": 40 },
        });
        // It comes behind the image.
        let event = format!(
            "event: image_edit.completed\ndata: {{\"type\":\"image_edit.completed\",\
             \"b64_json\":\"{}\",\"usage\":{usage}}}\n\n",
            "A".repeat(3_000_000)
        );
        exchange.reply(200, &[("Content-Type", "text/event-stream")], event);
    });
    let gateway = on_a_budget(&origin, "openai");
    let parts = [part("model", "fast"), part("stream", "true"), part("image", "x")];
    let answer = send(gateway.web(), "/v1/images/edits", &[KEY], &parts);
    assert_eq!(answer.status, 200, "{}", answer.status);
    has_spent(&gateway, 4_210);
}

/// A gateway to one model `fast` of a provider, for whoever has a key.
fn keyed_to(origin: &Origin, kind: &str, base_path: &str, there: &str) -> Gateway {
    Gateway::start(with_ada(keyed(sole(kind, base_path, origin, there)), ""))
}

fn in_anthropics_words() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "system": "be brief",
        "messages": [{ "role": "user", "content": "hi" }],
    })
}

#[track_caller]
fn called(gateway: &Gateway, path: &str, body: &Value) -> Value {
    let answer = post(gateway.web(), path, &[KEY], body);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    parsed(&answer)
}

/// What the last request to an origin said.
fn asked_of(origin: &Origin) -> (String, Value) {
    let last = origin.last();
    (last.target, serde_json::from_slice(&last.body).expect("JSON"))
}

#[test]
fn a_bare_call_for_vectors_goes_to_whoever_makes_vectors() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let data = json!([{ "object": "embedding", "index": 0, "embedding": [0.5, -1.25] }]);
        let usage = json!({ "prompt_tokens": 7, "total_tokens": 7 });
        let vectors = json!({ "object": "list", "data": data, "model": "there", "usage": usage });
        reply(exchange, 200, &vectors.to_string());
    });
    let gateway = held_to("{ tokens: 1000, per: day }", sole("openai", "/v1", &origin, "there"));
    let titan = called(&gateway, "/model/fast/invoke", &json!({ "inputText": "hi" }));
    assert_eq!(
        (&titan["embedding"], &titan["inputTextTokenCount"]),
        (&json!([0.5, -1.25]), &json!(7))
    );
    let (target, sent) = asked_of(&origin);
    assert_eq!((&*target, &sent["model"]), ("/v1/embeddings", &json!("there")), "{sent}");
    has_spent(&gateway, 7);
    let body = json!({ "texts": ["hi"], "input_type": "search_document" });
    let cohere = called(&gateway, "/model/fast/invoke", &body);
    assert_eq!(cohere["embeddings"], json!([[0.5, -1.25]]), "{cohere}");
    has_spent(&gateway, 14);
    // What cannot be said there is refused in Bedrock's words.
    let image = json!({ "inputImage": "AAAA" });
    let refused = post(gateway.web(), "/model/fast/invoke", &[KEY], &image);
    assert_eq!(
        (refused.status, refused.get("x-amzn-errortype")),
        (400, Some("ValidationException"))
    );
}

#[test]
fn a_bare_call_for_a_ranking_goes_to_whoever_ranks() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let results = json!([{ "index": 1, "relevance_score": 0.75 }]);
        let meta = json!({ "billed_units": { "search_units": 1 } });
        let body = json!({ "id": "1", "results": results, "meta": meta });
        reply(exchange, 200, &body.to_string());
    });
    let gateway = keyed_to(&origin, "cohere", "", "rerank-there");
    let body = json!({ "query": "a", "documents": ["b", "c"], "top_n": 1, "api_version": 2 });
    let ranked = called(&gateway, "/model/fast/invoke", &body);
    assert_eq!(ranked["results"], json!([{ "index": 1, "relevance_score": 0.75 }]), "{ranked}");
    let (target, sent) = asked_of(&origin);
    assert_eq!((&*target, &sent["documents"]), ("/v2/rerank", &json!(["b", "c"])), "{sent}");
}

#[test]
fn a_bare_call_in_anthropics_words_is_a_chat_with_any_model() {
    let origin = Origin::start(|exchange| {
        let body = exchange.read_body();
        match String::from_utf8_lossy(&body).contains("too fast") {
            true => reply(exchange, 429, r#"{"error":{"message":"slow down","type":"x"}}"#),
            false => reply(exchange, 200, &completion("hello")),
        }
    });
    let gateway = held_to("{ tokens: 1000, per: day }", sole("openai", "/v1", &origin, "there"));
    let message = called(&gateway, "/model/fast/invoke", &in_anthropics_words());
    assert_eq!(message["content"], json!([{ "type": "text", "text": "hello" }]), "{message}");
    assert_eq!((&message["model"], &message["stop_reason"]), (&json!("there"), &json!("end_turn")));
    let (target, sent) = asked_of(&origin);
    assert_eq!((&*target, &sent["model"]), ("/v1/chat/completions", &json!("there")), "{sent}");
    assert_eq!(sent["messages"][1], json!({ "role": "user", "content": "hi" }), "{sent}");
    has_spent(&gateway, 18);
    let mut body = in_anthropics_words();
    body["messages"] = json!([{ "role": "nobody", "content": "hi" }]);
    let refused = post(gateway.web(), "/model/fast/invoke", &[KEY], &body);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("`messages[0]`"), "{}", refused.text());
    // Then it rests.
    let mut body = in_anthropics_words();
    body["messages"][0]["content"] = json!("too fast");
    let refused = post(gateway.web(), "/model/fast/invoke", &[KEY], &body);
    assert_eq!(
        (refused.status, refused.get("x-amzn-errortype")),
        (429, Some("ThrottlingException"))
    );
    assert_eq!(parsed(&refused)["message"], "slow down");
}

/// The messages of AWS's framing: what each is called, and what it says.
fn messages(mut bytes: &[u8]) -> Vec<(String, Value)> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().expect("four")) as usize;
    let mut told = Vec::new();
    while !bytes.is_empty() {
        let (length, headers) = (number(bytes), number(&bytes[4..]));
        let said = String::from_utf8_lossy(&bytes[12..12 + headers]).into_owned();
        let body = &bytes[12 + headers..length - 4];
        told.push((said, serde_json::from_slice(body).expect("JSON")));
        bytes = &bytes[length..];
    }
    told
}

#[test]
fn the_stream_of_a_bare_call_is_anthropics_in_awss_framing() {
    let origin = Origin::start(|exchange| {
        let body = exchange.read_body();
        let said: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(said["stream"], json!(true), "{said}");
        let mut text = super::event("hel") + &super::event("lo");
        match String::from_utf8_lossy(&body).contains("break off") {
            true => {
                text +=
                    "data: {\"error\":{\"message\":\"it is over\",\"type\":\"server_error\"}}\n\n"
            }
            false => text += &super::last_event(),
        }
        exchange.reply(200, &[("Content-Type", "text/event-stream")], text);
    });
    let gateway = held_to("{ tokens: 1000, per: day }", sole("openai", "/v1", &origin, "there"));
    let path = "/model/fast/invoke-with-response-stream";
    let answer = post(gateway.web(), path, &[KEY], &in_anthropics_words());
    let media_type = "application/vnd.amazon.eventstream";
    assert_eq!((answer.status, answer.get("content-type")), (200, Some(media_type)));
    let events: Vec<Value> = messages(&answer.body)
        .into_iter()
        .map(|(headers, body)| {
            assert!(headers.contains("chunk") && headers.contains("application/json"), "{headers}");
            let event = STANDARD.decode(body["bytes"].as_str().expect("base64")).expect("base64");
            serde_json::from_slice(&event).expect("JSON")
        })
        .collect();
    let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(text, "hello", "{events:?}");
    assert_eq!(
        (&events[0]["type"], &events[events.len() - 1]["type"]),
        (&json!("message_start"), &json!("message_stop"),)
    );
    let mut body = in_anthropics_words();
    body["messages"][0]["content"] = json!("break off");
    let broken = post(gateway.web(), path, &[KEY], &body);
    let (headers, last) = messages(&broken.body).pop().expect("a failure");
    assert!(headers.contains(":exception-type") && headers.contains("internalServerException"));
    assert_eq!(last["message"], "it is over");
}

#[test]
fn a_bare_call_goes_as_it_came_to_a_model_that_has_its_words() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let usage = json!({ "input_tokens": 9, "output_tokens": 3 });
        let said = match exchange.target().contains("/converse") {
            true => json!({
                "output": { "message": { "role": "assistant", "content": [{ "text": "hello" }] } },
                "stopReason": "end_turn", "usage": { "inputTokens": 9, "outputTokens": 3 },
            }),
            false => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": "there",
                "content": [{ "type": "text", "text": "hello" }], "own": true, "usage": usage,
            }),
        };
        reply(exchange, 200, &said.to_string());
    });
    let mut body = in_anthropics_words();
    body["own"] = json!({ "x": 1 });
    let claude = "anthropic.claude-there-v1";
    let gateway = keyed_to(&origin, "bedrock-api-key", "", claude);
    let message = called(&gateway, "/model/fast/invoke", &body);
    assert_eq!(message["own"], json!(true));
    assert_eq!(asked_of(&origin), (format!("/model/{claude}/invoke"), body.clone()));
    // At Anthropic itself the body says what the path does here.
    let gateway = keyed_to(&origin, "anthropic", "", "claude-there");
    let message = called(&gateway, "/model/fast/invoke", &body);
    assert_eq!(message["own"], json!(true));
    let (target, sent) = asked_of(&origin);
    let mut there = body.clone();
    there.as_object_mut().expect("an object").remove("anthropic_version");
    there["model"] = json!("claude-there");
    assert_eq!((&*target, &sent), ("/v1/messages", &there));
    // Another model there has words of its own, and all have those of Converse.
    let gateway = keyed_to(&origin, "bedrock-api-key", "", "meta.llama-there");
    let message = called(&gateway, "/model/fast/invoke", &in_anthropics_words());
    assert_eq!(message["content"][0]["text"], "hello", "{message}");
    assert_eq!(asked_of(&origin).0, "/model/meta.llama-there/converse");
}

#[test]
fn the_mock_answers_bare_calls() {
    let models = "providers: [{ name: pretend, kind: mock }]\n\
                  models: [{ name: fast, deployments: [{ provider: pretend, model: echo }] }]";
    let config = keyed(Config::new().web().and(models));
    let gateway = Gateway::start(with_ada(config, ""));
    let message = called(&gateway, "/model/fast/invoke", &in_anthropics_words());
    assert_eq!(message["content"][0]["text"], "hi", "{message}");
    let path = "/model/fast/invoke-with-response-stream";
    let answer = post(gateway.web(), path, &[KEY], &in_anthropics_words());
    assert_eq!(answer.get("content-type"), Some("application/vnd.amazon.eventstream"));
    assert!(messages(&answer.body).iter().all(|(_, body)| body["bytes"].is_string()));
    let vector = called(&gateway, "/model/fast/invoke", &json!({ "inputText": "hi" }));
    assert!(vector["embedding"].is_array(), "{vector}");
}
