//! Servers that are programs on this machine, and one of the oldest transport, behind the gateway.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use architrave_testkit::mcp::{self, LEGACY, MODERN, McpServer, NODE_CLIENTS, PYTHON_CLIENTS};
use architrave_testkit::process::{self, Ending};
use architrave_testkit::{Client, Gateway, GatewayOptions, Response, SOON, eventually, tools};
use rustix::process::Pid;
use serde_json::{Value, json};

use super::speaking::{INITIALIZE, ask, ask_modern, body, post};

fn program() -> String {
    let script =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/blackbox/mcp_stdio.py");
    format!("command: \"{}\", args: [\"{}\"]", tools::python().display(), script.display())
}

fn config(stdio: &str) -> String {
    format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         mcp_servers: [{{ name: program, stdio: {{ {}{stdio} }} }}]\n\
         services: [{{ name: tools, mcp: {{ servers: [program], naming: plain }} }}]\n\
         routes: [{{ name: tools, match: [{{ path: {{ prefix: /mcp }} }}], service: tools }}]\n",
        program()
    )
}

/// A session; the header by which it is known.
fn begin(gateway: &Gateway) -> String {
    let opened = ask(gateway, &[], INITIALIZE);
    assert_eq!(opened.status, 200, "{}", opened.text());
    assert_eq!(body(&opened)["result"]["serverInfo"]["name"], "stdio");
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(ask(gateway, &[&session], told).status, 202);
    session
}

fn call(gateway: &Gateway, session: &str, tool: &str, arguments: Value) -> Response {
    let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": 5 } });
    let call = json!({ "jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": params });
    ask(gateway, &[session], &call.to_string())
}

/// What a tool says, and of a stream the last.
fn said(response: &Response) -> String {
    let text = response.text();
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
    let message: Value = serde_json::from_str(last.unwrap_or(&text)).expect(&text);
    message["result"]["content"][0]["text"].as_str().unwrap_or(&text).to_owned()
}

fn pids(said: &str) -> Vec<Pid> {
    said.split(' ').map(|pid| process::pid(pid.parse().expect(said))).collect()
}

fn gone(what: &str, pids: &[Pid]) {
    for pid in pids {
        eventually(what, SOON, || (!process::is_alive(*pid)).then_some(()));
    }
}

#[test]
fn a_program_is_a_server_in_both_eras() {
    let gateway = Gateway::start(config(""));
    let session = begin(&gateway);
    assert_eq!(said(&call(&gateway, &session, "echo", json!({ "text": "héllo\n" }))), "héllo\n");
    let progress = call(&gateway, &session, "progress", json!({}));
    let text = progress.text();
    assert_eq!(text.matches("notifications/progress").count(), 2, "{text}");
    assert!(text.contains("\"progressToken\":5") && said(&progress) == "progressed", "{text}");
    let found = ask_modern(&gateway, 1, "server/discover", json!({}));
    assert_eq!(body(&found)["result"]["supportedVersions"], json!(["2026-07-28"]));
    let params = json!({ "name": "echo", "arguments": { "text": "modern" } });
    let answer = ask_modern(&gateway, 2, "tools/call", params);
    assert_eq!((answer.status, said(&answer)), (200, "modern".to_owned()));
    let end = format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\n{session}\r\n\r\n");
    let running = pids(&said(&call(&gateway, &session, "pid", json!({}))));
    assert_eq!(Client::connect(gateway.web()).ask(end).status, 200);
    gone("the program of the session and its worker", &running);
    assert_eq!(call(&gateway, &session, "echo", json!({})).status, 404);
}

#[test]
fn a_program_sees_what_it_is_given_and_no_secret_of_the_gateway() {
    let options = GatewayOptions::new().env("ARCHITRAVE_SETUP_CODE", "not-for-programs");
    let gateway = options.start(config(", env: { TOKEN: hush }, cwd: /"));
    let session = begin(&gateway);
    let seen = said(&call(&gateway, &session, "env", json!({})));
    let seen: Vec<&str> = seen.split(' ').collect();
    assert!(seen.contains(&"TOKEN") && seen.contains(&"PATH"), "{seen:?}");
    let meant = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];
    let other: Vec<_> = seen.iter().filter(|&it| *it != "TOKEN" && !meant.contains(it)).collect();
    assert!(other.is_empty(), "{other:?}");
    assert!(!gateway.stderr().lines().iter().any(|line| line.contains("hush")));
}

#[test]
fn no_program_outlives_a_gateway_that_is_killed_or_ends() {
    for is_killed in [true, false] {
        let gateway = Gateway::start(config(""));
        let session = begin(&gateway);
        let running = pids(&said(&call(&gateway, &session, "pid", json!({}))));
        assert!(running.iter().all(|pid| process::is_alive(*pid)));
        if is_killed {
            process::kill(gateway.pid());
        } else {
            assert_eq!(gateway.terminate(), Ending::Code(0));
        }
        gone("the program and its worker", &running);
    }
}

#[test]
fn a_program_that_dies_ends_its_session_and_nothing_else() {
    let gateway = Gateway::start(config(""));
    let (one, other) = (begin(&gateway), begin(&gateway));
    let died = call(&gateway, &one, "die", json!({}));
    assert!(died.text().contains("-32603"), "{}", died.text());
    eventually("the session is over", SOON, || {
        (call(&gateway, &one, "echo", json!({})).status == 404).then_some(())
    });
    assert_eq!(said(&call(&gateway, &other, "echo", json!({ "text": "b" }))), "b");
    begin(&gateway);
}

#[test]
fn a_program_that_is_not_there_is_told_of_and_the_gateway_starts() {
    let file = config("").replace(&program(), "command: /nowhere/server");
    let gateway = Gateway::start(file);
    let refused = ask(&gateway, &[], INITIALIZE);
    assert!(refused.text().contains("error"), "{}", refused.text());
    eventually("the log says why", SOON, || {
        let lines = gateway.stderr().lines();
        lines.iter().any(|line| line.contains("/nowhere/server")).then_some(())
    });
}

/// A gateway in front of a server on an official SDK, over its standard streams.
fn official((command, arguments): (String, Vec<String>)) -> Gateway {
    let own =
        format!("command: \"{command}\", args: {}, timeouts: {{ list: 30s }}", json!(arguments));
    Gateway::start(config("").replace(&program(), &own))
}

#[test]
fn a_program_on_the_official_sdk_passes_the_official_suite() {
    // The SDK for TypeScript takes what the first request of a connection says a client can do for
    // all of them, so that only its legacy era can be held to all.
    let gateway = official(mcp::program());
    let url = format!("http://{}/mcp", gateway.web());
    mcp::score(&[&url], LEGACY, &[]).assert_full(30);
    let gateway = official(mcp::python_program());
    let url = format!("http://{}/mcp", gateway.web());
    for (revision, required) in [(LEGACY, 30), (MODERN, 37)] {
        mcp::score(&[&url], revision, &[]).assert_full(required);
    }
}

#[test]
fn real_clients_go_through_with_a_program() {
    let gateway = official(mcp::program());
    let url = format!("http://{}/mcp", gateway.web());
    for (mode, revision) in PYTHON_CLIENTS {
        mcp::drive_python(mode, &url, &["--speaks", revision]);
    }
    for client in NODE_CLIENTS {
        mcp::drive_node(client, &url, &[]);
    }
}

#[test]
fn a_server_of_the_oldest_transport_on_the_official_sdk_passes_the_suite_of_its_era() {
    let server = McpServer::start(&["--sdk", "1", "--over", "sse"]);
    let sse = format!("sse: {{ url: \"http://{}/sse\" }}", server.addr());
    let gateway = Gateway::start(config("").replace(&format!("stdio: {{ {} }}", program()), &sse));
    let url = format!("http://{}/mcp", gateway.web());
    mcp::score(&[&url], LEGACY, &[]).assert_full(30);
    for client in ["sdk1", "sdk2-legacy", "mcp-remote"] {
        mcp::drive_node(client, &url, &[]);
    }
}

/// A server of the transport of 2024-11-05 that answers `initialize` and calls.
fn old_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut streams = Vec::new();
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let mut request = Vec::new();
            while !is_whole(&request) {
                let mut piece = [0; 4096];
                match socket.read(&mut piece) {
                    Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            if text.starts_with("GET /sse ") {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
                let first = "event: endpoint\ndata: /messages?session=1\n\n";
                let _gone = socket.write_all(format!("{head}{first}").as_bytes());
                streams.push(socket);
                continue;
            }
            let _gone = socket.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
            let message = text.split("\r\n\r\n").nth(1).unwrap_or_default();
            let message: Value = serde_json::from_str(message).unwrap_or_default();
            let result = match message["method"].as_str().unwrap_or_default() {
                "initialize" => json!({ "protocolVersion": "2024-11-05", "capabilities": {},
                    "serverInfo": { "name": "stdio", "version": "1" } }),
                "tools/call" => json!({ "content": [{ "type": "text", "text": "old" }] }),
                _ => continue,
            };
            let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
            let event = format!("event: message\ndata: {answer}\n\n");
            if let Some(stream) = streams.last_mut() {
                let _gone = stream.write_all(event.as_bytes());
            }
        }
    });
    address
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

#[test]
fn a_server_of_the_oldest_transport_is_spoken_to() {
    let at = old_server();
    let sse = format!("sse: {{ url: \"http://{at}/sse\" }}");
    let file = config("").replace(&format!("stdio: {{ {} }}", program()), &sse);
    let gateway = Gateway::start(file);
    let session = begin(&gateway);
    assert_eq!(said(&call(&gateway, &session, "anything", json!({}))), "old");
    let wrong = Client::connect(gateway.web()).ask(post("/mcp", &[&session], "{"));
    assert_eq!(wrong.status, 400);
}
