//! What providers keep, and who may get at it.

use architrave_testkit::{Client, Gateway, Origin};
use serde_json::json;

use super::form::{self, file, part};
use super::house::{BOB, keyed, with_ada, with_bob};
use super::{KEY, ask, config, post, reply, saying};

/// A provider that keeps answers and files.
fn keeping() -> Origin {
    Origin::start(|exchange| {
        let body = match exchange.target().split('?').next().unwrap_or_default() {
            "/v1/files" => json!({ "id": "file-1", "object": "file" }),
            _ => json!({
                "id": "resp_1", "object": "response", "status": "completed", "model": "there",
                "output": [], "usage": { "input_tokens": 1, "output_tokens": 1 },
            }),
        };
        reply(exchange, 200, &body.to_string());
    })
}

fn gateway(origin: &Origin) -> Gateway {
    let config = with_ada(keyed(config(&[origin])), "models: [fast]");
    Gateway::start(with_bob(config, "models: [fast]\nbudgets: [{ money: 1 USD, per: day }]"))
}

#[test]
fn what_one_consumer_keeps_is_not_there_for_another() {
    let origin = keeping();
    let gateway = gateway(&origin);
    let parts = [part("purpose", "ocr"), file("x")];
    let kept = form::send(gateway.web(), "/v1/files", &[KEY], &parts);
    assert_eq!(kept.status, 200, "{}", kept.text());
    let get = |key: &str, path: &str| Client::connect(gateway.web()).get("h", path, &[key]).status;
    assert_eq!((get(KEY, "/v1/files/file-1"), get(BOB, "/v1/files/file-1")), (200, 404));
}

#[test]
fn an_unknown_id_leads_to_no_model_that_is_not_allowed() {
    let origin = keeping();
    let gateway = gateway(&origin);
    for (path, body) in [
        ("/v1/responses/compact", json!({ "model": "p0/dear", "previous_response_id": "x" })),
        (
            "/v1/responses",
            json!({ "model": "p0/dear", "input": "hi", "previous_response_id": "x" }),
        ),
        ("/v1/batches", json!({ "model": "p0/dear", "input_file_id": "x" })),
    ] {
        let answer = post(gateway.web(), path, &[KEY], &body);
        assert_eq!((answer.status, origin.count()), (404, 0), "{path}: {}", answer.text());
    }
}

#[test]
fn what_cannot_be_counted_is_not_done_on_a_budget() {
    let origin = keeping();
    let gateway = gateway(&origin);
    for (path, body) in [
        ("/v1/batches", json!({ "input_file_id": "file-1", "endpoint": "/v1/chat/completions" })),
        ("/v1/responses", json!({ "model": "fast", "input": "hi", "background": true })),
    ] {
        let answer = post(gateway.web(), path, &[BOB], &body);
        assert_eq!((answer.status, origin.count()), (403, 0), "{path}: {}", answer.text());
    }
}

#[test]
fn a_key_of_idempotency_is_each_consumers_own() {
    let origin = saying("hello");
    let gateway = gateway(&origin);
    let mut body = ask("hi");
    body["max_tokens"] = json!(9);
    let shown = |key: &str| {
        let fields = [key, "Idempotency-Key: retry-1"];
        let answer = post(gateway.web(), "/v1/chat/completions", &fields, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        origin.last().get("idempotency-key").map(str::to_owned)
    };
    let (ada, again, bob) = (shown(KEY), shown(KEY), shown(BOB));
    assert!(ada.is_some() && ada == again, "the same of the same: {ada:?} {again:?}");
    assert_ne!(ada, bob);
}
