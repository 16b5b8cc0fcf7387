//! A table of what providers keep that one consumer fills: nobody gets at what is another's by it.

use std::sync::atomic::{AtomicUsize, Ordering};

use architrave_testkit::{Gateway, Origin};
use serde_json::json;

use super::house::{BOB, keyed, sole, with_ada, with_bob};
use super::{KEY, post, reply};

/// So many items are in each answer.
const ITEMS: usize = 400;
/// So many answers have more items than are remembered.
const ANSWERS: usize = 180;

/// A provider whose every answer has many items, numbered through.
fn talkative() -> Origin {
    let answers = AtomicUsize::new(0);
    Origin::start(move |exchange| {
        exchange.read_body();
        let number = answers.fetch_add(1, Ordering::Relaxed);
        let item = |at: usize| {
            json!({ "id": format!("msg_{number}_{at}"), "type": "message", "role": "assistant",
                    "status": "completed", "content": [] })
        };
        let answer = json!({
            "id": format!("resp_{number}"), "object": "response", "status": "completed",
            "model": "there", "created_at": 1, "output": (0..ITEMS).map(item).collect::<Vec<_>>(),
            "usage": { "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 },
        });
        reply(exchange, 200, &answer.to_string());
    })
}

#[test]
fn nobody_drives_out_ids_of_another_to_get_at_what_they_stand_for() {
    let origin = talkative();
    let config = with_bob(with_ada(keyed(sole("openai", "/v1", &origin, "there")), ""), "");
    let gateway = Gateway::start(config);
    let ask = |key: &str, input: serde_json::Value| {
        post(gateway.web(), "/v1/responses", &[key], &json!({ "model": "fast", "input": input }))
    };
    let item = |name: &str| json!([{ "type": "item_reference", "id": name }]);
    assert_eq!(ask(KEY, json!("hi")).status, 200);
    assert_eq!(ask(BOB, item("msg_0_0")).status, 404, "it is ada's");
    // Of nobody here was anything forgotten: it was made before, or elsewhere.
    assert_eq!(ask(KEY, item("msg_of_before")).status, 200);
    for _ in 0..ANSWERS {
        assert_eq!(ask(BOB, json!("hi")).status, 200);
    }
    let before = origin.count();
    for at in [0, ITEMS / 2, ITEMS - 1] {
        let answer = ask(BOB, item(&format!("msg_0_{at}")));
        assert_eq!(answer.status, 404, "it is ada's still: {}", answer.text());
    }
    // Bob's first items are forgotten, and what ada does not own may be one of them.
    let (of_before, of_bob) = (ask(KEY, item("msg_of_before")), ask(KEY, item("msg_2_0")));
    assert_eq!((of_before.status, of_bob.status), (404, 404), "{}", of_bob.text());
    assert_eq!(origin.count(), before, "nobody was asked for any of it");
    assert_eq!(ask(KEY, item("msg_0_0")).status, 200, "ada has hers");
    assert_eq!(ask(BOB, item("msg_2_0")).status, 200, "and what is unknown can be bob's alone");
}
