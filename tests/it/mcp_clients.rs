//! Real MCP clients: what they do, with words that must come through.

use architrave_testkit::mcp::{self, LEGACY, McpServer, NODE_CLIENTS, PYTHON_CLIENTS};

/// All of them, one after the other.
#[track_caller]
fn drive_all(url: &str, more: &[&str]) {
    for client in NODE_CLIENTS {
        mcp::drive_node(client, url, more);
    }
    for (mode, revision) in PYTHON_CLIENTS {
        mcp::drive_python(mode, url, &[&["--speaks", revision], more].concat());
    }
}

use crate::mcp::in_front;

/// What the gateway is put between works by itself: else a failure with it says nothing.
#[test]
fn the_clients_go_through_without_a_gateway() {
    let server = McpServer::start(&[]);
    drive_all(&server.url(), &[]);
    mcp::drive_inspector("auto", &server.url(), &[]);
}

#[test]
fn legacy_clients_go_through_with_a_server_that_asks_while_a_call_is_open() {
    let server = McpServer::start(&["--sdk", "1"]);
    for client in ["sdk1", "sdk2-auto", "mcp-remote"] {
        mcp::drive_node(client, &server.url(), &[]);
    }
    mcp::drive_python("auto", &server.url(), &["--speaks", LEGACY]);
}

#[test]
fn the_clients_go_through_the_gateway() {
    let servers = [McpServer::start(&[])];
    let (_gateway, urls) = in_front(&servers, "plain");
    for client in NODE_CLIENTS {
        mcp::drive_node(client, &urls[0], &[]);
    }
    for (mode, revision) in PYTHON_CLIENTS {
        mcp::drive_python(mode, &urls[0], &["--speaks", revision]);
    }
}

#[test]
fn the_clients_go_through_the_gateway_to_three_servers_as_one() {
    let servers = [&[][..], &[], &["--sdk", "1"]].map(McpServer::start);
    let (_gateway, urls) = in_front(&servers, "plain");
    for client in NODE_CLIENTS {
        mcp::drive_node(client, &urls[0], &[]);
    }
    for (mode, revision) in PYTHON_CLIENTS {
        mcp::drive_python(mode, &urls[0], &["--speaks", revision]);
    }
}
