//! What could not be said in the other dialect: it is told in the head where there is time for that,
//! in the log and the metrics always. And what was said that nobody understands is paid for.

use architrave_testkit::{Config, Gateway, Origin, Response, SOON, eventually};
use serde_json::{Value, json};

use super::house::{has_spent, keyed, provider, sole, with_ada};
use super::{KEY, STREAM_HEAD, last_event, post, reply};

fn logged(models: Config) -> Gateway {
    let budget = "budgets: [{ tokens: 1000000, per: day }]";
    Gateway::start(with_ada(keyed(models), budget).access_log("{ stdout: {} }"))
}

fn line(gateway: &Gateway, at: usize) -> Value {
    let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
    gateway.stdout().wait_for("a line about it", at, SOON, parse)
}

/// A message of Anthropic's dialect that the provider, which speaks OpenAI's, cannot be told whole.
fn message(stream: bool) -> Value {
    json!({
        "model": "fast", "max_tokens": 50, "top_k": 40, "stream": stream,
        "messages": [{ "role": "user", "content": "hi" }],
    })
}

/// Says in OpenAI's dialect what Anthropic's has no words for.
fn saying_more() -> Origin {
    Origin::start(|exchange| {
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let logprobs =
            json!({ "content": [{ "token": "a", "logprob": -0.5, "top_logprobs": [] }] });
        if asked["stream"] == true {
            exchange.send(STREAM_HEAD);
            let chunk = json!({
                "id": "c", "created": 1, "model": "there", "mood": "high",
                "choices": [{ "index": 0, "delta": { "content": "a" }, "logprobs": logprobs }],
            });
            exchange.send_chunk(format!("data: {chunk}\n\n"));
            exchange.send_chunk(last_event());
            exchange.send("0\r\n\r\n");
            return;
        }
        let said = json!({
            "id": "c", "created": 1, "model": "there", "mood": "high",
            "choices": [{
                "index": 0, "message": { "role": "assistant", "content": "a" },
                "logprobs": logprobs, "finish_reason": "stop",
            }],
            "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
        });
        reply(exchange, 200, &said.to_string());
    })
}

#[test]
fn what_is_lost_of_a_request_and_of_its_answer_is_told_streamed_or_not() {
    let origin = saying_more();
    let gateway = logged(sole("openai", "/v1", &origin, "gpt-4o-mini"));
    let lost = json!(["created", "logprobs", "mood"]);
    let whole = post(gateway.web(), "/v1/messages", &[KEY], &message(false));
    assert_eq!(whole.status, 200, "{}", whole.text());
    let told = |answer: &Response| answer.head.all("x-architrave-dropped").join(" | ");
    assert_eq!(told(&whole), "top_k | created, logprobs, mood");
    let streamed = post(gateway.web(), "/v1/messages", &[KEY], &message(true));
    assert_eq!(streamed.status, 200, "{}", streamed.text());
    // The rest is known only when the head is long gone.
    assert_eq!(told(&streamed), "top_k");
    for at in [0, 1] {
        let line = line(&gateway, at);
        assert_eq!(line["dropped"], json!(["top_k"]), "{line}");
        assert_eq!(line["reply_dropped"], lost, "{line}");
    }
    eventually("they are counted", SOON, || {
        let metrics = gateway.metrics();
        let of = |of| metrics.sum("architrave_llm_dropped_fields_total", &[("of", of)]);
        ((of("request"), of("reply")) == (2.0, 6.0)).then_some(())
    });
    // In its own dialect nothing is lost.
    let plain = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &plain);
    assert_eq!((answer.status, answer.get("x-architrave-dropped")), (200, None));
    let line = line(&gateway, 2);
    assert_eq!((&line["dropped"], &line["reply_dropped"]), (&Value::Null, &Value::Null), "{line}");
}

#[test]
fn an_answer_that_cannot_be_told_is_logged_and_paid_for() {
    let told = r#"{"type":"message","usage":{"input_tokens":40,"output_tokens":9},"content":7}"#;
    let silent = r#"{"type":"message","content":7}"#;
    for (said, is_estimated) in [(told, false), (silent, true)] {
        let origin = Origin::start(move |exchange| reply(exchange, 200, said));
        let gateway = logged(sole("anthropic", "", &origin, "claude-sonnet-4-5"));
        let body = json!({
            "model": "fast", "max_tokens": 50,
            "messages": [{ "role": "user", "content": "x".repeat(4_000) }],
        });
        for (at, stream) in [(0, false), (1, true)] {
            let mut body = body.clone();
            body["stream"] = json!(stream);
            let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
            assert_eq!(answer.status, 502, "{}", answer.text());
            let line = line(&gateway, at);
            let tokens = |name: &str| line[name].as_u64().unwrap_or_else(|| panic!("{line}"));
            match is_estimated {
                true => assert!(tokens("input_tokens") > 900, "{line}"),
                false => assert_eq!((tokens("input_tokens"), tokens("output_tokens")), (40, 9)),
            }
            assert_eq!(line["estimated"] == json!(true), is_estimated, "{line}");
            assert_eq!(line["reason"], "bad_response", "{line}");
            assert!(line["cost_nano_usd"].as_u64() > Some(0), "{line}");
        }
        if !is_estimated {
            has_spent(&gateway, 98);
        }
    }
}

#[test]
fn vectors_that_cannot_be_told_are_paid_for() {
    let origin = Origin::start(|exchange| {
        reply(exchange, 200, r#"{"embeddings":7,"usageMetadata":{"promptTokenCount":12}}"#);
    });
    let gateway = logged(sole("gemini", "/v1beta", &origin, "gemini-embedding-001"));
    let body = json!({ "model": "fast", "input": "x".repeat(4_000) });
    let answer = post(gateway.web(), "/v1/embeddings", &[KEY], &body);
    assert_eq!(answer.status, 502, "{}", answer.text());
    let line = line(&gateway, 0);
    assert!(line["input_tokens"].as_u64() > Some(0), "{line}");
    assert!(line["cost_nano_usd"].as_u64() > Some(0), "{line}");
}

#[test]
fn where_an_answer_is_none_another_deployment_is_asked_and_both_are_paid_for() {
    let said = r#"{"type":"message","usage":{"input_tokens":40,"output_tokens":9},"content":7}"#;
    let first = Origin::start(move |exchange| reply(exchange, 200, said));
    let second = super::saying("hello");
    let providers = [provider(0, "anthropic", "", &first), provider(1, "openai", "/v1", &second)];
    let models = Config::new().web().and(&format!(
        "providers:\n{}\nmodels: [{{ name: fast, strategy: priority, deployments: \
         [{{ provider: p0, model: claude-sonnet-4-5 }}, \
         {{ provider: p1, model: gpt-4o-mini, priority: 1 }}] }}]",
        providers.join("\n")
    ));
    let gateway = logged(models);
    let body = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((first.count(), second.count()), (1, 1));
    let line = line(&gateway, 0);
    assert_eq!(line["passed_over"], json!(["tried:broken p0/claude-sonnet-4-5 main"]), "{line}");
    assert_eq!((&line["input_tokens"], &line["output_tokens"]), (&json!(51), &json!(16)), "{line}");
    has_spent(&gateway, 67);
}
