//! Providers that repeat the credential that they were shown: nobody is told it.

use architrave_testkit::{Config, Gateway, Origin};
use serde_json::{Value, json};

use super::{STREAM_HEAD, event, post, reply};

/// What providers are shown.
const SECRET: &str = "sk-up-A1b2C3d4/E5f6";
const SIGNING: &str = "wJalrXUtnFEMI/K7MDENG";
const SESSION: &str = "FwoGZXIvYXdzEBYaD+token";

/// A gateway to one provider, whose model is `fast`; `more` is the rest of the provider.
fn gateway(origin: &Origin, kind: &str, base_path: &str, more: &str) -> Gateway {
    let config = Config::new().web().and(&format!(
        "providers: [{{ name: p0, kind: {kind}, base_url: \"http://{}{base_path}\", {more} }}]\n\
         models: [{{ name: fast, deployments: [{{ provider: p0, model: there }}] }}]",
        origin.addr()
    ));
    let config = config.service("ai", "llm: {}").route("ai", "service: ai\nkeep_prefix: true");
    Gateway::start(config)
}

fn key() -> String {
    format!("credentials: [{{ value: \"{SECRET}\" }}]")
}

fn ask(stream: bool) -> Value {
    json!({ "model": "fast", "stream": stream, "max_tokens": 9,
            "messages": [{ "role": "user", "content": "hi" }] })
}

/// What a refusal says that shows all that was shown; `of` is that.
fn showing(of: &str) -> Value {
    let start = &of[..9];
    json!({ "error": {
        "type": "invalid_request_error", "code": "bad_header",
        "message": format!("bad header: Bearer {of} of key {start}**** for host 10.0.0.3"),
        "metadata": { "headers": { "authorization": format!("Bearer {of}") } },
    } })
}

#[track_caller]
fn shows_nothing(text: &str) {
    for secret in [SECRET, SIGNING, SESSION] {
        assert!(!text.contains(&secret[..9]), "{text}");
        assert!(!text.contains(&secret[secret.len() - 8..]), "{text}");
    }
}

#[test]
fn no_refusal_repeats_the_credential() {
    // By a header, by another one, and in the address.
    for (kind, base_path) in
        [("openai_compatible", "/v1"), ("anthropic", ""), ("gemini", "/v1beta")]
    {
        for status in [400, 404, 422, 500] {
            let origin = Origin::start(move |exchange| {
                reply(exchange, status, &showing(SECRET).to_string());
            });
            let gateway = gateway(&origin, kind, base_path, &key());
            let gemini = "/v1beta/models/fast:generateContent";
            for path in ["/v1/chat/completions", "/v1/messages", gemini, "/v1/embeddings"] {
                let mut body = ask(false);
                if path == gemini {
                    body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
                } else if path == "/v1/embeddings" {
                    body = json!({ "model": "fast", "input": "hi" });
                }
                let answer = post(gateway.web(), path, &[], &body);
                assert!(answer.status >= 400, "{kind} {path}: {}", answer.text());
                shows_nothing(&answer.text());
            }
        }
    }
}

#[test]
fn what_else_a_refusal_says_is_told() {
    let origin = Origin::start(|exchange| reply(exchange, 400, &showing(SECRET).to_string()));
    let gateway = gateway(&origin, "openai_compatible", "/v1", &key());
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask(false));
    let told: Value = serde_json::from_slice(&answer.body).expect("it is JSON still");
    assert_eq!(told["error"]["code"], "bad_header", "{told}");
    let message = told["error"]["message"].as_str().expect("a text");
    assert!(message.contains("bad header: Bearer •"), "{message}");
    assert!(message.ends_with("for host 10.0.0.3"), "{message}");
}

#[test]
fn no_refusal_repeats_what_requests_are_signed_by() {
    let said = json!({ "message": format!("signed by {SIGNING} with {SESSION}") }).to_string();
    let origin = Origin::start(move |exchange| reply(exchange, 400, &said));
    let keys = format!(
        "region: eu-west-1, credentials: [{{ aws: {{ access_key_id: AKIA0, \
         secret_access_key: \"{SIGNING}\", session_token: \"{SESSION}\" }} }}]"
    );
    let gateway = gateway(&origin, "bedrock", "", &keys);
    for path in ["/v1/chat/completions", "/model/fast/converse"] {
        let mut body = ask(false);
        if path != "/v1/chat/completions" {
            body = json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] });
        }
        let answer = post(gateway.web(), path, &[], &body);
        assert!(answer.text().contains("signed by"), "{}", answer.text());
        shows_nothing(&answer.text());
    }
}

#[test]
fn no_failure_in_the_middle_of_a_stream_repeats_the_credential() {
    let origin = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(event("hel"));
        // In two pieces, neither of which has all of it.
        let failure = format!("data: {}\n\n", showing(SECRET));
        let (first, rest) = failure.split_at(failure.find(SECRET).expect("it is there") + 6);
        exchange.send_chunk(first);
        exchange.send_chunk(rest);
        exchange.send_chunk("");
    });
    let gateway = gateway(&origin, "openai_compatible", "/v1", &key());
    let gemini = "/v1beta/models/fast:streamGenerateContent?alt=sse";
    for path in ["/v1/chat/completions", "/v1/messages", gemini, "/v1/responses"] {
        let mut body = ask(true);
        if path == gemini {
            body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
        } else if path == "/v1/responses" {
            body = json!({ "model": "fast", "stream": true, "input": "hi" });
        }
        let answer = post(gateway.web(), path, &[], &body);
        assert!(answer.text().contains("hel"), "{path}: {}", answer.text());
        assert!(answer.text().contains("bad header"), "{path}: {}", answer.text());
        assert!(!answer.text().contains(SECRET), "{path}: {}", answer.text());
        assert!(!answer.text().contains(&SECRET[9..]), "{path}: {}", answer.text());
    }
}
