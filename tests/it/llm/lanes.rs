//! Which deployment is asked, and who is asked next.

use architrave_testkit::Origin;
use serde_json::json;

use super::{STREAM_HEAD, ask, event, gateway, parsed, post, saying};

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
