//! Which of several matching routes wins: the Gateway API's order, whatever the order of the file.

use super::Routed;

/// Wants the first of two routes to win a request, in either order of the file.
#[track_caller]
fn wins(winner: &str, loser: &str, url: &str, fields: &[&str]) {
    for routes in [[("winner", winner), ("loser", loser)], [("loser", loser), ("winner", winner)]] {
        Routed::start(&routes).check_with("GET", url, fields, "winner");
    }
}

#[test]
fn an_exact_host_before_a_wildcard_before_none() {
    wins("hosts: [a.example.com]", "hosts: [\"*.example.com\"]", "a.example.com/", &[]);
    wins("hosts: [\"*.b.example.com\"]", "hosts: [\"*.example.com\"]", "a.b.example.com/", &[]);
    wins("hosts: [\"*.example.com\"]", "", "a.example.com/", &[]);
}

#[test]
fn a_host_before_any_path() {
    wins(
        "hosts: [a.example.com]",
        "match: [{ path: { exact: /x/y }, methods: [GET], headers: { x-a: { present: true } } }]",
        "a.example.com/x/y",
        &["X-A: 1"],
    );
}

#[test]
fn an_exact_path_before_a_prefix() {
    wins("match: [{ path: { exact: /a } }]", "match: [{ path: { prefix: /a } }]", "h/a", &[]);
    wins(
        "match: [{ path: { exact: /a } }]",
        "match: [{ path: { prefix: /a }, methods: [GET], headers: { x-a: { present: true } } }]",
        "h/a",
        &["X-A: 1"],
    );
}

#[test]
fn a_longer_prefix_before_a_shorter() {
    wins(
        "match: [{ path: { prefix: /a/b } }]",
        "match: [{ path: { prefix: /a } }]",
        "h/a/b/c",
        &[],
    );
    wins(
        "match: [{ path: { prefix: /a/b } }]",
        "match: [{ path: { prefix: /a }, methods: [GET] }]",
        "h/a/b/c",
        &[],
    );
}

#[test]
fn a_method_before_headers() {
    wins(
        "match: [{ path: { prefix: /a }, methods: [GET] }]",
        "match: [{ path: { prefix: /a }, headers: { x-a: { present: true }, x-b: { present: true } } }]",
        "h/a",
        &["X-A: 1", "X-B: 1"],
    );
}

#[test]
fn more_headers_before_fewer() {
    wins(
        "match: [{ headers: { x-a: { present: true }, x-b: { present: true } } }]",
        "match: [{ headers: { x-a: { exact: \"1\" } } }]",
        "h/",
        &["X-A: 1", "X-B: 1"],
    );
}

#[test]
fn headers_before_query_and_more_query_before_less() {
    wins(
        "match: [{ headers: { x-a: { present: true } } }]",
        "match: [{ query: { a: { present: true }, b: { present: true } } }]",
        "h/?a=1&b=2",
        &["X-A: 1"],
    );
    wins(
        "match: [{ query: { a: { present: true }, b: { present: true } } }]",
        "match: [{ query: { a: { exact: \"1\" } } }]",
        "h/?a=1&b=2",
        &[],
    );
}

#[test]
fn the_first_in_the_file_when_nothing_else_tells() {
    let routed = Routed::start(&[
        ("first", "match: [{ path: { prefix: /a } }]"),
        ("second", "match: [{ path: { prefix: /a } }]"),
    ]);
    routed.check("h/a", "first");
}

#[test]
fn a_route_that_fails_on_a_condition_leaves_the_request_to_the_next() {
    let routed = Routed::start(&[
        ("deep", "match: [{ path: { prefix: /a/b }, methods: [POST] }]"),
        ("shallow", "match: [{ path: { prefix: /a } }]"),
        ("host", "hosts: [a.example]\nmatch: [{ path: { exact: /only } }]"),
        ("any", ""),
    ]);
    routed.check("h/a/b", "shallow");
    routed.check("a.example/only", "host");
    routed.check("a.example/other", "any");
}
