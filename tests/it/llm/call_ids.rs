//! Ids of tool calls go from provider to provider with the conversation, and each gets such as it
//! takes.

use architrave_testkit::{Config, Gateway, Origin, Response};
use serde_json::{Value, json};

use super::house::provider;
use super::{completion, parsed, post, reply};

const CHAT: &str = "/v1/chat/completions";

/// Wants a tool called, and gives the call no id.
fn gemini() -> Origin {
    Origin::start(|exchange| {
        exchange.read_body();
        let call = json!({ "functionCall": { "name": "get_weather", "args": { "city": "Rome" } } });
        let said = json!({
            "candidates": [{
                "content": { "role": "model", "parts": [call.clone(), call] },
                "finishReason": "STOP",
            }],
            "usageMetadata": { "promptTokenCount": 5, "candidatesTokenCount": 5 },
        });
        reply(exchange, 200, &said.to_string());
    })
}

fn tools() -> Value {
    json!([{
        "type": "function",
        "function": { "name": "get_weather", "parameters": { "type": "object" } },
    }])
}

fn ids(answer: &Response) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let calls = parsed(answer)["choices"][0]["message"]["tool_calls"].clone();
    let calls = calls.as_array().expect("calls").iter();
    calls.map(|call| call["id"].as_str().expect("an id").to_owned()).collect()
}

/// A conversation in which a call of that id was answered.
fn conversation(model: &str, id: &str) -> Value {
    json!({
        "model": model, "max_tokens": 50, "tools": tools(),
        "messages": [
            { "role": "user", "content": "How is the weather?" },
            { "role": "assistant", "tool_calls": [{
                "id": id, "type": "function",
                "function": { "name": "get_weather", "arguments": "{}" },
            }] },
            { "role": "tool", "tool_call_id": id, "content": "fine" },
        ],
    })
}

#[test]
fn ids_made_here_are_taken_by_all_and_differ_though_the_trace_is_one() {
    let origin = gemini();
    let provider = provider(0, "gemini", "/v1beta", &origin);
    let gateway = Gateway::start(Config::ai(&format!("providers:\n{provider}")));
    let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let body = json!({
        "model": "p0/gemini-3-pro", "tools": tools(), "messages": [{ "role": "user", "content": "hi" }],
    });
    let ask = || ids(&post(gateway.web(), CHAT, &[trace], &body));
    let mut made = [ask(), ask()].concat();
    assert_eq!(made.len(), 4);
    for id in &made {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        assert!(is_plain && id.len() <= 40, "{id}");
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 4, "{made:?}");
}

#[test]
fn ids_of_others_are_said_so_that_a_provider_takes_them() {
    let said = r#"{"id":"msg_1","type":"message","role":"assistant","model":"there","content":[],
        "stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#;
    let anthropic = Origin::start(move |exchange| reply(exchange, 200, said));
    let openai = Origin::start(|exchange| {
        exchange.read_body();
        reply(exchange, 200, &completion("hello"));
    });
    let providers =
        [provider(0, "anthropic", "", &anthropic), provider(1, "openai", "/v1", &openai)];
    let gateway = Gateway::start(Config::ai(&format!("providers:\n{}", providers.join("\n"))));
    let sent = |origin: &Origin| -> Value {
        serde_json::from_slice(&origin.last().body).expect("a body of JSON")
    };

    let kimi = "functions.get_weather:0";
    let answer = post(gateway.web(), CHAT, &[], &conversation("p0/claude-sonnet-4-5", kimi));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = sent(&anthropic);
    let call = &body["messages"][1]["content"][0]["id"];
    assert!(call.as_str().is_some_and(|id| id.starts_with("functions_get_weather_0_")), "{body}");
    assert_eq!(&body["messages"][2]["content"][0]["tool_use_id"], call, "{body}");

    // The very same goes on to one that speaks the client's dialect, as all of the body does.
    let answer = post(gateway.web(), CHAT, &[], &conversation("p1/gpt-4o", kimi));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = sent(&openai);
    assert_eq!(body["messages"][1]["tool_calls"][0]["id"], kimi, "{body}");

    let long = "toolu_0123456789abcdef0123456789abcdef0123456789";
    let messages = json!({
        "model": "p1/gpt-4o", "max_tokens": 50,
        "tools": [{ "name": "get_weather", "input_schema": { "type": "object" } }],
        "messages": [
            { "role": "user", "content": "How is the weather?" },
            { "role": "assistant", "content": [
                { "type": "tool_use", "id": long, "name": "get_weather", "input": {} },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": long, "content": "fine" },
            ] },
        ],
    });
    let answer = post(gateway.web(), "/v1/messages", &[], &messages);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = sent(&openai);
    let call = body["messages"][1]["tool_calls"][0]["id"].as_str().expect("an id").to_owned();
    assert!(call.len() == 40 && call.starts_with("toolu_0123456789abcdef0"), "{call}");
    assert_eq!(body["messages"][2]["tool_call_id"], call.as_str(), "{body}");
}

#[test]
fn mistral_is_sent_ids_of_nine_though_it_speaks_the_dialect_of_the_client() {
    let refuses = Origin::start(|exchange| {
        exchange.read_body();
        reply(exchange, 503, r#"{"error":{"message":"busy","type":"server_error"}}"#);
    });
    // As strict as the real one is.
    let mistral = Origin::start(|exchange| {
        let body = exchange.read_body();
        let body: Value = serde_json::from_slice(&body).expect("a body of JSON");
        let call = &body["messages"][1]["tool_calls"][0]["id"];
        let answer = &body["messages"][2]["tool_call_id"];
        let is_nine = call
            .as_str()
            .is_some_and(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let is_taken = is_nine && call == answer;
        match is_taken {
            true => reply(exchange, 200, &completion("fine")),
            false => reply(exchange, 400, r#"{"message":"Tool call id has to be of nine"}"#),
        }
    });
    let providers =
        [provider(0, "openai", "/v1", &refuses), provider(1, "mistral", "/v1", &mistral)];
    let gateway = Gateway::start(Config::ai(&format!(
        "providers:\n{}\nmodels: [{{ name: able, \
         deployments: [{{ provider: p0, model: gpt-4o }}], fallbacks: [spare] }}, \
         {{ name: spare, deployments: [{{ provider: p1, model: mistral-large-latest }}] }}]",
        providers.join("\n")
    )));
    let sent = || serde_json::from_slice::<Value>(&mistral.last().body).expect("a body of JSON");
    let id_sent = || sent()["messages"][1]["tool_calls"][0]["id"].clone();

    let long = "call_abcdefghijklmnopqrstuvwx";
    let answer = post(gateway.web(), CHAT, &[], &conversation("p1/mistral-large-latest", long));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let made = id_sent();

    // The commonest way there: another has answered until now. The id is the same as before.
    let answer = post(gateway.web(), CHAT, &[], &conversation("able", long));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(id_sent(), made);
    let untouched = serde_json::from_slice::<Value>(&refuses.last().body).expect("JSON");
    assert_eq!(untouched["messages"][1]["tool_calls"][0]["id"], long);

    // And nothing else of the messages changes.
    let mut expected = conversation("any", long);
    expected["messages"][1]["tool_calls"][0]["id"] = made.clone();
    expected["messages"][2]["tool_call_id"] = made;
    assert_eq!(sent()["messages"], expected["messages"]);

    let its_own = "D681PevKs";
    let answer = post(gateway.web(), CHAT, &[], &conversation("p1/mistral-large-latest", its_own));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(id_sent(), its_own);
}
