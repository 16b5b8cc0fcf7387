//! What bare calls and streams of images have used, where their bodies alone tell it.

use architrave_testkit::{Client, Config, Gateway, Origin, Response, SOON, eventually};
use serde_json::json;

use super::{KEY, post, reply};

fn house(origin: &Origin, kind: &str) -> Gateway {
    let config = Config::new()
        .web()
        .and(&format!(
            "providers: [{{ name: lab, kind: {kind}, base_url: \"http://{}\", \
             credentials: [{{ value: upstream-key }}] }}]\n\
             models: [{{ name: fast, deployments: [{{ provider: lab, model: own.model-v1 }}] }}]",
            origin.addr()
        ))
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer(
            "ada",
            "credentials: [{ api_key: ada-key-0123456789 }]\n\
             budgets: [{ tokens: 1000000, per: day }]",
        );
    Gateway::start(config)
}

#[track_caller]
fn has_spent(gateway: &Gateway, tokens: u64) {
    eventually(&format!("{tokens} tokens are spent"), SOON, || {
        let usage = gateway.admin_json("/api/v1/usage/ada");
        let what = |name: &str| usage["budgets"][0][name].as_u64();
        (what("reserved") == Some(0) && what("spent") == Some(tokens)).then_some(())
    });
}

#[test]
fn the_body_of_a_bare_calls_answer_tells_its_tokens_in_its_models_words() {
    let origin = Origin::start(move |exchange| {
        let _body = exchange.read_body();
        let usage = json!({ "input_tokens": 9, "output_tokens": 5000 });
        reply(exchange, 200, &json!({ "content": [], "usage": usage }).to_string());
    });
    let gateway = house(&origin, "bedrock-api-key");
    let body = json!({ "max_tokens": 6000 });
    assert_eq!(post(gateway.web(), "/model/fast/invoke", &[KEY], &body).status, 200);
    has_spent(&gateway, 5_009);
}

fn edit(gateway: &Gateway) -> Response {
    let part = |name: &str, text: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let form = part("model", "fast") + &part("stream", "true") + &part("image", "x") + "--b--\r\n";
    Client::connect(gateway.web()).ask(format!(
        "POST /v1/images/edits HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Type: \
         multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ))
}

#[test]
fn a_stream_of_an_edited_image_tells_its_tokens_however_large_the_image_is() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let usage = json!({
            "input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
            "input_tokens_details": { "text_tokens": 10, "image_tokens": 40 },
        });
        // It comes behind the image.
        let event = format!(
            "event: image_edit.completed\ndata: {{\"type\":\"image_edit.completed\",\
             \"b64_json\":\"{}\",\"usage\":{usage}}}\n\n",
            "A".repeat(3_000_000)
        );
        exchange.reply(200, &[("Content-Type", "text/event-stream")], event);
    });
    let gateway = house(&origin, "openai");
    let answer = edit(&gateway);
    assert_eq!(answer.status, 200, "{}", answer.status);
    has_spent(&gateway, 4_210);
}
