//! The AI gateway as a client and a provider see it: what is asked, along which lane, at what
//! price, and what policies make of it.

mod bare_calls;
mod batch;
mod batch_results;
mod budget;
mod cache;
mod call_ids;
mod chat;
mod count;
mod crowded;
mod cut_off;
mod ended;
mod endings;
mod examples;
mod failures;
mod fetched;
mod figures;
mod form;
mod guardrail;
mod home;
mod house;
mod hushed;
mod kept;
mod kept_things;
mod lanes;
mod listing;
mod losses;
mod mocked;
mod openings;
mod own_things;
mod prompt;
mod providers;
mod quirks;
mod realtime;
mod richer;
mod searches;
mod service_class;
mod shown;
mod talk;
mod units;
mod upload;
mod vectors;
mod vertex;

use std::net::SocketAddr;

use architrave_testkit::{Client, Config, Exchange, Gateway, Origin, Response};
use serde_json::{Value, json};

/// What clients show.
const KEY: &str = "Authorization: Bearer ada-key-0123456789";

/// A file with one provider of OpenAI's dialect for each origin, named `p0`, `p1`, and the model
/// `fast` that is any of them, in order.
fn config(origins: &[&Origin]) -> Config {
    let provider = |(at, origin): (usize, &&Origin)| {
        format!(
            "  - {{ name: p{at}, kind: openai_compatible, base_url: \"http://{}/v1\", \
             credentials: [{{ name: main, value: upstream-key-{at} }}] }}",
            origin.addr()
        )
    };
    let providers: Vec<String> = origins.iter().enumerate().map(provider).collect();
    let deployment = |at| format!("{{ provider: p{at}, model: there-{at}, priority: {at} }}");
    let deployments: Vec<String> = (0..origins.len()).map(deployment).collect();
    Config::new().web().and(&format!(
        "providers:\n{}\nmodels:\n  - {{ name: fast, strategy: priority, deployments: [{}] }}",
        providers.join("\n"),
        deployments.join(", ")
    ))
}

/// The same with the service `ai` at every path; `more` is YAML in it.
fn gateway(origins: &[&Origin], more: &str) -> Gateway {
    let config = config(origins)
        .service("ai", &format!("llm: {{}}\n{more}"))
        .route("ai", "service: ai\nkeep_prefix: true");
    Gateway::start(config)
}

/// Asks, and reads the whole answer.
fn post(to: SocketAddr, path: &str, fields: &[&str], body: &Value) -> Response {
    Client::connect(to).ask(request(path, fields, &body.to_string()))
}

fn request(path: &str, fields: &[&str], body: &str) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n{fields}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn ask(text: &str) -> Value {
    json!({ "model": "fast", "messages": [{ "role": "user", "content": text }] })
}

fn parsed(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|_| panic!("no JSON: {response:?}"))
}

/// An answer of OpenAI's dialect.
fn completion(text: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "there",
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": text },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
    })
    .to_string()
}

fn reply(exchange: &mut Exchange<'_>, status: u16, body: &str) {
    exchange.reply(status, &[("Content-Type", "application/json")], body);
}

/// A provider that says the same to everybody.
fn saying(text: &'static str) -> Origin {
    Origin::start(move |exchange| reply(exchange, 200, &completion(text)))
}

/// An event of a stream of OpenAI's dialect that brings a text.
fn event(text: &str) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "there",
        "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }],
    });
    format!("data: {chunk}\n\n")
}

/// How a stream begins.
const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// How it ends well.
fn last_event() -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "there",
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
    });
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

/// A provider that streams these pieces, each in an event and a chunk of its own.
fn streaming(pieces: &'static [&'static str]) -> Origin {
    Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        pieces.iter().for_each(|piece| exchange.send_chunk(event(piece)));
        exchange.send_chunk(last_event());
        exchange.send("0\r\n\r\n");
    })
}

/// The text that a stream of OpenAI's dialect comes to.
fn text_of(stream: &Response) -> String {
    let text = stream.text();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    events
        .filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect()
}
