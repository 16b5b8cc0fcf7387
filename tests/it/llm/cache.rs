//! Answers given again.

use std::sync::atomic::{AtomicBool, Ordering};

use architrave_testkit::{Config, Gateway, Origin, Reloaded, SOON, eventually};
use serde_json::json;

use super::house::{BOB, of_budget, with_ada, with_bob};
use super::{KEY, ask, completion, config, gateway, post, reply, saying, text_of};

const CACHE: &str = "policies: { cache: { ttl: 1h } }";

#[test]
fn the_same_question_is_asked_once_and_a_stream_is_made_of_the_answer() {
    let origin = saying("hello there");
    let gateway = gateway(&[&origin], CACHE);
    let path = "/v1/chat/completions";
    let first = post(gateway.web(), path, &[], &ask("hi"));
    let second = post(gateway.web(), path, &[], &ask("hi"));
    let states = [&first, &second].map(|answer| answer.get("x-architrave-cache"));
    assert_eq!(states, [Some("miss"), Some("hit")]);
    assert_eq!((first.body, origin.count()), (second.body, 1));
    let mut streamed = ask("hi");
    streamed["stream"] = json!(true);
    let third = post(gateway.web(), path, &[], &streamed);
    assert_eq!(third.get("content-type"), Some("text/event-stream"));
    assert_eq!((text_of(&third).as_str(), origin.count()), ("hello there", 1));
    let mut other = ask("hi");
    other["temperature"] = json!(0.5);
    assert_eq!(post(gateway.web(), path, &[], &other).get("x-architrave-cache"), Some("miss"));
    assert_eq!(origin.count(), 2);
    let counted = |outcome| {
        let labels = [("route", "ai"), ("outcome", outcome)];
        gateway.metrics().sum("architrave_llm_cache_lookups_total", &labels)
    };
    eventually("lookups are counted", SOON, || {
        ((counted("hit"), counted("miss")) == (2.0, 2.0)).then_some(())
    });
}

#[test]
fn what_one_consumer_was_told_is_told_to_no_other() {
    let origin = saying("a secret");
    let config = config(&[&origin])
        .service("ai", "llm: {}\npolicies: { key_auth: {}, cache: {} }")
        .route("ai", "service: ai\nkeep_prefix: true");
    let gateway = Gateway::start(with_bob(with_ada(config, ""), ""));
    let states = [KEY, BOB, KEY, BOB].map(|key| {
        let answer = post(gateway.web(), "/v1/chat/completions", &[key], &ask("hi"));
        answer.get("x-architrave-cache").map(str::to_owned)
    });
    let words: Vec<_> = states.iter().flatten().map(String::as_str).collect();
    assert_eq!((words, origin.count()), (vec!["miss", "miss", "hit", "hit"], 2));
}

/// A file in which `fast` is `model` of the first origin, and falls back on the second's.
fn falling_back(first: &Origin, model: &str, second: &Origin) -> Config {
    Config::new()
        .web()
        .service("ai", &format!("llm: {{}}\n{CACHE}"))
        .route("ai", "service: ai\nkeep_prefix: true")
        .and(&format!(
            "providers:
  - {{ name: p0, kind: openai_compatible, base_url: \"http://{}/v1\" }}
  - {{ name: p1, kind: openai_compatible, base_url: \"http://{}/v1\" }}
models:
  - {{ name: fast, deployments: [{{ provider: p0, model: {model} }}], fallbacks: [other] }}
  - {{ name: other, deployments: [{{ provider: p1, model: m }}] }}",
            first.addr(),
            second.addr()
        ))
}

fn said(gateway: &Gateway) -> String {
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer: serde_json::Value =
        serde_json::from_slice(&answer.body).expect("answers of chats are JSON");
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_another_model_said_in_its_place_is_not_given_again() {
    let is_full = AtomicBool::new(true);
    let first = Origin::start(move |exchange| {
        // Too long is no failure of the lane's: it does not rest.
        if is_full.swap(false, Ordering::SeqCst) {
            let error = json!({ "code": "context_length_exceeded", "message": "too long" });
            return reply(exchange, 400, &json!({ "error": error }).to_string());
        }
        reply(exchange, 200, &completion("from the first"));
    });
    let second = saying("from the other");
    let gateway = Gateway::start(falling_back(&first, "there", &second));
    assert_eq!([said(&gateway), said(&gateway)], ["from the other", "from the first"]);
    assert_eq!(said(&gateway), "from the first");
    assert_eq!((first.count(), second.count()), (2, 1));
}

#[test]
fn a_model_that_is_pointed_elsewhere_is_asked_anew() {
    let (first, second) = (saying("from the first"), saying("from the other"));
    let gateway = Gateway::start(falling_back(&first, "there", &second));
    assert_eq!([said(&gateway), said(&gateway)], ["from the first", "from the first"]);
    assert_eq!(gateway.reload(falling_back(&first, "elsewhere", &second)), Reloaded::Taken);
    assert_eq!(said(&gateway), "from the first");
    assert_eq!(first.count(), 2);
}

/// What a provider says to what is no chat, by the path.
fn said_to(path: &str) -> serde_json::Value {
    match path {
        "/v1/embeddings" => json!({
            "object": "list", "model": "there",
            "data": [{ "object": "embedding", "index": 0, "embedding": [0.5, 0.25] }],
            "usage": { "prompt_tokens": 3, "total_tokens": 3 },
        }),
        "/v1/moderations" => json!({ "id": "m", "results": [{ "flagged": false }] }),
        "/v1/completions" => json!({
            "id": "c", "choices": [{ "index": 0, "text": "there", "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4 },
        }),
        _ => json!({ "id": "r", "results": [{ "index": 0, "relevance_score": 0.5 }] }),
    }
}

/// Requests for what is no chat: the path, and what is asked.
fn asked() -> [(&'static str, serde_json::Value); 4] {
    [
        ("/v1/embeddings", json!({ "model": "fast", "input": "hi" })),
        ("/v1/moderations", json!({ "model": "fast", "input": "hi" })),
        ("/v1/completions", json!({ "model": "fast", "prompt": "hi" })),
        ("/v2/rerank", json!({ "model": "fast", "query": "hi", "documents": ["a", "b"] })),
    ]
}

#[test]
fn what_is_no_chat_is_asked_once_too_and_costs_nothing_the_second_time() {
    let origin = Origin::start(|exchange| {
        let said = said_to(exchange.target());
        super::reply(exchange, 200, &said.to_string());
    });
    let config = config(&[&origin])
        .service("ai", "llm: {}\npolicies: { key_auth: {}, cache: { ttl: 1h } }")
        .route("ai", "service: ai\nkeep_prefix: true");
    let config = with_ada(config, "budgets: [{ tokens: 100000, per: month }]");
    let gateway = Gateway::start(with_bob(config, ""));
    for (path, body) in asked() {
        let before = origin.count();
        let first = post(gateway.web(), path, &[KEY], &body);
        let spent = || of_budget(&gateway, "spent");
        let spent_once = spent();
        let second = post(gateway.web(), path, &[KEY], &body);
        let states = [&first, &second].map(|answer| answer.get("x-architrave-cache"));
        assert_eq!(states, [Some("miss"), Some("hit")], "{path}: {}", first.text());
        assert_eq!(
            (&first.body, first.get("content-type")),
            (&second.body, second.get("content-type"))
        );
        assert_eq!((second.get("x-architrave-cost"), spent()), (None, spent_once), "{path}");
        assert_eq!(origin.count(), before + 1, "{path}");
        // Another consumer, another question, and whoever does not want it.
        let anothers = post(gateway.web(), path, &[BOB], &body);
        let mut other = body.clone();
        other["dimensions"] = json!(2);
        let others = post(gateway.web(), path, &[KEY], &other);
        let anew = post(gateway.web(), path, &[KEY, "Cache-Control: no-cache"], &body);
        for answer in [anothers, others, anew] {
            assert_eq!(answer.get("x-architrave-cache"), Some("miss"), "{path}");
        }
        assert_eq!(origin.count(), before + 4, "{path}");
    }
    assert!(of_budget(&gateway, "spent") > 0);
}

#[test]
fn tokens_are_counted_once() {
    let origin = Origin::start(|exchange| super::reply(exchange, 200, r#"{"input_tokens":12}"#));
    let config = Config::new()
        .web()
        .and(&format!(
            "providers: [{{ name: claude, kind: anthropic, base_url: \"http://{}/v1\", \
             credentials: [{{ value: upstream-key }}] }}]",
            origin.addr()
        ))
        .service("ai", &format!("llm: {{}}\n{CACHE}"))
        .route("ai", "service: ai\nkeep_prefix: true");
    let gateway = Gateway::start(config);
    let body =
        json!({ "model": "claude/haiku", "messages": [{ "role": "user", "content": "hi" }] });
    for state in ["miss", "hit"] {
        let answer = post(gateway.web(), "/v1/messages/count_tokens", &[], &body);
        assert_eq!(answer.get("x-architrave-cache"), Some(state), "{}", answer.text());
        assert_eq!((answer.text().as_str(), origin.count()), (r#"{"input_tokens":12}"#, 1));
    }
}

#[test]
fn a_completion_that_was_cut_off_or_streamed_is_asked_anew() {
    let origin = Origin::start(|exchange| {
        let cut = json!({ "choices": [{ "index": 0, "text": "th", "finish_reason": "length" }] });
        super::reply(exchange, 200, &cut.to_string());
    });
    let gateway = gateway(&[&origin], CACHE);
    let body = json!({ "model": "fast", "prompt": "hi" });
    for times in 1..=2 {
        let answer = post(gateway.web(), "/v1/completions", &[], &body);
        let cache = answer.get("x-architrave-cache");
        assert_eq!((cache, origin.count()), (Some("miss"), times), "{}", answer.text());
    }
    let streamed = json!({ "model": "fast", "prompt": "hi", "stream": true });
    let answer = post(gateway.web(), "/v1/completions", &[], &streamed);
    assert_eq!((answer.get("x-architrave-cache"), origin.count()), (None, 3));
}

#[test]
fn what_failed_is_not_kept() {
    let origin = Origin::start(|exchange| super::reply(exchange, 400, "{}"));
    let gateway = gateway(&[&origin], CACHE);
    for asked in 1..=2 {
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!((answer.status, origin.count()), (400, asked));
    }
}
