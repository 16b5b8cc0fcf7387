//! Answers that come to no good end: what of them is paid for, and what it says of who gave them.

use architrave_testkit::{Client, Config, Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::house::{has_spent, keyed, of_budget, sole, with_ada};
use super::{KEY, STREAM_HEAD, event, gateway, post, reply, request};

const BUDGET: &str = "budgets: [{ tokens: 1000000, per: day }]";

fn with_log(models: Config) -> Gateway {
    Gateway::start(with_ada(keyed(models), BUDGET).access_log("{ stdout: {} }"))
}

/// The next line of the log, from that one on.
fn line(gateway: &Gateway, at: usize) -> Value {
    let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
    gateway.stdout().wait_for("a line about it", at, SOON, parse)
}

#[test]
fn whoever_goes_away_before_the_head_of_the_answer_pays_for_the_prompt() {
    for (path, body) in [
        (
            "/v1/chat/completions",
            json!({ "messages": [{ "role": "user", "content": "x".repeat(4_000) }] }),
        ),
        (
            "/v1/chat/completions",
            json!({ "messages": [{ "role": "user", "content": "x".repeat(4_000) }], "stream": true }),
        ),
        ("/v1/completions", json!({ "prompt": "x".repeat(4_000) })),
    ] {
        let (told, ended) = std::sync::mpsc::sync_channel(2);
        let origin = Origin::start(move |exchange| {
            let _ = exchange.read_body();
            let _ = told.send(false);
            let _ = told.send(exchange.is_abandoned_within(SOON));
        });
        let gateway = with_log(sole("openai", "/v1", &origin, "gpt-4o-mini"));
        let mut body = body;
        body["model"] = json!("fast");
        let mut client = Client::connect(gateway.web());
        client.send(request(path, &[KEY], &body.to_string())).expect("sent");
        assert_eq!(ended.recv_timeout(SOON), Ok(false), "it has been asked");
        client.reset();
        assert_eq!(ended.recv_timeout(SOON), Ok(true), "{path}");
        let line = line(&gateway, 0);
        let used = line["input_tokens"].as_u64().unwrap_or_else(|| panic!("{path}: {line}"));
        assert!(used > 900, "{path}: {line}");
        assert_eq!(line["estimated"], json!(true), "{path}: {line}");
        assert!(line["cost_nano_usd"].as_u64() > Some(0), "{path}: {line}");
        has_spent(&gateway, used);
        let labels = [("consumer", "ada"), ("class", "input")];
        eventually("it is counted", SOON, || {
            let metrics = gateway.metrics();
            let counted = metrics.sum("architrave_llm_consumer_tokens_total", &labels);
            (counted == used as f64).then_some(())
        });
    }
}

/// A stream of Anthropic's with so many pieces of text, up to where it ends.
fn messages(pieces: usize) -> String {
    let start = json!({
        "type": "message_start",
        "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m",
            "usage": { "input_tokens": 50, "output_tokens": 1 },
        },
    });
    let block = json!({
        "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" },
    });
    let delta = json!({
        "type": "content_block_delta", "index": 0,
        "delta": { "type": "text_delta", "text": "lorem ipsum dolor sit amet " },
    });
    let frame = |event: &Value| {
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
    };
    [frame(&start), frame(&block), frame(&delta).repeat(pieces)].concat()
}

#[test]
fn a_stream_that_its_provider_fails_is_no_whole_answer() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    for end in [error, ""] {
        let origin = Origin::start(move |exchange| {
            let _ = exchange.read_body();
            exchange.send(STREAM_HEAD);
            exchange.send_chunk(messages(200));
            if !end.is_empty() {
                exchange.send_chunk(end);
            }
            exchange.send("0\r\n\r\n");
        });
        let gateway = with_log(sole("anthropic", "", &origin, "claude-sonnet-4-5"));
        for (at, path) in ["/v1/messages", "/v1/chat/completions"].into_iter().enumerate() {
            let body = json!({
                "model": "fast", "max_tokens": 4000, "stream": true,
                "messages": [{ "role": "user", "content": "hi" }],
            });
            let told = post(gateway.web(), path, &[KEY], &body);
            assert_eq!(told.status, 200, "{}", told.text());
            let line = line(&gateway, at);
            assert!(line["output_tokens"].as_u64() >= Some(200), "{path} {end}: {line}");
            assert_eq!(line["estimated"], json!(true), "{path} {end}: {line}");
            assert_eq!(line["termination"], "endpoint@response_body", "{path} {end}: {line}");
            assert_eq!(line["reason"], "bad_response", "{path} {end}: {line}");
        }
        eventually("they are counted", SOON, || {
            let broken = gateway.metrics().sum("architrave_llm_broken_answers_total", &[]);
            (broken == 2.0).then_some(())
        });
    }
}

#[test]
fn a_lane_whose_streams_fail_rests() {
    let origin = Origin::start(|exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(event("lorem"));
        exchange.send_chunk("data: {\"error\":{\"message\":\"x\",\"code\":500}}\n\n");
        exchange.send("0\r\n\r\n");
    });
    let gateway = gateway(&[&origin], "");
    let mut body = super::ask("hi");
    body["stream"] = json!(true);
    for _ in 0..12 {
        let _ = post(gateway.web(), "/v1/chat/completions", &[], &body);
    }
    eventually("the lane rests", SOON, || {
        gateway.metrics().has("architrave_llm_lane_rest_seconds").then_some(())
    });
}

#[test]
fn what_came_of_several_requests_is_paid_for_where_a_later_one_fails() {
    let origin = Origin::start(|exchange| {
        let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let asked = body["requests"].as_array().map_or(0, Vec::len);
        if asked < 100 {
            let error = r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}"#;
            return reply(exchange, 429, error);
        }
        let vectors: Vec<Value> = (0..asked).map(|_| json!({ "values": [0.5, 0.25] })).collect();
        let said = json!({
            "embeddings": vectors, "usageMetadata": { "promptTokenCount": 100 * asked },
        });
        reply(exchange, 200, &said.to_string());
    });
    let gateway = with_log(sole("gemini", "/v1beta", &origin, "gemini-embedding-001"));
    let inputs: Vec<String> = (0..250).map(|at| format!("lorem {at}")).collect();
    let body = json!({ "model": "fast", "input": inputs });
    let refused = post(gateway.web(), "/v1/embeddings", &[KEY], &body);
    assert_eq!((refused.status, origin.count()), (429, 3), "{}", refused.text());
    has_spent(&gateway, 20_000);
    let line = line(&gateway, 0);
    assert_eq!(line["input_tokens"], json!(20_000), "{line}");
    assert!(line["cost_nano_usd"].as_u64() > Some(0), "{line}");
    assert_eq!(of_budget(&gateway, "reserved"), 0);
}

#[test]
fn a_numbered_stream_that_breaks_off_ends_with_the_next_number() {
    let origin = Origin::start(|exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        for number in 0..5 {
            let event = json!({
                "type": "response.output_text.delta", "sequence_number": number,
                "item_id": "m", "output_index": 0, "content_index": 0, "delta": "x",
            });
            exchange.send_chunk(format!("event: response.output_text.delta\ndata: {event}\n\n"));
        }
        exchange.close();
    });
    let gateway = with_log(sole("openai", "/v1", &origin, "gpt-4o-mini"));
    let body = json!({ "model": "fast", "stream": true, "input": "hi" });
    let told = post(gateway.web(), "/v1/responses", &[KEY], &body).text();
    let last = told.rsplit("data: ").next().expect("an event").trim();
    let last: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!((&last["type"], &last["sequence_number"]), (&json!("error"), &json!(5)), "{told}");
}
