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

#[test]
fn what_rests_is_made_ready_all_of_it_or_what_is_named() {
    let gateway = Gateway::start();
    let state = |reply: &crate::gateway::Reply, lane: usize| {
        reply.json()["deployments"][0]["lanes"][lane]["state"].clone()
    };
    assert_eq!(state(&gateway.get("/api/v1/models/fast"), 1), "rate_limited");
    for body in [r#"{"provider":"openai","credential":"second"}"#, r#"{"provider":"openai"}"#, "{}"]
    {
        let reply = gateway.post("/api/v1/models/fast:ready", body);
        assert_eq!((reply.status(), state(&reply, 1)), (200, "ready".into()), "{body}");
    }
    let other = gateway.post("/api/v1/models/fast:ready", r#"{"credential":"main"}"#);
    assert_eq!(state(&other, 1), "rate_limited");
    let reply = gateway.post("/api/v1/models/a%2Fb:c:ready", "");
    assert_eq!((reply.status(), &reply.json()["name"]), (200, &"a/b:c".into()));
}

#[test]
fn what_there_is_not_cannot_be_made_ready() {
    let gateway = Gateway::start();
    for (path, body, expected) in [
        ("missing:ready", "", (404, "model_not_found")),
        ("fast:ready", r#"{"provider":"lab"}"#, (404, "lane_not_found")),
        ("fast:ready", r#"{"lane":"lab"}"#, (400, "body_invalid")),
        ("fast:drain", "", (404, "action_not_found")),
        ("fast", "", (405, "method_not_allowed")),
    ] {
        let reply = gateway.post(&format!("/api/v1/models/{path}"), body);
        assert_eq!((reply.status(), reply.code().as_str()), expected, "{path} {body}");
    }
}
