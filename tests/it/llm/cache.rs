//! Answers given again.

use architrave_testkit::{Gateway, Origin};
use serde_json::json;

use super::{KEY, ask, config, gateway, post, saying, text_of};

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
}

#[test]
fn what_one_consumer_was_told_is_told_to_no_other() {
    let origin = saying("a secret");
    let config = config(&[&origin])
        .service("ai", "llm: {}\npolicies: { key_auth: {}, cache: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]")
        .consumer("bob", "credentials: [{ api_key: bob-key-0123456789 }]");
    let gateway = Gateway::start(config);
    let bob = "Authorization: Bearer bob-key-0123456789";
    let states = [KEY, bob, KEY, bob].map(|key| {
        let answer = post(gateway.web(), "/v1/chat/completions", &[key], &ask("hi"));
        answer.get("x-architrave-cache").map(str::to_owned)
    });
    let words: Vec<_> = states.iter().flatten().map(String::as_str).collect();
    assert_eq!((words, origin.count()), (vec!["miss", "miss", "hit", "hit"], 2));
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
