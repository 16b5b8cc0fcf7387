//! `/api/v1/models` and `/api/v1/models/{name}`.

use crate::gateway::Gateway;

#[test]
fn models_are_listed_with_what_serves_them_and_how_that_does() {
    insta::assert_snapshot!(Gateway::start().get("/api/v1/models"));
}

#[test]
fn a_model_is_found_by_its_name_whatever_is_in_it() {
    let reply = Gateway::start().get("/api/v1/models/a%2Fb:c");
    assert_eq!(reply.json()["name"], "a/b:c");
    assert_eq!(reply.json()["deployments"][0]["lanes"][0]["state"], "ready");
    let missing = Gateway::start().get("/api/v1/models/missing");
    assert_eq!((missing.status(), missing.code().as_str()), (404, "model_not_found"));
}
