//! What one consumer of many keeps at a provider: uploads in parts, kept beginnings of prompts, stored
//! chats; and lists, in which each finds its own things and no others.

use std::sync::{Arc, Mutex};

use architrave_testkit::{Client, Exchange, Gateway, Origin, Response};
use serde_json::{Value, json};

use super::form::{self, file_of, part};
use super::house::{BOB, has_spent, keyed, sole, with_ada, with_bob};
use super::{KEY, completion, parsed, post, reply};

/// A provider that keeps whatever it is to keep, and lists it, the newest first, two things a page at
/// most.
struct Keeper {
    origin: Origin,
    gateway: Gateway,
}

/// What is kept: where, and by which id.
type Shelf = Arc<Mutex<Vec<(String, Value)>>>;

impl Keeper {
    fn of(kind: &str, base_path: &str, budget: &str) -> Self {
        let shelf = Shelf::default();
        let origin = Origin::start(move |exchange| keep(exchange, &shelf));
        let config = keyed(sole(kind, base_path, &origin, "there"));
        let gateway = Gateway::start(with_bob(with_ada(config, budget), ""));
        Self { origin, gateway }
    }

    fn ask(&self, method: &str, path: &str, key: &str, body: &str) -> Response {
        Client::connect(self.gateway.web()).ask(format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\n{key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn get(&self, path: &str, key: &str) -> Response {
        self.ask("GET", path, key, "")
    }

    /// The ids of a page, and what it says behind them.
    #[track_caller]
    fn page(&self, path: &str, key: &str) -> (Vec<String>, Value) {
        let answer = self.get(path, key);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let page = parsed(&answer);
        let things = page["data"].as_array().expect("a list");
        let ids = things.iter().map(|thing| thing["id"].as_str().expect("an id").to_owned());
        (ids.collect(), page)
    }

    #[track_caller]
    fn upload(&self, key: &str, more: &[&str]) -> String {
        let parts = [part("purpose", "user_data").into_bytes(), file_of(b"x")];
        let fields = [&[key], more].concat();
        let made = form::send(self.gateway.web(), "/v1/files", &fields, &parts);
        assert_eq!(made.status, 200, "{}", made.text());
        parsed(&made)["id"].as_str().expect("an id").to_owned()
    }
}

fn keep(exchange: &mut Exchange<'_>, shelf: &Shelf) {
    let body = exchange.read_body();
    let target = exchange.target().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let is_made = exchange.request().method == "POST";
    let mut shelf = shelf.lock().expect("nobody has panicked");
    let number = shelf.len() + 1;
    let thing = match (path, is_made) {
        ("/v1/files", true) => json!({ "id": format!("file-{number}"), "object": "file" }),
        ("/v1/uploads", true) => json!({ "id": format!("upload_{number}"), "object": "upload" }),
        (path, true) if path.ends_with("/complete") => {
            let file = json!({ "id": format!("file-{number}"), "object": "file" });
            json!({ "id": "upload_1", "object": "upload", "file": file })
        }
        ("/v1beta/cachedContents", true) => json!({
            "name": format!("cachedContents/c{number}"), "model": "models/there",
            "usageMetadata": { "totalTokenCount": 4096 },
        }),
        ("/v1/files" | "/v1beta/cachedContents", false) => {
            return reply(exchange, 200, &listed(&shelf, path, query).to_string());
        }
        ("/v1/chat/completions", true) => return chat(exchange, &body),
        (path, _) if path.contains(":generateContent") => {
            let content = json!({ "role": "model", "parts": [{ "text": "hello" }] });
            let usage = json!({ "promptTokenCount": 4100, "candidatesTokenCount": 3 });
            let said = json!({
                "candidates": [{ "content": content, "finishReason": "STOP" }],
                "usageMetadata": usage,
            });
            return reply(exchange, 200, &said.to_string());
        }
        _ => return reply(exchange, 200, "{}"),
    };
    shelf.push((path.to_owned(), thing.clone()));
    reply(exchange, 200, &thing.to_string());
}

/// A page of what is kept: by ids, or by tokens.
fn listed(shelf: &[(String, Value)], path: &str, query: &str) -> Value {
    const PAGE: usize = 2;
    let said = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.clone().find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
    };
    let things = shelf.iter().rev().filter(|(own, _)| own == path).map(|(_, thing)| thing);
    let things: Vec<&Value> = things.collect();
    let is_named = path.contains("cachedContents");
    let from = match (said("after"), said("pageToken")) {
        (Some(id), _) => 1 + things.iter().position(|it| it["id"] == id.as_str()).expect("known"),
        (_, Some(token)) => token.parse().expect("a token of ours"),
        _ => 0,
    };
    let page: Vec<&Value> = things.iter().skip(from).take(PAGE).copied().collect();
    let has_more = from + page.len() < things.len();
    if is_named {
        let token = has_more.then(|| (from + page.len()).to_string());
        return json!({ "cachedContents": page, "nextPageToken": token.unwrap_or_default() });
    }
    let id = |thing: Option<&&Value>| thing.map_or(Value::Null, |thing| thing["id"].clone());
    let (first, last) = (id(page.first()), id(page.last()));
    json!({
        "object": "list", "data": page, "first_id": first, "last_id": last, "has_more": has_more,
    })
}

/// An answer that says its id in whole or in each event.
fn chat(exchange: &mut Exchange<'_>, body: &[u8]) {
    let asked: Value = serde_json::from_slice(body).expect("JSON");
    if asked["stream"] != json!(true) {
        return reply(exchange, 200, &completion("hello"));
    }
    let text = super::event("hello") + &super::last_event();
    exchange.reply(200, &[("Content-Type", "text/event-stream")], text);
}

#[test]
fn each_consumer_finds_its_own_files_in_a_list_and_no_others() {
    let keeper = Keeper::of("openai", "/v1", "");
    assert_eq!(keeper.page("/v1/files", KEY).0, [""; 0]);
    let adas = keeper.upload(KEY, &[]);
    let bobs: Vec<String> = (0..4).map(|_| keeper.upload(BOB, &[])).collect();
    // Two pages have nothing of hers: the third is the first that she is told.
    let before = keeper.origin.count();
    let (ids, page) = keeper.page("/v1/files", KEY);
    assert_eq!((ids, keeper.origin.count() - before), (vec![adas.clone()], 3));
    assert_eq!((&page["first_id"], &page["last_id"]), (&json!(adas), &json!(adas)));
    assert_eq!((&page["has_more"], &page["object"]), (&json!(false), &json!("list")));
    // His come page by page, as clients go through them.
    let (first, page) = keeper.page("/v1/files?purpose=user_data", BOB);
    assert_eq!(
        (&first, &page["has_more"]),
        (&vec![bobs[3].clone(), bobs[2].clone()], &json!(true))
    );
    let after = page["last_id"].as_str().expect("an id");
    let (second, page) = keeper.page(&format!("/v1/files?after={after}"), BOB);
    assert_eq!(second, [bobs[1].clone(), bobs[0].clone()]);
    // Whether what is behind them is his, he learns by asking for it.
    assert_eq!(page["has_more"], json!(true));
    let after = page["last_id"].as_str().expect("an id");
    let (third, page) = keeper.page(&format!("/v1/files?after={after}"), BOB);
    assert_eq!(
        (third.len(), &page["has_more"], &page["last_id"]),
        (0, &json!(false), &Value::Null)
    );
}

#[test]
fn a_list_that_is_none_is_a_failure_of_the_providers() {
    let origin = Origin::start(|exchange| reply(exchange, 200, "[]"));
    let gateway = Gateway::start(with_ada(keyed(sole("openai", "/v1", &origin, "there")), ""));
    let answer = Client::connect(gateway.web()).get("h", "/v1/files", &[KEY]);
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(parsed(&answer)["error"]["message"], "the provider's reply cannot be read");
}

#[test]
fn a_list_is_not_gone_through_for_ever() {
    // Of somebody else's things there is no end.
    let origin = Origin::start(|exchange| {
        let page = json!({ "data": [{ "id": "batch_x" }], "has_more": true });
        reply(exchange, 200, &page.to_string());
    });
    let gateway = Gateway::start(with_ada(keyed(sole("openai", "/v1", &origin, "there")), ""));
    let answer = Client::connect(gateway.web()).get("h", "/v1/batches?limit=3", &[KEY]);
    assert_eq!((answer.status, origin.count()), (400, 50), "{}", answer.text());
    assert_eq!(origin.last().target, "/v1/batches?limit=100&after=batch_x");
}

#[test]
fn a_file_comes_in_parts_to_where_its_upload_was_begun() {
    let keeper = Keeper::of("openai", "/v1", "");
    let whole = json!({ "filename": "a", "purpose": "user_data", "bytes": 2, "mime_type": "x/y" });
    let made = post(keeper.gateway.web(), "/v1/uploads", &[KEY], &whole);
    assert_eq!((made.status, &parsed(&made)["id"]), (200, &json!("upload_1")), "{}", made.text());
    assert_eq!(serde_json::from_slice::<Value>(&keeper.origin.last().body).unwrap(), whole);
    let send = |key: &str| {
        let data =
            b"--b\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a\"\r\n\r\nhi\r\n";
        form::send(keeper.gateway.web(), "/v1/uploads/upload_1/parts", &[key], &[data])
    };
    let before = keeper.origin.count();
    assert_eq!((send(BOB).status, keeper.origin.count()), (404, before));
    assert_eq!(send(KEY).status, 200);
    assert!(String::from_utf8_lossy(&keeper.origin.last().body).contains("\r\n\r\nhi\r\n--b--"));
    let complete = |key: &str| {
        let body = json!({ "part_ids": ["part_1"] });
        post(keeper.gateway.web(), "/v1/uploads/upload_1/complete", &[key], &body)
    };
    assert_eq!(complete(BOB).status, 404);
    let done = complete(KEY);
    let file = parsed(&done)["file"]["id"].as_str().expect("a file").to_owned();
    // What came of it is hers as well.
    let path = format!("/v1/files/{file}");
    assert_eq!((keeper.get(&path, KEY).status, keeper.get(&path, BOB).status), (200, 404));
    assert_eq!(keeper.ask("POST", "/v1/uploads/upload_1/cancel", BOB, "").status, 404);
    assert_eq!(keeper.ask("POST", "/v1/uploads/upload_1/cancel", KEY, "").status, 200);
    // The requests of a batch are gone through, and in parts they cannot be.
    let batch = json!({ "filename": "a", "purpose": "batch", "bytes": 2, "mime_type": "x/y" });
    let before = keeper.origin.count();
    let refused = post(keeper.gateway.web(), "/v1/uploads", &[KEY], &batch);
    assert_eq!((refused.status, keeper.origin.count()), (400, before), "{}", refused.text());
    assert_eq!(parsed(&refused)["error"]["param"], "purpose");
}

#[test]
fn the_beginning_of_a_prompt_is_kept_for_whoever_had_it_kept() {
    let keeper = Keeper::of("gemini", "/v1beta", "budgets: [{ tokens: 1000000, per: day }]");
    let contents = json!([{ "role": "user", "parts": [{ "text": "a long story" }] }]);
    let begun = json!({ "model": "models/fast", "contents": contents, "ttl": "300s" });
    let made = post(keeper.gateway.web(), "/v1beta/cachedContents", &[KEY], &begun);
    assert_eq!(made.status, 200, "{}", made.text());
    let there: Value = serde_json::from_slice(&keeper.origin.last().body).expect("JSON");
    assert_eq!((&there["model"], &there["contents"]), (&json!("models/there"), &contents));
    has_spent(&keeper.gateway, 4_096);
    let other = post(keeper.gateway.web(), "/v1beta/cachedContents", &[BOB], &begun);
    assert_eq!(parsed(&other)["name"], "cachedContents/c2", "{}", other.text());
    let path = "/v1beta/cachedContents/c1";
    for (method, body) in [("GET", ""), ("PATCH", r#"{"ttl":"60s"}"#), ("DELETE", "")] {
        let before = keeper.origin.count();
        let target = format!("{path}?updateMask=ttl");
        let refused = keeper.ask(method, &target, BOB, body);
        assert_eq!((refused.status, keeper.origin.count()), (404, before), "{method}");
        assert_eq!(keeper.ask(method, &target, KEY, body).status, 200, "{method}");
        let last = keeper.origin.last();
        assert_eq!((&*last.method, &*last.target, last.body.len()), (method, &*target, body.len()));
    }
    let ask = json!({ "cachedContent": "cachedContents/c1", "contents": [
        { "role": "user", "parts": [{ "text": "go on" }] }] });
    let say =
        |key: &str| post(keeper.gateway.web(), "/v1beta/models/fast:generateContent", &[key], &ask);
    assert_eq!((say(KEY).status, say(BOB).status), (200, 404));
    // In another spelling, which a provider might read as the same.
    let spelt = json!({ "cachedContent": "cachedContents/c1/", "contents": ask["contents"] });
    let before = keeper.origin.count();
    let refused = post(keeper.gateway.web(), "/v1beta/models/fast:generateContent", &[BOB], &spelt);
    assert_eq!((refused.status, keeper.origin.count()), (404, before), "{}", refused.text());
    // Both are on one page of the provider's, and each is told of one.
    for (key, name) in [(KEY, "cachedContents/c1"), (BOB, "cachedContents/c2")] {
        let page = parsed(&keeper.get("/v1beta/cachedContents", key));
        let things = page["cachedContents"].as_array().expect("a list");
        assert_eq!((things.len(), &things[0]["name"]), (1, &json!(name)), "{page}");
    }
    // Without a model nobody knows whether it may be asked.
    let nameless = json!({ "contents": contents });
    let before = keeper.origin.count();
    let refused = post(keeper.gateway.web(), "/v1beta/cachedContents", &[KEY], &nameless);
    assert_eq!((refused.status, keeper.origin.count()), (400, before), "{}", refused.text());
}

#[test]
fn a_chat_that_is_stored_is_its_consumers() {
    for stream in [false, true] {
        let keeper = Keeper::of("openai", "/v1", "");
        let path = "/v1/chat/completions/chatcmpl-1";
        let say = |store: bool| {
            let mut body = super::ask("hi");
            (body["store"], body["stream"]) = (json!(store), json!(stream));
            post(keeper.gateway.web(), "/v1/chat/completions", &[KEY], &body)
        };
        // What was not stored belongs to nobody: the provider is asked.
        assert_eq!(say(false).status, 200);
        assert_eq!(keeper.get(path, BOB).status, 200);
        let stored = say(true);
        assert_eq!(stored.status, 200);
        assert!(stored.text().contains("hello"));
        for (method, rest, body) in [
            ("GET", "", ""),
            ("GET", "/messages?limit=2", ""),
            ("POST", "", r#"{"metadata":{"a":"b"}}"#),
            ("DELETE", "", ""),
        ] {
            let target = format!("{path}{rest}");
            let before = keeper.origin.count();
            let refused = keeper.ask(method, &target, BOB, body);
            assert_eq!((refused.status, keeper.origin.count()), (404, before), "{method} {target}");
            assert_eq!(keeper.ask(method, &target, KEY, body).status, 200, "{method} {target}");
            let last = keeper.origin.last();
            assert_eq!((&*last.method, &*last.target), (method, &*target));
        }
        let before = keeper.origin.count();
        for path in ["/v1/chat/completions/chatcmpl-1%20", "/v1/chat/completions?model=nobodys"] {
            let refused = keeper.get(path, BOB);
            assert_eq!((refused.status, keeper.origin.count()), (404, before), "{path}");
        }
        // Where they are stored a model has the name that it has there.
        keeper.get("/v1/chat/completions?model=fast", KEY);
        let target = keeper.origin.last().target;
        assert!(target.contains("model=there&") || target.ends_with("model=there"), "{target}");
    }
}

#[test]
fn of_what_can_be_got_the_head_can_be_asked_for() {
    let keeper = Keeper::of("openai", "/v1", "");
    let id = keeper.upload(KEY, &[]);
    let paths =
        ["/v1/models", "/v1/models/fast", "/v1/files", "/v1/files/ID", "/v1/files/ID/content"];
    // One after another on one connection, which a body out of place would spoil.
    let mut client = Client::connect(keeper.gateway.web());
    let mut ask = |method: &str, path: &str, key: &str| {
        client.ask(format!("{method} {path} HTTP/1.1\r\nHost: h\r\n{key}\r\n\r\n"))
    };
    for path in paths.map(|path| path.replace("ID", &id)) {
        let head = ask("HEAD", &path, KEY);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}: {}", head.text());
        let got = ask("GET", &path, KEY);
        assert!(got.status == 200 && !got.body.is_empty(), "{path}: {}", got.text());
        assert_eq!(head.get("content-type"), got.get("content-type"), "{path}");
        let theirs = path.contains(&id);
        let refused = ask("HEAD", &path, BOB);
        assert_eq!((refused.status == 404, refused.body.len()), (theirs, 0), "{path}");
    }
    assert!(keeper.origin.requests().iter().all(|it| it.method != "HEAD"));
    let wrong = ask("HEAD", "/v1/realtime", KEY);
    assert_eq!((wrong.status, wrong.get("allow")), (405, Some("GET")));
    let files = ask("PUT", "/v1/files", KEY);
    assert_eq!((files.status, files.get("allow")), (405, Some("POST, GET, HEAD")));
}
