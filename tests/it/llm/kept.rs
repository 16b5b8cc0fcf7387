//! Bodies that name what lives at a provider: they go there and nowhere else, and nobody gets at
//! what is another's.

use architrave_testkit::{Client, Config, Gateway, Origin, Response};
use serde_json::{Value, json};

use super::form::{self, file, part};
use super::house::{BOB, providers, with_ada, with_bob};
use super::{KEY, completion, parsed, post, reply};

/// The parts of a form with a file in it.
fn upload_of(purpose: &str, content: &str) -> [String; 2] {
    [part("purpose", purpose), file(content)]
}

/// How items and answers are called at a provider.
fn response(name: &str) -> Value {
    json!({
        "id": format!("resp_{name}"), "object": "response", "status": "completed",
        "model": "there", "created_at": 1,
        "output": [
            { "id": format!("msg_{name}"), "type": "message", "role": "assistant",
              "status": "completed",
              "content": [{ "type": "output_text", "text": "hello", "annotations": [] }] },
            { "id": format!("ci_{name}"), "type": "code_interpreter_call", "status": "completed",
              "code": "1", "outputs": [], "container_id": format!("cntr_{name}") },
        ],
        "usage": { "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 },
    })
}

/// A provider that keeps files, answers and more, all called after it.
fn keeping(name: &'static str) -> Origin {
    Origin::start(move |exchange| {
        let body = exchange.read_body();
        let target = exchange.target().to_owned();
        match target.as_str() {
            "/v1/files" => {
                let id = format!("file-{name}");
                reply(exchange, 200, &json!({ "id": id, "object": "file" }).to_string());
            }
            "/v1/responses" if says(&body, "\"stream\":true") => {
                let event = |kind: &str, response: &Value| {
                    let data = json!({ "type": kind, "response": response });
                    format!("event: {kind}\ndata: {data}\n\n")
                };
                let whole = response(name);
                let mut begun = whole.clone();
                begun["status"] = json!("in_progress");
                begun["output"] = json!([]);
                begun["usage"] = Value::Null;
                let text = event("response.created", &begun) + &event("response.completed", &whole);
                exchange.reply(200, &[("Content-Type", "text/event-stream")], text);
            }
            "/v1/responses" => reply(exchange, 200, &response(name).to_string()),
            "/v1/messages" => {
                let message = json!({
                    "id": "msg_1", "type": "message", "role": "assistant", "model": "there",
                    "content": [{ "type": "text", "text": "hello" }], "stop_reason": "end_turn",
                    "container": { "id": format!("container_{name}"), "expires_at": "later" },
                    "usage": { "input_tokens": 1, "output_tokens": 1 },
                });
                reply(exchange, 200, &message.to_string());
            }
            "/v1/batches" => {
                let batch = json!({ "id": format!("batch_{name}"), "output_file_id": null });
                reply(exchange, 200, &batch.to_string());
            }
            path if path.starts_with("/v1/batches/") => {
                let batch = json!({
                    "id": format!("batch_{name}"), "output_file_id": format!("file-out-{name}"),
                });
                reply(exchange, 200, &batch.to_string());
            }
            path if path.starts_with("/v1/files/") => reply(exchange, 200, "{}"),
            path if path.ends_with("/files") => {
                let uri = format!("https://house.example/v1beta/files/{name}");
                let file = json!({ "file": { "name": format!("files/{name}"), "uri": uri } });
                reply(exchange, 200, &file.to_string());
            }
            path if path.contains(":generateContent") => {
                let answer = json!({ "candidates": [{
                    "content": { "role": "model", "parts": [{ "text": "hello" }] },
                    "finishReason": "STOP",
                }] });
                reply(exchange, 200, &answer.to_string());
            }
            _ => reply(exchange, 200, &completion("hello")),
        }
    })
}

fn says(body: &[u8], part: &str) -> bool {
    String::from_utf8_lossy(body).contains(part)
}

/// Two providers of a kind, of which the first is liked better, and two consumers.
struct House {
    origins: [Origin; 2],
    gateway: Gateway,
}

impl House {
    fn of(kind: &str, base_path: &str) -> Self {
        Self::with(kind, base_path, "")
    }

    fn with(kind: &str, base_path: &str, policy: &str) -> Self {
        let origins = [keeping("a"), keeping("b")];
        let models = format!(
            "{}\nmodels:\n  - name: fast\n    strategy: priority\n    \
             deployments: [{{ provider: p0, model: first }}, \
             {{ provider: p1, model: second, priority: 1 }}]\n  \
             - {{ name: other, deployments: [{{ provider: p0, model: third }}] }}",
            providers(kind, base_path, &origins.each_ref())
        );
        let config = Config::new()
            .web()
            .and(&models)
            .service("ai", &format!("llm: {{}}\npolicies: {{ key_auth: {{}}{policy} }}"))
            .route("ai", "service: ai\nkeep_prefix: true");
        let config = with_bob(with_ada(config, ""), "");
        Self { origins, gateway: Gateway::start(config) }
    }

    fn counts(&self) -> (usize, usize) {
        (self.origins[0].count(), self.origins[1].count())
    }

    fn post(&self, path: &str, fields: &[&str], body: &Value) -> Response {
        post(self.gateway.web(), path, fields, body)
    }

    /// Has ada keep a file at the provider that is liked less.
    fn upload(&self, path: &str, more: &[&str]) {
        self.upload_form(path, more, &upload_of("user_data", "x"));
    }

    fn upload_form(&self, path: &str, more: &[&str], parts: &[String]) {
        let fields = [&[KEY, "x-architrave-provider: p1"], more].concat();
        let kept = form::send(self.gateway.web(), path, &fields, parts);
        assert_eq!((kept.status, self.counts()), (200, (0, 1)), "{}", kept.text());
    }

    /// Asks as ada, whose request goes to the second provider, as bob, to whom nothing is there,
    /// and with another id, of which nobody knows where it lives.
    #[track_caller]
    fn leads_to_the_second(&self, path: &str, body: &Value, known: &str) {
        let before = self.counts();
        let answer = self.post(path, &[KEY], body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let after = (before.0, before.1 + 1);
        assert_eq!(self.counts(), after, "{body}");
        let answer = self.post(path, &[BOB], body);
        assert_eq!((answer.status, self.counts()), (404, after), "{}", answer.text());
        let unknown = body.to_string().replace(known, &format!("{known}-else"));
        assert_ne!(unknown, body.to_string());
        let unknown = serde_json::from_str(&unknown).expect("still JSON");
        let answer = self.post(path, &[KEY], &unknown);
        assert_eq!((answer.status, self.counts()), (404, after), "{}", answer.text());
    }
}

fn chat(file: &str) -> Value {
    json!({ "model": "fast", "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "what is in it" },
        { "type": "file", "file": { "file_id": file } },
    ] }] })
}

#[test]
fn a_chat_goes_where_its_file_lives() {
    let house = House::of("openai", "/v1");
    house.upload("/v1/files", &[]);
    house.leads_to_the_second("/v1/chat/completions", &chat("file-b"), "file-b");
    assert!(says(&house.origins[1].last().body, "\"second\""));
    let mut response = json!({ "model": "fast", "input": [{ "role": "user", "content": [
        { "type": "input_file", "file_id": "file-b" },
    ] }] });
    house.leads_to_the_second("/v1/responses", &response, "file-b");
    response["stream"] = json!(true);
    house.leads_to_the_second("/v1/responses", &response, "file-b");
    let count = json!({ "model": "fast", "input": response["input"] });
    house.leads_to_the_second("/v1/responses/input_tokens", &count, "file-b");
}

#[test]
fn a_chat_in_another_dialect_goes_where_its_file_lives() {
    let house = House::of("openai", "/v1");
    house.upload("/v1/files", &[]);
    let body = json!({ "model": "fast", "max_tokens": 9, "messages": [{ "role": "user", "content": [
        { "type": "document", "source": { "type": "file", "file_id": "file-b" } },
    ] }] });
    house.leads_to_the_second("/v1/messages", &body, "file-b");
    let sent = house.origins[1].last();
    assert_eq!(sent.target, "/v1/chat/completions");
    assert!(says(&sent.body, "\"file_id\":\"file-b\""));
}

#[test]
fn what_lives_at_one_provider_is_not_tried_at_another() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/v1/files" => reply(exchange, 200, &json!({ "id": "file-b" }).to_string()),
        _ => reply(exchange, 500, "{}"),
    });
    let house = House::of("openai", "/v1");
    let config = super::config(&[&house.origins[0], &origin])
        .service("ai", "llm: {}")
        .route("ai", "service: ai\nkeep_prefix: true");
    let gateway = Gateway::start(config);
    let (fields, parts) = (["x-architrave-provider: p1"], upload_of("user_data", "x"));
    assert_eq!(form::send(gateway.web(), "/v1/files", &fields, &parts).status, 200);
    let answer = post(gateway.web(), "/v1/chat/completions", &[], &chat("file-b"));
    assert!(answer.status >= 500, "{}", answer.text());
    assert_eq!((house.origins[0].count(), origin.count()), (0, 2));
}

#[test]
fn a_model_that_is_not_where_the_file_lives_is_not_asked() {
    let house = House::of("openai", "/v1");
    house.upload("/v1/files", &[]);
    let mut body = chat("file-b");
    body["model"] = json!("other");
    let answer = house.post("/v1/chat/completions", &[KEY], &body);
    assert_eq!((answer.status, house.counts()), (400, (0, 1)), "{}", answer.text());
    assert!(answer.text().contains("lives at a provider"), "{}", answer.text());
}

#[test]
fn an_unknown_id_goes_to_the_sole_deployment_or_to_the_provider_that_the_client_names() {
    let house = House::of("openai", "/v1");
    let search = |model: &str| {
        json!({ "model": model, "input": "hi",
                "tools": [{ "type": "file_search", "vector_store_ids": ["vs_1"] }] })
    };
    assert_eq!(house.post("/v1/responses", &[KEY], &search("fast")).status, 404);
    assert_eq!(house.counts(), (0, 0));
    assert_eq!(house.post("/v1/responses", &[KEY], &search("other")).status, 200);
    assert_eq!(house.counts(), (1, 0));
    let named = [KEY, "x-architrave-provider: p1"];
    assert_eq!(house.post("/v1/responses", &named, &search("fast")).status, 200);
    assert_eq!(house.counts(), (1, 1));
}

#[test]
fn answers_items_and_containers_are_found_again() {
    for stream in [false, true] {
        let house = House::of("openai", "/v1");
        house.upload("/v1/files", &[]);
        let first = json!({ "model": "fast", "stream": stream, "input": [
            { "role": "user", "content": [{ "type": "input_file", "file_id": "file-b" }] },
        ] });
        assert_eq!(house.post("/v1/responses", &[KEY], &first).status, 200);
        assert_eq!(house.counts(), (0, 2));
        let previous =
            json!({ "model": "fast", "input": "go on", "previous_response_id": "resp_b" });
        house.leads_to_the_second("/v1/responses", &previous, "resp_b");
        let item = json!({ "model": "fast", "input": [
            { "type": "item_reference", "id": "msg_b" }, { "role": "user", "content": "go on" },
        ] });
        house.leads_to_the_second("/v1/responses", &item, "msg_b");
        let container = json!({ "model": "fast", "input": "go on", "tools": [
            { "type": "code_interpreter", "container": "cntr_b" },
        ] });
        house.leads_to_the_second("/v1/responses", &container, "cntr_b");
    }
}

#[test]
fn what_lives_at_two_providers_cannot_be_asked_about_at_once() {
    let house = House::of("openai", "/v1");
    house.upload("/v1/files", &[]);
    let first = json!({ "model": "fast", "input": "hi" });
    assert_eq!(house.post("/v1/responses", &[KEY], &first).status, 200);
    assert_eq!(house.counts(), (1, 1));
    let both = json!({ "model": "fast", "previous_response_id": "resp_a", "input": [
        { "role": "user", "content": [{ "type": "input_file", "file_id": "file-b" }] },
    ] });
    let answer = house.post("/v1/responses", &[KEY], &both);
    assert_eq!((answer.status, house.counts()), (400, (1, 1)), "{}", answer.text());
}

#[test]
fn a_kept_answer_tells_nobody_of_anothers_file() {
    let house = House::with("openai", "/v1", ", cache: { shared: true }");
    house.upload("/v1/files", &[]);
    let ask = |key: &str| house.post("/v1/chat/completions", &[key], &chat("file-b"));
    assert_eq!(ask(KEY).status, 200);
    let again = ask(KEY);
    assert_eq!(again.get("x-architrave-cache"), Some("hit"));
    assert_eq!(ask(BOB).status, 404);
}

#[test]
fn anthropics_files_and_containers_lead_where_they_live() {
    let house = House::of("anthropic", "");
    house.upload("/v1/files", &["anthropic-version: 2023-06-01"]);
    let body = |content: Value| {
        json!({ "model": "fast", "max_tokens": 9,
                "messages": [{ "role": "user", "content": [content] }] })
    };
    let document =
        body(json!({ "type": "document", "source": { "type": "file", "file_id": "file-b" } }));
    house.leads_to_the_second("/v1/messages", &document, "file-b");
    house.leads_to_the_second("/v1/messages/count_tokens", &document, "file-b");
    let mut container = body(json!({ "type": "text", "text": "go on" }));
    container["container"] = json!("container_b");
    house.leads_to_the_second("/v1/messages", &container, "container_b");
}

#[test]
fn geminis_files_lead_where_they_live() {
    let house = House::of("gemini", "/v1beta");
    house.upload("/upload/v1beta/files", &[]);
    let link = "https://house.example/v1beta/files/b";
    let body = json!({ "contents": [{ "parts": [
        { "fileData": { "mimeType": "text/plain", "fileUri": link } },
    ] }] });
    house.leads_to_the_second("/v1beta/models/fast:generateContent", &body, "files/b");
    let video = json!({ "contents": [{ "parts": [
        { "fileData": { "fileUri": "https://www.youtube.com/watch?v=1" } },
    ] }] });
    let before = house.counts();
    let answer = house.post("/v1beta/models/fast:generateContent", &[KEY], &video);
    assert_eq!((answer.status, house.counts().0), (200, before.0 + 1), "{}", answer.text());
    let cached = json!({ "cachedContent": "cachedContents/k", "contents": [] });
    let answer = house.post("/v1beta/models/fast:generateContent", &[KEY], &cached);
    assert_eq!(answer.status, 404, "{}", answer.text());
}

#[test]
fn what_a_batch_came_to_is_its_makers() {
    let house = House::of("openai", "/v1");
    house.upload_form("/v1/files", &[], &upload_of("batch", ""));
    let batch = json!({ "input_file_id": "file-b", "endpoint": "/v1/chat/completions" });
    let made = house.post("/v1/batches", &[KEY], &batch);
    assert_eq!((made.status, house.counts()), (200, (0, 2)), "{}", made.text());
    let get = |key: &str, path: &str| Client::connect(house.gateway.web()).get("h", path, &[key]);
    assert_eq!(get(BOB, "/v1/batches/batch_b").status, 404);
    let batch = parsed(&get(KEY, "/v1/batches/batch_b"));
    assert_eq!(batch["output_file_id"], "file-out-b");
    assert_eq!(get(KEY, "/v1/files/file-out-b/content").status, 200);
    assert_eq!(get(BOB, "/v1/files/file-out-b/content").status, 404);
    assert_eq!(house.counts(), (0, 4));
}
