//! Vectors of many texts at a provider that makes one at a time: a few calls at once, the answers
//! in order, and an end of all with the first that fails.

use std::sync::{Arc, Condvar, Mutex};

use architrave_testkit::{Gateway, Origin, SOON};
use serde_json::{Value, json};

use super::house::{BOB, has_spent, held_to, keyed, sole, with_bob};
use super::{KEY, parsed, post, reply};

const TITAN: &str = "amazon.titan-embed-text-v2:0";
/// How many calls the gateway has under way for one request.
const AT_ONCE: usize = 8;

/// How many calls are under way at a provider, and how many at once there were at most.
#[derive(Default)]
struct Calls {
    now: usize,
    most: usize,
    /// Texts from this number on are not answered before `bad` is refused.
    held_from: Option<u64>,
}

/// A provider that answers nobody before so many call, and refuses the text `bad` with a status.
fn titan(wait_for: usize, refusal: u16) -> (Origin, Arc<(Mutex<Calls>, Condvar)>) {
    let calls = Arc::new((Mutex::new(Calls::default()), Condvar::new()));
    let shared = Arc::clone(&calls);
    let origin = Origin::start(move |exchange| {
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let text = asked["inputText"].as_str().expect("a text").to_owned();
        let (calls, changed) = &*shared;
        let mut held = calls.lock().expect("nobody has panicked");
        held.now += 1;
        held.most = held.most.max(held.now);
        changed.notify_all();
        let number: Option<u64> = text.parse().ok();
        let is_held =
            |calls: &Calls| number.zip(calls.held_from).is_some_and(|(own, from)| own >= from);
        let must_wait = |calls: &mut Calls| calls.most < wait_for || is_held(calls);
        let waited = changed.wait_timeout_while(held, SOON, must_wait);
        let (mut held, late) = waited.expect("nobody has panicked");
        assert!(!late.timed_out(), "{wait_for} calls at once");
        held.now -= 1;
        drop(held);
        if text == "bad" {
            reply(exchange, refusal, r#"{"message":"no"}"#);
            calls.lock().expect("nobody has panicked").held_from = None;
            return changed.notify_all();
        }
        let number = number.expect("a number");
        let vector = json!({ "embedding": [number, 0.5], "inputTextTokenCount": 3 });
        reply(exchange, 200, &vector.to_string());
    });
    (origin, calls)
}

fn embed(gateway: &Gateway, key: &str, texts: &[String]) -> architrave_testkit::Response {
    let body = json!({ "model": "fast", "input": texts });
    post(gateway.web(), "/v1/embeddings", &[key], &body)
}

#[test]
fn a_few_calls_are_under_way_at_once_and_their_order_is_that_of_the_texts() {
    let (origin, calls) = titan(AT_ONCE, 400);
    let gateway =
        held_to("{ tokens: 9000, per: day }", sole("bedrock-api-key", "", &origin, TITAN));
    let texts: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let answer = embed(&gateway, KEY, &texts);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = parsed(&answer);
    let made = answer["data"].as_array().expect("a list");
    assert_eq!(made.len(), 50);
    for (at, one) in made.iter().enumerate() {
        assert_eq!((&one["index"], &one["embedding"][0]), (&json!(at), &json!(at)), "{one}");
    }
    assert_eq!(answer["usage"]["prompt_tokens"], 150);
    assert_eq!((origin.count(), calls.0.lock().expect("whole").most), (50, AT_ONCE));
    has_spent(&gateway, 150);
}

#[test]
fn the_first_that_fails_ends_all_and_what_was_used_is_paid_for() {
    let (origin, calls) = titan(1, 400);
    // So that its refusal is read before any of those that are under way with it.
    calls.0.lock().expect("whole").held_from = Some(21);
    let models = sole("bedrock-api-key", "", &origin, TITAN);
    let held = super::house::with_ada(keyed(models), "budgets: [{ tokens: 90000, per: day }]");
    let gateway = Gateway::start(with_bob(held, ""));
    let mut texts: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    texts[20] = "bad".to_owned();
    let refused = embed(&gateway, KEY, &texts);
    assert_eq!(refused.status, 400, "{}", refused.text());
    let called = origin.count();
    assert!((21..=20 + AT_ONCE + 1).contains(&called), "{called} calls");
    // All the others were answered, and told what they used.
    has_spent(&gateway, 3 * (called as u64 - 1));
    // The connections are not in anybody's way.
    let fine: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(embed(&gateway, BOB, &fine).status, 200);
}
