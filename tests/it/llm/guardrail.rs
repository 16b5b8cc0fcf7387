//! What may not be said, by either side.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, Origin, Response, SOON, Stopwatch,
};
use serde_json::{Value, json};

use super::form::{self, file, part};
use super::{ask, completion, gateway, parsed, post, reply, request, saying, streaming, text_of};

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

/// How long the gateway's only worker took to answer others while it answered this, at most, and
/// how long this took.
fn held_up(gateway: &Gateway, path: &str, body: &Value) -> (Duration, Duration) {
    let (web, is_over) = (gateway.web(), AtomicBool::new(false));
    let request = request(path, &[], &body.to_string());
    std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let watch = Stopwatch::start();
                let answer = Client::connect(web).get("h", "/v1/models", &[]);
                longest = longest.max(watch.elapsed());
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
            longest
        });
        let watch = Stopwatch::start();
        let answer = Client::connect(web).ask(request);
        let took = watch.elapsed();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(answer.status, 200, "{}", answer.text());
        (others.join().expect("others were answered"), took)
    })
}

#[test]
fn large_bodies_are_seen_through_beside_the_worker() {
    let long = "Dear Eve, nights fall at 4111 o'clock. ".repeat(100_000);
    let origin = Origin::start({
        let long = long.clone();
        move |exchange| {
            let asks_much = exchange.read_body().len() > 10_000;
            let answer = if asks_much { "fine" } else { long.as_str() };
            reply(exchange, 200, &completion(answer));
        }
    });
    let config = super::config(&[&origin])
        .service("ai", &format!("llm: {{}}\n{MASKS}"))
        .route("ai", "service: ai\nkeep_prefix: true");
    let gateway = GatewayOptions::new().workers(1).start(config);
    for asked in [long.as_str(), "hi"] {
        let (longest, took) = held_up(&gateway, "/v1/chat/completions", &ask(asked));
        let size = asked.len();
        assert!(longest < took / 3, "{size} bytes: others waited {longest:?} of {took:?}");
    }
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

#[test]
fn a_stream_that_is_cut_off_is_logged_with_the_reason_and_paid_for() {
    let origin = streaming(&["so it ", "begins at night", "fall", " and goes on"]);
    let refuses =
        "policies: { guardrail: { keywords: [nightfall], action: refuse, on: [response] } }";
    let config = Config::new()
        .web()
        .and(&format!(
            "
            providers:
              - {{ name: p0, kind: openai_compatible, base_url: \"http://{}/v1\" }}
              - {{ name: pretend, kind: mock }}
            models:
              - {{ name: fast, deployments: [{{ provider: p0, model: there }}] }}
              - {{ name: pretended, deployments: [{{ provider: pretend, model: echo }}] }}
            ",
            origin.addr()
        ))
        .service("ai", &format!("llm: {{}}\n{refuses}"))
        .route("ai", "service: ai\nkeep_prefix: true")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    for (model, path) in [
        ("fast", "/v1/chat/completions"),
        ("fast", "/v1/messages"),
        ("pretended", "/v1/chat/completions"),
    ] {
        let mut body = ask("it begins at nightfall");
        (body["model"], body["stream"], body["max_tokens"]) = (json!(model), json!(true), json!(9));
        let told = post(gateway.web(), path, &[], &body).text();
        assert!(told.contains("guardrail") || path == "/v1/messages", "{told}");
        assert!(!told.contains("fall") && !told.contains("goes on"), "{told}");
    }
    for line in 0..3 {
        gateway.stdout().wait_for("a line about it", line, SOON, |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            assert_eq!(
                (&line["status"], &line["reason"]),
                (&json!(200), &json!("guardrail")),
                "{line}"
            );
            assert_eq!(line["termination"], "gateway@response_body", "{line}");
            assert!(line["output_tokens"].as_u64() > Some(0), "{line}");
            Some(())
        });
    }
}

#[test]
fn a_signature_hides_nothing() {
    let origin = saying("hello");
    let gateway = gateway(&[&origin], MASKS);
    let ask = |thought: &str| {
        json!({ "model": "fast", "max_tokens": 9, "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": thought, "signature": "forged" },
                { "type": "text", "text": "hello" },
            ] },
            { "role": "user", "content": "go on" },
        ] })
    };
    let refused = post(gateway.web(), "/v1/messages", &[], &ask("of bob@example.com"));
    assert_eq!((refused.status, origin.count()), (403, 0), "{}", refused.text());
    let answer = post(gateway.web(), "/v1/messages", &[], &ask("of nobody"));
    assert_eq!((answer.status, origin.count()), (200, 1), "{}", answer.text());
}

/// Sends a form with a file, and fields before and behind it.
fn send(to: SocketAddr, path: &str, fields: [(&str, &str); 2]) -> Response {
    let [before, behind] = fields.map(|(name, value)| part(name, value));
    form::send(to, path, &[], &[part("model", "fast"), before, file("bob@example.com"), behind])
}

#[test]
fn texts_of_forms_are_masked_wherever_they_stand_and_files_are_left_alone() {
    let origin = saying("x");
    let gateway = gateway(&[&origin], MASKS);
    let fields = [("language", "nightfall"), ("prompt", "of eve@example.com")];
    for path in ["/v1/images/edits", "/v1/audio/transcriptions"] {
        let _answer = send(gateway.web(), path, fields);
        let got = String::from_utf8_lossy(&origin.last().body).into_owned();
        assert!(got.contains("\r\n\r\nof [masked]\r\n") && !got.contains("eve@"), "{path}: {got}");
        assert!(got.contains("\r\n\r\nbob@example.com\r\n"), "{path}: {got}");
        assert!(got.contains("there-0") && got.contains("nightfall"), "{path}: {got}");
    }
}

#[test]
fn transcripts_are_seen_through_in_every_form() {
    for (media_type, said, seen) in [
        ("text/plain; charset=utf-8", "write to eve@example.com", "write to [masked]"),
        ("text/vtt", "WEBVTT\n\nof nightfall\n", "WEBVTT\n\nof [masked]\n"),
        ("application/x-subrip", "1\nof nightfall\n", "1\nof [masked]\n"),
        ("application/json", r#"{"text":"of nightfall"}"#, r#"{"text":"of [masked]"}"#),
    ] {
        let origin = Origin::start(move |exchange| {
            let _body = exchange.read_body();
            exchange.reply(200, &[("Content-Type", media_type)], said);
        });
        let gateway = gateway(&[&origin], MASKS);
        let fields = [("language", "en"), ("temperature", "0")];
        let answer = send(gateway.web(), "/v1/audio/transcriptions", fields);
        assert_eq!((answer.status, answer.text()), (200, seen.to_owned()), "{media_type}");
        assert_eq!(answer.get("content-type"), Some(media_type));
    }
}

#[test]
fn what_a_batch_was_answered_is_seen_through_line_by_line() {
    let lines = "{\"custom_id\":\"a\",\"response\":{\"body\":{\"text\":\"of nightfall\"}}}\n";
    let origin = Origin::start(move |exchange| {
        exchange.reply(200, &[("Content-Type", "application/octet-stream")], lines.repeat(2));
    });
    let gateway = gateway(&[&origin], MASKS);
    let answer = Client::connect(gateway.web()).get("h", "/v1/files/file-1/content", &[]);
    let seen = lines.replace("nightfall", "[masked]").repeat(2);
    assert_eq!((answer.status, answer.text()), (200, seen));
}

#[test]
fn streams_that_nobody_sees_through_are_refused_before_they_are_asked_for() {
    let origin = saying("x");
    let gateway = gateway(&[&origin], MASKS);
    let fields = [("language", "en"), ("stream", "true")];
    let refused = send(gateway.web(), "/v1/audio/transcriptions", fields);
    assert_eq!((refused.status, origin.count()), (400, 0), "{}", refused.text());
}
