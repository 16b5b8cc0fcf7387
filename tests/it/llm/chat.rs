//! Chat end to end: what the provider gets, what the client gets, in the same dialect and another.

use architrave_testkit::{Client, Gate, Origin, SOON};
use serde_json::json;

use super::{
    KEY, STREAM_HEAD, ask, completion, event, gateway, last_event, parsed, post, reply, request,
    saying, streaming, text_of,
};

#[test]
fn the_model_is_renamed_and_all_else_goes_on_as_it_came() {
    let origin = saying("hello");
    let gateway = gateway(&[&origin], "");
    let body = "{ \"x-own\" : [1.50, \"\\u00e9\"],\"model\":  \"fast\", \"messages\": \
                [{\"role\":\"user\",\"content\":\"hi\"}] }";
    let mut client = Client::connect(gateway.web());
    let answer = client.ask(request("/v1/chat/completions", &[KEY], body));
    assert_eq!((answer.status, answer.text()), (200, completion("hello")));
    assert_eq!(answer.get("x-architrave-deployment"), Some("p0/there-0"));
    assert_eq!(answer.get("x-architrave-attempts"), Some("1"));
    let got = origin.only();
    assert_eq!(got.target, "/v1/chat/completions");
    assert_eq!(got.get("authorization"), Some("Bearer upstream-key-0"));
    assert_eq!(String::from_utf8_lossy(&got.body), body.replace("\"fast\"", "\"there-0\""));
}

#[test]
fn a_client_of_anthropic_talks_to_a_model_of_openai() {
    let origin = saying("hello");
    let gateway = gateway(&[&origin], "");
    let body = json!({
        "model": "fast", "max_tokens": 50, "system": "Be brief.",
        "messages": [{ "role": "user", "content": "hi" }],
    });
    let answer = post(gateway.web(), "/v1/messages", &["x-api-key: nobody's"], &body);
    let said = parsed(&answer);
    assert_eq!((answer.status, &said["content"][0]["text"]), (200, &json!("hello")), "{said}");
    assert_eq!(
        (&said["usage"]["input_tokens"], &said["stop_reason"]),
        (&json!(11), &json!("end_turn"))
    );
    let got: serde_json::Value = serde_json::from_slice(&origin.only().body).expect("JSON");
    assert_eq!(got["messages"][0]["content"], "Be brief.", "{got}");
    assert_eq!(origin.only().get("x-api-key"), None);
}

#[test]
fn a_stream_goes_on_event_by_event() {
    let gate = std::sync::Arc::new(Gate::new());
    let held = std::sync::Arc::clone(&gate);
    let origin = Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(event("one"));
        held.pass();
        exchange.send_chunk(event("two"));
        exchange.send_chunk(last_event());
        exchange.send("0\r\n\r\n");
    });
    let gateway = gateway(&[&origin], "");
    let mut body = ask("hi");
    body["stream"] = json!(true);
    let mut client = Client::connect(gateway.web());
    client.send(request("/v1/chat/completions", &[], &body.to_string())).expect("sent");
    let head = client.read_head().expect("a head").expect("a head");
    assert_eq!(head.get("content-type"), Some("text/event-stream"));
    let first = String::from_utf8(client.read_chunk().expect("a chunk")).expect("text");
    assert!(first.contains("one") && !first.contains("two"), "{first}");
    gate.open();
    let mut rest = String::new();
    while !rest.contains("[DONE]") {
        rest += &String::from_utf8(client.read_chunk().expect("a chunk")).expect("text");
    }
    assert!(rest.contains("two"), "{rest}");
}

#[test]
fn whoever_goes_away_ends_the_call() {
    let (told, ended) = std::sync::mpsc::sync_channel(1);
    let origin = Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        exchange.send_chunk(event("one"));
        let _ = told.send(exchange.is_abandoned_within(SOON));
    });
    let gateway = gateway(&[&origin], "");
    let mut body = ask("hi");
    body["stream"] = json!(true);
    let mut client = Client::connect(gateway.web());
    client.send(request("/v1/chat/completions", &[], &body.to_string())).expect("sent");
    let _head = client.read_head().expect("a head");
    let _first = client.read_chunk().expect("a chunk");
    client.reset();
    assert_eq!(ended.recv_timeout(SOON), Ok(true));
}

#[test]
fn a_stream_is_told_in_the_words_of_the_client() {
    let origin = streaming(&["Hel", "lo"]);
    let gateway = gateway(&[&origin], "");
    let mut body = ask("hi");
    body["stream"] = json!(true);
    assert_eq!(text_of(&post(gateway.web(), "/v1/chat/completions", &[], &body)), "Hello");
    let body = json!({
        "model": "fast", "max_tokens": 50, "stream": true,
        "messages": [{ "role": "user", "content": "hi" }],
    });
    let told = post(gateway.web(), "/v1/messages", &[], &body).text();
    assert!(told.contains("event: message_start") && told.contains("\"text\":\"Hel\""), "{told}");
    assert!(told.trim_end().ends_with("data: {\"type\":\"message_stop\"}"), "{told}");
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_client_and_reaches_no_provider() {
    let origin = saying("hello");
    let gateway = gateway(&[&origin], "");
    let bad = [
        ("{\"model\":\"fast\",\"model\":\"fast\",\"messages\":[]}", 400),
        ("{\"model\":\"none\",\"messages\":[]}", 404),
        ("{\"messages\":[]}", 400),
        ("[1", 400),
    ];
    for (body, status) in bad {
        let mut client = Client::connect(gateway.web());
        let answer = client.ask(request("/v1/chat/completions", &[], body));
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(parsed(&answer)["error"]["message"].is_string(), "{}", answer.text());
        let answer = Client::connect(gateway.web()).ask(request("/v1/messages", &[], body));
        assert_eq!((answer.status, &parsed(&answer)["type"]), (status, &json!("error")), "{body}");
    }
    let deep =
        format!("{{\"model\":\"fast\",\"messages\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let answer = Client::connect(gateway.web()).ask(request("/v1/chat/completions", &[], &deep));
    assert_eq!((answer.status, origin.count()), (400, 0));
}

#[test]
fn names_of_models_are_no_way_into_fields() {
    let origin = saying("hello");
    let gateway = gateway(&[&origin], "");
    for model in ["p0/a\r\nx-evil: 1", "p0/\u{7f}", "p0/\u{e9}", &format!("p0/{}", "x".repeat(300))]
    {
        let mut body = ask("hi");
        body["model"] = json!(model);
        let answer = post(gateway.web(), "/v1/chat/completions", &[], &body);
        assert_eq!((answer.status, answer.get("x-evil")), (404, None), "{model:?}");
    }
    assert_eq!(origin.count(), 0);
}

#[test]
fn who_signs_as_aws_does_is_told_to_show_a_key() {
    let origin = saying("hello");
    let config = super::config(&[&origin])
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]");
    let gateway = architrave_testkit::Gateway::start(config);
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20261129/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00";
    let body = json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] });
    let answer = post(gateway.web(), "/model/fast/converse", &[signed], &body);
    assert_eq!((answer.status, origin.count()), (403, 0), "{}", answer.text());
    assert!(answer.text().contains("bearer token"), "{}", answer.text());
}

#[test]
fn models_are_listed_in_the_words_of_the_asker() {
    let origin = Origin::start(|exchange| reply(exchange, 500, "{}"));
    let gateway = gateway(&[&origin], "");
    let mut client = Client::connect(gateway.web());
    let listed = client.get("h", "/v1/models", &[]);
    assert_eq!((listed.status, &parsed(&listed)["data"][0]["id"]), (200, &json!("fast")));
    let listed = client.get("h", "/v1/models", &["anthropic-version: 2023-06-01"]);
    assert_eq!(parsed(&listed)["data"][0]["type"], "model", "{}", listed.text());
    let listed = client.get("h", "/v1beta/models", &[]);
    assert_eq!(parsed(&listed)["models"][0]["name"], "models/fast", "{}", listed.text());
}

#[test]
fn tools_are_given_in_newer_or_in_older_words_and_not_in_both() {
    let origin = saying("never");
    let gateway = gateway(&[&origin], "");
    for (newer, older, value) in
        [("tools", "functions", json!([])), ("tool_choice", "function_call", json!("auto"))]
    {
        let mut body = ask("hi");
        (body[newer], body[older]) = (value.clone(), value);
        let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
        assert_eq!((answer.status, origin.count()), (400, 0), "{}", answer.text());
        let error = &parsed(&answer)["error"];
        assert_eq!(error["param"], older);
        let told = error["message"].as_str().unwrap_or_default();
        assert!(told.contains(newer) && told.contains(older), "{told}");
    }
}

#[test]
fn whoever_names_no_model_beside_chat_is_told_which_field_it_is() {
    let origin = saying("never");
    let gateway = gateway(&[&origin], "");
    for (path, body) in [
        ("/v1/embeddings", json!({ "input": "hi" })),
        ("/v1/completions", json!({ "prompt": "hi" })),
        ("/v2/embed", json!({ "texts": ["hi"] })),
        ("/v2/rerank", json!({ "query": "q", "documents": ["a"] })),
        ("/v1/images/generations", json!({ "prompt": "a cat" })),
        ("/v1/audio/speech", json!({ "input": "hi", "voice": "a" })),
        ("/v1/messages/count_tokens", json!({ "messages": [] })),
        ("/v1/moderations", json!({ "input": "hi", "model": 7 })),
        ("/v1/batches", json!({ "input_file_id": "f", "model": "" })),
    ] {
        for said in [None, Some(json!(7)), Some(json!("")), Some(json!(["fast"]))] {
            let mut body = body.clone();
            body.as_object_mut().zip(said).map(|(body, said)| body.insert("model".into(), said));
            let answer = post(gateway.web(), path, &[KEY], &body);
            assert_eq!((answer.status, origin.count()), (400, 0), "{body}: {}", answer.text());
            assert!(answer.text().contains("`model`"), "{path} {body}: {}", answer.text());
        }
    }
    let answer = post(gateway.web(), "/v1/embeddings", &[KEY], &json!({ "model": 7 }));
    assert_eq!(parsed(&answer)["error"]["param"], "model");
    let batch = json!({ "requests": [
        { "custom_id": "1", "params": { "model": "fast", "max_tokens": 1, "messages": [] } },
        { "custom_id": "2", "params": { "model": "", "max_tokens": 1, "messages": [] } },
    ] });
    for nameless in [batch["requests"][1]["params"].clone(), json!({}), json!({ "model": 7 })] {
        let mut batch = batch.clone();
        batch["requests"][1]["params"] = nameless;
        let answer = post(gateway.web(), "/v1/messages/batches", &[KEY], &batch);
        assert_eq!((answer.status, origin.count()), (400, 0), "{}", answer.text());
        assert_eq!(parsed(&answer)["type"], "error", "in Anthropic's words");
        assert!(answer.text().contains("model"), "{}", answer.text());
    }
    for model in ["", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n\r\n"] {
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n\
             {model}--b--\r\n"
        );
        let answer = Client::connect(gateway.web()).ask(format!(
            "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Type: \
             multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ));
        assert_eq!((answer.status, origin.count()), (400, 0), "{}", answer.text());
        assert_eq!(parsed(&answer)["error"]["param"], "model", "{}", answer.text());
    }
}

#[test]
fn a_wrong_type_is_told_what_it_must_be() {
    let origin = saying("never");
    let gateway = gateway(&[&origin], "");
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let cases = [
        (
            "/v1/chat/completions",
            json!({ "model": 7, "messages": messages }),
            "`model` must be a string",
        ),
        ("/v1/chat/completions", json!({ "messages": messages }), "the request names no model"),
        (
            "/v1/messages",
            json!({ "model": "fast", "max_tokens": "ten", "messages": messages }),
            "`max_tokens` must be a whole number",
        ),
        (
            "/v1/messages",
            json!({ "model": "fast", "max_tokens": 9, "temperature": "hot", "messages": messages }),
            "`temperature` must be a number",
        ),
    ];
    for (path, body, told) in cases {
        let answer = post(gateway.web(), path, &[KEY], &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.text().contains(told), "{body}: {}", answer.text());
    }
    assert_eq!(origin.count(), 0);
}
