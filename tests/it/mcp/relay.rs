//! What a client and one server say to each other, byte for byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use architrave_testkit::{Client, Gateway, Origin, SOON, eventually};
use serde_json::json;

use super::speaking::{ask, ask_modern, config, gateway, modern, post, server};

#[test]
fn what_is_said_goes_on_as_it_came() {
    let origin = Origin::start(|exchange| {
        let answer = "{ \"jsonrpc\":\"2.0\", \"id\":\"\\u0061\",\"result\":{\"new\":1e400,\"big\":12345678901234567890123}}";
        exchange.reply(200, &[("Content-Type", "application/json")], answer);
    });
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let sent = "{\"method\" : \"vendor/own\",\"jsonrpc\":\"2.0\",\"id\":\"a\",\"params\":{\"n\":12345678901234567890123,\"ø\":[]}}";
    let answer = ask(&gateway, &[], sent);
    assert_eq!(origin.only().body, sent.as_bytes());
    assert_eq!(
        answer.text(),
        "{ \"jsonrpc\":\"2.0\", \"id\":\"\\u0061\",\"result\":{\"new\":1e400,\"big\":12345678901234567890123}}"
    );
}

#[test]
fn a_server_knows_the_gateway_and_not_its_callers() {
    let origin = server("a");
    let headers = ", headers: { authorization: \"Bearer of-the-gateway\", x-tenant: acme }";
    let file = config(&[("a", origin.addr())], headers, "naming: plain", "");
    let gateway = Gateway::start(file);
    let (mut fields, body) = modern(1, "tools/call", json!({ "name": "x" }));
    for own in [
        "Authorization: Bearer of-the-client",
        "Cookie: a=b",
        "X-Tenant: other",
        "Mcp-Param-Region: eu",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "Accept-Encoding: gzip",
    ] {
        fields.push(own.to_owned());
    }
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    assert_eq!(ask(&gateway, &fields, &body).status, 200);
    let heard = origin.only();
    for (name, value) in [
        ("authorization", Some("Bearer of-the-gateway")),
        ("x-tenant", Some("acme")),
        ("cookie", None),
        ("accept-encoding", None),
        ("mcp-param-region", Some("eu")),
        ("mcp-method", Some("tools/call")),
        ("mcp-name", Some("x")),
        ("mcp-protocol-version", Some("2026-07-28")),
        ("content-type", Some("application/json")),
        ("accept", Some("application/json, text/event-stream")),
    ] {
        assert_eq!(heard.get(name), value, "{name}");
    }
    let trace = heard.get("traceparent").unwrap_or_default();
    assert!(trace.contains("4bf92f3577b34da6a3ce929d0e0e4736"), "{trace}");
}

#[test]
fn events_are_passed_on_one_by_one() {
    let goes_on = Arc::new(AtomicBool::new(false));
    let may_go_on = Arc::clone(&goes_on);
    let origin = Origin::start(move |exchange| {
        exchange.read_body();
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        exchange.send_chunk("id: e1\nretry: 50\ndata:\n\n");
        exchange
            .send_chunk("id: e2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",");
        exchange.send_chunk("\"params\":{}}\n\n: nothing\n\n");
        eventually("the client has the first event", SOON, || {
            may_go_on.load(Ordering::SeqCst).then_some(())
        });
        exchange.send_chunk("data: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n\ndata: no message\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":10,\"result\":{}}\n\n");
        exchange.send("0\r\n\r\n");
    });
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let mut client = Client::connect(gateway.web());
    let call = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"x"}}"#;
    client.send(post("/mcp", &[], call)).unwrap();
    let head = client.read_head().unwrap().expect("an answer");
    assert_eq!((head.status(), head.get("content-type")), (200, Some("text/event-stream")));
    assert_eq!(head.get("x-accel-buffering"), Some("no"));
    let mut said = String::new();
    while !said.contains("notifications/message") || !said.ends_with("\n\n") {
        said.push_str(&String::from_utf8(client.read_chunk().unwrap()).unwrap());
    }
    goes_on.store(true, Ordering::SeqCst);
    loop {
        let chunk = client.read_chunk().unwrap();
        if chunk.is_empty() {
            break;
        }
        said.push_str(&String::from_utf8(chunk).unwrap());
    }
    assert_eq!(
        said,
        "id: a=e1\nretry: 50\ndata: \n\n\
         event: message\nid: a=e2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n\
         event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n\n"
    );
}

#[test]
fn a_stream_that_breaks_off_is_told_of() {
    let origin = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        exchange.send_chunk(": alive\n\n");
        exchange.reset();
    });
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let answer = ask_modern(&gateway, 4, "tools/call", json!({ "name": "x" }));
    let said = answer.text();
    assert!(said.contains("\"id\":4,\"error\":{\"code\":-32603"), "{said}");
    assert!(said.contains("its answer broke off"), "{said}");
}

/// To a modern server it says that the answer is not wanted any more; a legacy one learns nothing by
/// it, and its client may come back.
#[test]
fn who_goes_away_takes_the_servers_stream_along() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    let dropped = Arc::clone(&is_dropped);
    let origin = Origin::start(move |exchange| {
        exchange.read_body();
        let is_head_sent = exchange.target() == "/mcp";
        if is_head_sent {
            exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            exchange.send_chunk("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n");
        }
        dropped.store(exchange.is_abandoned_within(SOON), Ordering::SeqCst);
    });
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let (fields, body) = modern(1, "tools/call", json!({ "name": "x" }));
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut client = Client::connect(gateway.web());
    client.send(post("/mcp", &fields, &body)).unwrap();
    client.read_head().unwrap().expect("an answer");
    client.read_chunk().unwrap();
    drop(client);
    eventually("the server's stream ends", SOON, || {
        is_dropped.load(Ordering::SeqCst).then_some(())
    });
}

#[test]
fn a_client_that_comes_back_goes_on_where_it_was() {
    let origin = Origin::start(|exchange| {
        exchange.read_body();
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nid: 8\ndata:\n\n");
        exchange.close();
    });
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let get = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: a=7\r\n\r\n";
    let answer = Client::connect(gateway.web()).ask(get);
    assert_eq!(answer.text(), "id: a=8\ndata: \n\n");
    let heard = origin.only();
    assert_eq!((heard.method.as_str(), heard.get("last-event-id")), ("GET", Some("7")));
}
