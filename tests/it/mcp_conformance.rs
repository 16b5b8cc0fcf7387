//! The official MCP conformance suite, server leg: what each revision requires of servers, and of the
//! gateway in front of them.

use architrave_testkit::mcp::{self, LEGACY, MODERN, McpServer};

use crate::mcp::in_front;

/// How many scenarios the revisions require.
const ALL: [(&str, u64); 2] = [(LEGACY, 30), (MODERN, 37)];

/// What the gateway is put in front of passes by itself: else a failure behind it says nothing.
#[test]
fn the_server_on_the_typescript_sdk_passes_the_suite() {
    let server = McpServer::start(&[]);
    for (revision, required) in ALL {
        mcp::score(&[&server.url()], revision, &[]).assert_full(required);
    }
}

#[test]
fn the_server_on_the_python_sdk_passes_the_suite() {
    let server = McpServer::start_python();
    for (revision, required) in ALL {
        mcp::score(&[&server.url()], revision, &[]).assert_full(required);
    }
}

#[test]
fn the_servers_of_one_era_pass_its_suite() {
    let first = McpServer::start(&["--sdk", "1"]);
    mcp::score(&[&first.url()], LEGACY, &[]).assert_full(30);
    let modern = McpServer::start(&["--era", "modern"]);
    mcp::score(&[&modern.url()], MODERN, &[]).assert_full(37);
    assert_eq!(mcp::score(&[&modern.url()], LEGACY, &[]).passed, 0);
}

#[test]
fn three_servers_with_a_part_each_pass_what_one_does() {
    let servers = ["1", "2", "3"].map(|part| McpServer::start(&["--part", part]));
    let urls = servers.each_ref().map(McpServer::url);
    let urls = urls.each_ref().map(String::as_str);
    let alone = mcp::score(&urls[..1], MODERN, &[]);
    assert!(alone.passed < alone.required, "one of them has all");
    mcp::score(&urls, MODERN, &[]).assert_all_but(&[]);
}

#[test]
fn one_server_behind_the_gateway_passes_the_suite() {
    for server in [McpServer::start(&[]), McpServer::start_python()] {
        let servers = [server];
        let (_gateway, urls) = in_front(&servers, "plain");
        for (revision, required) in ALL {
            mcp::score(&[&urls[0]], revision, &[]).assert_full(required);
        }
    }
}

#[test]
fn three_servers_as_one_pass_the_suite() {
    let servers = ["1", "2", "3"].map(|part| McpServer::start(&["--part", part]));
    for (naming, more) in
        [("plain", &[][..]), ("scoped", &[]), ("prefix", &["--prefixes", "s1,s2,s3"])]
    {
        let (_gateway, urls) = in_front(&servers, naming);
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        for (revision, required) in ALL {
            mcp::score(&urls, revision, more).assert_full(required);
        }
    }
}
