//! What may not be said, by either side.

use architrave_testkit::Client;
use serde_json::json;

use super::{ask, gateway, parsed, post, request, saying, streaming, text_of};

const MASKS: &str =
    "policies: { guardrail: { personal_data: [email, card], keywords: [nightfall] } }";

#[test]
fn neither_side_sees_what_is_masked() {
    let origin = saying("write to eve@example.com about nightfall");
    let gateway = gateway(&[&origin], MASKS);
    let path = "/v1/chat/completions";
    let answer = post(gateway.web(), path, &[], &ask("I am bob@example.com, 4111 1111 1111 1111"));
    let said = parsed(&answer)["choices"][0]["message"]["content"].clone();
    assert_eq!(said, "write to [masked] about [masked]");
    let got = String::from_utf8_lossy(&origin.only().body).into_owned();
    assert!(got.contains("I am [masked], [masked]") && got.contains("there-0"), "{got}");
}

#[test]
fn what_is_spread_over_events_is_masked_too() {
    let origin = streaming(&["write to e", "ve@exam", "ple.com", " about nig", "htfall", " now"]);
    let gateway = gateway(&[&origin], MASKS);
    let mut body = ask("hi");
    body["stream"] = json!(true);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
    assert_eq!(text_of(&answer), "write to [masked] about [masked] now", "{}", answer.text());
}

#[test]
fn what_is_no_chat_is_seen_through_as_well() {
    let origin = saying("x");
    let gateway = gateway(&[&origin], MASKS);
    let bodies = [
        ("/v1/embeddings", json!({ "model": "fast", "input": ["of bob@example.com"] })),
        ("/v1/moderations", json!({ "model": "fast", "input": "of bob@example.com" })),
        ("/v1/images/generations", json!({ "model": "fast", "prompt": "of bob@example.com" })),
        ("/v1/completions", json!({ "model": "fast", "prompt": "of bob@example.com" })),
    ];
    for (path, body) in bodies {
        let _answer = post(gateway.web(), path, &[], &body);
        let got = String::from_utf8_lossy(&origin.last().body).into_owned();
        assert!(got.contains("of [masked]") && !got.contains("bob@"), "{path}: {got}");
    }
    let asked = origin.count();
    let body = json!({ "model": "fast", "prompt": "hi", "stream": true });
    let answer = post(gateway.web(), "/v1/completions", &[], &body);
    assert_eq!((answer.status, origin.count()), (400, asked), "{}", answer.text());
}

#[test]
fn what_is_refused_reaches_nobody() {
    let origin = saying("about nightfall");
    let refuses = "policies: { guardrail: { keywords: [nightfall], action: refuse } }";
    let gateway = gateway(&[&origin], refuses);
    let path = "/v1/chat/completions";
    let refused = post(gateway.web(), path, &[], &ask("Tell of NIGHTFALL."));
    assert_eq!((refused.status, origin.count()), (403, 0), "{}", refused.text());
    for hidden in ["\"x\":\"a\tb\"", "\"x\":\"\\q\""] {
        let body = format!(
            "{{\"model\":\"fast\",{hidden},\"messages\":[{{\"role\":\"user\",\"content\":\"nightfall\"}}]}}"
        );
        let refused = Client::connect(gateway.web()).ask(request(path, &[], &body));
        assert!(matches!(refused.status, 400 | 403), "{hidden}: {}", refused.text());
        assert_eq!(origin.count(), 0, "{hidden}");
    }
    let refused = post(gateway.web(), path, &[], &ask("hi"));
    assert_eq!((refused.status, origin.count()), (403, 1));
    // A provider may answer whole whoever asks for a stream.
    let mut streamed = ask("hi");
    streamed["stream"] = json!(true);
    let refused = post(gateway.web(), path, &[], &streamed);
    assert!(!refused.text().contains("nightfall"), "{}", refused.text());
    assert!(!refused.text().contains("nightfall"), "{}", refused.text());
}
