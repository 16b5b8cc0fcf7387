//! Links that a provider fetches by the operator's account: denied, but for what is allowed; and
//! links to files that Gemini keeps, however they are spelt.

use architrave_testkit::{Config, Gateway, Origin};
use serde_json::{Value, json};

use super::form::{self, file, part};
use super::house::{BOB, keyed, provider, sole, with_ada, with_bob};
use super::{KEY, completion, parsed, post, reply};

/// A provider that takes whatever it is asked.
fn willing() -> Origin {
    Origin::start(|exchange| {
        exchange.read_body();
        let target = exchange.target().to_owned();
        let body = match &*target {
            path if path.contains("generateContent") => json!({ "candidates": [{
                "content": { "role": "model", "parts": [{ "text": "hello" }] },
                "finishReason": "STOP",
            }] })
            .to_string(),
            path if path.starts_with("/upload/") => {
                json!({ "file": { "name": "files/abc" } }).to_string()
            }
            path if path.ends_with("/converse") => json!({
                "output": { "message": { "role": "assistant", "content": [{ "text": "hello" }] } },
                "stopReason": "end_turn", "usage": { "inputTokens": 1, "outputTokens": 1 },
            })
            .to_string(),
            path if path.ends_with("/files") => json!({ "id": "file-1" }).to_string(),
            _ => completion("hello"),
        };
        reply(exchange, 200, &body);
    })
}

fn image(link: &str) -> Value {
    json!({ "model": "fast", "messages": [{ "role": "user", "content": [
        { "type": "text", "text": link },
        { "type": "image_url", "image_url": { "url": link } },
    ] }] })
}

fn converse(link: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": [
        { "image": { "format": "png", "source": { "s3Location": { "uri": link } } } },
    ] }] })
}

fn gemini(link: &str) -> Value {
    json!({ "contents": [{ "role": "user", "parts": [
        { "text": link }, { "fileData": { "mimeType": "text/plain", "fileUri": link } },
    ] }] })
}

/// One gateway to one provider of a kind; `more` is YAML of the provider's.
fn house(kind: &str, base_path: &str, more: &str, origin: &Origin) -> Gateway {
    let mut provider =
        provider(0, kind, base_path, origin).replace(" }] }", &format!(" }}]{more} }}"));
    if kind == "bedrock" {
        let keys = "aws: { access_key_id: AKIA0, secret_access_key: key-0 }";
        provider = provider.replace("value: key-0", keys);
    }
    let config = Config::new().web().and(&format!(
        "providers:\n{provider}\nmodels: [{{ name: fast, deployments: [{{ provider: p0, model: there }}] }}]"
    ));
    Gateway::start(with_bob(with_ada(keyed(config), ""), ""))
}

#[test]
fn nobody_has_a_provider_read_a_bucket_by_the_operators_account() {
    let (gemini_path, converse_path) =
        ("/v1beta/models/fast:generateContent", "/model/fast/converse");
    let cases = [
        ("openai_compatible", "/v1", "/v1/chat/completions", image("gs://other/secret.png")),
        ("openai_compatible", "/v1", "/v1/chat/completions", image("s3://other/secret.png")),
        ("gemini", "/v1beta", "/v1/chat/completions", image("gs://other/secret.png")),
        ("gemini", "/v1beta", gemini_path, gemini("gs://other/secret.txt")),
        ("bedrock", "", converse_path, converse("s3://other/secret.png")),
    ];
    for (kind, base_path, path, body) in cases {
        let origin = willing();
        let region = if kind == "bedrock" { ", region: eu-west-1" } else { "" };
        let gateway = house(kind, base_path, region, &origin);
        let answer = post(gateway.web(), path, &[KEY], &body);
        assert_eq!((answer.status, origin.count()), (403, 0), "{kind} {}", answer.text());
        let field = match path {
            "/v1/chat/completions" => "messages[0].content[1].image_url.url",
            path if path == gemini_path => "contents[0].parts[1].fileData.fileUri",
            _ => "messages[0].content[0].image.source.s3Location.uri",
        };
        assert!(answer.text().contains(field), "{}", answer.text());
        assert!(!answer.text().contains("other/secret"), "{}", answer.text());
    }
}

#[test]
fn what_the_operator_allows_is_sent_on_and_nothing_beside_it() {
    let origin = willing();
    let more = ", region: eu-west-1, links: { allow: [\"s3://ours/pictures\"] }";
    let gateway = house("bedrock", "", more, &origin);
    let status =
        |link: &str| post(gateway.web(), "/model/fast/converse", &[KEY], &converse(link)).status;
    assert_eq!(status("s3://ours/pictures/a.png"), 200);
    assert!(String::from_utf8_lossy(&origin.last().body).contains("s3://ours/pictures/a.png"));
    for link in [
        "s3://ours/pictures-of-others/a.png",
        "s3://ours/pictures/../secret.png",
        "s3://ours/a.png",
        " s3://ours/pictures/a.png",
    ] {
        assert_eq!((status(link), origin.count()), (403, 1), "{link}");
    }
}

#[test]
fn another_deployment_that_may_have_the_link_is_asked() {
    let (first, second) = (willing(), willing());
    let allows = provider(1, "openai_compatible", "/v1", &second)
        .replace(" }] }", " }], links: { allow: [\"gs://ours/\"] } }");
    let config = Config::new().web().and(&format!(
        "providers:\n{}\n{allows}\nmodels: [{{ name: fast, strategy: priority, deployments: \
         [{{ provider: p0, model: a }}, {{ provider: p1, model: b, priority: 1 }}] }}]",
        provider(0, "openai_compatible", "/v1", &first),
    ));
    let gateway = Gateway::start(with_ada(keyed(config), ""));
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &image("gs://ours/a.png"));
    assert_eq!((answer.status, first.count(), second.count()), (200, 0, 1), "{}", answer.text());
}

#[test]
fn a_line_of_a_batch_and_what_is_beside_chat_are_held_to_it_too() {
    let origin = willing();
    let gateway = house("openai", "/v1", "", &origin);
    let line = json!({ "custom_id": "1", "method": "POST", "url": "/v1/chat/completions",
                       "body": image("s3://other/secret.png") });
    let parts = [part("purpose", "batch"), file(&format!("\n{line}\n"))];
    let answer = form::send(gateway.web(), "/v1/files", &[KEY], &parts);
    assert_eq!((answer.status, origin.count()), (403, 0), "{}", answer.text());
    assert!(answer.text().contains("line 2 of the batch"), "{}", answer.text());
    let body = json!({ "model": "fast", "input": [{ "role": "user", "content": [
        { "type": "input_file", "file_url": "file:///etc/passwd" }] }] });
    let answer = post(gateway.web(), "/v1/responses/input_tokens", &[KEY], &body);
    assert_eq!((answer.status, origin.count()), (403, 0), "{}", answer.text());
    assert_eq!(parsed(&answer)["error"]["param"], json!("input[0].content[0].file_url"));
}

#[test]
fn a_file_of_anothers_is_not_there_however_the_link_to_it_is_spelt() {
    let origin = willing();
    let config = sole("gemini", "/v1beta", &origin, "there");
    let gateway = Gateway::start(with_bob(with_ada(keyed(config), ""), ""));
    let fields = [KEY, "X-Goog-Upload-Protocol: raw", "Content-Type: text/plain"];
    let kept = post(gateway.web(), "/upload/v1beta/files", &fields[..2], &json!({}));
    assert_eq!((kept.status, origin.count()), (200, 1), "{}", kept.text());
    let ask = |key: &str, link: &str| {
        post(gateway.web(), "/v1beta/models/fast:generateContent", &[key], &gemini(link))
    };
    let host = "https://generativelanguage.googleapis.com";
    let plain = format!("{host}/v1beta/files/abc");
    assert_eq!((ask(KEY, &plain).status, origin.count()), (200, 2), "it is ada's");
    let links = [
        plain.clone(),
        format!("{host}/v1beta/files/%61bc"),
        format!("{host}/v1beta/x/../files/abc"),
        "/v1beta/files/abc".to_owned(),
        format!("{host}/v1beta\\files\\abc"),
        format!("https://x@{}./v1beta/files/abc", &host[8..]),
    ];
    for link in &links {
        let answer = ask(BOB, link);
        assert_eq!((answer.status, origin.count()), (404, 2), "{link}: {}", answer.text());
    }
    for link in [format!("{host}/v1beta/files/%2561bc"), format!("{host}/v1beta/files/abc/x")] {
        let answer = ask(BOB, &link);
        assert_eq!((answer.status, origin.count()), (403, 2), "{link}: {}", answer.text());
    }
    // By another dialect it is the same file.
    let answer = post(gateway.web(), "/v1/chat/completions", &[BOB], &image(&links[1]));
    assert_eq!((answer.status, origin.count()), (404, 2), "{}", answer.text());
}
