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
            None => reply(exchange, 200, &json!({ "name": "files/abc" }).to_string()),
        }
    })
}

/// Two providers, of which the second is asked, below a prefix of their own.
fn gateway(origins: [&Origin; 2]) -> Gateway {
    let models = format!(
        "{}\nmodels:\n  - {{ name: fast, deployments: \
         [{{ provider: p0, model: m }}, {{ provider: p1, model: m }}] }}",
        providers("gemini", "/v1beta", &origins)
    );
    let config = Config::new()
        .web()
        .and(&models)
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "match: [{ path: { prefix: /ai } }]\nservice: ai");
    Gateway::start(with_bob(with_ada(config, ""), ""))
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
    let fields = [
        KEY,
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
