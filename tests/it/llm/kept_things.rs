//! Conversations, stores and containers that a provider keeps, and what was said aloud there: they
//! are asked about where they live, by whoever had them made.

use std::os::unix::fs::PermissionsExt;

use architrave_testkit::process::Ending;
use architrave_testkit::{
    Client, Config, Exchange, Gateway, GatewayOptions, Origin, Response, SOON, eventually,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::house::{BOB, providers, with_ada, with_bob};
use super::{KEY, completion, parsed, post, reply};

const P1: &str = "x-architrave-provider: p1";

/// A provider that keeps whatever it is to keep, called after it, and answers aloud.
fn keeping(name: &'static str) -> Origin {
    Origin::start(move |exchange| {
        let body = exchange.read_body();
        let is_made = exchange.request().method == "POST";
        let id = |prefix: &str| json!({ "id": format!("{prefix}_{name}") }).to_string();
        match exchange.target() {
            "/v1/conversations" if is_made => reply(exchange, 200, &id("conv")),
            "/v1/vector_stores" if is_made => reply(exchange, 200, &id("vs")),
            "/v1/containers" if is_made => reply(exchange, 200, &id("cntr")),
            "/v1/files" if is_made => reply(exchange, 200, &id("file")),
            "/v1/conversations/conv_b/items" if is_made => {
                let items = json!({ "object": "list", "data": [{ "id": "msg_b" }] });
                reply(exchange, 200, &items.to_string());
            }
            "/v1/chat/completions" => say_aloud(exchange, name, &body),
            _ => reply(exchange, 200, &completion("hello")),
        }
    })
}

fn say_aloud(exchange: &mut Exchange<'_>, name: &str, body: &[u8]) {
    let audio = json!({ "id": format!("audio_{name}"), "data": "AAAA" });
    let asked: Value = serde_json::from_slice(body).expect("JSON");
    if asked["stream"] != json!(true) {
        let mut said: Value = serde_json::from_str(&completion("")).expect("JSON");
        said["choices"][0]["message"]["audio"] = audio;
        return reply(exchange, 200, &said.to_string());
    }
    let event = |delta: &Value| {
        let choices = json!([{ "index": 0, "delta": delta, "finish_reason": null }]);
        let object = "chat.completion.chunk";
        let chunk =
            json!({ "id": "c", "object": object, "created": 1, "model": "m", "choices": choices });
        format!("data: {chunk}\n\n")
    };
    let begun = event(&json!({ "role": "assistant", "content": "" }));
    let said = event(&json!({ "audio": audio }));
    let more = event(&json!({ "audio": { "data": "BBBB" } }));
    let text = begun + &said + &more + &super::last_event();
    exchange.reply(200, &[("Content-Type", "text/event-stream")], text);
}

/// A file with both providers and both consumers.
fn config_of(origins: &[Origin; 2], policy: &str) -> Config {
    let [first, second] = origins;
    let models = format!(
        "{}\nmodels:\n  - name: fast\n    strategy: priority\n    \
         deployments: [{{ provider: p0, model: first }}, \
         {{ provider: p1, model: second, priority: 1 }}]",
        providers("openai", "/v1", &[first, second])
    );
    let config = Config::new()
        .web()
        .and(&models)
        .service("ai", &format!("llm: {{}}\npolicies: {{ key_auth: {{}}{policy} }}"))
        .route("ai", "service: ai\nkeep_prefix: true");
    with_bob(with_ada(config, ""), "")
}

/// Two providers, of which the first is liked better, and two consumers.
struct House {
    origins: [Origin; 2],
    gateway: Gateway,
}

impl House {
    fn new(policy: &str) -> Self {
        let origins = [keeping("a"), keeping("b")];
        let gateway = Gateway::start(config_of(&origins, policy));
        Self { origins, gateway }
    }

    fn counts(&self) -> (usize, usize) {
        (self.origins[0].count(), self.origins[1].count())
    }

    fn post(&self, path: &str, fields: &[&str], body: &Value) -> Response {
        post(self.gateway.web(), path, fields, body)
    }

    fn ask(&self, method: &str, path: &str, key: &str) -> Response {
        let body = if method == "POST" { "{}" } else { "" };
        Client::connect(self.gateway.web()).ask(format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\n{key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Has ada make something at the provider that is liked less.
    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> String {
        let made = self.post(path, &[KEY, P1], body);
        assert_eq!(made.status, 200, "{path}: {}", made.text());
        parsed(&made)["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Asks as ada, whose request goes to the second provider, and as bob, to whom nothing is there.
    #[track_caller]
    fn leads_to_the_second(&self, path: &str, body: &Value) {
        let before = self.counts();
        let answer = self.post(path, &[KEY], body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        let after = (before.0, before.1 + 1);
        assert_eq!(self.counts(), after, "{body}");
        let answer = self.post(path, &[BOB], body);
        assert_eq!((answer.status, self.counts()), (404, after), "{}", answer.text());
    }
}

#[test]
fn what_is_below_a_kept_thing_is_asked_where_it_lives_by_its_maker_alone() {
    let house = House::new("");
    for (made, below) in [
        ("conversations", &["", "/items", "/items/msg_9"][..]),
        (
            "vector_stores",
            &[
                "",
                "/search",
                "/files",
                "/files/f_1",
                "/files/f_1/content",
                "/file_batches",
                "/file_batches/b_1",
                "/file_batches/b_1/files",
                "/file_batches/b_1/cancel",
            ],
        ),
        ("containers", &["", "/files", "/files/f_1", "/files/f_1/content"]),
    ] {
        let id = house.make(&format!("/v1/{made}"), &json!({ "name": "x" }));
        for rest in below {
            let path = format!("/v1/{made}/{id}{rest}");
            let methods: Vec<&str> = ["GET", "POST", "DELETE"]
                .into_iter()
                .filter(|method| house.ask(method, &path, BOB).status != 405)
                .collect();
            assert!(!methods.is_empty(), "{path}");
            for method in methods {
                let before = house.counts();
                let target = format!("{path}?limit=2&after=x");
                let answer = house.ask(method, &target, KEY);
                assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
                let sent = house.origins[1].last();
                assert_eq!((&*sent.method, &*sent.target), (method, &*target));
                let answer = house.ask(method, &target, BOB);
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
                assert_eq!(house.counts(), (before.0, before.1 + 1), "{method} {path}");
            }
        }
        // Of two providers, one is to be named.
        let list = house.ask("GET", &format!("/v1/{made}"), KEY);
        let expected = if made == "conversations" { 405 } else { 400 };
        assert_eq!(list.status, expected, "what all keep: {}", list.text());
    }
    for path in ["/v1/conversations/a/items/b/c", "/v1/vector_stores/a/b"] {
        assert_eq!(house.ask("GET", path, KEY).status, 404, "{path}");
    }
}

#[test]
fn answers_go_where_conversations_stores_and_items_live() {
    let house = House::new("");
    let conversation = house.make("/v1/conversations", &json!({ "items": [] }));
    let store = house.make("/v1/vector_stores", &json!({ "name": "x" }));
    let container = house.make("/v1/containers", &json!({ "name": "x" }));
    let ask = |more: Value| -> Value {
        let mut body = json!({ "model": "fast", "input": "hi" });
        for (name, value) in more.as_object().expect("members") {
            body[name] = value.clone();
        }
        body
    };
    house.leads_to_the_second("/v1/responses", &ask(json!({ "conversation": conversation })));
    let search = json!([{ "type": "file_search", "vector_store_ids": [store] }]);
    house.leads_to_the_second("/v1/responses", &ask(json!({ "tools": search })));
    let code = json!([{ "type": "code_interpreter", "container": container }]);
    house.leads_to_the_second("/v1/responses", &ask(json!({ "tools": code })));
    let item = json!({ "items": [{ "role": "user", "content": "hi" }] });
    let items = format!("/v1/conversations/{conversation}/items");
    assert_eq!(house.post(&items, &[KEY], &item).status, 200);
    house.leads_to_the_second("/v1/responses", &ask(json!({ "input": [{ "id": "msg_b" }] })));
    // Of a prompt or a skill that was made elsewhere nobody knows where it lives.
    for more in [
        json!({ "prompt": { "id": "pmpt_1" } }),
        json!({ "tools": [{ "type": "shell", "environment": { "type": "container_auto",
            "skills": [{ "type": "skill_reference", "skill_id": "skill_1" }] } }] }),
    ] {
        let body = ask(more);
        let before = house.counts();
        assert_eq!(house.post("/v1/responses", &[KEY], &body).status, 404, "{body}");
        assert_eq!(house.post("/v1/responses", &[KEY, P1], &body).status, 200, "{body}");
        assert_eq!(house.counts(), (before.0, before.1 + 1));
    }
}

#[test]
fn nothing_is_made_of_what_is_anothers() {
    let house = House::new("");
    let form = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\
                x\r\n--b--\r\n";
    let send = |path: &str, key: &str, form: &str| {
        Client::connect(house.gateway.web()).ask(format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\n{key}\r\n{P1}\r\nContent-Type: \
             multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ))
    };
    assert_eq!(send("/v1/files", KEY, form).status, 200);
    let file =
        json!([{ "role": "user", "content": [{ "type": "input_file", "file_id": "file_b" }] }]);
    for (path, body) in [
        ("/v1/vector_stores", json!({ "file_ids": ["file_b"] })),
        ("/v1/containers", json!({ "name": "x", "file_ids": ["file_b"] })),
        ("/v1/conversations", json!({ "items": file })),
    ] {
        let before = house.counts();
        let answer = house.post(path, &[BOB, P1], &body);
        assert_eq!((answer.status, house.counts()), (404, before), "{path}: {}", answer.text());
        assert_eq!(house.post(path, &[KEY], &body).status, 200, "{path}");
        assert_eq!(house.origins[1].last().target, path);
    }
    let before = house.counts();
    let files = "/v1/containers/cntr_b/files";
    assert_eq!(house.post(files, &[KEY], &json!({ "file_id": "file_b" })).status, 200);
    let named =
        "--b\r\nContent-Disposition: form-data; name=\"file_id\"\r\n\r\nfile_b\r\n--b--\r\n";
    let refused = send(files, KEY, named);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("`file_id`"), "{}", refused.text());
    let brought = form.replace("purpose", "note");
    assert_eq!(send(files, KEY, &brought).status, 200);
    assert_eq!(house.counts(), (before.0, before.1 + 2));
}

#[test]
fn what_was_said_aloud_is_named_where_it_was_said() {
    for stream in [false, true] {
        let house = House::new("");
        // The first provider is liked better, and says it.
        let first = json!({ "model": "fast", "stream": stream, "modalities": ["text", "audio"],
            "audio": { "voice": "a", "format": "pcm16" },
            "messages": [{ "role": "user", "content": "hi" }] });
        assert_eq!(house.post("/v1/chat/completions", &[KEY], &first).status, 200);
        assert_eq!(house.counts(), (1, 0));
        let mut next = first.clone();
        next["messages"] = json!([
            { "role": "user", "content": "hi" },
            { "role": "assistant", "audio": { "id": "audio_a" } },
            { "role": "user", "content": "go on" },
        ]);
        assert_eq!(house.post("/v1/chat/completions", &[KEY], &next).status, 200, "{stream}");
        assert_eq!(house.post("/v1/chat/completions", &[BOB], &next).status, 404, "{stream}");
        assert_eq!(house.counts(), (2, 0));
    }
}

#[test]
fn where_things_live_outlives_the_process() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origins = [keeping("a"), keeping("b")];
    let config = config_of(&origins, "");
    let start = || GatewayOptions::new().data(dir.path()).start(&config);
    let ask = |gateway: &Gateway, id: &str, key: &str| {
        Client::connect(gateway.web()).get("h", &format!("/v1/vector_stores/{id}"), &[key]).status
    };
    let gateway = start();
    let made = post(gateway.web(), "/v1/vector_stores", &[KEY, P1], &json!({ "name": "x" }));
    assert_eq!(made.status, 200, "{}", made.text());
    let file = dir.path().join("kept");
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // It is written behind the answer, and then even the hardest end does it no harm.
    eventually("it is written", SOON, || {
        let text = std::fs::read_to_string(&file).ok()?;
        text.contains("[\"store\",\"vs_b\",\"p1\",\"main\",null,\"ada\"]").then_some(())
    });
    gateway.kill();
    drop(gateway);
    let gateway = start();
    assert_eq!((ask(&gateway, "vs_b", KEY), ask(&gateway, "vs_b", BOB)), (200, 404));
    assert_eq!(origins[1].last().target, "/v1/vector_stores/vs_b");
    assert_eq!(ask(&gateway, "vs_9", KEY), 400, "of others nobody knows");
    assert_eq!(gateway.upgrade(), Ending::Code(0));
    assert_eq!((ask(&gateway, "vs_b", KEY), ask(&gateway, "vs_b", BOB)), (200, 404));
    // What is made after an upgrade is kept as well.
    let made = post(gateway.web(), "/v1/containers", &[KEY, P1], &json!({ "name": "x" }));
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(gateway.terminate(), Ending::Code(0));
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert!(text.contains("vs_b") && text.contains("cntr_b"), "{text}");
    std::fs::write(&file, format!("{text}[\"store\",\"vs")).expect("there is room");
    let gateway = start();
    assert_eq!((ask(&gateway, "vs_b", KEY), ask(&gateway, "vs_b", BOB)), (200, 404));
    assert!(!gateway.stderr().lines().iter().any(|line| line.contains("damaged")));
}

#[test]
fn where_things_live_is_written_when_that_can_be_done_again() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origins = [keeping("a"), keeping("b")];
    let gateway = GatewayOptions::new().data(dir.path()).start(config_of(&origins, ""));
    // In its place no file can be made: not by a new process, nor by this one behind that.
    let in_the_way = dir.path().join("kept.new");
    std::fs::create_dir(&in_the_way).expect("there is room for a directory");
    gateway.signal(Signal::USR2);
    eventually("the failure is counted", SOON * 6, || {
        let failed = [("outcome", "failed")];
        (gateway.metrics().sum("architrave_upgrades_total", &failed) == 1.0).then_some(())
    });
    eventually("it says so", SOON, || {
        let said = gateway.stderr();
        said.lines().iter().any(|line| line.contains("cannot be written down")).then_some(())
    });
    let made = post(gateway.web(), "/v1/containers", &[KEY, P1], &json!({ "name": "x" }));
    assert_eq!(made.status, 200, "{}", made.text());
    std::fs::remove_dir(&in_the_way).expect("it is empty");
    eventually("it is written", SOON, || {
        let text = std::fs::read_to_string(dir.path().join("kept")).ok()?;
        text.contains("cntr_b").then_some(())
    });
    assert_eq!(gateway.terminate(), Ending::Code(0));
}

#[test]
fn what_is_put_into_a_conversation_is_seen_by_guardrails() {
    let house = House::new(", guardrail: { keywords: [swordfish], action: refuse }");
    let items = json!({ "items": [{ "role": "user", "content": "say swordfish" }] });
    let refused = house.post("/v1/conversations", &[KEY, P1], &items);
    assert_eq!((refused.status, house.counts()), (403, (0, 0)), "{}", refused.text());
}
