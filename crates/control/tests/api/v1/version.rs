//! `/api/v1/version`.

use crate::gateway::Gateway;

#[test]
fn the_version_is_that_of_the_workspace() {
    let reply = Gateway::start().get("/api/v1/version");
    assert_eq!(reply.status(), 200);
    let expect = serde_json::json!({ "name": "architrave", "version": env!("CARGO_PKG_VERSION") });
    assert_eq!(reply.json(), expect);
}
