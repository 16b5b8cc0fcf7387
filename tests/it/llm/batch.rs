//! Many requests at once: each is held to what it would be held to alone, and goes where its model
//! is called by that provider's name. And forms, whose parts are all seen.

use std::net::SocketAddr;

use architrave_testkit::{Client, Config, Gateway, Origin, Response};
use serde_json::{Value, json};

use super::{KEY, parsed, post, reply};

const BOB: &str = "Authorization: Bearer bob-key-0123456789";

/// A provider that keeps whatever it gets.
fn keeping() -> Origin {
    Origin::start(|exchange| {
        let body = match exchange.target() {
            "/v1/files" => json!({ "id": "file-1", "object": "file" }),
            "/v1/batches" | "/v1/messages/batches" => json!({ "id": "batch_1" }),
            _ => json!({ "text": "hello" }),
        };
        reply(exchange, 200, &body.to_string());
    })
}

/// Two providers; `fast` and `wide` are at the first, `far` at the second, `both` at either.
fn gateway(kind: &str, base_path: &str, origins: [&Origin; 2]) -> Gateway {
    let provider = |(at, origin): (usize, &&Origin)| {
        format!(
            "  - {{ name: p{at}, kind: {kind}, base_url: \"http://{}{base_path}\", \
             credentials: [{{ name: main, value: key-{at} }}] }}",
            origin.addr()
        )
    };
    let providers: Vec<String> = origins.iter().enumerate().map(provider).collect();
    let config = Config::new()
        .web()
        .and(&format!(
            "providers:\n{}\nmodels:\n  \
             - {{ name: fast, deployments: [{{ provider: p0, model: one }}] }}\n  \
             - {{ name: wide, deployments: [{{ provider: p0, model: two }}] }}\n  \
             - {{ name: far, deployments: [{{ provider: p1, model: three }}] }}\n  \
             - {{ name: both, strategy: priority, deployments: \
             [{{ provider: p1, model: four-1 }}, {{ provider: p0, model: four-0, priority: 1 }}] }}\n  \
             - {{ name: dear, deployments: [{{ provider: p0, model: five }}] }}",
            providers.join("\n")
        ))
        .service("ai", "llm: { body_max: 1MiB }\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer(
            "ada",
            "credentials: [{ api_key: ada-key-0123456789 }]\nmodels: [fast, wide, far, both]",
        )
        .consumer("bob", "credentials: [{ api_key: bob-key-0123456789 }]\nmodels: [fast]");
    Gateway::start(config)
}

fn part(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(content: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{content}\r\n"
    )
}

/// Sends a form of these parts, as ada.
fn send(to: SocketAddr, path: &str, fields: &[&str], parts: &[&str]) -> Response {
    let form = format!("{}--b--\r\n", parts.concat());
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    Client::connect(to).ask(format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\n{KEY}\r\n{fields}\
         Content-Type: Multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ))
}

const P0: &str = "x-architrave-provider: p0";

fn upload(gateway: &Gateway, parts: &[&str]) -> Response {
    send(gateway.web(), "/v1/files", &[P0], parts)
}

fn line(body: &Value) -> String {
    let line = json!({
        "custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body,
    });
    format!("{line}\n")
}

#[test]
fn each_line_of_a_batch_names_its_model_as_the_provider_does() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let lines = |names: [&str; 4]| names.map(|name| line(&json!({ "model": name }))).concat();
    let came = lines(["fast", "both", "one", "fast"]);
    let gone = lines(["one", "four-0", "one", "one"]);
    let purpose = part("purpose", "batch");
    for parts in [[&*purpose, &file(&came)], [&file(&came), &*purpose]] {
        let answer = upload(&gateway, &parts);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = String::from_utf8(origin.last().body).expect("a form of texts");
        assert_eq!(sent, format!("{}--b--\r\n", parts.concat()).replace(&came, &gone));
    }
    let batch = json!({ "input_file_id": "file-1", "endpoint": "/v1/chat/completions" });
    assert_eq!(post(gateway.web(), "/v1/batches", &[KEY], &batch).status, 200);
    assert_eq!(post(gateway.web(), "/v1/batches", &[BOB], &batch).status, 404);
}

#[test]
fn a_line_that_asks_for_what_cannot_be_had_is_named_and_nothing_is_sent() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let good = line(&json!({ "model": "fast" }));
    for (bad, why) in [
        (line(&json!({ "model": "dear" })), "there is no model `dear` here"),
        (line(&json!({ "model": "five" })), "there is no model `five` here"),
        (line(&json!({ "model": "p0/five" })), "there is no model `p0/five` here"),
        (line(&json!({ "model": "far" })), "the provider p0 does not serve the model `far`"),
        (line(&json!({ "messages": [] })), "it names no model"),
        ("{\"body\":{\"model\":\"fast\",\"model\":\"five\"}}\n".to_owned(), "said twice"),
        ("no JSON\n".to_owned(), "must be a JSON object"),
    ] {
        let answer = upload(&gateway, &[&part("purpose", "batch"), &file(&(good.clone() + &bad))]);
        assert_eq!((answer.status, origin.count()), (400, 0), "{bad}");
        let message = parsed(&answer)["error"]["message"].to_string();
        assert!(message.contains("line 2") && message.contains(why), "{message}");
    }
}

#[test]
fn a_file_that_was_not_gone_through_makes_no_batch() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let came = line(&json!({ "model": "five" }));
    let answer = upload(&gateway, &[&part("purpose", "user_data"), &file(&came)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(String::from_utf8_lossy(&origin.last().body).contains(&came), "it goes as it came");
    let batch = json!({ "input_file_id": "file-1", "endpoint": "/v1/chat/completions" });
    let answer = post(gateway.web(), "/v1/batches", &[KEY], &batch);
    assert_eq!((answer.status, origin.count()), (400, 1), "{}", answer.text());
}

#[test]
fn a_line_cannot_name_what_is_anothers() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    assert_eq!(upload(&gateway, &[&part("purpose", "user_data"), &file("x")]).status, 200);
    let named = line(&json!({ "model": "fast", "messages": [{ "role": "user", "content": [
        { "type": "file", "file": { "file_id": "file-1" } },
    ] }] }));
    let form = format!("{}{}--b--\r\n", part("purpose", "batch"), file(&named));
    let ask = |key: &str| {
        Client::connect(gateway.web()).ask(format!(
            "POST /v1/files HTTP/1.1\r\nHost: h\r\n{key}\r\nContent-Type: multipart/form-data; \
             boundary=b\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ))
    };
    let bobs = ask(BOB);
    assert_eq!((bobs.status, origin.count()), (400, 1), "{}", bobs.text());
    let adas = send(gateway.web(), "/v1/files", &[P0], &[&part("purpose", "batch"), &file(&named)]);
    assert_eq!((adas.status, origin.count()), (200, 2), "{}", adas.text());
}

#[test]
fn messages_of_a_batch_go_to_the_one_provider_of_all_their_models() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("anthropic", "", [&origin, &other]);
    let batch = |models: &[&str]| {
        let requests: Vec<Value> = models
            .iter()
            .map(|model| json!({ "custom_id": "1", "params": { "model": model, "messages": [] } }))
            .collect();
        json!({ "requests": requests })
    };
    let ask = |key: &str, models: &[&str]| {
        post(gateway.web(), "/v1/messages/batches", &[key], &batch(models))
    };
    let sent = |origin: &Origin| {
        serde_json::from_slice::<Value>(&origin.last().body).expect("it was JSON")
    };
    let answer = ask(KEY, &["both", "wide", "fast", "both"]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(sent(&origin), batch(&["four-0", "two", "one", "four-0"]));
    assert_eq!(ask(KEY, &["both", "far"]).status, 200);
    assert_eq!(sent(&other), batch(&["four-1", "three"]));
    let mixed = ask(KEY, &["fast", "far"]);
    assert_eq!(mixed.status, 400);
    assert!(mixed.text().contains("no one provider has all the models"), "{}", mixed.text());
    assert_eq!(ask(KEY, &["fast", "dear"]).status, 404);
    assert_eq!(ask(BOB, &["fast", "wide"]).status, 404);
    let body =
        json!({ "requests": [{ "params": { "model": "five" } }, { "params": { "model": 7 } }] });
    assert_eq!(post(gateway.web(), "/v1/messages/batches", &[KEY], &body).status, 400);
    assert_eq!((origin.count(), other.count()), (1, 1));
}

#[test]
fn a_second_model_behind_a_large_file_is_seen() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let sound = file(&"x".repeat(600_000));
    let model = part("model", "fast");
    let path = "/v1/audio/transcriptions";
    let answer = send(gateway.web(), path, &[], &[&model, &sound, &part("language", "en")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(origin.last().complete);
    let answer = send(gateway.web(), path, &[], &[&model, &sound, &part("model", "five")]);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("`model` is said twice"), "{}", answer.text());
    let reached = origin.bytes().concat();
    assert!(!String::from_utf8_lossy(&reached).contains("five"), "nothing of it is sent");
    let unfinished = format!("{model}{sound}");
    let answer = Client::connect(gateway.web()).ask(format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Type: multipart/form-data; \
         boundary=b\r\nContent-Length: {}\r\n\r\n{unfinished}",
        unfinished.len()
    ));
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn a_form_of_unknown_length_is_no_way_around_the_limit() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let form = format!("{}{}--b--\r\n", part("model", "fast"), file(&"x".repeat(1_200_000)));
    let answer = Client::connect(gateway.web()).ask(format!(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: h\r\n{KEY}\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: multipart/form-data; boundary=b\r\n\r\n{:x}\r\n{form}\r\n0\r\n\r\n",
        form.len()
    ));
    assert_eq!(answer.status, 413, "{}", answer.text());
}

#[test]
fn a_body_read_as_json_is_sent_as_json() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let body = json!({ "model": "fast", "input": "hi" }).to_string();
    let answer = Client::connect(gateway.web()).ask(format!(
        "POST /v1/moderations HTTP/1.1\r\nHost: h\r\n{KEY}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(origin.last().head.get("content-type"), Some("application/json"));
}

#[test]
fn the_results_of_a_batch_are_to_be_had_here() {
    let origin = Origin::start(|exchange| {
        let link = "https://api.anthropic.com/v1/messages/batches/msgbatch_1/results";
        let batch = json!({ "id": "msgbatch_1", "results_url": link });
        reply(exchange, 200, &batch.to_string());
    });
    let other = keeping();
    let gateway = gateway("anthropic", "", [&origin, &other]);
    let body = json!({ "requests": [{ "custom_id": "1", "params": { "model": "fast" } }] });
    let made = post(gateway.web(), "/v1/messages/batches", &[KEY], &body);
    let path = "/v1/messages/batches/msgbatch_1";
    let here = json!(format!("http://h{path}/results"));
    assert_eq!(parsed(&made)["results_url"], here);
    let got = Client::connect(gateway.web()).get("h", path, &[KEY]);
    assert_eq!(parsed(&got)["results_url"], here);
    let results = Client::connect(gateway.web()).get("h", &format!("{path}/results"), &[KEY]);
    assert_eq!((results.status, origin.last().target), (200, format!("{path}/results")));
}
