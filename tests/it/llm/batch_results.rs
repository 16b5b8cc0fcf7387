//! What batches used, charged for as their answers are fetched, and once.

use architrave_testkit::{Client, Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::form::{self, file, part};
use super::house::{BOB, keyed, sole, with_ada, with_bob};
use super::{KEY, post, reply};

/// An answer in the file that a batch comes to.
fn line(id: &str, usage: &Value) -> String {
    let body = json!({ "id": id, "object": "chat.completion", "model": "gpt-4o-mini",
                       "choices": [], "usage": usage });
    json!({ "id": id, "custom_id": id, "response": { "status_code": 200, "body": body } })
        .to_string()
}

/// The file that OpenAI's batch comes to.
fn output() -> String {
    let chat = json!({ "prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500 });
    let responses = json!({ "input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500 });
    let failed = json!({ "custom_id": "3", "response": null, "error": { "message": "expired" } });
    format!("{}\n{}\n{failed}\n", line("1", &chat), line("2", &responses))
}

/// A provider that has answered a batch; `content_type` is what its answers come as.
fn answered(content_type: &'static str) -> Origin {
    Origin::start(move |exchange| {
        exchange.read_body();
        let target = exchange.target().to_owned();
        let done = json!({ "id": "batch_1", "output_file_id": "file-out" });
        match &*target {
            "/v1/files" => reply(exchange, 200, &json!({ "id": "file-in" }).to_string()),
            "/v1/files/file-out/content" => {
                exchange.reply(200, &[("Content-Type", content_type)], output());
            }
            "/v1/messages/batches/batch_1/results" => {
                let usage = json!({ "input_tokens": 1000, "output_tokens": 500 });
                let message = json!({ "id": "msg_1", "type": "message", "role": "assistant",
                                      "model": "claude-sonnet-4-5", "content": [], "usage": usage });
                let line = json!({ "custom_id": "1",
                                   "result": { "type": "succeeded", "message": message } });
                exchange.reply(200, &[("Content-Type", content_type)], format!("{line}\n"));
            }
            _ => reply(exchange, 200, &done.to_string()),
        }
    })
}

/// Waits until so much was counted of ada's use: tokens of prompts and of answers, and nano-USD.
#[track_caller]
fn has_used(gateway: &Gateway, [input, output, cost]: [f64; 3]) {
    eventually(&format!("{input}, {output} and {cost} are counted"), SOON, || {
        let metrics = gateway.metrics();
        let of = |name: &str, labels: &[(&str, &str)]| {
            metrics.sum(name, &[labels, &[("consumer", "ada")]].concat())
        };
        let tokens = |class| of("architrave_llm_consumer_tokens_total", &[("class", class)]);
        let costs = of("architrave_llm_consumer_cost_nano_usd_total", &[]);
        ([tokens("input"), tokens("output"), costs] == [input, output, cost]).then_some(())
    });
}

fn gateway(kind: &str, base_path: &str, origin: &Origin, model: &str) -> Gateway {
    let config = keyed(sole(kind, base_path, origin, model));
    Gateway::start(with_bob(with_ada(config, ""), ""))
}

fn get(gateway: &Gateway, key: &str, path: &str) -> architrave_testkit::Response {
    Client::connect(gateway.web()).get("h", path, &[key])
}

#[test]
fn the_answers_of_a_batch_are_charged_once_to_who_had_it_made() {
    for content_type in ["application/octet-stream", "application/jsonl", "application/json"] {
        let origin = answered(content_type);
        let gateway = gateway("openai", "/v1", &origin, "gpt-4o-mini");
        let asked = json!({ "custom_id": "1", "method": "POST", "url": "/v1/chat/completions",
                            "body": { "model": "fast", "messages": [] } });
        let parts = [part("purpose", "batch"), file(&format!("{asked}\n"))];
        assert_eq!(form::send(gateway.web(), "/v1/files", &[KEY], &parts).status, 200);
        let batch = json!({ "input_file_id": "file-in", "endpoint": "/v1/chat/completions" });
        assert_eq!(post(gateway.web(), "/v1/batches", &[KEY], &batch).status, 200);
        assert_eq!(get(&gateway, KEY, "/v1/batches/batch_1").status, 200);
        let path = "/v1/files/file-out/content";
        assert_eq!(get(&gateway, BOB, path).status, 404);
        let fetched = get(&gateway, KEY, path);
        assert_eq!((fetched.status, fetched.text()), (200, output()), "it comes as it is");
        // Half of 0.15 and 0.60 USD for a million tokens.
        let all = [2_000.0, 1_000.0, 450_000.0];
        has_used(&gateway, all);
        assert_eq!(get(&gateway, KEY, path).text(), output());
        let chat = json!({ "model": "none", "messages": [] });
        assert_eq!(post(gateway.web(), "/v1/chat/completions", &[KEY], &chat).status, 404);
        has_used(&gateway, all);
    }
}

#[test]
fn the_results_of_a_batch_of_messages_are_charged_too() {
    let origin = answered("application/x-jsonl");
    let gateway = gateway("anthropic", "", &origin, "claude-sonnet-4-5");
    let batch = json!({ "requests": [{ "custom_id": "1", "params": {
        "model": "fast", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }],
    } }] });
    assert_eq!(post(gateway.web(), "/v1/messages/batches", &[KEY], &batch).status, 200);
    let path = "/v1/messages/batches/batch_1/results";
    assert_eq!(get(&gateway, BOB, path).status, 404);
    for _ in 0..2 {
        assert_eq!(get(&gateway, KEY, path).status, 200);
        // Half of 3 and 15 USD for a million tokens.
        has_used(&gateway, [1_000.0, 500.0, 5_250_000.0]);
    }
}
