//! What a class of service costs: as it is asked for, and as the provider says that it was.

use architrave_testkit::{Config, Gateway, GatewayOptions, Origin, Response, SOON, eventually};
use serde_json::{Value, json};

use super::house::{keyed, provider, sole, with_ada};
use super::{KEY, STREAM_HEAD, post, reply};

const CHAT: &str = "/v1/chat/completions";

/// Says that a thousand tokens came in and went out, and of which class that was, as the prompt has
/// it.
fn openai() -> Origin {
    Origin::start(|exchange| {
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let told = &asked["messages"][0]["content"];
        let mut said = json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "there",
            "choices": [{
                "index": 0, "message": { "role": "assistant", "content": "a" },
                "finish_reason": "stop",
            }],
            "usage": { "prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000 },
        });
        if told != "nothing" {
            said["service_tier"] = told.clone();
        }
        if asked["stream"] != true {
            return reply(exchange, 200, &said.to_string());
        }
        exchange.send(STREAM_HEAD);
        let choice = json!({ "index": 0, "delta": { "content": "a" }, "finish_reason": "stop" });
        said["choices"] = json!([choice]);
        exchange.send_chunk(format!("data: {said}\n\ndata: [DONE]\n\n"));
        exchange.send("0\r\n\r\n");
    })
}

fn cost(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.get("x-architrave-cost").expect("a cost").to_owned()
}

fn ask(told: &str, asked: Option<&str>) -> Value {
    let mut body = json!({
        "model": "p0/gpt-5", "messages": [{ "role": "user", "content": told }],
    });
    if let Some(asked) = asked {
        body["service_tier"] = asked.into();
    }
    body
}

#[test]
fn an_answer_costs_what_its_class_does_and_else_what_the_one_asked_for_does() {
    let origin = openai();
    let models = format!("providers:\n{}", provider(0, "openai", "/v1", &origin));
    let models = keyed(Config::new().web().and(&models));
    let ada = with_ada(models, "models: [\"*\"]\nbudgets: [{ money: 90 USD, per: day }]");
    // One worker: the lines of several come in no order.
    let gateway = GatewayOptions::new().workers(1).start(ada.access_log("{ stdout: {} }"));
    let mut spent = 0;
    let cases = [
        ("nothing", None, "0.01125"),
        ("default", Some("auto"), "0.01125"),
        ("priority", Some("priority"), "0.0225"),
        ("flex", Some("flex"), "0.005625"),
        // There was no room for it, and it was served as all are.
        ("default", Some("priority"), "0.01125"),
        ("default", Some("flex"), "0.01125"),
        // The project's own setting made it so.
        ("priority", None, "0.0225"),
        ("nothing", Some("priority"), "0.0225"),
    ];
    for (told, asked, usd) in cases {
        let answer = post(gateway.web(), CHAT, &[KEY], &ask(told, asked));
        assert_eq!(cost(&answer), usd, "asked {asked:?}, told {told}");
        let nanos = usd.parse::<f64>().expect("a number") * 1e9;
        spent += nanos.round() as u64;
    }
    for (at, (told, asked, usd)) in cases.into_iter().enumerate() {
        let mut body = ask(told, asked);
        body["stream"] = true.into();
        body["stream_options"] = json!({ "include_usage": true });
        let answer = post(gateway.web(), CHAT, &[KEY], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line = gateway.stdout().wait_for("a line about it", cases.len() + at, SOON, parse);
        let nanos = (usd.parse::<f64>().expect("a number") * 1e9).round() as u64;
        assert_eq!(line["cost_nano_usd"], nanos, "asked {asked:?}, told {told}: {line}");
        spent += nanos;
    }
    eventually("all of it is spent", SOON, || {
        let told = gateway.metrics().sum("architrave_llm_budget_spent", &[("unit", "nano_usd")]);
        (told == spent as f64).then_some(())
    });
}

#[test]
fn it_is_so_in_other_words_too() {
    let origin = openai();
    let gateway = Gateway::start(Config::ai(&format!(
        "providers:\n{}",
        provider(0, "openai", "/v1", &origin)
    )));
    let gemini = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "priority" }] }],
        "serviceTier": "priority",
    });
    let answer = post(gateway.web(), "/v1beta/models/p0%2Fgpt-5:generateContent", &[], &gemini);
    assert_eq!(cost(&answer), "0.0225");
    let bedrock = json!({
        "messages": [{ "role": "user", "content": [{ "text": "nothing" }] }],
        "serviceTier": { "type": "flex" },
    });
    let answer = post(gateway.web(), "/model/p0%2Fgpt-5/converse", &[], &bedrock);
    assert_eq!(cost(&answer), "0.005625");
}

#[test]
fn fast_answers_of_claude_cost_twice_as_much() {
    let origin = Origin::start(|exchange| {
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let said = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "there",
            "content": [{ "type": "text", "text": "a" }], "stop_reason": "end_turn",
            "usage": { "input_tokens": 1000, "output_tokens": 1000, "speed": asked["speed"] },
        });
        reply(exchange, 200, &said.to_string());
    });
    let gateway = Gateway::start(
        sole("anthropic", "", &origin, "claude-opus-5")
            .service("ai", "llm: {}")
            .route("ai", "service: ai\nkeep_prefix: true"),
    );
    let mut body = json!({
        "model": "fast", "max_tokens": 2000, "messages": [{ "role": "user", "content": "hi" }],
    });
    for (speed, usd) in
        [(json!("standard"), "0.03"), (json!("fast"), "0.06"), (json!(null), "0.03")]
    {
        body["speed"] = speed.clone();
        let answer = post(gateway.web(), "/v1/messages", &[], &body);
        assert_eq!(cost(&answer), usd, "{speed}");
    }
}
