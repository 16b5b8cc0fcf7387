//! The official MCP conformance suite, client leg: the gateway as a client of the suite's own
//! servers, with a real client in front of it. What is asked of clients that sign in at OAuth
//! servers is not asked here.

use architrave_testkit::mcp::{self, LEGACY, MODERN};

/// Of those, the last has to come back to a stream that its server has closed.
const OF_LEGACY: [&str; 4] =
    ["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"];

const OF_MODERN: [&str; 7] = [
    "tools_call",
    "request-metadata",
    "sep-2322-client-request-state",
    "http-standard-headers",
    "http-custom-headers",
    "http-invalid-tool-headers",
    "json-schema-ref-no-deref",
];

#[test]
fn the_gateway_is_a_client_as_the_legacy_era_wants_it() {
    for front in ["sdk1", "sdk2-auto"] {
        mcp::upstream_side(front, LEGACY, &OF_LEGACY).assert_full(4);
    }
}

#[test]
fn the_gateway_is_a_client_as_the_modern_era_wants_it() {
    mcp::upstream_side("sdk2-modern", MODERN, &OF_MODERN).assert_full(7);
}
