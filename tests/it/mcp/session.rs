//! Sessions: sealed, for whom and where they were made.

use architrave_testkit::{Client, Gateway};

use super::speaking::{INITIALIZE, ask, body, config, gateway, post, server};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

#[test]
fn a_session_is_known_by_an_id_that_only_the_gateway_reads() {
    let origin = server("a");
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let opened = ask(&gateway, &[], INITIALIZE);
    assert_eq!(body(&opened)["result"]["serverInfo"]["name"], "a", "as the server said it");
    let id = opened.get("mcp-session-id").expect("a session").to_owned();
    assert!(!id.contains("a-session") && id.bytes().all(|byte| byte.is_ascii_graphic()));
    let session = format!("Mcp-Session-Id: {id}");
    let version = "MCP-Protocol-Version: 2025-11-25";
    assert_eq!(ask(&gateway, &[&session, version], LIST).status, 200);
    let request = origin.last();
    assert_eq!(request.get("mcp-session-id"), Some("a-session"));
    assert_eq!(request.get("mcp-protocol-version"), Some("2025-11-25"));
    let mut changed = session.clone();
    changed.pop();
    let refused = ask(&gateway, &[&changed, version], LIST);
    assert_eq!((refused.status, body(&refused)["error"]["code"].as_i64()), (404, Some(-32001)));
    let end = |session: &str| {
        let request = format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\n{session}\r\n\r\n");
        Client::connect(gateway.web()).ask(request).status
    };
    assert_eq!(end(&session), 200);
    assert_eq!(origin.last().get("mcp-session-id"), Some("a-session"));
    assert_eq!(end("x: y"), 400, "which one?");
}

#[test]
fn a_session_is_its_consumers_alone() {
    let origin = server("a");
    let consumers = "consumers:\n  - { name: ada, credentials: [{ api_key: ada-key-0123456789 }] }\n  - { name: bob, credentials: [{ api_key: bob-key-0123456789 }] }\npolicies: { key_auth: {} }\n";
    let gateway = Gateway::start(config(&[("a", origin.addr())], "", "naming: plain", consumers));
    let (ada, bob) = ("X-Api-Key: ada-key-0123456789", "X-Api-Key: bob-key-0123456789");
    let opened = ask(&gateway, &[ada], INITIALIZE);
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    assert_eq!(ask(&gateway, &[ada, &session], LIST).status, 200);
    assert_eq!(ask(&gateway, &[bob, &session], LIST).status, 404);
    assert_eq!(ask(&gateway, &[&session], LIST).status, 401);
    let heard = origin.requests();
    assert_eq!(heard.len(), 2);
    assert!(heard.iter().all(|request| request.get("x-api-key").is_none()));
}

#[test]
fn a_server_without_sessions_has_none_here() {
    let origin = architrave_testkit::Origin::start(|exchange| {
        let answer = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}"#;
        exchange.reply(200, &[("Content-Type", "application/json")], answer);
    });
    let gateway = gateway(&[("a", origin.addr())], "naming: plain");
    let opened = ask(&gateway, &[], INITIALIZE);
    assert_eq!((opened.status, opened.get("mcp-session-id")), (200, None));
}

#[test]
fn any_node_with_the_same_key_serves_a_session() {
    let origin = server("a");
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("root.key");
    let key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
    std::fs::write(&file, key).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, mode).unwrap();
    let keys = format!("keys: {{ file: {} }}\n", file.display());
    let file = config(&[("a", origin.addr())], "", "naming: plain", &keys);
    let (one, other) = (Gateway::start(&file), Gateway::start(&file));
    let opened = ask(&one, &[], INITIALIZE);
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    let answer = Client::connect(other.web()).ask(post("/mcp", &[&session], LIST));
    assert_eq!(answer.status, 200, "{}", answer.text());
}
