//! Clients of one era in front of servers of the other: the official suite, real clients, and what
//! nobody may do with another one's call.

use architrave_testkit::mcp::{self, LEGACY, MODERN, McpServer, NODE_CLIENTS, PYTHON_CLIENTS};
use architrave_testkit::{Client, Gateway, GatewayOptions, Response, SOON, eventually};
use serde_json::{Value, json};

use crate::mcp::in_front;

/// What a legacy server asks has no key of its own, and is asked one after the other: the suite wants
/// to see a certain key, and three questions at once.
const NOT_OF_LEGACY: [&str; 2] =
    ["input-required-result-basic-elicitation", "input-required-result-multiple-input-requests"];

#[test]
fn a_legacy_server_passes_the_suite_of_the_modern_era_but_for_what_it_cannot_say() {
    let servers = [McpServer::start(&["--sdk", "1"])];
    let (_gateway, urls) = in_front(&servers, "plain");
    let score = mcp::score(&[&urls[0]], MODERN, &[]);
    score.assert_all_but(&NOT_OF_LEGACY);
    assert_eq!((score.passed, score.required), (35, 37));
    mcp::score(&[&urls[0]], LEGACY, &[]).assert_full(30);
}

#[test]
fn a_modern_server_passes_the_suite_of_the_legacy_era() {
    let servers = [McpServer::start(&["--era", "modern"])];
    let (_gateway, urls) = in_front(&servers, "plain");
    mcp::score(&[&urls[0]], LEGACY, &[]).assert_full(30);
    mcp::score(&[&urls[0]], MODERN, &[]).assert_full(37);
}

#[test]
fn servers_of_both_eras_are_one_that_passes_the_suite() {
    let servers = [&["--part", "1", "--sdk", "1"][..], &["--part", "2", "--era", "modern"], &[]]
        .map(McpServer::start);
    let (_gateway, urls) = in_front(&servers, "plain");
    mcp::score(&[&urls[0]], LEGACY, &[]).assert_full(30);
}

#[test]
fn real_clients_of_both_eras_go_through_to_servers_of_both_in_one() {
    let servers = [&["--sdk", "1"][..], &["--era", "modern"]].map(McpServer::start);
    let (_gateway, urls) = in_front(&servers, "prefix");
    for server in ["s1", "s2"] {
        for client in NODE_CLIENTS {
            mcp::drive_node(client, &urls[0], &["--server", server]);
        }
        for (mode, revision) in PYTHON_CLIENTS {
            mcp::drive_python(mode, &urls[0], &["--speaks", revision, "--server", server]);
        }
    }
}

#[test]
fn modern_clients_go_through_to_legacy_servers_without_streamable_http() {
    let old = McpServer::start(&["--sdk", "1", "--over", "sse"]);
    let (command, arguments) = mcp::program();
    let arguments: Vec<String> = arguments
        .iter()
        .map(String::as_str)
        .chain(["--sdk", "1"])
        .map(|it| format!("{it:?}"))
        .collect();
    let gateway = Gateway::start(format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nmcp_servers:\n\
         \x20 - {{ name: old, sse: {{ url: \"http://{}/sse\" }} }}\n\
         \x20 - {{ name: program, stdio: {{ command: {command:?}, args: [{}] }} }}\n\
         services: [{{ name: tools, mcp: {{ servers: [old, program], naming: scoped }} }}]\n\
         routes: [{{ name: tools, match: [{{ path: {{ prefix: /mcp }} }}], service: tools }}]\n",
        old.addr(),
        arguments.join(", ")
    ));
    for server in ["old", "program"] {
        let url = mcp::endpoint(&gateway, Some(server));
        mcp::drive_node("sdk2-modern", &url, &[]);
        mcp::drive_python(MODERN, &url, &["--speaks", MODERN]);
    }
}

const KEYS: [&str; 2] = ["key-of-the-first-0123456789", "key-of-the-other-0123456789"];

/// A gateway in front of a server, whose callers are two consumers.
fn keyed(server: &McpServer) -> Gateway {
    let credentials = |key: &str| format!("credentials: [{{ api_key: {key} }}]");
    let config = mcp::config(&[("all", server)], "plain", "policies: { key_auth: {} }")
        .consumer("first", &credentials(KEYS[0]))
        .consumer("other", &credentials(KEYS[1]));
    GatewayOptions::new().start(config)
}

fn post(gateway: &Gateway, fields: &[&str], body: &Value) -> Response {
    let body = body.to_string();
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    Client::connect(gateway.web()).ask(format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// The message of an answer; of a stream, the last.
fn message(response: &Response) -> Value {
    let text = response.text();
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
    serde_json::from_str(last.unwrap_or(&text)).unwrap_or_else(|_| panic!("{text}"))
}

/// Calls a tool that asks the user, as a modern client that can be asked.
fn ask_user(gateway: &Gateway, key: &str, word: &str, more: Value) -> (u16, Value) {
    let mut params = json!({
        "name": "ask_user", "arguments": { "word": word },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } },
        },
    });
    for (name, value) in more.as_object().expect("an object") {
        params[name] = value.clone();
    }
    let fields = [
        &format!("Authorization: Bearer {key}"),
        "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: tools/call",
        "Mcp-Name: ask_user",
    ];
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let answer = post(gateway, &fields, &body);
    (answer.status, message(&answer))
}

#[test]
fn a_call_that_waits_goes_on_for_its_own_caller_and_with_its_own_arguments_alone() {
    let server = McpServer::start(&["--sdk", "1"]);
    let gateway = keyed(&server);
    let (status, asked) = ask_user(&gateway, KEYS[0], "abc", json!({}));
    let result = &asked["result"];
    assert_eq!((status, &result["resultType"]), (200, &json!("input_required")), "{asked}");
    let questions = result["inputRequests"].as_object().expect("questions");
    let (key, question) = questions.iter().next().expect("a question");
    assert_eq!(question["method"], "elicitation/create", "{question}");
    let state = &result["requestState"];
    let mut said = serde_json::Map::new();
    said.insert(key.clone(), json!({ "action": "accept", "content": { "back": "cba" } }));
    let answers = json!({ "requestState": state, "inputResponses": said });
    let refused = |(status, answer): (u16, Value)| {
        assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32602)), "{answer}");
    };
    refused(ask_user(&gateway, KEYS[1], "abc", answers.clone()));
    refused(ask_user(&gateway, KEYS[0], "other", answers.clone()));
    let mut forged = answers.clone();
    forged["requestState"] = json!("00".repeat(24));
    refused(ask_user(&gateway, KEYS[0], "abc", forged));
    // Whoever says nothing is asked the same again.
    let (_, again) = ask_user(&gateway, KEYS[0], "abc", json!({ "requestState": state }));
    assert_eq!(&again["result"]["requestState"], state, "{again}");
    let (_, done) = ask_user(&gateway, KEYS[0], "abc", answers.clone());
    assert_eq!(done["result"]["resultType"], "complete", "{done}");
    assert_eq!(done["result"]["content"][0]["text"], "abc is cba", "{done}");
    refused(ask_user(&gateway, KEYS[0], "abc", answers));
}

#[test]
fn a_client_that_cannot_be_asked_is_not() {
    let server = McpServer::start(&["--sdk", "1"]);
    let gateway = keyed(&server);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let (status, answer) = ask_user(&gateway, KEYS[0], "abc", json!({ "_meta": meta }));
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(-32021)), "{answer}");
}

#[test]
fn a_legacy_session_with_a_modern_server_is_its_consumers_and_ends() {
    let server = McpServer::start(&["--era", "modern"]);
    let gateway = keyed(&server);
    let keys = KEYS.map(|key| format!("Authorization: Bearer {key}"));
    let opening = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "c", "version": "1" } } });
    let opened = post(&gateway, &[&keys[0]], &opening);
    let result = &message(&opened)["result"];
    assert_eq!(result["protocolVersion"], "2025-06-18", "{}", opened.text());
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    let say = |key: &str, method: &str| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} });
        post(&gateway, &[key, &session], &body)
    };
    assert!(message(&say(&keys[0], "tools/list"))["result"]["tools"].is_array());
    assert_eq!(message(&say(&keys[0], "ping"))["result"], json!({}));
    assert_eq!(say(&keys[1], "tools/list").status, 404, "the session is another's");
    // Tasks are other words in the other era.
    let task = message(&say(&keys[0], "tasks/list"));
    assert_eq!(task["error"]["code"], -32603, "{task}");
    let end =
        format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\n{}\r\n{session}\r\n\r\n", keys[0]);
    assert_eq!(Client::connect(gateway.web()).ask(end).status, 200);
    assert_eq!(say(&keys[0], "tools/list").status, 404, "the session is over");
}

#[test]
fn a_server_that_is_down_is_told_so_across_the_eras_too() {
    let server = McpServer::start(&["--sdk", "1"]);
    let gateway = keyed(&server);
    let (status, _) = ask_user(&gateway, KEYS[0], "abc", json!({}));
    assert_eq!(status, 200);
    drop(server);
    eventually("it is known to be down", SOON, || {
        let (_, answer) = ask_user(&gateway, KEYS[0], "abc", json!({}));
        (answer["error"]["code"] == json!(-32603)).then_some(())
    });
}
