//! What does not come in, and how that is said.

use architrave_testkit::Client;
use serde_json::json;

use super::speaking::{INITIALIZE, ask, ask_modern, body, config, gateway, modern, post, server};

/// Everything that is refused before a server hears of it: status and code.
#[test]
fn what_breaks_the_protocol_is_refused_with_its_status_and_code() {
    let origin = server("a");
    let gateway = gateway(&[("a", origin.addr())], "naming: plain, body_max: 64KiB");
    let list = r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#;
    let version = "MCP-Protocol-Version: 2025-11-25";
    let large = format!("{{\"jsonrpc\":\"2.0\",\"id\":7,\"x\":\"{}\"}}", "y".repeat(70_000));
    let doubled =
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"safe","name":"other"}}"#;
    let variant =
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"safe","Name":"other"}}"#;
    let batch = format!("[{list}]");
    let answer = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
    let (fields, call) = modern(7, "tools/call", json!({ "name": "safe" }));
    let lying: Vec<String> =
        fields.iter().map(|field| field.replace("Mcp-Name: safe", "Mcp-Name: other")).collect();
    let lying: Vec<&str> = lying.iter().map(String::as_str).collect();
    let headless = ["MCP-Protocol-Version: 2026-07-28"];
    let modern_answer = ["MCP-Protocol-Version: 2026-07-28"];
    for (fields, sent, status, code) in [
        (&[version][..], "{", 400, -32700),
        (&[version], "[1", 400, -32600),
        (&[version], &large, 413, -32600),
        (&[version], doubled, 400, -32600),
        (&[version], variant, 400, -32600),
        (&[version], &batch, 400, -32600),
        (&[version], r#"{"jsonrpc":"1.0","id":7,"method":"x"}"#, 400, -32600),
        (&["MCP-Protocol-Version: 2025-11-25", "Mcp-Method: other"], list, 400, -32020),
        (&["MCP-Protocol-Version: 1999-01-01", "Mcp-Session-Id: x"], list, 400, -32022),
        (&[version, "Mcp-Session-Id: forged"], list, 404, -32001),
        (&[version, "Content-Type: text/plain"], list, 415, -32600),
        (&[version, "Accept: application/json"], list, 406, -32600),
        (&lying, &call, 400, -32020),
        (&headless, &call, 400, -32020),
        (&modern_answer, answer, 400, -32600),
    ] {
        let refused = ask(&gateway, fields, sent);
        let shown = format!("{fields:?} {} {}", &sent[..sent.len().min(80)], refused.text());
        assert_eq!(refused.status, status, "{shown}");
        assert_eq!(body(&refused)["error"]["code"], code, "{shown}");
    }
    assert_eq!(origin.count(), 0, "no server has heard of it");
    let refused = ask_modern(&gateway, 7, "initialize", json!({}));
    assert_eq!((refused.status, &body(&refused)["error"]["code"]), (404, &json!(-32601)));
    assert_eq!(body(&refused)["id"], 7);
}

#[test]
fn other_methods_of_http_are_told_what_there_is() {
    let origin = server("a");
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let status = |head: &str| {
        let request = format!(
            "{head} HTTP/1.1\r\nHost: localhost\r\nMCP-Protocol-Version: 2026-07-28\r\nAccept: text/event-stream\r\n\r\n"
        );
        let answer = Client::connect(gateway.web()).ask(request);
        (answer.status, answer.get("allow").map(str::to_owned))
    };
    let posts = Some("POST".to_owned());
    assert_eq!(status("GET /mcp"), (405, posts.clone()));
    assert_eq!(status("DELETE /mcp"), (405, posts.clone()));
    assert_eq!(status("PUT /mcp"), (405, posts));
    assert_eq!(status("POST /mcp/elsewhere").0, 404);
    assert_eq!(origin.count(), 0);
    // Of the legacy era it is the server that has such a stream, or has not.
    let request = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    assert_eq!(Client::connect(gateway.web()).ask(request).status, 405);
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_page_cannot_call_by_a_name_of_its_own() {
    let origin = server("a");
    let status = |service: &str, host: &str, page: Option<&str>| {
        let gateway = gateway(&[("a", origin.addr())], service);
        let mut fields = vec![format!("Host: {host}")];
        fields.extend(page.map(|page| format!("Origin: {page}")));
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        ask(&gateway, &fields, INITIALIZE).status
    };
    let plain = "naming: plain";
    for (host, page, expected) in [
        ("localhost:8080", None, 200),
        ("127.0.0.1", Some("http://localhost:3000"), 200),
        ("[::1]:8080", None, 200),
        ("evil.example", None, 403),
        ("evil.example", Some("http://evil.example"), 403),
        ("localhost", Some("http://evil.example"), 403),
        ("localhost", Some("null"), 403),
    ] {
        assert_eq!(status(plain, host, page), expected, "{host} {page:?}");
    }
    let named = "naming: plain, hosts: [mcp.example], origins: [\"https://app.example\"]";
    for (host, page, expected) in [
        ("mcp.example", None, 200),
        ("mcp.example", Some("https://app.example"), 200),
        ("mcp.example", Some("https://mcp.example"), 200),
        ("mcp.example", Some("https://other.example"), 403),
        ("localhost", None, 403),
    ] {
        assert_eq!(status(named, host, page), expected, "{host} {page:?}");
    }
}

#[test]
fn a_server_that_fails_is_told_of_in_the_words_of_the_protocol() {
    let (dead, _held) = architrave_testkit::origin::refusing();
    let foreign = architrave_testkit::Origin::named("<html>");
    let slow = architrave_testkit::Origin::stalled();
    for (at, server, says) in [
        (dead, "", "it cannot be reached"),
        (foreign.addr(), "", "it answered in no words of the protocol"),
        (slow.addr(), ", timeouts: { answer: 300ms }", "it did not answer in time"),
    ] {
        let file = config(&[("a", at)], server, "naming: plain", "");
        let gateway = architrave_testkit::Gateway::start(file);
        let answer = ask_modern(&gateway, 3, "tools/list", json!({}));
        let said = body(&answer);
        assert_eq!(
            (answer.status, &said["id"], &said["error"]["code"]),
            (200, &json!(3), &json!(-32603))
        );
        assert_eq!(said["error"]["message"], format!("Server failed: {says}"));
        assert_eq!(said["error"]["data"]["reason"], "server_failed");
    }
}

#[test]
fn a_body_that_is_sent_in_pieces_is_read_whole() {
    let origin = server("a");
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let request = post("/mcp", &["Expect: 100-continue"], INITIALIZE);
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    let mut client = Client::connect(gateway.web());
    client.send(format!("{head}\r\n\r\n")).unwrap();
    assert_eq!(client.read_head().unwrap().unwrap().status(), 100);
    let (first, second) = sent.split_at(20);
    client.send(first).unwrap();
    client.send(second).unwrap();
    assert_eq!(client.read_response("POST").unwrap().status, 200);
}
