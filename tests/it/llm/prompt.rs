//! Prompts as endpoints of their own.

use architrave_testkit::{Client, Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::{completion, config, parsed, post, reply, saying};

const SENTIMENT: &str = r#"
prompt:
  model: fast
  template: "How does the writer feel?\n\n{{text}}"
  input: { text: { type: string, max: 100 } }
  output:
    schema:
      type: object
      properties: { mood: { type: string, enum: [positive, neutral, negative] } }
      required: [mood]
      additionalProperties: false
"#;

fn sentiment(origin: &Origin) -> Gateway {
    let config = config(&[origin])
        .service("sentiment", SENTIMENT)
        .route("sentiment", "match: [{ path: { exact: /sentiment } }]\nservice: sentiment");
    Gateway::start(config)
}

#[test]
fn a_prompt_takes_json_and_gives_json() {
    let origin = saying("{\"mood\": \"positive\"}");
    let gateway = sentiment(&origin);
    let answer = post(gateway.web(), "/sentiment", &[], &json!({ "text": "What a fine day." }));
    assert_eq!((answer.status, &parsed(&answer)["output"]), (200, &json!({ "mood": "positive" })));
    let got: Value = serde_json::from_slice(&origin.only().body).expect("JSON");
    let asked = got["messages"].to_string();
    assert!(asked.contains("How does the writer feel?\\n\\nWhat a fine day."), "{asked}");
    assert_eq!(got["response_format"]["type"], "json_schema", "{got}");
}

#[test]
fn inputs_and_outputs_are_held_to_their_types() {
    let origin = saying("{\"mood\": \"angry\"}");
    let gateway = sentiment(&origin);
    for body in [json!({}), json!({ "text": 7 }), json!({ "text": "x".repeat(101) })] {
        let answer = post(gateway.web(), "/sentiment", &[], &body);
        assert_eq!((answer.status, origin.count()), (400, 0), "{body}: {}", answer.text());
        assert_eq!(parsed(&answer)["title"], "Bad Request", "{body}: {}", answer.text());
    }
    let answer = post(gateway.web(), "/sentiment", &[], &json!({ "text": "Grr." }));
    assert_eq!(answer.status, 502, "what the model said is none of the words: {}", answer.text());
}

#[test]
fn a_prompt_describes_itself() {
    let origin = Origin::start(|exchange| reply(exchange, 200, &completion("x")));
    let gateway = sentiment(&origin);
    let answer = Client::connect(gateway.web()).get("h", "/sentiment", &[]);
    let page = parsed(&answer);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(page["openapi"].as_str().is_some_and(|it| it.starts_with("3.")), "{page}");
    assert!(page["paths"].as_object().is_some_and(|paths| !paths.is_empty()), "{page}");
}

#[test]
fn an_answer_without_the_form_is_not_given_again() {
    for fields in [&[][..], &["Accept: text/event-stream"]] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let origin = Origin::start(move |exchange| {
            let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
            let is_first = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            let text = if is_first { "no JSON" } else { "{\"mood\":\"neutral\"}" };
            if body["stream"] != json!(true) {
                return reply(exchange, 200, &completion(text));
            }
            exchange.send(super::STREAM_HEAD);
            exchange.send_chunk(super::event(text));
            exchange.send_chunk(super::last_event());
            exchange.send("0\r\n\r\n");
        });
        let route = "match: [{ path: { exact: /sentiment } }]\nservice: sentiment\n\
                     policies: { cache: { ttl: 1h } }";
        let config = config(&[&origin]).service("sentiment", SENTIMENT).route("sentiment", route);
        let gateway = Gateway::start(config);
        let ask = || post(gateway.web(), "/sentiment", fields, &json!({ "text": "Hm." }));
        let first = ask();
        assert!(first.text().contains("the form"), "{}", first.text());
        // Requests that come before one has ended are asked, too.
        eventually("it is given again", SOON, || {
            let before = origin.count();
            let next = ask();
            assert!(next.text().contains("neutral"), "{}", next.text());
            (origin.count() == before).then_some(())
        });
    }
}

/// A provider whose answer ended so.
fn ending(message: &Value, finish: &'static str) -> Origin {
    let body = json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "there",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
    });
    let body = body.to_string();
    Origin::start(move |exchange| reply(exchange, 200, &body))
}

#[test]
fn an_answer_in_a_fence_is_taken_and_others_are_told_for_what_they_are() {
    let said = |text: &str| json!({ "role": "assistant", "content": text });
    let ask = |gateway: &Gateway| post(gateway.web(), "/sentiment", &[], &json!({ "text": "Hm." }));
    let origin = ending(&said("```json\n{\"mood\": \"neutral\"}\n```"), "stop");
    let answer = ask(&sentiment(&origin));
    assert_eq!((answer.status, &parsed(&answer)["output"]["mood"]), (200, &json!("neutral")));

    let refused = json!({ "role": "assistant", "content": null, "refusal": "Not that." });
    for (message, finish, status, words) in [
        (said("{\"mood\": \"neu"), "length", 502, "cut off at the limit"),
        (refused, "stop", 403, "refused to answer: Not that."),
        (said(""), "content_filter", 403, "refused to answer"),
        (said("so so"), "stop", 502, "does not have the form"),
    ] {
        let origin = ending(&message, finish);
        let answer = ask(&sentiment(&origin));
        let problem = parsed(&answer);
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(answer.status, status, "{problem}");
        assert!(detail.contains(words), "{problem}");
        let reason = if status == 403 { "model_refused" } else { "bad_response" };
        assert_eq!(problem["reason"], reason, "{problem}");
    }
}
