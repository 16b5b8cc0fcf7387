//! Which deployment is asked, and who is asked next.

use architrave_testkit::{Config, Exchange, Gateway, Origin, SOON};
use serde_json::{Value, json};

use super::{
    STREAM_HEAD, ask, event, gateway, last_event, parsed, post, saying, streaming, text_of,
};

fn refusing(status: u16, fields: &'static [(&'static str, &'static str)]) -> Origin {
    Origin::start(move |exchange| {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(fields);
        let error = json!({ "error": { "message": "not now", "type": "server_error" } });
        exchange.reply(status, &all, error.to_string());
    })
}

#[test]
fn nobody_is_refused_while_another_deployment_can_serve() {
    for status in [429, 503, 529, 500, 401, 404] {
        let (first, second) = (refusing(status, &[]), saying("from the second"));
        let gateway = gateway(&[&first, &second], "");
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!(answer.status, 200, "{status}: {}", answer.text());
        assert_eq!(answer.get("x-architrave-deployment"), Some("p1/there-1"));
        assert_eq!(answer.get("x-architrave-attempts"), Some("2"));
        assert_eq!(second.only().get("authorization"), Some("Bearer upstream-key-1"));
    }
}

#[test]
fn where_all_say_not_now_the_client_is_told_when() {
    let (first, second) =
        (refusing(429, &[("Retry-After", "30")]), refusing(429, &[("Retry-After", "20")]));
    let gateway = gateway(&[&first, &second], "");
    let body = json!({ "model": "fast", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(gateway.web(), "/v1/messages", &[], &body);
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(parsed(&answer)["error"]["type"], "rate_limit_error");
    assert!(answer.get("retry-after").is_some(), "{answer:?}");
    assert_eq!((first.count(), second.count()), (1, 1));
    // They are left alone until then.
    let again = post(gateway.web(), "/v1/messages", &[], &body);
    assert_eq!((again.status, first.count(), second.count()), (429, 1, 1));
    let wait: u64 = again.get("retry-after").and_then(|it| it.parse().ok()).expect("a time");
    assert!((15..=20).contains(&wait), "the earliest of them: {wait}");
}

#[test]
fn what_the_client_got_wrong_is_asked_of_one_alone() {
    let (first, second) = (refusing(400, &[]), saying("never"));
    let gateway = gateway(&[&first, &second], "");
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!((answer.status, second.count()), (400, 0), "{}", answer.text());
    assert_eq!(parsed(&answer)["error"]["message"], "not now");
}

#[test]
fn behind_the_first_byte_nobody_else_is_asked() {
    let first = Origin::start(|exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(event("one"));
        exchange.close();
    });
    let second = saying("never");
    let gateway = gateway(&[&first, &second], "");
    let body = json!({ "model": "fast", "max_tokens": 9, "stream": true,
        "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(gateway.web(), "/v1/messages", &[], &body);
    let told = answer.text();
    assert!(told.contains("\"text\":\"one\"") && told.contains("event: error"), "{told}");
    assert_eq!(second.count(), 0);
}

/// A stream of these bytes, each item in a chunk of its own, and then what `then` does.
fn opening(chunks: Vec<String>, then: fn(&mut Exchange<'_>)) -> Origin {
    Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        chunks.iter().for_each(|chunk| exchange.send_chunk(chunk));
        then(exchange);
    })
}

/// What an overloaded provider says in the middle of a stream.
const OVERLOADED: &str =
    "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"overloaded_error\",\"code\":529}}\n\n";

/// How many begin a stream: with who speaks, and nothing said.
fn role() -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "there",
        "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null }],
    });
    format!("data: {chunk}\n\n")
}

#[test]
fn a_stream_that_fails_before_it_says_anything_is_asked_of_another() {
    let (half, rest) = OVERLOADED.split_at(23);
    let (half, rest, ping) = (half.to_owned(), rest.to_owned(), ": thinking\n\n".to_owned());
    let ways = [
        ("in one piece", vec![OVERLOADED.to_owned()]),
        ("in two pieces", vec![half.clone(), rest.clone()]),
        ("behind signs of life", vec![ping.clone(), ping.clone(), OVERLOADED.to_owned()]),
        ("behind a bare start", vec![role(), half, rest]),
        ("with nothing at all", vec![ping]),
    ];
    for (how, chunks) in ways {
        let first = opening(chunks, |exchange| exchange.send("0\r\n\r\n"));
        let second = streaming(&["from ", "the second"]);
        let gateway = gateway(&[&first, &second], "");
        for path in ["/v1/chat/completions", "/v1/messages"] {
            let mut body = ask("hi");
            body["stream"] = json!(true);
            body["max_tokens"] = json!(9);
            let answer = post(gateway.web(), path, &[], &body);
            let told = answer.text();
            assert_eq!(answer.status, 200, "{how}: {told}");
            assert!(told.contains("from ") && told.contains("the second"), "{how}: {told}");
            assert!(!told.contains("overloaded"), "{how}: {told}");
        }
    }
}

#[test]
fn what_was_held_back_of_a_stream_comes_whole_and_in_order() {
    let (one, two) = (event("one"), event(" two"));
    let (head, tail) = one.split_at(40);
    let chunks = vec![": wait\n\n".to_owned(), role(), head.to_owned(), tail.to_owned(), two];
    let all = chunks.concat() + &last_event();
    let first = opening(chunks, |exchange| {
        exchange.send_chunk(last_event());
        exchange.send("0\r\n\r\n");
    });
    let gateway = gateway(&[&first], "");
    let mut body = ask("hi");
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
    assert_eq!(answer.text(), all, "the bytes as they came");
    body["stream_options"] = json!(null);
    let sifted = post(gateway.web(), "/v1/chat/completions", &[], &body);
    assert_eq!(text_of(&sifted), "one two");
    body["max_tokens"] = json!(9);
    body.as_object_mut().map(|it| it.remove("stream_options"));
    let translated = post(gateway.web(), "/v1/messages", &[], &body).text();
    let at = |what| translated.find(what).unwrap_or_else(|| panic!("no {what}: {translated}"));
    assert!(at("message_start") < at("\"one\"") && at("\"one\"") < at("\" two\""), "{translated}");
}

#[test]
fn who_is_known_not_to_take_what_is_asked_is_passed_over_while_another_may() {
    let (blind, seeing) = (saying("blind"), saying("seeing"));
    let gateway = Gateway::start(Config::ai(&format!(
        "
        providers:
          - {{ name: p0, kind: openai, base_url: \"http://{}/v1\", credentials: [{{ value: key }}] }}
          - {{ name: p1, kind: openai_compatible, base_url: \"http://{}/v1\" }}
        models:
          - name: fast
            strategy: priority
            deployments:
              - {{ provider: p0, model: o3-mini, priority: 0 }}
              - {{ provider: p1, model: m, priority: 1 }}
        ",
        blind.addr(),
        seeing.addr()
    )));
    let said = |body: &Value| {
        let answer = post(gateway.web(), "/v1/chat/completions", &[], body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        parsed(&answer)["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(said(&ask("hi")), "blind");
    let mut calls = ask("hi");
    calls["tools"] = json!([{ "type": "function", "function": { "name": "f" } }]);
    assert_eq!(said(&calls), "blind");
    let mut looks = ask("hi");
    looks["messages"][0]["content"] =
        json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } }]);
    assert_eq!(said(&looks), "seeing");
    // Where there is nobody else, it is asked all the same.
    looks["model"] = json!("p0/o3-mini");
    assert_eq!(said(&looks), "blind");
}

/// A gateway with the model `fast` at the first origin, which is known as `upstream`, and `other` at
/// the second, which `fast` falls back on.
fn falling_back(first: &Origin, upstream: &str, second: &Origin) -> Gateway {
    let config = Config::ai(&format!(
        "
        providers:
          - {{ name: p0, kind: openai, base_url: \"http://{}/v1\", credentials: [{{ value: key }}] }}
          - {{ name: p1, kind: openai_compatible, base_url: \"http://{}/v1\" }}
        models:
          - {{ name: fast, deployments: [{{ provider: p0, model: {upstream} }}], fallbacks: [other] }}
          - {{ name: other, deployments: [{{ provider: p1, model: m }}] }}
        ",
        first.addr(),
        second.addr()
    ));
    Gateway::start(config.access_log("{ stdout: {} }"))
}

#[test]
fn what_no_deployment_of_a_model_can_do_its_fallback_is_asked() {
    let (blind, seeing) = (saying("blind"), saying("seeing"));
    let gateway = falling_back(&blind, "o3-mini", &seeing);
    let mut looks = ask("hi");
    looks["messages"][0]["content"] =
        json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } }]);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &looks);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.get("x-architrave-deployment"), Some("p1/m"));
    assert_eq!((blind.count(), seeing.count()), (0, 1));
    let plain = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(plain.get("x-architrave-deployment"), Some("p0/o3-mini"));
    gateway.stdout().wait_for("who was passed over", 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["passed_over"] == json!(["unable p0/o3-mini main"])).then_some(())
    });
}

#[test]
fn a_prompt_that_is_too_long_for_a_model_goes_to_its_fallback_first() {
    let (small, large) = (saying("small"), refusing(429, &[("Retry-After", "30")]));
    let gateway = falling_back(&small, "gpt-4", &large);
    let long = ask(&"many words ".repeat(8_000));
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &long);
    // It is an estimate: before nobody is asked at all, it is.
    assert_eq!(answer.get("x-architrave-deployment"), Some("p0/gpt-4"), "{}", answer.text());
    assert_eq!((small.count(), large.count()), (1, 1));
    let short = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!((short.status, small.count(), large.count()), (200, 2, 1));
}

#[test]
fn what_is_too_long_for_the_last_of_them_does_not_hide_that_another_has_room_later() {
    let error = json!({ "error": { "message": "This model's maximum context length is 8192 tokens.",
        "type": "invalid_request_error", "code": "context_length_exceeded" } });
    let small = Origin::start(move |exchange| super::reply(exchange, 400, &error.to_string()));
    let large = refusing(429, &[("Retry-After", "30")]);
    let gateway = falling_back(&small, "gpt-4", &large);
    let long = ask(&"many words ".repeat(8_000));
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &long);
    assert_eq!((answer.status, small.count(), large.count()), (429, 1, 1), "{}", answer.text());
}

#[test]
fn the_first_of_several_names_is_the_one_asked_for_where_no_other_is() {
    let origin = saying("hello");
    let gateway = gateway(&[&origin], "");
    let body = json!({ "models": ["fast", "p0/other"], "messages": [{ "role": "user", "content": "hi" }] });
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let got: Value = serde_json::from_slice(&origin.only().body).expect("JSON");
    assert_eq!((&got["model"], &got["models"]), (&json!("there-0"), &json!(null)));
}
