//! How streams open: what tells nothing of the answer is held back, so that another deployment can
//! still be asked.

use std::time::Duration;

use architrave_testkit::{Exchange, Gateway, Origin};
use serde_json::{Value, json};

use super::house::{provider, providers};
use super::{STREAM_HEAD, event, last_event, post};

/// Longer than a provider needs that is overloaded and fails a stream at once.
const A_WHILE: Duration = Duration::from_millis(800);

/// A gateway to two providers of a kind, in order, each with a second for its first token.
fn gateway(kind: &str, base_path: &str, origins: [&Origin; 2]) -> Gateway {
    let in_time =
        |providers: String| providers.replace(" }] }", " }], timeouts: { first_token: 1s } }");
    let first = in_time(providers(kind, base_path, &origins[..1]));
    let second = in_time(provider(1, kind, base_path, origins[1]));
    let config = architrave_testkit::Config::new().web().and(&format!(
        "{first}\n{second}\nmodels: [{{ name: fast, strategy: priority, deployments: \
         [{{ provider: p0, model: a }}, {{ provider: p1, model: b, priority: 1 }}] }}]"
    ));
    let config = config.service("ai", "llm: {}").route("ai", "service: ai\nkeep_prefix: true");
    Gateway::start(config)
}

/// How a stream of OpenAI's begins before anything is said.
fn role() -> String {
    let chunk = json!({
        "id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 1, "model": "a",
        "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" },
                      "finish_reason": null }],
    });
    format!("data: {chunk}\n\n")
}

/// An event of Anthropic's.
fn named(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn message_start() -> String {
    let message = json!({
        "type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "a", "content": [],
            "stop_reason": null, "usage": { "input_tokens": 3, "output_tokens": 0 },
        },
    });
    named("message_start", &message)
}

fn saying_well(exchange: &mut Exchange<'_>) {
    exchange.read_body();
    exchange.send(STREAM_HEAD);
    exchange.send_chunk(format!("{}{}", event("hello"), last_event()));
    exchange.send_chunk("");
}

fn ask(model: &str) -> Value {
    json!({ "model": model, "stream": true, "max_tokens": 9,
            "messages": [{ "role": "user", "content": "hi" }] })
}

#[test]
fn a_stream_that_says_whose_turn_it_is_and_nothing_else_is_another_deployments_to_answer() {
    let silent = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(role());
        exchange.stall();
    });
    let good = Origin::start(saying_well);
    let gateway = gateway("openai_compatible", "/v1", [&silent, &good]);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("fast"));
    assert_eq!((silent.count(), good.count()), (1, 1), "{}", answer.text());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("hello"), "{}", answer.text());
    assert!(!answer.text().contains("chatcmpl-0"), "of the first nothing is told");
}

#[test]
fn where_nobody_says_more_than_whose_turn_it_is_the_client_is_told_so_in_time() {
    let silent = || {
        Origin::start(|exchange| {
            exchange.read_body();
            exchange.send(STREAM_HEAD);
            exchange.send_chunk(role());
            exchange.stall();
        })
    };
    let (first, second) = (silent(), silent());
    let gateway = gateway("openai_compatible", "/v1", [&first, &second]);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("fast"));
    assert_eq!((first.count(), second.count()), (1, 1), "{}", answer.text());
    assert_eq!(answer.status, 504, "{}", answer.text());
}

#[test]
fn an_overload_that_shows_a_while_after_the_opening_is_survived() {
    let overloaded = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(message_start() + &named("ping", &json!({ "type": "ping" })));
        let error = json!({ "type": "error", "error": {
            "type": "overloaded_error", "message": "Overloaded" } });
        if !exchange.is_abandoned_within(A_WHILE) {
            exchange.send_chunk(named("error", &error));
            exchange.send_chunk("");
        }
    });
    let good = Origin::start(|exchange| {
        exchange.read_body();
        let text = json!({ "type": "content_block_start", "index": 0,
                           "content_block": { "type": "text", "text": "" } });
        let delta = json!({ "type": "content_block_delta", "index": 0,
                            "delta": { "type": "text_delta", "text": "hello" } });
        let stop = json!({ "type": "content_block_stop", "index": 0 });
        let ended = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
                            "usage": { "output_tokens": 1 } });
        let events = [
            message_start(),
            named("content_block_start", &text),
            named("content_block_delta", &delta),
            named("content_block_stop", &stop),
            named("message_delta", &ended),
            named("message_stop", &json!({ "type": "message_stop" })),
        ];
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(events.concat());
        exchange.send_chunk("");
    });
    // All of a second for the first token, of which the overload takes most.
    let gateway = gateway("anthropic", "", [&overloaded, &good]);
    for path in ["/v1/messages", "/v1/chat/completions"] {
        let before = good.count();
        let answer = post(gateway.web(), path, &[], &ask("fast"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.text().contains("hello"), "{path}: {}", answer.text());
        assert!(!answer.text().contains("Overloaded"), "{path}: {}", answer.text());
        assert_eq!(good.count(), before + 1, "{path}");
    }
}

#[test]
fn what_is_slow_to_begin_and_in_time_goes_on_with_its_opening() {
    let slow = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(role());
        if !exchange.is_abandoned_within(A_WHILE) {
            exchange.send_chunk(event("hello") + &last_event());
            exchange.send_chunk("");
        }
    });
    let good = Origin::start(saying_well);
    let gateway = gateway("openai_compatible", "/v1", [&slow, &good]);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("fast"));
    assert_eq!((answer.status, good.count()), (200, 0), "{}", answer.text());
    let text = answer.text();
    let (opening, said) = (text.find("chatcmpl-0"), text.find("hello"));
    assert!(opening.is_some() && opening < said, "{text}");
}
