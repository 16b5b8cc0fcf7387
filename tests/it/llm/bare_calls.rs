//! What bare calls and streams of images have used, where their bodies alone tell it.

use architrave_testkit::{Gateway, Origin};
use serde_json::json;

use super::form::{part, send};
use super::house::{has_spent, held_to, sole};
use super::{KEY, post, reply};

fn on_a_budget(origin: &Origin, kind: &str) -> Gateway {
    held_to("{ tokens: 1000000, per: day }", sole(kind, "", origin, "own.model-v1"))
}

#[test]
fn the_body_of_a_bare_calls_answer_tells_its_tokens_in_its_models_words() {
    let origin = Origin::start(move |exchange| {
        let _body = exchange.read_body();
        let usage = json!({ "input_tokens": 9, "output_tokens": 5000 });
        reply(exchange, 200, &json!({ "content": [], "usage": usage }).to_string());
    });
    let gateway = on_a_budget(&origin, "bedrock-api-key");
    let body = json!({ "max_tokens": 6000 });
    assert_eq!(post(gateway.web(), "/model/fast/invoke", &[KEY], &body).status, 200);
    has_spent(&gateway, 5_009);
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
    let gateway = on_a_budget(&origin, "openai");
    let parts = [part("model", "fast"), part("stream", "true"), part("image", "x")];
    let answer = send(gateway.web(), "/v1/images/edits", &[KEY], &parts);
    assert_eq!(answer.status, 200, "{}", answer.status);
    has_spent(&gateway, 4_210);
}
