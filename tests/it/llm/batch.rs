//! Many requests at once: each is held to what it would be held to alone, and goes where its model
//! is called by that provider's name. And forms, whose parts are all seen.

use architrave_testkit::{Client, Config, Gateway, Origin, Response};
use serde_json::{Value, json};

use super::form::{self, file, part};
use super::house::{BOB, providers, with_ada, with_bob};
use super::{KEY, parsed, post, reply};

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
    let models = format!(
        "{}\nmodels:\n  \
         - {{ name: fast, deployments: [{{ provider: p0, model: one }}] }}\n  \
         - {{ name: wide, deployments: [{{ provider: p0, model: two }}] }}\n  \
         - {{ name: far, deployments: [{{ provider: p1, model: three }}] }}\n  \
         - {{ name: both, strategy: priority, deployments: \
         [{{ provider: p1, model: four-1 }}, {{ provider: p0, model: four-0, priority: 1 }}] }}\n  \
         - {{ name: dear, deployments: [{{ provider: p0, model: five }}] }}",
        providers(kind, base_path, &origins)
    );
    let config = Config::new()
        .web()
        .and(&models)
        .service("ai", "llm: { body_max: 1MiB }\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true");
    let config = with_ada(config, "models: [fast, wide, far, both]");
    Gateway::start(with_bob(config, "models: [fast]"))
}

const P0: &str = "x-architrave-provider: p0";

fn upload(gateway: &Gateway, parts: &[&str]) -> Response {
    form::send(gateway.web(), "/v1/files", &[KEY, P0], parts)
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
        let form = String::from_utf8(form::whole(&parts)).expect("a form of texts");
        assert_eq!(sent, form.replace(&came, &gone));
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
        (line(&json!({ "messages": [] })), "`model` must be a string"),
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
    let parts = [part("purpose", "batch"), file(&named)];
    let bobs = form::send(gateway.web(), "/v1/files", &[BOB], &parts);
    assert_eq!((bobs.status, origin.count()), (400, 1), "{}", bobs.text());
    let adas = form::send(gateway.web(), "/v1/files", &[KEY, P0], &parts);
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
    let parts = [&model, &sound, &part("language", "en")];
    let answer = form::send(gateway.web(), path, &[KEY], &parts);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(origin.last().complete);
    let parts = [&model, &sound, &part("model", "five")];
    let answer = form::send(gateway.web(), path, &[KEY], &parts);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("`model` is said twice"), "{}", answer.text());
    let reached = origin.bytes().concat();
    assert!(!String::from_utf8_lossy(&reached).contains("five"), "nothing of it is sent");
    let unfinished = format!("{model}{sound}");
    let answer = form::send_body(gateway.web(), path, &[KEY], unfinished.as_bytes());
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn a_form_of_unknown_length_is_no_way_around_the_limit() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let form = form::whole(&[part("model", "fast"), file(&"x".repeat(1_200_000))]);
    let form = String::from_utf8(form).expect("a form of texts");
    let answer = Client::connect(gateway.web()).ask(format!(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: h\r\n{KEY}\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: Multipart/form-data; boundary=b\r\n\r\n{:x}\r\n{form}\r\n0\r\n\r\n",
        form.len()
    ));
    assert_eq!(answer.status, 413, "{}", answer.text());
}

#[test]
fn a_body_read_as_json_is_sent_as_json() {
    let (origin, other) = (keeping(), keeping());
    let gateway = gateway("openai", "/v1", [&origin, &other]);
    let body = json!({ "model": "fast", "input": "hi" }).to_string();
    let answer = form::send_body(gateway.web(), "/v1/moderations", &[KEY], body.as_bytes());
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
