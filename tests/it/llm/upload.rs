//! Uploads in several requests, as Gemini has them: begun with a key, gone on with by a link alone.

use architrave_testkit::{Client, Config, Gateway, Origin, Response};
use serde_json::json;

use super::house::{providers, with_ada, with_bob};
use super::{KEY, parsed, post, reply};

const BOB: &str = "x-goog-api-key: bob-key-0123456789";

/// A provider that gives out links to itself, as it believes to be called.
fn keeping() -> Origin {
    Origin::start(|exchange| {
        let command = exchange.request().head.get("x-goog-upload-command").map(str::to_owned);
        let body = exchange.read_body();
        match command.as_deref() {
            Some("start") => {
                let link = "https://generativelanguage.googleapis.com/upload/v1beta/files?\
                            upload_id=A-1_x&key=key-1&upload_protocol=resumable";
                let fields = [
                    ("X-Goog-Upload-URL", link),
                    ("X-Goog-Upload-Control-URL", link),
                    ("X-Goog-Upload-Status", "active"),
                    ("X-Goog-Upload-Chunk-Granularity", "262144"),
                ];
                exchange.reply(200, &fields, "");
            }
            Some("upload, finalize") => {
                let size = body.len();
                let file =
                    json!({ "file": { "name": "files/abc", "sizeBytes": size.to_string() } });
                let fields =
                    [("Content-Type", "application/json"), ("X-Goog-Upload-Status", "final")];
                exchange.reply(200, &fields, file.to_string());
            }
            Some(_) => exchange.reply(200, &[("X-Goog-Upload-Status", "active")], ""),
            None if exchange.target().contains(":batch") => {
                reply(exchange, 200, &json!({ "name": "batches/b" }).to_string());
            }
            None => reply(exchange, 200, &json!({ "name": "files/abc" }).to_string()),
        }
    })
}

/// Two providers, of which the second is asked, below a prefix of their own.
fn gateway(origins: [&Origin; 2]) -> Gateway {
    let models = format!(
        "{}\nmodels:\n  - {{ name: fast, deployments: \
         [{{ provider: p0, model: m }}, {{ provider: p1, model: m }}] }}\n  \
         - {{ name: dear, deployments: [{{ provider: p1, model: five }}] }}\n  \
         - {{ name: tuned, deployments: [{{ provider: p1, model: tunedModels/t }}] }}",
        providers("gemini", "/v1beta", &origins)
    );
    let config = Config::new()
        .web()
        .and(&models)
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "match: [{ path: { prefix: /ai } }]\nservice: ai");
    Gateway::start(with_bob(with_ada(config, "models: [fast, tuned]"), ""))
}

fn step(gateway: &Gateway, target: &str, fields: &[&str], body: &str) -> Response {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    Client::connect(gateway.web()).ask(format!(
        "POST {target} HTTP/1.1\r\nHost: house.example:8080\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// Begins an upload at the second provider, as ada; where it says to go on.
fn begin(gateway: &Gateway) -> String {
    begin_with(gateway, "X-Goog-Upload-Header-Content-Type: text/plain")
}

/// The same of a file of that media type.
fn begin_with(gateway: &Gateway, media_type: &str) -> String {
    let fields = [
        KEY,
        media_type,
        "x-architrave-provider: p1",
        "X-Goog-Upload-Protocol: resumable",
        "X-Goog-Upload-Command: start",
        "X-Goog-Upload-Header-Content-Length: 5",
        "Content-Type: application/json",
    ];
    let begun = step(gateway, "/ai/upload/v1beta/files", &fields, "{\"file\":{}}");
    assert_eq!(begun.status, 200, "{}", begun.text());
    assert_eq!(begun.get("x-goog-upload-status"), Some("active"));
    assert_eq!(begun.get("x-goog-upload-chunk-granularity"), Some("262144"));
    assert_eq!(begun.get("x-goog-upload-control-url"), None, "it leads past the gateway");
    let link = begun.get("x-goog-upload-url").expect("it says where to go on");
    let target = link.strip_prefix("http://house.example:8080").expect("to the gateway");
    assert!(target.starts_with("/ai/upload/v1beta/files?upload_id=A-1_x"), "{target}");
    assert!(!target.contains("key"), "{target}");
    target.to_owned()
}

#[test]
fn an_upload_goes_on_by_the_link_that_the_gateway_gave() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin(&gateway);
    let begun = second.last();
    assert_eq!(begun.head.get("x-goog-upload-header-content-length"), Some("5"));
    assert_eq!(begun.head.get("x-goog-upload-protocol"), Some("resumable"));
    // Official clients show no key from here on.
    let part = ["X-Goog-Upload-Command: upload", "X-Goog-Upload-Offset: 0"];
    let answer = step(&gateway, &target, &part, "hel");
    assert_eq!((answer.status, answer.get("x-goog-upload-status")), (200, Some("active")));
    let last = ["X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 3"];
    let answer = step(&gateway, &target, &last, "lo");
    assert_eq!(answer.get("x-goog-upload-status"), Some("final"));
    assert_eq!(parsed(&answer)["file"]["name"], "files/abc");
    let sent = second.last();
    assert_eq!(sent.target, "/upload/v1beta/files?upload_id=A-1_x&upload_protocol=resumable");
    assert_eq!(sent.head.get("x-goog-api-key"), Some("key-1"));
    assert_eq!(sent.head.get("x-goog-upload-offset"), Some("3"));
    assert_eq!(sent.body, b"lo");
    assert_eq!(first.count(), 0);
    // What came of it is ada's.
    let get = |key: &str| Client::connect(gateway.web()).get("h", "/ai/v1beta/files/abc", &[key]);
    assert_eq!((get(KEY).status, get(BOB).status), (200, 404));
}

#[test]
fn a_link_leads_to_its_upload_and_nowhere_else() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin(&gateway);
    let last = ["X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 0"];
    let status = |target: &str, more: &[&str]| {
        step(&gateway, target, &[&last[..], more].concat(), "hello").status
    };
    assert_eq!(status(&target.replace("A-1", "A-2"), &[]), 401);
    assert_eq!(status(&target.replace("ticket=", "ticket=0"), &[]), 401);
    assert_eq!(status(&target.replace("&ticket", "&upload_id=B&ticket"), &[]), 401);
    let (bare, _) = target.split_once("&ticket").expect("it has a ticket");
    assert_eq!((status(bare, &[]), status(bare, &[KEY])), (401, 404));
    assert_eq!(status(&target, &[BOB]), 404, "it is ada's");
    assert_eq!(status(&target, &["Authorization: Bearer nobody"]), 401);
    // Whoever has the link alone can ask for nothing else in ada's name.
    let (_, query) = target.split_once('?').expect("it has a query");
    for path in ["/ai/v1/files", "/ai/upload/v1/chat", "/ai/v1/chat/completions"] {
        let body = json!({ "model": "fast", "messages": [] });
        let answer = post(gateway.web(), &format!("{path}?{query}"), &[], &body);
        assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.text());
    }
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(status(&target, &[]), 200);
}

const LINES: &str = "X-Goog-Upload-Header-Content-Type: application/jsonl";
const WHOLE: [&str; 2] = ["X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 0"];

/// A line of a batch that names a model.
fn line(model: &str) -> String {
    let request = json!({ "model": model, "contents": [{ "parts": [{ "text": "hi" }] }] });
    format!("{}\n", json!({ "key": "k", "request": request }))
}

/// Asks for a batch of the file that was uploaded, as ada.
fn batch(gateway: &Gateway, fields: &[&str]) -> Response {
    let body = json!({ "batch": { "input_config": { "file_name": "files/abc" } } });
    let path = "/ai/v1beta/models/fast:batchGenerateContent";
    post(gateway.web(), path, fields, &body)
}

#[test]
fn each_line_of_a_batch_names_its_model_as_the_provider_does() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin_with(&gateway, LINES);
    let begun = second.last();
    assert_eq!(begun.head.get("x-goog-upload-header-content-type"), Some("application/jsonl"));
    assert_eq!(begun.head.get("x-goog-upload-header-content-length"), None, "it may change");
    let plain = "{\"key\":\"2\",\"request\":{\"contents\":[]}}\n";
    let came = [&*line("models/fast"), plain, &line("fast"), &line("tuned")].concat();
    let gone = [&*line("models/m"), plain, &line("models/m"), &line("tunedModels/t")].concat();
    let answer = step(&gateway, &target, &WHOLE, &came);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(String::from_utf8(second.last().body).expect("text"), gone);
    let made = batch(&gateway, &[KEY]);
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(second.last().target, "/v1beta/models/m:batchGenerateContent");
    assert_eq!(batch(&gateway, &[BOB]).status, 404, "it is ada's");
    assert_eq!(first.count(), 0);
}

#[test]
fn who_asks_how_far_an_upload_has_come_brings_nothing_unseen() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin_with(&gateway, LINES);
    let asked = step(&gateway, &target, &["X-Goog-Upload-Command: query"], "");
    assert_eq!((asked.status, asked.get("x-goog-upload-status")), (200, Some("active")));
    assert_eq!(step(&gateway, &target, &WHOLE, &line("fast")).status, 200);
    assert_eq!(String::from_utf8(second.last().body).expect("text"), line("models/m"));
    assert_eq!(batch(&gateway, &[KEY]).status, 200);
    // What comes with the question is not looked at.
    let target = begin_with(&gateway, LINES);
    let asked = step(&gateway, &target, &["X-Goog-Upload-Command: query"], &line("dear"));
    assert_eq!(asked.status, 200);
    assert_eq!(step(&gateway, &target, &WHOLE, &line("dear")).status, 200, "it is no batch's");
}

#[test]
fn a_connection_goes_on_behind_a_file_that_was_read_and_refused() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin_with(&gateway, LINES);
    let refused = step(&gateway, &target, &WHOLE, &(line("fast").repeat(10_000) + &line("dear")));
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(!refused.head.says_close(), "{refused:?}");
}

#[test]
fn a_line_that_asks_for_what_cannot_be_had_is_named_and_nothing_is_sent() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin_with(&gateway, LINES);
    for (bad, why) in [
        (line("dear"), "there is no model `dear` here"),
        (line("models/five"), "there is no model `five` here"),
        ("{\"request\":{\"model\":7}}".to_owned(), "`model` must be a string"),
        ("{\"request\":{},\"request\":{}}".to_owned(), "said twice"),
    ] {
        let answer = step(&gateway, &target, &WHOLE, &(line("fast") + &bad));
        assert_eq!((answer.status, second.count()), (400, 1), "{bad}");
        let message = parsed(&answer)["error"]["message"].to_string();
        assert!(message.contains("line 2") && message.contains(why), "{message}");
    }
    // By one request alone, too.
    let raw = [KEY, "x-architrave-provider: p1", "X-Goog-Upload-Protocol: raw"];
    let fields = [&raw[..], &["Content-Type: jsonl"]].concat();
    let target = "/ai/upload/v1beta/files";
    assert_eq!(step(&gateway, target, &fields, &line("dear")).status, 400);
    assert_eq!(step(&gateway, target, &fields, &line("fast")).status, 200);
    assert_eq!(String::from_utf8(second.last().body).expect("text"), line("models/m"));
    assert_eq!(batch(&gateway, &[KEY]).status, 200);
}

#[test]
fn a_file_that_went_by_unseen_makes_no_batch() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin(&gateway);
    assert_eq!(step(&gateway, &target, &WHOLE, &line("dear")).status, 200, "it is no batch's");
    assert_eq!((batch(&gateway, &[KEY]).status, second.count()), (400, 2));
    // Nor does one of which a part did, by another name.
    let target = begin_with(&gateway, LINES);
    let part = ["X-Goog-Upload-Command: put", "X-Goog-Upload-Offset: 0"];
    assert_eq!(step(&gateway, &target, &part, &line("dear")).status, 200);
    assert_eq!(step(&gateway, &target, &WHOLE, &line("fast")).status, 200);
    let refused = batch(&gateway, &[KEY]);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("application/jsonl"), "{}", refused.text());
}

/// A step of a file that comes in pieces.
fn piece(gateway: &Gateway, target: &str, (at, bytes): (usize, &str), is_last: bool) -> Response {
    let command = if is_last { "upload, finalize" } else { "upload" };
    let fields =
        [format!("X-Goog-Upload-Command: {command}"), format!("X-Goog-Upload-Offset: {at}")];
    step(gateway, target, &fields.each_ref().map(String::as_str), bytes)
}

/// What a provider was brought, step by step: from where on, and what.
fn brought(origin: &Origin) -> Vec<(u64, Vec<u8>)> {
    let steps = origin.requests().into_iter().filter_map(|seen| {
        let command = seen.head.get("x-goog-upload-command")?;
        let offset = seen.head.get("x-goog-upload-offset").map(|it| it.parse().expect("a number"));
        command.contains("upload").then(|| (offset.unwrap_or(0), seen.body.clone()))
    });
    steps.collect()
}

#[test]
fn a_file_that_comes_in_pieces_is_gone_through_line_by_line() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let plain = "{\"request\":{\"contents\":[]}}\n";
    let came = [&line("fast").repeat(9_000), plain, line("tuned").trim_end()].concat();
    let gone = [&line("models/m").repeat(9_000), plain, line("tunedModels/t").trim_end()].concat();
    let target = begin_with(&gateway, LINES);
    let ends = [10, 300_007, 300_020, 700_000, came.len()];
    let mut from = 0;
    for end in ends {
        let told = piece(&gateway, &target, (from, &came[from..end]), end == came.len());
        assert_eq!(told.status, 200, "{end}: {}", told.text());
        let status = if end == came.len() { "final" } else { "active" };
        assert_eq!(told.get("x-goog-upload-status"), Some(status), "{end}");
        if end != came.len() {
            let asked = step(&gateway, &target, &["X-Goog-Upload-Command: query"], "");
            let size = asked.get("x-goog-upload-size-received").map(str::to_owned);
            assert_eq!((asked.status, size), (200, Some(end.to_string())));
        }
        from = end;
    }
    let steps = brought(&second);
    assert!(steps.len() < ends.len(), "what fills no block waits");
    let mut whole = Vec::new();
    for (at, (offset, body)) in steps.iter().enumerate() {
        assert_eq!(*offset, whole.len() as u64);
        assert!(at + 1 == steps.len() || body.len() % (256 * 1024) == 0, "{}", body.len());
        whole.extend_from_slice(body);
    }
    assert_eq!(String::from_utf8(whole).expect("text"), gone);
    let made = batch(&gateway, &[KEY]);
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(first.count(), 0);
}

#[test]
fn a_line_in_a_later_piece_that_asks_for_what_cannot_be_had_is_named() {
    let (first, second) = (keeping(), keeping());
    let gateway = gateway([&first, &second]);
    let target = begin_with(&gateway, LINES);
    let came = [line("fast"), line("fast"), line("dear")].concat();
    // The border lies within the name.
    let border = came.rfind("dear").expect("it is there") + 2;
    assert_eq!(piece(&gateway, &target, (0, &came[..border]), false).status, 200);
    let refused = piece(&gateway, &target, (border, &came[border..]), true);
    assert_eq!(refused.status, 400, "{}", refused.text());
    let message = parsed(&refused)["error"]["message"].to_string();
    assert!(message.contains("line 3") && message.contains("`dear`"), "{message}");
    assert!(brought(&second).is_empty(), "nothing of it is there");
    // The same step with what may be asked for goes on where the last one ended.
    let rest = came[border..].replacen("ar", "", 1);
    let wrong = piece(&gateway, &target, (7, &rest), true);
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    assert!(wrong.text().contains(&format!("byte {border}")), "{}", wrong.text());
}
