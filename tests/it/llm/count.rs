//! How many tokens a prompt has: asked of who serves it, in its words, and estimated where nobody
//! counts.

use architrave_testkit::{Config, Gateway, Origin};
use serde_json::{Value, json};

use super::house::provider;
use super::{parsed, post, reply};

/// A provider that answers every count in the words of a kind.
fn counting(status: u16, body: Value) -> Origin {
    Origin::start(move |exchange| reply(exchange, status, &body.to_string()))
}

/// The model `fast` at providers of these kinds, the first of which is liked best.
fn gateway(providers: &[(&str, &str, &Origin)]) -> Gateway {
    let provider = |(at, (kind, path, origin)): (usize, &(&str, &str, &Origin))| {
        provider(at, kind, path, origin)
    };
    let deployment = |at| format!("{{ provider: p{at}, model: m{at}, priority: {at} }}");
    let deployments: Vec<String> = (0..providers.len()).map(deployment).collect();
    let providers: Vec<String> = providers.iter().enumerate().map(provider).collect();
    Gateway::start(Config::ai(&format!(
        "providers:\n{}\nmodels:\n  - {{ name: fast, strategy: priority, deployments: [{}] }}",
        providers.join("\n"),
        deployments.join(", ")
    )))
}

fn messages() -> Value {
    json!({ "model": "fast", "system": "be kind",
            "messages": [{ "role": "user", "content": "hello" }] })
}

#[test]
fn a_model_of_another_family_is_asked_in_its_own_words() {
    let origin = counting(200, json!({ "totalTokens": 42, "promptTokensDetails": [] }));
    let gateway = gateway(&[("gemini", "/v1beta", &origin)]);
    let answer = post(gateway.web(), "/v1/messages/count_tokens", &[], &messages());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(parsed(&answer), json!({ "input_tokens": 42 }));
    assert_eq!(answer.get("x-architrave-estimated"), None);
    let sent = origin.last();
    assert_eq!(sent.target, "/v1beta/models/m0:countTokens");
    let sent: Value = serde_json::from_slice(&sent.body).expect("it was JSON");
    let request = &sent["generateContentRequest"];
    assert_eq!(request["model"], "models/m0");
    assert_eq!(request["contents"][0]["parts"][0]["text"], "hello");
    assert_eq!(request["systemInstruction"]["parts"][0]["text"], "be kind");
}

#[test]
fn geminis_client_counts_at_anthropic() {
    let origin = counting(200, json!({ "input_tokens": 7 }));
    let gateway = gateway(&[("anthropic", "", &origin)]);
    let body = json!({ "contents": [{ "parts": [{ "text": "hello" }] }] });
    let answer = post(gateway.web(), "/v1beta/models/fast:countTokens", &[], &body);
    assert_eq!(parsed(&answer), json!({ "totalTokens": 7 }));
    let sent = origin.last();
    assert_eq!(sent.target, "/v1/messages/count_tokens");
    let sent: Value = serde_json::from_slice(&sent.body).expect("it was JSON");
    assert_eq!(sent["model"], "m0");
    assert_eq!(sent.get("max_tokens"), None, "it is refused where nothing is answered");
}

#[test]
fn who_counts_in_the_same_words_is_asked_first() {
    let gemini = counting(200, json!({ "totalTokens": 42 }));
    let anthropic = counting(200, json!({ "input_tokens": 7 }));
    let gateway = gateway(&[("gemini", "/v1beta", &gemini), ("anthropic", "", &anthropic)]);
    let answer = post(gateway.web(), "/v1/messages/count_tokens", &[], &messages());
    assert_eq!(parsed(&answer), json!({ "input_tokens": 7 }));
    assert_eq!((gemini.count(), anthropic.count()), (0, 1));
}

#[test]
fn where_nobody_counts_it_is_estimated_and_said_so() {
    let error = |status| counting(status, json!({ "error": { "message": "no such path" } }));
    for (kind, path, status) in [
        ("anthropic", "", 404),
        ("anthropic", "", 405),
        ("openai", "/v1", 404),
        // It does not count for this model.
        ("gemini", "/v1beta", 400),
        ("openai_compatible", "/v1", 200),
        ("cohere", "", 200),
    ] {
        let origin = error(status);
        let gateway = gateway(&[(kind, path, &origin)]);
        let answer = post(gateway.web(), "/v1/messages/count_tokens", &[], &messages());
        assert_eq!(answer.status, 200, "{kind} {status}: {}", answer.text());
        assert_eq!(answer.get("x-architrave-estimated"), Some("true"), "{kind} {status}");
        assert!(parsed(&answer)["input_tokens"].as_u64() > Some(3), "{kind}: {}", answer.text());
        let asked = origin.count();
        let again = post(gateway.web(), "/v1/messages/count_tokens", &[], &messages());
        assert_eq!(again.get("x-architrave-estimated"), Some("true"), "{kind} {status}");
        let is_known = matches!(status, 404 | 405);
        assert!(!is_known || origin.count() == asked, "whoever counts nothing is asked once");
    }
}

#[test]
fn what_is_wrong_with_a_count_is_told() {
    let error = json!({ "type": "error", "error": { "type": "invalid_request_error",
                                                    "message": "messages: too few" } });
    let origin = counting(400, error);
    let gateway = gateway(&[("anthropic", "", &origin)]);
    let answer = post(gateway.web(), "/v1/messages/count_tokens", &[], &messages());
    assert_eq!(answer.status, 400, "{}", answer.text());
    let origin = counting(404, json!({ "error": { "message": "no such file" } }));
    let gateway = self::gateway(&[("anthropic", "", &origin)]);
    let body = json!({ "model": "fast", "messages": [{ "role": "user", "content": [
        { "type": "document", "source": { "type": "file", "file_id": "file-1" } },
    ] }] });
    let answer = post(gateway.web(), "/v1/messages/count_tokens", &[], &body);
    assert_eq!(answer.status, 404, "{}", answer.text());
}
