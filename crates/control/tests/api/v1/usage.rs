//! `/api/v1/usage` and `/api/v1/usage/{consumer}`.

use crate::gateway::Gateway;

#[test]
fn what_consumers_have_used_is_listed_in_whole_numbers() {
    insta::assert_snapshot!(Gateway::start().get("/api/v1/usage"));
}

#[test]
fn more_may_be_reserved_than_is_left() {
    let reply = Gateway::start().get("/api/v1/usage/mobile");
    assert_eq!(reply.json()["budgets"][0]["left"], 0);
    let missing = Gateway::start().get("/api/v1/usage/nobody");
    assert_eq!((missing.status(), missing.code().as_str()), (404, "usage_not_found"));
}
