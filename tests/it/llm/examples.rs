//! The worked examples of `examples/ai.yaml`, as they stand there.

use std::path::Path;

use architrave_testkit::{Client, Dialect, Gateway, GatewayOptions};
use serde_json::{Value, json};

use super::{parsed, post};

/// What its curls show.
const KEY: &str = "authorization: Bearer change-me-please-0123";

fn example() -> Gateway {
    Gateway::start(text())
}

fn text() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = std::fs::read_to_string(root.join("examples/ai.yaml")).expect("it is there");
    let (web, admin) = ("address: 127.0.0.1:8080", "address: 127.0.0.1:9080");
    assert!(text.contains(web) && text.contains(admin), "the ports that are replaced here");
    text.replace(web, "address: 127.0.0.1:0").replace(admin, "address: 127.0.0.1:0")
}

#[test]
fn moods_are_judged_in_the_form_that_was_asked_for() {
    let gateway = example();
    let answer = post(gateway.web(), "/sentiment", &[KEY], &json!({ "text": "What a fine day." }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let output = &parsed(&answer)["output"];
    let moods = ["positive", "neutral", "negative"];
    assert!(output["mood"].as_str().is_some_and(|mood| moods.contains(&mood)), "{output}");
    assert!(output["certainty"].as_f64().is_some_and(|it| (0.0..=1.0).contains(&it)), "{output}");
    let unknown = post(gateway.web(), "/sentiment", &[KEY], &json!({ "text": "x", "tone": 1 }));
    assert_eq!((unknown.status, &parsed(&unknown)["pointer"]), (400, &json!("/tone")));
    let nobody = post(gateway.web(), "/sentiment", &[], &json!({ "text": "x" }));
    assert_eq!(nobody.status, 401, "{}", nobody.text());
    let page = parsed(&Client::connect(gateway.web()).get("h", "/sentiment", &[KEY]));
    let post = &page["paths"]["/sentiment"]["post"];
    let asked = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(asked["properties"]["text"]["maxLength"], 20_000, "{page}");
    let told = &post["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(told["properties"]["output"]["required"], json!(["mood", "certainty"]), "{page}");
}

#[test]
fn translations_come_whole_and_as_a_stream() {
    let gateway = example();
    let words = "; answer with the translation alone.\n\nGuten Tag";
    let answer = post(gateway.web(), "/translate", &[KEY], &json!({ "text": "Guten Tag" }));
    let output = parsed(&answer)["output"].clone();
    assert_eq!(output, format!("Translate into English{words}"), "the mock says what it is asked");
    let asked = json!({ "text": "Guten Tag", "language": "French" });
    let fields = [KEY, "Accept: text/event-stream"];
    let stream = post(gateway.web(), "/translate", &fields, &asked);
    assert_eq!(stream.get("content-type"), Some("text/event-stream"), "{stream:?}");
    let text = stream.text();
    let pieces: Vec<Value> = (text.lines())
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    let said: String = pieces.iter().filter_map(|piece| piece["delta"].as_str()).collect();
    assert_eq!(said, format!("Translate into French{words}"), "{text}");
    assert!(pieces.len() > 3, "piece by piece: {text}");
    let wrong = post(gateway.web(), "/translate", &[KEY], &json!({ "text": "x", "language": 1 }));
    assert_eq!((wrong.status, &parsed(&wrong)["pointer"]), (400, &json!("/language")));
}

#[test]
fn its_chat_is_what_its_first_command_asks_for() {
    let gateway = example();
    let body = json!({ "model": "fast", "stream": true,
        "messages": [{ "role": "user", "content": "Hello!" }] });
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
    assert_eq!(Dialect::OpenaiChat.streamed_text(&answer.body), "Hello!", "{}", answer.text());
}

#[test]
fn what_is_spent_of_nothing_needs_no_lease_in_the_data_folder() {
    let dir = tempfile::TempDir::new().expect("there is room for a directory");
    let gateway = GatewayOptions::new().data(dir.path()).start(text());
    for _ in 0..2 {
        let answer = post(gateway.web(), "/translate", &[KEY], &json!({ "text": "Guten Tag" }));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
