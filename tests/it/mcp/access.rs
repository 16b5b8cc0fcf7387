//! Who may do what: the same evaluator for what is listed and what is called.

use architrave_testkit::mcp::{self, MODERN, McpServer};
use architrave_testkit::{Gateway, Response};
use serde_json::{Value, json};

use super::speaking::{INITIALIZE, ask, body, config, modern, server};

const ADA: &str = "X-Api-Key: ada-key-0123456789";
const BOB: &str = "X-Api-Key: bob-key-0123456789";
const CONSUMERS: &str = "consumers:\n  - { name: ada, credentials: [{ api_key: ada-key-0123456789 }] }\n  - { name: bob, credentials: [{ api_key: bob-key-0123456789 }] }\npolicies: { key_auth: {} }\n";

fn ask_as(gateway: &Gateway, key: &str, method: &str, params: Value) -> Response {
    let (fields, body) = modern(1, method, params);
    let mut fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    fields.push(key);
    ask(gateway, &fields, &body)
}

fn keys(answer: &Response, list: &str, key: &str) -> Vec<String> {
    let answer = body(answer);
    let entries = answer["result"][list].as_array().unwrap_or_else(|| panic!("{answer}"));
    entries.iter().map(|entry| entry[key].as_str().unwrap_or_default().to_owned()).collect()
}

fn code(answer: &Response) -> Option<i64> {
    body(answer)["error"]["code"].as_i64()
}

#[test]
fn lists_hide_what_nobody_may_call_and_calls_of_it_are_of_an_unknown_name() {
    let (a, b) = (server("a"), server("b"));
    let rules = "access: [{ consumers: [ada], servers: [a], tools: [a_*], resources: [\"a://*\"] }, \
                 { consumers: [b*], tools: [shared] }]";
    let servers = [("a", a.addr()), ("b", b.addr())];
    let file = config(&servers, "", &format!("naming: prefix, {rules}"), CONSUMERS);
    let gateway = Gateway::start(file);
    let tools = |key: &str| keys(&ask_as(&gateway, key, "tools/list", json!({})), "tools", "name");
    assert_eq!(tools(ADA), ["a__a_tool"]);
    assert_eq!(tools(BOB), ["a__shared", "b__shared"]);
    let resources =
        |key: &str| keys(&ask_as(&gateway, key, "resources/list", json!({})), "resources", "uri");
    assert_eq!(resources(ADA), ["mcp.a+a://r"]);
    assert!(resources(BOB).is_empty());
    let asked = (a.count(), b.count());
    let call = |key: &str, name: &str| ask_as(&gateway, key, "tools/call", json!({ "name": name }));
    for (key, name) in [
        (ADA, "a__shared"),
        (ADA, "b__b_tool"),
        (ADA, "b__a_tool"),
        (ADA, "a__A_tool"),
        (ADA, "a__nobodys"),
        (BOB, "a__a_tool"),
    ] {
        let (denied, unknown) = (call(key, name), call(key, "c__nobodys"));
        assert_eq!((denied.status, code(&denied)), (200, Some(-32602)), "{name}");
        assert_eq!(denied.text(), unknown.text(), "nothing tells {name} from what is not there");
    }
    for (key, uri) in [(BOB, "mcp.a+a://r"), (ADA, "mcp.b+b://r"), (ADA, "mcp.a+a://x/../../r")] {
        let denied = ask_as(&gateway, key, "resources/read", json!({ "uri": uri }));
        assert_eq!(code(&denied), Some(-32602), "{}", denied.text());
    }
    let denied = ask_as(&gateway, ADA, "prompts/get", json!({ "name": "a__p" }));
    assert_eq!(code(&denied), Some(-32602));
    assert_eq!((a.count(), b.count()), asked, "nothing of it has reached a server");
    assert_eq!(body(&call(ADA, "a__a_tool"))["result"]["content"][0]["text"], "a:a_tool");
    assert_eq!(body(&call(BOB, "b__shared"))["result"]["content"][0]["text"], "b:shared");
    let read = ask_as(&gateway, ADA, "resources/read", json!({ "uri": "mcp.a+a://r" }));
    assert_eq!(body(&read)["result"]["contents"][0]["text"], "a");
}

#[test]
fn one_server_straight_through_is_held_to_the_same_rules() {
    let a = server("a");
    let rules = "access: [{ tools: [shared] }]";
    let file = config(&[("a", a.addr())], "", &format!("naming: plain, {rules}"), CONSUMERS);
    let gateway = Gateway::start(file);
    let listed = ask_as(&gateway, ADA, "tools/list", json!({}));
    assert_eq!(keys(&listed, "tools", "name"), ["shared"]);
    let asked = a.count();
    for (method, params, expected) in [
        ("tools/call", json!({ "name": "a_tool" }), -32602),
        ("resources/read", json!({ "uri": "a://r" }), -32602),
        ("vendor/own", json!({}), -32601),
    ] {
        let denied = ask_as(&gateway, ADA, method, params);
        assert_eq!(code(&denied), Some(expected), "{method} {}", denied.text());
    }
    // What a batch says is judged message by message, and this one is none that could be.
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a_tool"}}]"#;
    let refused = ask(&gateway, &[ADA, "MCP-Protocol-Version: 2025-03-26"], batch);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(a.count(), asked);
    let called = ask_as(&gateway, ADA, "tools/call", json!({ "name": "shared" }));
    assert_eq!(body(&called)["result"]["content"][0]["text"], "a:shared");
    // In the legacy era as well.
    let opened = ask(&gateway, &[ADA], INITIALIZE);
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    assert_eq!(keys(&ask(&gateway, &[ADA, &session], list), "tools", "name"), ["shared"]);
    let read = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a://r"}}"#;
    assert_eq!(code(&ask(&gateway, &[ADA, &session], read)), Some(-32002));
}

/// What is authorised is what is forwarded, however it is spelled.
#[test]
fn arguments_are_judged_in_the_bytes_that_go_on() {
    let a = server("a");
    let rules = "access: [{ tools: [shared], when: [{ argument: /path, starts_with: /srv/ }, \
                 { argument: /depth, at_most: 3, at_least: 0 }, { argument: /raw, one_of: [false, \"no\"] }] }]";
    let file = config(&[("a", a.addr())], "", &format!("naming: plain, {rules}"), "");
    let gateway = Gateway::start(file);
    let call = |name: &str, arguments: &str| {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{name},"arguments":{arguments}}}}}"#
        );
        ask(&gateway, &["MCP-Protocol-Version: 2025-11-25"], &body)
    };
    let shared = r#""name":"shared""#;
    for arguments in [
        r#"{"path":"/srv/a","depth":3,"raw":false}"#,
        r#"{"\u0070ath":"\/srv\/\u0061","depth":0,"raw":"no","more":[1e40]}"#,
    ] {
        let called = call(shared, arguments);
        assert_eq!(body(&called)["result"]["content"][0]["text"], "a:shared", "{arguments}");
        let went = String::from_utf8(a.last().body).unwrap();
        assert!(went.contains(arguments), "as it came: {went}");
    }
    let asked = a.count();
    for arguments in [
        "{}",
        "null",
        r#"{"path":"/etc/x","depth":1,"raw":false}"#,
        r#"{"path":"/srv/../etc","depth":1,"raw":false}"#,
        r#"{"path":"/srv/%2e%2E/etc","depth":1,"raw":false}"#,
        r#"{"path":"/srv/..\u005cetc","depth":1,"raw":false}"#,
        r#"{"path":"/srv/.\u0000./etc","depth":1,"raw":false}"#,
        r#"{"path":["/srv/a"],"depth":1,"raw":false}"#,
        r#"{"path":"/srv/a","depth":4,"raw":false}"#,
        r#"{"path":"/srv/a","depth":"1","raw":false}"#,
        r#"{"path":"/srv/a","depth":1.0,"raw":false}"#,
        r#"{"path":"/srv/a","depth":-1,"raw":false}"#,
        r#"{"path":"/srv/a","depth":1,"raw":"false"}"#,
        r#"{"path":"/srv/a","depth":1,"raw":null}"#,
        r#"{"path":"/srv/a","Path":"/etc/x","depth":1,"raw":false}"#,
        r#"{"path":"/srv/a","path":"/etc/x","depth":1,"raw":false}"#,
        r#"{"path":"/srv/a","\u0070ath":"/etc/x","depth":1,"raw":false}"#,
    ] {
        let denied = call(shared, arguments);
        let code = code(&denied);
        assert!(matches!(code, Some(-32602 | -32600)), "{arguments}: {}", denied.text());
    }
    for name in [
        r#""name":"shared","name":"a_tool""#,
        r#""name":"shared","Name":"a_tool""#,
        r#""name":"shared","n\u0061me":"a_tool""#,
        r#""name":"shared\u0000""#,
        r#""name":" shared""#,
        r#""name":["shared"]"#,
        r#""NAME":"shared""#,
    ] {
        let denied = call(name, r#"{"path":"/srv/a","depth":3,"raw":false}"#);
        assert!(code(&denied).is_some(), "{name}: {}", denied.text());
    }
    assert_eq!(a.count(), asked, "nothing of it has reached the server");
}

#[test]
fn each_consumer_has_its_own_rate_of_each_tool() {
    let a = server("a");
    let rules = "access: [{ tools: [\"*\"], rate: 2/h }]";
    let file = config(&[("a", a.addr())], "", &format!("naming: plain, {rules}"), CONSUMERS);
    let gateway = Gateway::start(file);
    let call = |key: &str, name: &str| ask_as(&gateway, key, "tools/call", json!({ "name": name }));
    assert_eq!((call(ADA, "shared").status, call(ADA, "shared").status), (200, 200));
    let limited = call(ADA, "shared");
    assert_eq!((limited.status, code(&limited)), (429, Some(-32603)), "{}", limited.text());
    assert_eq!(body(&limited)["error"]["data"]["reason"], "limited");
    let seconds: u64 = limited.get("retry-after").expect("it says when").parse().unwrap();
    assert!((1..=1800).contains(&seconds), "{seconds}");
    assert_eq!((call(ADA, "a_tool").status, call(BOB, "shared").status), (200, 200));
    assert_eq!(a.count(), 4);
}

/// The official clients see what they may, and can call it.
#[test]
fn official_clients_go_through_rules_that_let_everything_pass() {
    let servers = [McpServer::start(&[])];
    let rules = "access: [{ tools: [\"*\"], prompts: [\"*\"], resources: [\"*\"] }]";
    let file = config(&[("s", servers[0].addr())], "", &format!("naming: plain, {rules}"), "");
    let gateway = Gateway::start(file);
    let url = format!("http://{}/mcp", gateway.web());
    mcp::drive_python("auto", &url, &["--speaks", MODERN]);
    mcp::drive_node("sdk1", &url, &[]);
    mcp::drive_node("sdk2-auto", &url, &[]);
}
