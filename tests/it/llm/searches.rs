//! What searches of the web cost that a provider runs: as the answer tells them, and reserved before.

use architrave_testkit::{Config, Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::house::{has_spent, keyed, of_budget, provider, with_ada};
use super::{KEY, STREAM_HEAD, post, reply};

/// Answers to Responses after two searches and a page that was opened, for a thousand tokens each
/// way; to chat with a link that is cited.
fn openai() -> Origin {
    Origin::start(|exchange| {
        let is_chat = exchange.target().ends_with("/chat/completions");
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        if is_chat {
            let is_plain = asked["messages"][0]["content"] == "web_search_options";
            let link = json!([{ "type": "url_citation", "url_citation": {
                "url": "https://a.example", "title": "a", "start_index": 0, "end_index": 1,
            } }]);
            let said = json!({
                "id": "c", "object": "chat.completion", "created": 1, "model": "there",
                "choices": [{
                    "index": 0,
                    "message": {
                        "role": "assistant", "content": "a",
                        "annotations": if is_plain { json!([]) } else { link },
                    },
                    "finish_reason": "stop",
                }],
                "usage": { "prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000 },
            });
            return reply(exchange, 200, &said.to_string());
        }
        let call = |kind: &str| {
            json!({
                "type": "web_search_call", "id": "ws", "status": "completed", "action": { "type": kind },
            })
        };
        let said = json!({
            "id": "resp_1", "object": "response", "created_at": 1, "model": "there",
            "status": "completed",
            "output": [
                call("search"), call("open_page"), call("search"),
                { "type": "message", "id": "m", "role": "assistant", "status": "completed",
                  "content": [{ "type": "output_text", "text": "a", "annotations": [] }] },
            ],
            "usage": {
                "input_tokens": 1000, "output_tokens": 1000, "total_tokens": 2000,
                "input_tokens_details": { "cached_tokens": 0 },
                "output_tokens_details": { "reasoning_tokens": 0 },
            },
        });
        if asked["stream"] != true {
            return reply(exchange, 200, &said.to_string());
        }
        exchange.send(STREAM_HEAD);
        // One that breaks off behind its searches.
        if asked["input"] == "break off" {
            for kind in ["search", "open_page", "search"] {
                let event = json!({
                    "type": "response.output_item.done", "sequence_number": 0, "output_index": 0,
                    "item": call(kind),
                });
                exchange.send_chunk(format!("event: response.output_item.done\ndata: {event}\n\n"));
            }
            return exchange.send("0\r\n\r\n");
        }
        let event = json!({
            "type": "response.completed", "sequence_number": 0, "response": said,
        });
        exchange.send_chunk(format!("event: response.completed\ndata: {event}\n\n"));
        exchange.send("0\r\n\r\n");
    })
}

fn gateway(origin: &Origin, more: &str) -> Gateway {
    let models = format!("providers:\n{}", provider(0, "openai", "/v1", origin));
    let models = keyed(Config::new().web().and(&models));
    Gateway::start(with_ada(models, &format!("models: [\"*\"]\n{more}")))
}

#[test]
fn searches_are_paid_for_as_the_answer_tells_them() {
    let origin = openai();
    let gateway = gateway(&origin, "budgets: [{ money: 90 USD, per: day }]");
    let search = json!({
        "model": "p0/gpt-5", "input": "what is new?", "tools": [{ "type": "web_search" }],
    });
    // Tokens 0.01125, and a cent for each search: the page that was opened is none.
    let answer = post(gateway.web(), "/v1/responses", &[KEY], &search);
    assert_eq!(answer.get("x-architrave-cost"), Some("0.03125"), "{}", answer.text());
    let mut streamed = search.clone();
    streamed["stream"] = json!(true);
    let answer = post(gateway.web(), "/v1/responses", &[KEY], &streamed);
    assert_eq!(answer.status, 200, "{}", answer.text());
    has_spent(&gateway, 2 * 31_250_000);
    // Of chat a link that is cited tells that there was a search.
    let chat = json!({
        "model": "p0/gpt-5", "messages": [{ "role": "user", "content": "what is new?" }],
    });
    let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &chat);
    assert_eq!(answer.get("x-architrave-cost"), Some("0.02125"), "{}", answer.text());
    // And so it is where the answer is told in other words.
    let mut claude = chat.clone();
    claude["max_tokens"] = json!(100);
    let answer = post(gateway.web(), "/v1/messages", &[KEY], &claude);
    assert_eq!(answer.get("x-architrave-cost"), Some("0.02125"), "{}", answer.text());
    assert!(answer.text().contains("\"web_search_requests\":1"), "{}", answer.text());
    has_spent(&gateway, 2 * 31_250_000 + 2 * 21_250_000);
}

#[test]
fn a_search_is_paid_for_where_its_field_asks_and_for_no_word_of_that_name() {
    let origin = openai();
    let gateway = gateway(&origin, "budgets: [{ money: 90 USD, per: day }]");
    let chat = |model: &str, options: Value| {
        let mut chat = json!({
            "model": model, "messages": [{ "role": "user", "content": "web_search_options" }],
            "tools": [{ "type": "function", "function": { "name": "web_search_options" } }],
        });
        if options != false {
            chat["web_search_options"] = options;
        }
        let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &chat);
        answer.get("x-architrave-cost").expect("it is told").to_owned()
    };
    assert_eq!(chat("p0/gpt-5", json!(false)), "0.01125");
    assert_eq!(chat("p0/gpt-5", json!(null)), "0.01125");
    assert_eq!(chat("p0/gpt-5", json!({})), "0.02125");
    // Who always searches is not to be asked.
    assert_eq!(chat("p0/gpt-5-search-api", json!(false)), "0.02125");
}

#[test]
fn the_searches_of_a_stream_that_breaks_off_are_paid_for() {
    let origin = openai();
    let gateway = gateway(&origin, "budgets: [{ money: 90 USD, per: day }]");
    let search = json!({
        "model": "p0/gpt-5", "input": "break off", "stream": true,
        "tools": [{ "type": "web_search" }],
    });
    post(gateway.web(), "/v1/responses", &[KEY], &search);
    eventually("two searches are paid for", SOON, || {
        (of_budget(&gateway, "spent") >= 20_000_000).then_some(())
    });
}

#[test]
fn a_search_that_cannot_be_paid_for_is_not_offered() {
    let origin = openai();
    // Enough for the tokens, and not for a search.
    let gateway = gateway(&origin, "budgets: [{ money: 0.005 USD, per: day }]");
    let plain = json!({ "model": "p0/gpt-5", "input": "hi", "max_output_tokens": 16 });
    let mut search = plain.clone();
    search["tools"] = json!([{ "type": "web_search_preview" }]);
    let refused = post(gateway.web(), "/v1/responses", &[KEY], &search);
    assert_eq!((refused.status, origin.count()), (429, 0), "{}", refused.text());
    let answer = post(gateway.web(), "/v1/responses", &[KEY], &plain);
    assert_eq!(answer.status, 200, "{}", answer.text());
    eventually("it is settled", SOON, || (of_budget(&gateway, "reserved") == 0).then_some(()));
}
