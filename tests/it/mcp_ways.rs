//! MCP through the gateway in ways that are not the plainest: the Inspector, names with those of
//! their servers before them, paths of servers, and clients that have to prove who they are.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use architrave_testkit::mcp::{self, LEGACY, MODERN, McpServer, NODE_CLIENTS, PYTHON_CLIENTS};
use architrave_testkit::{Config, Gateway, GatewayOptions};
use tempfile::TempDir;

const KEY: &str = "key-of-the-tests-0123456789";

#[track_caller]
fn start(config: Config) -> Gateway {
    GatewayOptions::new().start(config)
}

#[track_caller]
fn drive_all(url: &str, more: &[&str]) {
    for client in NODE_CLIENTS {
        mcp::drive_node(client, url, more);
    }
    for (mode, revision) in PYTHON_CLIENTS {
        mcp::drive_python(mode, url, &[&["--speaks", revision], more].concat());
    }
}

#[test]
fn the_inspector_goes_through_in_both_eras() {
    let server = McpServer::start(&[]);
    let gateway = start(mcp::config(&[("all", &server)], "plain", ""));
    for era in ["legacy", "auto", "modern"] {
        mcp::drive_inspector(era, &mcp::endpoint(&gateway, None), &[]);
    }
}

#[test]
fn clients_go_through_where_the_names_of_servers_stand_before_those_of_tools() {
    let (server, other) = (McpServer::start(&[]), McpServer::start_python());
    let gateway = start(mcp::config(&[("other", &other), ("all", &server)], "prefix", ""));
    let url = mcp::endpoint(&gateway, None);
    drive_all(&url, &["--server", "all"]);
    mcp::drive_inspector("auto", &url, &["--server", "all"]);
}

#[test]
fn clients_go_through_at_the_path_of_one_server_of_several() {
    let (server, other) = (McpServer::start(&[]), McpServer::start_python());
    let gateway = start(mcp::config(&[("other", &other), ("all", &server)], "scoped", ""));
    drive_all(&mcp::endpoint(&gateway, Some("all")), &[]);
}

#[test]
fn clients_that_prove_who_they_are_go_through_and_others_do_not() {
    let server = McpServer::start(&[]);
    let config = mcp::config(&[("all", &server)], "plain", "policies: { key_auth: {} }")
        .consumer("tests", &format!("credentials: [{{ api_key: {KEY} }}]"));
    let gateway = start(config);
    let url = mcp::endpoint(&gateway, None);
    let header = format!("authorization: Bearer {KEY}");
    // Five scenarios of the modern era want nothing but that something is refused.
    for (revision, required, refusals) in [(LEGACY, 30, 0), (MODERN, 37, 5)] {
        mcp::score(&[&url], revision, &["--header", &header]).assert_full(required);
        let refused = mcp::score(&[&url], revision, &[]);
        assert_eq!(refused.passed, refusals, "it lets somebody in: {:?}", refused.failed);
        let got = ["tools-list", "tools-call-simple-text", "prompts-list", "resources-list"];
        let is_refused = |name: &&str| refused.failed.contains_key(*name);
        assert!(got.iter().all(is_refused), "it lets somebody in: {:?}", refused.failed);
    }
    drive_all(&url, &["--header", &header]);
}

/// Each request goes to the other node than the one before: what a session is lies in its id.
#[test]
fn two_nodes_that_share_a_key_pass_the_suite_as_one() {
    let servers = ["1", "2", "3"].map(|part| McpServer::start(&["--part", part]));
    let [first, second, third] = &servers;
    let home = TempDir::new().expect("there is room");
    let key = home.path().join("root.key");
    std::fs::write(&key, "5f".repeat(32)).expect("there is room");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("it is ours");
    let named = [("first", first), ("second", second), ("third", third)];
    let config = || {
        mcp::config(&named, "plain", "").and(&format!("keys: {{ file: \"{}\" }}", key.display()))
    };
    let nodes = [start(config()), start(config())];
    let urls = nodes.each_ref().map(|node| mcp::endpoint(node, None));
    let urls = urls.each_ref().map(String::as_str);
    for (revision, required) in [(LEGACY, 30), (MODERN, 37)] {
        mcp::score(&urls, revision, &["--spread"]).assert_full(required);
    }
    let strangers = [start(mcp::config(&named, "plain", "")), start(config())];
    let urls = strangers.each_ref().map(|node| mcp::endpoint(node, None));
    let score = mcp::score(&urls.each_ref().map(String::as_str), LEGACY, &["--spread"]);
    assert_eq!(score.passed, 0, "they open each other's sessions: {score:?}");
}
