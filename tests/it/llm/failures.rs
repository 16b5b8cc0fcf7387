//! What failures are about: whom they rest, whom not, and what the client is told of them.

use architrave_testkit::dialect::post as post_to;
use architrave_testkit::origin::refusing;
use architrave_testkit::{Client, Config, Dialect, Gateway, Origin, SOON};
use serde_json::{Value, json};

use super::form;
use super::{
    STREAM_HEAD, ask, completion, config, event, gateway, last_event, parsed, post, reply, request,
    saying, text_of,
};

/// A provider that says no to requests with a word in them, and what it says then.
fn refusing_word(word: &'static str, status: u16, error: &'static str) -> Origin {
    Origin::start(move |exchange| {
        let body = exchange.read_body();
        match memmem(&body, word) || exchange.target().contains(word) {
            true => reply(exchange, status, error),
            false => reply(exchange, 200, &completion("fine")),
        }
    })
}

fn memmem(body: &[u8], word: &str) -> bool {
    body.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn what_a_client_says_rests_no_credential() {
    let error = r#"{"error":{"message":"Invalid value: 'insufficient balance'. Supported values are: 'user'.","type":"invalid_request_error"}}"#;
    let origin = refusing_word("insufficient balance", 400, error);
    let gateway = gateway(&[&origin], "");
    let body = json!({ "model": "fast", "messages": [{ "role": "insufficient balance", "content": "x" }] });
    let refused = post(gateway.web(), "/v1/chat/completions", &[], &body);
    assert_eq!(refused.status, 400, "{}", refused.text());
    let next = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(next.status, 200, "{}", next.text());
}

#[test]
fn what_is_not_there_or_may_not_be_had_rests_no_model() {
    let gone = r#"{"error":{"message":"Response with id 'resp_9' not found.","type":"invalid_request_error"}}"#;
    let may_not = r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: api.files.read.","type":"invalid_request_error"}}"#;
    let plain = r#"{"error":{"message":"No access."}}"#;
    for (path, status, error, told) in [
        ("/v1/responses/resp_9", 404, gone, 404),
        ("/v1/files/resp_9", 401, may_not, 502),
        ("/v1/files/resp_9", 403, plain, 502),
    ] {
        let origin = refusing_word("resp_9", status, error);
        let gateway = gateway(&[&origin], "");
        for _ in 0..4 {
            let refused = Client::connect(gateway.web()).get("h", path, &[]);
            assert_eq!(refused.status, told, "{path}: {}", refused.text());
            assert!(!refused.text().contains("Missing scopes"), "{}", refused.text());
        }
        let next = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!(next.status, 200, "{path} {status}: {}", next.text());
    }
}

#[test]
fn the_account_of_the_gateway_is_nobodys_business() {
    for (status, error, told) in [
        (
            429,
            r#"{"error":{"message":"Rate limit reached for m in organization `org-SECRET` on tokens"}}"#,
            429,
        ),
        (402, r#"{"error":{"message":"org-SECRET has an insufficient balance"}}"#, 502),
        (400, r#"{"error":{"message":"Your credit balance is too low, org-SECRET"}}"#, 502),
    ] {
        let origin = Origin::start(move |exchange| reply(exchange, status, error));
        let gateway = gateway(&[&origin], "");
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!(answer.status, told, "{}", answer.text());
        assert!(!answer.text().contains("SECRET"), "{}", answer.text());
    }
}

#[test]
fn details_of_a_failure_reach_clients_of_the_same_dialect_and_no_secret_does() {
    let azure = r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"violence":{"filtered":true}}}}}"#;
    let openrouter = r#"{"error":{"message":"no","code":422,"metadata":{"reasons":["x"]}},"user_id":"user_SECRET"}"#;
    for (status, said) in [(400, azure), (422, openrouter)] {
        let origin = Origin::start(move |exchange| reply(exchange, status, said));
        let gateway = gateway(&[&origin], "");
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!(answer.status, status, "{}", answer.text());
        let mut told: Value = serde_json::from_str(said).expect("JSON");
        told.as_object_mut().expect("an object").remove("user_id");
        assert_eq!(parsed(&answer), told);
        // Others are told in their own words.
        let message =
            json!({ "model": "fast", "max_tokens": 9, "messages": ask("hi")["messages"] });
        let answer = post(gateway.web(), "/v1/messages", &[], &message);
        let (told, text) = (parsed(&answer), answer.text());
        assert_eq!((answer.status, &told["type"]), (status, &json!("error")), "{text}");
        assert!(!text.contains("SECRET") && !text.contains("innererror"), "{text}");
    }
    let said = r#"{"error":{"message":"Incorrect API key sk-SECRET","code":"invalid_api_key","innererror":{"key":"sk-SECRET"}}}"#;
    let origin = Origin::start(move |exchange| reply(exchange, 401, said));
    let gateway = gateway(&[&origin], "");
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(!answer.text().contains("SECRET"), "{}", answer.text());
}

#[test]
fn a_failure_with_a_status_of_success_is_asked_of_another() {
    let error = r#"{"error":{"message":"Provider returned error","code":502},"user_id":"u"}"#;
    let first = Origin::start(move |exchange| reply(exchange, 200, error));
    let second = saying("from the second");
    let gateway = gateway(&[&first, &second], "");
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(parsed(&answer)["choices"][0]["message"]["content"], "from the second");
}

#[test]
fn a_stream_that_fails_in_its_first_event_fails_with_a_status_that_says_so() {
    for (error, status) in [
        (r#"{"message":"EngineCore died","type":"InternalServerError","code":500}"#, 500),
        (r#"{"message":"upstream is gone","code":502}"#, 502),
        (r#"{"message":"slow down","code":429}"#, 429),
        (r#"{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}"#, 429),
        (r#"{"message":"boom","type":"server_error","code":"server_error"}"#, 500),
    ] {
        let origin = Origin::start(move |exchange| {
            let _ = exchange.read_body();
            exchange.send(STREAM_HEAD);
            exchange.send_chunk(format!("data: {{\"error\":{error}}}\n\n"));
            exchange.send("0\r\n\r\n");
        });
        let gateway = gateway(&[&origin], "");
        let mut body = ask("hi");
        body["stream"] = json!(true);
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
        assert_eq!(answer.status, status, "{error}: {}", answer.text());
        assert!(parsed(&answer)["error"]["message"].is_string(), "{}", answer.text());
        if status == 429 {
            gateway.stderr().wait_for("what rests", 0, SOON, |line| {
                line.contains("why=\"rate_limited\"").then_some(())
            });
        }
    }
}

#[test]
fn a_failure_says_when_to_come_again_and_how_long_the_gateway_took() {
    for status in [500, 409, 422] {
        let origin = Origin::start(move |exchange| {
            let _ = exchange.read_body();
            let body = r#"{"error":{"message":"not now"}}"#;
            exchange.send(format!(
                "HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nRetry-After: 7\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            ));
        });
        let gateway = gateway(&[&origin], "");
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!((answer.status, answer.get("retry-after")), (status, Some("7")), "{answer:?}");
        let overhead = answer.get("x-architrave-overhead-us").expect("it is told");
        assert!(overhead.parse::<u64>().is_ok(), "{overhead}");
    }
}

#[test]
fn a_compressed_body_is_told_as_one() {
    let origin = saying("never");
    let gateway = gateway(&[&origin], "");
    let body = "\u{1f}not what a provider reads";
    let asked = request("/v1/chat/completions", &["Content-Encoding: gzip"], body);
    let answer = Client::connect(gateway.web()).ask(asked);
    assert_eq!(answer.status, 415, "{}", answer.text());
    assert!(answer.text().contains("Content-Encoding"), "{}", answer.text());
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_redirect_of_a_provider_is_no_answer() {
    for path in ["/v1/chat/completions", "/v1/moderations"] {
        let origin = Origin::start(|exchange| {
            let _ = exchange.read_body();
            exchange.send(
                "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            );
        });
        let gateway = gateway(&[&origin], "");
        let body = json!({ "model": "fast", "input": "x", "messages": ask("hi")["messages"] });
        let answer = post(gateway.web(), path, &[], &body);
        assert_eq!((answer.status, answer.get("location")), (502, None), "{}", answer.text());
    }
}

#[test]
fn a_form_is_asked_of_another_as_long_as_it_can_be_sent_again() {
    let path = "/v1/audio/transcriptions";
    let limited = Origin::start(|exchange| {
        let _ = exchange.read_body();
        reply(exchange, 429, r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#);
    });
    let second = saying("from the second");
    for size in [100, 3_000, 200_000] {
        let gateway = gateway(&[&limited, &second], "");
        let parts = [form::part("model", "fast"), form::file(&"x".repeat(size))];
        let answer = form::send(gateway.web(), path, &[], &parts);
        assert_eq!(answer.status, 200, "{size}: {}", answer.text());
        let got = String::from_utf8_lossy(&second.last().body).into_owned();
        assert!(got.contains("there-1") && got.matches('x').count() >= size, "{}", got.len());
    }
    // Of a large one nothing has gone where nobody took it.
    let (down, _guard) = refusing();
    let config = Config::ai(&format!(
        "
        providers:
          - {{ name: down, kind: openai_compatible, base_url: \"http://{down}/v1\" }}
          - {{ name: up, kind: openai_compatible, base_url: \"http://{}/v1\" }}
        models:
          - name: fast
            strategy: priority
            deployments: [{{ provider: down, model: a }}, {{ provider: up, model: b, priority: 1 }}]
        ",
        second.addr()
    ));
    let gateway = Gateway::start(config);
    let parts = [form::part("model", "fast"), form::file(&"x".repeat(2_000_000))];
    let answer = form::send(gateway.web(), path, &[], &parts);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(second.last().body.len() > 2_000_000, "{}", second.last().body.len());
}

#[test]
fn nobody_is_told_to_wait_while_one_of_very_many_was_not_asked() {
    let busy = Origin::start(|exchange| {
        reply(exchange, 429, r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#);
    });
    let idle = saying("here");
    let keys: Vec<String> =
        (0..20).map(|at| format!("{{ name: k{at}, value: key-{at} }}")).collect();
    let config = Config::ai(&format!(
        "
        providers:
          - {{ name: busy, kind: openai_compatible, base_url: \"http://{}/v1\", credentials: [{}] }}
          - {{ name: idle, kind: openai_compatible, base_url: \"http://{}/v1\" }}
        models:
          - name: fast
            strategy: priority
            deployments: [{{ provider: busy, model: a }}, {{ provider: idle, model: b, priority: 1 }}]
        ",
        busy.addr(),
        keys.join(", "),
        idle.addr()
    ));
    let gateway = Gateway::start(config);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!((answer.status, busy.count()), (200, 20), "{}", answer.text());
}

#[test]
fn an_endpoint_that_is_down_is_no_failure_while_another_is_up() {
    let (down, _guard) = refusing();
    let up = saying("here");
    let config = Config::ai("providers: [{ name: lab, kind: openai_compatible, upstream: pool }]");
    let gateway = Gateway::start(config.upstream("pool", &[down, up.addr()], ""));
    for _ in 0..6 {
        let question = Dialect::OpenaiChat.question("lab/m", "hi", false);
        let asked = post_to("/v1/chat/completions", &[], &question);
        let answer = Client::connect(gateway.web()).ask(asked);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(up.count(), 6);
}

#[test]
fn a_stream_that_breaks_within_an_event_ends_with_whole_ones() {
    let origin = Origin::start(|exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(event("one"));
        exchange.send_chunk(format!("{}{}", event(" two"), &event(" three")[..40]));
        exchange.close();
    });
    let gateway = gateway(&[&origin], "");
    let mut body = ask("hi");
    body["stream"] = json!(true);
    for options in [json!(null), json!({ "include_usage": true })] {
        body["stream_options"] = options;
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
        let text = answer.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let events: Vec<Value> = data
            .map(|data| serde_json::from_str(data).unwrap_or_else(|_| panic!("{text}")))
            .collect();
        assert_eq!(text_of(&answer), "one two");
        assert!(events.last().is_some_and(|last| last["error"].is_object()), "{text}");
    }
}

#[test]
fn an_event_that_comes_in_pieces_comes_through_as_it_is() {
    let whole = [event("one"), event(" two"), last_event()].concat();
    let pieces: Vec<String> = whole
        .as_bytes()
        .chunks(7)
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect();
    let origin = Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        pieces.iter().for_each(|piece| exchange.send_chunk(piece));
        exchange.send("0\r\n\r\n");
    });
    let gateway = gateway(&[&origin], "");
    let mut body = ask("hi");
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
    assert_eq!(answer.text(), whole);
}

#[test]
fn whoever_goes_away_before_the_first_event_ends_the_call() {
    for stream in [true, false] {
        let (told, ended) = std::sync::mpsc::sync_channel(2);
        let origin = Origin::start(move |exchange| {
            let _ = exchange.read_body();
            exchange.send(if stream {
                STREAM_HEAD.to_owned()
            } else {
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
                    .to_owned()
            });
            let _ = told.send(false);
            let _ = told.send(exchange.is_abandoned_within(SOON));
        });
        let gateway = gateway(&[&origin], "");
        let mut body = ask("hi");
        body["stream"] = json!(stream);
        let mut client = Client::connect(gateway.web());
        client.send(request("/v1/chat/completions", &[], &body.to_string())).expect("sent");
        assert_eq!(ended.recv_timeout(SOON), Ok(false), "the head is under way");
        client.reset();
        assert_eq!(ended.recv_timeout(SOON), Ok(true), "stream: {stream}");
    }
}

#[test]
fn what_is_no_json_is_no_answer() {
    let page = "<html>secret joe@corp.example</html>";
    let first = Origin::start(move |exchange| reply(exchange, 200, page));
    let second = saying("from the second");
    let both = gateway(&[&first, &second], "");
    let answer = post(both.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(parsed(&answer)["choices"][0]["message"]["content"], "from the second");
    for (body, status) in [(page, 502), ("{secret joe@corp.example}", 403)] {
        let origin = Origin::start(move |exchange| reply(exchange, 200, body));
        let guarded = gateway(
            &[&origin],
            "policies: { guardrail: { personal_data: [email], action: refuse } }",
        );
        let answer = post(guarded.web(), "/v1/chat/completions", &[], &ask("hi"));
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(!answer.text().contains("joe"), "{}", answer.text());
    }
}

#[test]
fn a_reply_that_is_nested_without_end_ends_nothing_but_itself() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    let origin = Origin::start(move |exchange| {
        let asked = String::from_utf8_lossy(&exchange.read_body()).into_owned();
        let said = match asked.contains("lists") {
            true => format!("{{\"choices\":{}}}", deep("[", "]")),
            false => format!("{{\"input\":{}1{}}}", "{\"a\":".repeat(50_000), "}".repeat(50_000)),
        };
        match asked.contains("fine") {
            true => reply(exchange, 200, &completion("fine")),
            false => reply(exchange, 200, &said),
        }
    });
    let guarded = gateway(&[&origin], "policies: { guardrail: { personal_data: [email] } }");
    for text in ["lists", "objects"] {
        let answer = post(guarded.web(), "/v1/chat/completions", &[], &ask(text));
        assert_eq!(answer.status, 502, "{}", answer.text());
    }
    let answer = post(guarded.web(), "/v1/chat/completions", &[], &ask("fine"));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn whoever_looks_into_a_case_has_an_id_and_the_log_says_what_the_provider_said() {
    let error = r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#;
    let origin = Origin::start(move |exchange| reply(exchange, 401, error));
    let gateway = gateway(&[&origin], "");
    let refused = post(gateway.web(), "/v1/chat/completions", &[], &ask("hi"));
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert!(refused.get("x-request-id").is_some_and(|id| !id.is_empty()), "{refused:?}");
    gateway.stderr().wait_for("what rests", 0, SOON, |line| {
        let is_it = line.contains("a credential rests") && line.contains("status=401");
        (is_it && line.contains("why=")).then_some(())
    });
    let unknown = json!({ "model": "nobody", "messages": [{ "role": "user", "content": "x" }] });
    let unknown = post(gateway.web(), "/v1/chat/completions", &["X-Request-Id: mine-1"], &unknown);
    assert_eq!((unknown.status, unknown.get("request-id")), (404, Some("mine-1")));
}

#[test]
fn a_path_that_is_not_there_is_no_model_that_is_not_there() {
    let origin = saying("never");
    let gateway = gateway(&[&origin], "");
    let get = |path| Client::connect(gateway.web()).get("h", path, &[]);
    for path in ["/", "/v1/assistants"] {
        let answer = get(path);
        let told = parsed(&answer);
        assert_eq!((answer.status, &told["error"]["code"]), (404, &json!("unknown_url")), "{told}");
        assert_eq!(told["error"]["message"], "there is no such path here");
        assert!(answer.get("x-request-id").is_some_and(|id| !id.is_empty()), "{answer:?}");
    }
    let near = parsed(&get("/v1/chat/completion"));
    let message = near["error"]["message"].as_str().expect("a text");
    assert!(message.contains("GET /v1/chat/completions"), "{message}");
    for (path, allow) in [("/v1/embeddings", "POST"), ("/v1/messages", "POST")] {
        let answer = get(path);
        assert_eq!((answer.status, answer.get("allow")), (405, Some(allow)), "{}", answer.text());
        assert!(answer.get("x-request-id").is_some_and(|id| !id.is_empty()), "{answer:?}");
    }
    // Anthropic's clients are told in their words.
    assert_eq!(parsed(&get("/v1/messages"))["type"], "error");
    assert_eq!(origin.count(), 0);
}

#[test]
fn sizes_are_told_as_the_file_writes_them() {
    let origin = saying("never");
    let config = config(&[&origin])
        .service("ai", "llm: { body_max: 1KiB }")
        .route("ai", "service: ai\nkeep_prefix: true");
    let gateway = Gateway::start(config);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &ask(&"x".repeat(2_000)));
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.text().contains("larger than 1KiB"), "{}", answer.text());
}

#[test]
fn the_mock_says_in_words_what_it_does_not_know() {
    let providers = "
        providers: [{ name: pretend, kind: mock }]
        models: [{ name: fast, deployments: [{ provider: pretend, model: echo }] }]
    ";
    let gateway = Gateway::start(Config::ai(providers));
    let body = json!({ "model": "fast", "type": "realtime" });
    let answer = post(gateway.web(), "/v1/realtime/sessions", &[], &body);
    assert_eq!(answer.status, 501, "{}", answer.text());
    assert!(answer.text().contains("does not know the operation `"), "{}", answer.text());
}

#[test]
fn a_form_whose_path_names_the_model_says_it_to_who_has_it_in_no_path() {
    let origin = Origin::start(|exchange| {
        let _ = exchange.read_body();
        reply(exchange, 200, r#"{"text":"hello"}"#);
    });
    // Whether it is called the same there or not.
    for name in ["there-0", "whisper-1"] {
        let config = Config::ai(&format!(
            "
            providers: [{{ name: p0, kind: openai_compatible, base_url: \"http://{}/v1\" }}]
            models: [{{ name: there-0, deployments: [{{ provider: p0, model: {name} }}] }}]
            ",
            origin.addr()
        ));
        let gateway = Gateway::start(config);
        let path = "/openai/deployments/there-0/audio/transcriptions?api-version=2024-10-21";
        let answer = form::send(gateway.web(), path, &[], &[form::file("x")]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let got = String::from_utf8_lossy(&origin.last().body).into_owned();
        let part = form::part("model", name);
        assert_eq!(got, [part.as_str(), &form::file("x"), "--b--\r\n"].concat());
    }
}
