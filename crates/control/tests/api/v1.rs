//! Everything under `/api/v1`.

mod config;
mod endpoints;
mod models;
mod upstreams;
mod usage;
mod version;

use crate::gateway::Gateway;

#[test]
fn what_is_not_served_is_said_in_the_envelope() {
    insta::assert_snapshot!(Gateway::start().get("/api/v1/nothing"));
}

#[test]
fn a_method_that_a_path_does_not_answer_is_said_in_the_envelope() {
    let answer = Gateway::start().delete("/api/v1/upstreams");
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    insta::assert_snapshot!(answer);
}

#[test]
fn every_path_is_in_the_documentation() {
    let routes = include_str!("../../src/routes.rs");
    let page = include_str!("../../../../docs/admin-api.md");
    let literals = routes.split('"').skip(1).step_by(2);
    let paths: Vec<_> = literals.filter(|text| text.starts_with('/')).collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        assert!(page.contains(path), "{path} is not in docs/admin-api.md");
    }
}

#[test]
fn every_code_is_in_the_documentation() {
    let errors = include_str!("../../src/error.rs");
    let page = include_str!("../../../../docs/admin-api.md");
    let codes: Vec<_> = errors
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            text.contains('_') && text.bytes().all(|b| b == b'_' || b.is_ascii_lowercase())
        })
        .collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "{code} is not in docs/admin-api.md");
    }
}
