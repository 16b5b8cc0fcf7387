//! Answers whose end is another word in each dialect, or none: what failed, what was filtered, what
//! broke off, and what stands where nobody looks for it.

use architrave_testkit::{Config, Gateway, Origin, SOON};
use serde_json::{Value, json};

use super::house::{keyed, provider, sole, with_ada};
use super::{KEY, STREAM_HEAD, event, last_event, parsed, post, reply};

/// A provider that answers all with these bytes.
fn saying(body: Value) -> Origin {
    let body = body.to_string();
    Origin::start(move |exchange| reply(exchange, 200, &body))
}

/// A provider that streams these pieces and then ends well.
fn streaming(pieces: Vec<String>) -> Origin {
    Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        pieces.iter().for_each(|piece| exchange.send_chunk(piece.as_str()));
        exchange.send("0\r\n\r\n");
    })
}

fn start(models: Config) -> Gateway {
    Gateway::start(with_ada(keyed(models), "").access_log("{ stdout: {} }"))
}

fn chunk(choice: Value) -> String {
    let chunk = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "there",
        "choices": [choice],
    });
    format!("data: {chunk}\n\n")
}

fn messages(stream: bool) -> Value {
    json!({
        "model": "fast", "max_tokens": 400, "stream": stream,
        "messages": [{ "role": "user", "content": "hi" }],
    })
}

fn failed_gemini(parts: Value) -> Value {
    json!({
        "candidates": [{
            "content": { "role": "model", "parts": parts }, "index": 0,
            "finishReason": "MALFORMED_FUNCTION_CALL",
        }],
        "usageMetadata": { "promptTokenCount": 900, "totalTokenCount": 900 },
    })
}

#[test]
fn an_answer_that_failed_and_says_nothing_is_asked_for_elsewhere_and_paid_for() {
    let failing = saying(failed_gemini(json!([])));
    let other = saying(json!({
        "candidates": [{
            "content": { "role": "model", "parts": [{ "text": "Four" }] }, "index": 0,
            "finishReason": "STOP",
        }],
        "usageMetadata": {
            "promptTokenCount": 9, "candidatesTokenCount": 1, "totalTokenCount": 10,
        },
    }));
    let gateway = start(Config::new().web().and(&format!(
        "providers:\n{}\n{}\nmodels: [{{ name: fast, strategy: priority, deployments: [\
         {{ provider: p0, model: gemini-2.5-flash }}, \
         {{ provider: p1, model: gemini-2.5-flash, priority: 1 }}] }}]",
        provider(0, "gemini", "/v1beta", &failing),
        provider(1, "gemini", "/v1beta", &other),
    )));
    let told = post(gateway.web(), "/v1/messages", &[KEY], &messages(false));
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(parsed(&told)["content"][0]["text"], "Four", "{}", told.text());
    assert_eq!((failing.count(), other.count()), (1, 1));
}

#[test]
fn an_answer_that_failed_is_no_good_answer() {
    for parts in [json!([]), json!([{ "text": "Fo" }])] {
        let failing = saying(failed_gemini(parts));
        let gateway = start(sole("gemini", "/v1beta", &failing, "gemini-2.5-flash"));
        let told = post(gateway.web(), "/v1/messages", &[KEY], &messages(false));
        let said = parsed(&told);
        assert_eq!((told.status, &said["type"]), (502, &json!("error")), "{said}");
        let line = gateway
            .stdout()
            .wait_for("a line about it", 0, SOON, |line| serde_json::from_str::<Value>(line).ok());
        assert_eq!(line["reason"], "bad_response", "{line}");
        assert_eq!(line["input_tokens"], json!(900), "it is paid for: {line}");
    }
}

#[test]
fn a_stream_that_ends_as_failed_ends_with_an_error() {
    let stream = [json!({ "candidates": [{
        "content": { "role": "model", "parts": [{ "text": "Fo" }] }, "index": 0 }] })];
    let end = failed_gemini(json!([]));
    let pieces = stream.iter().chain([&end]).map(|event| format!("data: {event}\n\n"));
    let failing = streaming(pieces.collect());
    let gateway = start(sole("gemini", "/v1beta", &failing, "gemini-2.5-flash"));
    let told = post(gateway.web(), "/v1/messages", &[KEY], &messages(true)).text();
    assert!(told.contains("Fo") && told.contains("event: error"), "{told}");
    assert!(!told.contains("end_turn") && !told.contains("message_stop"), "{told}");
}

#[test]
fn what_was_filtered_is_no_answer_in_any_dialect() {
    let refused = |details: Value| {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "there", "content": [],
            "stop_reason": "refusal", "stop_details": details, "stop_sequence": null,
            "usage": { "input_tokens": 10, "output_tokens": 5 },
        })
    };
    let origin = saying(refused(Value::Null));
    let gateway = start(sole("anthropic", "", &origin, "claude-sonnet-4-5"));
    let chat = || json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
    let of = |gateway: &Gateway, path: &str, body: &Value| {
        let told = post(gateway.web(), path, &[KEY], body);
        assert_eq!(told.status, 200, "{}", told.text());
        parsed(&told)
    };
    let told = of(&gateway, "/v1/chat/completions", &chat());
    assert_eq!(told["choices"][0]["finish_reason"], "content_filter", "{told}");
    let told = of(&gateway, "/v1/responses", &json!({ "model": "fast", "input": "hi" }));
    assert_eq!(told["incomplete_details"]["reason"], "content_filter", "{told}");
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
    let told = of(&gateway, "/v1beta/models/fast:generateContent", &body);
    assert_eq!(told["candidates"][0]["finishReason"], "SAFETY", "{told}");

    let explained =
        json!({ "type": "refusal", "category": "cyber", "explanation": "not for me to say" });
    let origin = saying(refused(explained));
    let gateway = start(sole("anthropic", "", &origin, "claude-sonnet-4-5"));
    let told = of(&gateway, "/v1/chat/completions", &chat());
    assert_eq!(told["choices"][0]["message"]["refusal"], "not for me to say", "{told}");
    assert_eq!(told["choices"][0]["finish_reason"], "content_filter", "{told}");
}

#[test]
fn calls_that_share_an_index_are_several() {
    let call = |id: &str, name: &str, arguments: &str| {
        json!({
            "index": 0, "id": id, "type": "function",
            "function": { "name": name, "arguments": arguments },
        })
    };
    let calls = [call("a", "f", r#"{"x":1}"#), call("b", "g", r#"{"y":2}"#)];
    let delta = json!({ "index": 0, "delta": { "tool_calls": calls }, "finish_reason": null });
    let end = json!({ "index": 0, "delta": {}, "finish_reason": "tool_calls" });
    let origin = streaming(vec![chunk(delta), chunk(end), String::from("data: [DONE]\n\n")]);
    let gateway = start(sole("gemini-openai", "/v1beta/openai", &origin, "gemini-2.5-flash"));
    let told = post(gateway.web(), "/v1/messages", &[KEY], &messages(true)).text();
    for word in [r#""name":"f""#, r#""name":"g""#, r#"{\"x\":1}"#, r#"{\"y\":2}"#] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(told.matches(r#""type":"tool_use""#).count(), 2, "{told}");
}

#[test]
fn a_stream_that_ends_without_its_end_says_so_in_its_own_dialect() {
    for asks_usage in [false, true] {
        let origin = streaming(vec![event("lorem"), event("ipsum"), String::from("data: {\"cho")]);
        let gateway = start(sole("openai", "/v1", &origin, "gpt-4o-mini"));
        let mut body = messages(true);
        if asks_usage {
            body["stream_options"] = json!({ "include_usage": true });
        }
        let told = post(gateway.web(), "/v1/chat/completions", &[KEY], &body).text();
        assert!(told.contains("lorem") && told.contains("ipsum"), "{told}");
        let last = told.rsplit("data: ").next().unwrap_or_default().trim();
        let last: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{told}"));
        assert_eq!(last["error"]["message"], "the provider's stream broke off", "{told}");
    }
    let origin = streaming(vec![event("lorem"), last_event()]);
    let gateway = start(sole("openai", "/v1", &origin, "gpt-4o-mini"));
    let told = post(gateway.web(), "/v1/chat/completions", &[KEY], &messages(true)).text();
    assert!(told.ends_with("data: [DONE]\n\n") && !told.contains("error"), "{told}");
}

#[test]
fn usage_that_nobody_asked_for_is_all_that_is_taken_out_of_a_stream() {
    let filters = "data: {\"id\":\"\",\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}],\"usage\":null}\n\n";
    let usage = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\n";
    let end = chunk(json!({ "index": 0, "delta": {}, "finish_reason": "stop" }));
    let done = "data: [DONE]\n\n";
    let wanted = [filters, &event("lorem"), &end, done].concat();
    for line_end in ["\n", "\r\n", "\r"] {
        let pieces = [filters, &event("lorem"), &end, usage, done];
        let pieces = pieces.iter().map(|piece| piece.replace('\n', line_end)).collect();
        let origin = streaming(pieces);
        let gateway = start(sole("openai", "/v1", &origin, "gpt-4o-mini"));
        let told = post(gateway.web(), "/v1/chat/completions", &[KEY], &messages(true)).text();
        assert_eq!(told, wanted.replace('\n', line_end), "{line_end:?}");
    }
}
