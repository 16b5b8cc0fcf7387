//! `/healthz`.

use crate::gateway::Gateway;

#[test]
fn a_process_that_answers_is_alive() {
    insta::assert_snapshot!(Gateway::start().get("/healthz"));
}

#[test]
fn head_answers_like_get_without_a_body() {
    let reply = Gateway::start().send("HEAD", "/healthz", &[], "");
    assert_eq!((reply.status(), reply.text()), (200, ""));
}
