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
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    insta::assert_snapshot!(answer);
}
