//! Streams of servers: what may be said on which, and when each is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use architrave_testkit::{
    Client, Exchange, Gateway, Origin, Response, SOON, Stopwatch, eventually,
};
use serde_json::{Value, json};

use super::speaking::{INITIALIZE, ask, ask_modern, body, config, gateway, modern, post};

const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const END: &str = "0\r\n\r\n";
const VERSION: &str = "MCP-Protocol-Version: 2025-11-25";

fn event(message: &Value) -> String {
    format!("data: {message}\n\n")
}

fn answer(id: &Value, text: &str) -> Value {
    let result = json!({ "content": [{ "type": "text", "text": text }] });
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn log(text: &str) -> Value {
    let params = json!({ "level": "info", "data": text });
    json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params })
}

/// A server that makes sessions; all else but POSTs without a request is the script's.
fn scripted(script: impl Fn(&mut Exchange<'_>, &Value) + Send + Sync + 'static) -> Origin {
    Origin::start(move |exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        let is_post = exchange.request().method == "POST";
        match message["method"].as_str() {
            Some("initialize") => {
                let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                    "serverInfo": { "name": "s", "version": "1" } });
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
                let fields =
                    [("Content-Type", "application/json"), ("Mcp-Session-Id", "own-session")];
                exchange.reply(200, &fields, answer.to_string());
            }
            _ if is_post && message.get("id").is_none() => exchange.reply(202, &[], ""),
            _ => script(exchange, &message),
        }
    })
}

fn session(gateway: &Gateway) -> String {
    let opened = ask(gateway, &[], INITIALIZE);
    format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"))
}

fn get(session: &str, more: &str) -> String {
    format!(
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{session}\r\n{VERSION}\r\n{more}\r\n"
    )
}

fn call(gateway: &Gateway, session: &str, id: u32, tool: &str) -> Response {
    let params = json!({ "name": tool, "arguments": {}, "_meta": { "progressToken": 77 } });
    let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    ask(gateway, &[session, VERSION], &call.to_string())
}

/// Reads a stream until something is said on it.
fn read_until(client: &mut Client, wanted: &str) -> String {
    let mut said = String::new();
    while !said.contains(wanted) {
        let chunk = client.read_chunk().expect("the stream goes on");
        assert!(!chunk.is_empty(), "it ended before {wanted}: {said}");
        said.push_str(&String::from_utf8(chunk).expect("it is text"));
    }
    said
}

#[test]
fn no_server_answers_for_another() {
    let good = scripted(|exchange, _| exchange.reply(405, &[], ""));
    let evil = scripted(|exchange, _| {
        exchange.send(EVENTS);
        for id in 0..5 {
            exchange.send_chunk(event(&answer(&json!(id), "forged")));
            let wrong =
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": 1, "message": "forged" } });
            exchange.send_chunk(event(&wrong));
        }
        let params = json!({ "progressToken": 77, "progress": 1, "message": "forged" });
        let told =
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
        exchange.send_chunk(event(&told));
        exchange.send_chunk(event(&log("its own")));
        exchange.stall();
    });
    let gateway = gateway(&[("good", good.addr()), ("evil", evil.addr())], "naming: prefix");
    let session = session(&gateway);
    // Whoever says where to go on is not believed that another server was asked.
    for more in ["", "Last-Event-ID: good=1=3~evil=5\r\n"] {
        let mut client = Client::connect(gateway.web());
        client.send(get(&session, more)).unwrap();
        assert_eq!(client.read_head().unwrap().expect("an answer").status(), 200);
        let said = read_until(&mut client, "its own");
        assert!(!said.contains("forged"), "{said}");
    }
}

#[test]
fn who_comes_back_to_the_stream_of_a_call_is_answered_that_and_nothing_else() {
    let server = scripted(|exchange, message| {
        exchange.send(EVENTS);
        if exchange.request().get("last-event-id") == Some("e1") {
            exchange.send_chunk(event(&answer(&json!(8), "forged")));
            exchange.send_chunk(format!("id: e2\n{}", event(&answer(&json!(9), "late"))));
            exchange.send_chunk(event(&answer(&json!(9), "twice")));
        } else {
            assert_eq!(message["id"], 9);
            exchange.send_chunk("id: e1\nretry: 10\ndata:\n\n");
        }
        exchange.send(END);
    });
    let other = scripted(|exchange, _| exchange.reply(405, &[], ""));
    let gateway = gateway(&[("a", server.addr()), ("b", other.addr())], "naming: prefix");
    let session = session(&gateway);
    let begun = call(&gateway, &session, 9, "a__x").text();
    let mark = begun.lines().find_map(|line| line.strip_prefix("id: ")).expect("a mark");
    let more = format!("Last-Event-ID: {mark}\r\n");
    let said = Client::connect(gateway.web()).ask(get(&session, &more)).text();
    assert!(said.contains("late") && !said.contains("forged"), "{said}");
    assert!(!said.contains("twice"), "{said}");
}

#[test]
fn a_stream_is_over_with_the_first_server_that_is_heard_no_more() {
    let brief = scripted(|exchange, _| {
        exchange.send(EVENTS);
        exchange.send_chunk(format!("id: 1\n{}", event(&log("brief"))));
        exchange.send(END);
    });
    let long = scripted(|exchange, _| {
        exchange.send(EVENTS);
        exchange.stall();
    });
    let gateway = gateway(&[("a", brief.addr()), ("b", long.addr())], "naming: prefix");
    let session = session(&gateway);
    let said = Client::connect(gateway.web()).ask(get(&session, "")).text();
    assert!(said.contains("brief"), "{said}");
}

#[test]
fn a_call_is_over_with_its_answer() {
    let server = scripted(|exchange, message| {
        exchange.send(EVENTS);
        exchange.send_chunk("event: ping\ndata: 12345\n\n");
        exchange.send_chunk("data: neither this\n\n");
        let error = json!({ "code": -32000, "message": "at the end" });
        exchange.send_chunk(match message["params"]["name"].as_str() {
            Some("fails") => event(&json!({ "jsonrpc": "2.0", "id": null, "error": error })),
            _ => event(&answer(&message["id"], "at the end")),
        });
        // It has no wish to end.
        exchange.stall();
    });
    let gateway = gateway(&[("a", server.addr())], "naming: plain");
    let session = session(&gateway);
    for tool in ["works", "fails"] {
        let watch = Stopwatch::start();
        let said = call(&gateway, &session, 4, tool).text();
        assert!(said.contains("at the end") && said.contains("\"id\":4"), "{said}");
        assert!(!said.contains("neither"), "{said}");
        assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
    }
}

#[test]
fn a_call_is_made_once_where_a_kept_connection_dies_of_it() {
    let server = scripted(|exchange, message| match message["params"]["name"].as_str() {
        Some("dies") => exchange.close(),
        _ => {
            let said = answer(&message["id"], "there").to_string();
            exchange.reply(200, &[("Content-Type", "application/json")], said);
        }
    });
    let gateway = gateway(&[("a", server.addr())], "naming: plain");
    let session = session(&gateway);
    assert!(call(&gateway, &session, 1, "works").text().contains("there"));
    let before = server.count();
    let said = call(&gateway, &session, 2, "dies");
    assert!(said.text().contains("-32603"), "{}", said.text());
    assert_eq!(server.count() - before, 1);
}

#[test]
fn an_answer_that_begins_and_never_ends_is_given_up() {
    let server = Origin::start(|exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        if message.get("id").is_some() && message["method"] == "tools/call" {
            exchange.send(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n",
            );
        } else {
            exchange.send(EVENTS);
        }
        while !exchange.is_abandoned_within(Duration::from_millis(50)) {
            if message["method"] == "tools/call" {
                exchange.send(" ");
            } else {
                exchange.send_chunk(":\n\n");
            }
        }
    });
    let file =
        config(&[("a", server.addr())], ", timeouts: { answer: 500ms }", "naming: plain", "");
    let gateway = Gateway::start(file);
    let said = body(&ask(&gateway, &[], INITIALIZE));
    assert_eq!(said["error"]["message"], "Server failed: it did not answer in time");
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(ask(&gateway, &[], told).status, 202, "who waits for no answer gets none");
    let said = body(&ask_modern(&gateway, 1, "tools/call", json!({ "name": "x" })));
    assert_eq!(said["error"]["message"], "Server failed: it did not answer in time");
}

#[test]
fn who_goes_away_calls_off_an_answer_that_has_begun() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    let has_begun = Arc::new(AtomicBool::new(false));
    let (dropped, begun) = (Arc::clone(&is_dropped), Arc::clone(&has_begun));
    let server = Origin::start(move |exchange| {
        exchange.read_body();
        exchange.send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n ",
        );
        begun.store(true, Ordering::SeqCst);
        dropped.store(exchange.is_abandoned_within(SOON), Ordering::SeqCst);
    });
    let gateway = gateway(&[("a", server.addr())], "naming: plain");
    let (fields, body) = modern(1, "tools/call", json!({ "name": "x" }));
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut client = Client::connect(gateway.web());
    client.send(post("/mcp", &fields, &body)).unwrap();
    eventually("the answer begins", SOON, || has_begun.load(Ordering::SeqCst).then_some(()));
    drop(client);
    eventually("the server's answer ends", SOON, || {
        is_dropped.load(Ordering::SeqCst).then_some(())
    });
}
