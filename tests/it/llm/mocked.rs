//! The mock behind another name: what it says of itself, and of what it used, is the same in every
//! dialect, streamed or not.

use architrave_testkit::dialect::post;
use architrave_testkit::{Client, Config, Dialect, Gateway, SOON};
use serde_json::{Value, json};

fn gateway() -> Gateway {
    let config = Config::ai(
        "
        providers: [{ name: pretend, kind: mock, mock: { first_token: 30ms } }]
        models: [{ name: fast, deployments: [{ provider: pretend, model: echo }] },
          { name: near, deployments: [{ provider: pretend, model: embed }] }]
        ",
    );
    Gateway::start(config.access_log("{ stdout: {} }"))
}

/// The names of models that an answer says, whole or in its events.
fn names(answer: &Value) -> Vec<&Value> {
    let places =
        ["/model", "/modelVersion", "/response/model", "/message/model", "/messageStart/model"];
    places.iter().filter_map(|place| answer.pointer(place)).collect()
}

#[test]
fn an_answer_goes_by_the_name_that_was_asked_for_and_says_the_same_of_itself_streamed_or_not() {
    let gateway = gateway();
    for (number, dialect) in Dialect::ALL.into_iter().enumerate() {
        let mut lines: Vec<Value> = Vec::new();
        for stream in [false, true] {
            let question = dialect.question("fast", "is anybody there?", stream);
            let asked = post(&dialect.path("fast", stream), &[], &question);
            let answer = Client::connect(gateway.web()).ask(asked);
            assert_eq!(answer.status, 200, "{dialect:?}: {}", answer.text());
            let said = match stream {
                true => dialect.events(&answer.body),
                false => vec![serde_json::from_slice(&answer.body).expect("JSON")],
            };
            let names: Vec<&Value> = said.iter().flat_map(names).collect();
            let is_silent = matches!(dialect, Dialect::Bedrock | Dialect::Cohere);
            assert_eq!(names.is_empty(), is_silent, "{dialect:?} {stream}: {said:?}");
            assert!(names.iter().all(|name| **name == "fast"), "{dialect:?} {stream}: {names:?}");
            let at = 2 * number + usize::from(stream);
            lines.push(
                gateway
                    .stdout()
                    .wait_for("a line about it", at, SOON, |line| serde_json::from_str(line).ok()),
            );
        }
        for member in ["input_tokens", "output_tokens", "estimated", "model", "upstream_model"] {
            assert_eq!(lines[0][member], lines[1][member], "{dialect:?}: {member}");
        }
        assert!(lines[0]["output_tokens"].as_u64() > Some(0), "{}", lines[0]);
        assert_eq!(lines[0]["first_token_ms"], Value::Null, "of a stream alone");
        let first = lines[1]["first_token_ms"].as_f64().unwrap_or_else(|| panic!("{}", lines[1]));
        assert!(first >= 30.0, "{}", lines[1]);
    }
}

#[test]
fn vectors_go_by_the_name_that_was_asked_for() {
    let gateway = gateway();
    let asked = post("/v1/embeddings", &[], &json!({ "model": "near", "input": "hi" }));
    let answer = Client::connect(gateway.web()).ask(asked);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(answer["model"], "near");
    // No request takes more than there is.
    for (asked, param) in [
        (json!({ "model": "near", "input": "a", "dimensions": 1_000_000_000 }), "dimensions"),
        (json!({ "model": "near", "input": "a", "dimensions": 0 }), "dimensions"),
        (json!({ "model": "near", "input": vec!["a"; 2_049] }), "input"),
    ] {
        let answer = Client::connect(gateway.web()).ask(post("/v1/embeddings", &[], &asked));
        assert_eq!(answer.status, 400, "{}", answer.text());
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(answer["error"]["param"], param, "{answer}");
    }
    let most = json!({ "model": "near", "input": "a", "dimensions": 4_096 });
    let answer = Client::connect(gateway.web()).ask(post("/v1/embeddings", &[], &most));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_mock_that_is_too_slow_is_given_up_for_another_as_any_provider_is() {
    let config = Config::ai(
        "
        providers:
          - { name: slow, kind: mock, mock: { first_token: 1h }, timeouts: { first_token: 50ms } }
          - { name: quick, kind: mock }
        models:
          - name: fast
            strategy: priority
            deployments: [{ provider: slow, model: echo }, { provider: quick, model: echo, priority: 1 }]
        ",
    );
    let gateway = Gateway::start(config.access_log("{ stdout: {} }"));
    let dialect = Dialect::OpenaiChat;
    let question = dialect.question("fast", "is anybody there?", true);
    let answer =
        Client::connect(gateway.web()).ask(post(&dialect.path("fast", true), &[], &question));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.get("x-architrave-deployment"), Some("quick/echo"));
    let line: Value = gateway
        .stdout()
        .wait_for("a line about it", 0, SOON, |line| serde_json::from_str(line).ok());
    assert_eq!(line["passed_over"], json!(["tried:timed_out slow/echo"]), "{line}");
}

/// Asks for something beside chat, and reads the whole answer.
fn beside(gateway: &Gateway, path: &str, body: &Value) -> architrave_testkit::Response {
    let body = body.to_string();
    Client::connect(gateway.web()).ask(format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

#[test]
fn it_completes_ranks_judges_draws_and_speaks() {
    let gateway = gateway();
    let asked = |path: &str, body: Value| {
        let answer = beside(&gateway, path, &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer
    };
    let json_of = |path: &str, body: Value| -> Value {
        serde_json::from_slice(&asked(path, body).body).expect("JSON")
    };
    let prompt = json!({ "model": "fast", "prompt": "over and out" });
    let completion = json_of("/v1/completions", prompt.clone());
    assert_eq!(completion["object"], "text_completion", "{completion}");
    assert_eq!(completion["choices"][0]["text"], "over and out", "{completion}");
    assert_eq!(completion["model"], "fast", "{completion}");
    let mut streamed = prompt;
    streamed["stream"] = json!(true);
    let stream = asked("/v1/completions", streamed).text();
    let events = stream.lines().filter_map(|line| line.strip_prefix("data: {"));
    let texts = events.map(|event| {
        let event: Value = serde_json::from_str(&format!("{{{event}")).expect("JSON");
        event["choices"][0]["text"].as_str().unwrap_or_default().to_owned()
    });
    assert_eq!(texts.collect::<String>(), "over and out", "{stream}");
    assert!(stream.trim_end().ends_with("data: [DONE]"), "{stream}");

    let documents = json!({
        "model": "fast", "query": "tides of Brest", "documents": ["bread", "tides at Brest", "x"],
        "top_n": 1,
    });
    for path in ["/v2/rerank", "/v1/rerank"] {
        let ranked = json_of(path, documents.clone());
        assert_eq!(ranked["results"][0]["index"], 1, "{path}: {ranked}");
    }
    let judged = json_of("/v1/moderations", json!({ "model": "fast", "input": "violence" }));
    assert_eq!(judged["results"][0]["flagged"], true, "{judged}");
    let drawn = json_of("/v1/images/generations", json!({ "model": "fast", "prompt": "a pier" }));
    let image = drawn["data"][0]["b64_json"].as_str().expect("an image");
    assert!(image.starts_with("iVBORw0KGgo"), "{drawn}");
    let spoken = json!({ "model": "fast", "input": "hello", "voice": "alloy" });
    let spoken = asked("/v1/audio/speech", spoken);
    assert_eq!(spoken.get("content-type"), Some("audio/wav"));
    assert!(spoken.body.starts_with(b"RIFF"), "{} bytes", spoken.body.len());
    for (format, media_type, status) in
        [("mp3", "audio/mpeg", 200), ("pcm", "audio/pcm", 200), ("opus", "application/json", 400)]
    {
        let spoken =
            json!({ "model": "fast", "input": "hello", "voice": "a", "response_format": format });
        let spoken = beside(&gateway, "/v1/audio/speech", &spoken);
        assert_eq!((spoken.status, spoken.get("content-type")), (status, Some(media_type)));
    }
    // What it does not do it says.
    let answer = beside(&gateway, "/v1/moderations", &json!({ "model": "fast" }));
    assert_eq!(answer.status, 400, "{}", answer.text());
}
