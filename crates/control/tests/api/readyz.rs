//! `/readyz`.

use architrave_config::ports::{Readiness, ReloadError};

use crate::gateway::{Gateway, fault};

#[test]
fn a_serving_gateway_is_ready() {
    insta::assert_snapshot!(Gateway::start().get("/readyz"));
}

#[test]
fn before_the_first_configuration_it_is_not_ready_and_says_why() {
    let gateway = Gateway::start();
    *gateway.config.readiness.lock().unwrap() = Readiness::Starting { waiting_for: "certificates" };
    insta::assert_snapshot!(gateway.get("/readyz"));
}

#[test]
fn a_draining_gateway_is_not_ready() {
    let gateway = Gateway::start();
    *gateway.config.readiness.lock().unwrap() = Readiness::Draining;
    insta::assert_snapshot!(gateway.get("/readyz"));
}

#[test]
fn a_refused_reload_leaves_it_ready_and_is_said() {
    let gateway = Gateway::start();
    *gateway.config.file.lock().unwrap() = Err(ReloadError::Invalid(vec![fault()]));
    assert_eq!(gateway.post("/api/v1/config:reload", "").status(), 422);
    insta::assert_snapshot!(gateway.get("/readyz"));
}

#[test]
fn who_has_not_shown_the_token_is_told_the_state_only() {
    let gateway = Gateway::with_admin("127.0.0.1:9080", Some("s3cret"));
    *gateway.config.file.lock().unwrap() = Err(ReloadError::Invalid(vec![fault()]));
    let token = ("authorization", "Bearer s3cret");
    gateway.send("POST", "/api/v1/config:reload", &[token], "");
    let stranger = gateway.get("/readyz");
    assert_eq!((stranger.status(), stranger.text()), (200, "{\"status\":\"ready\"}\n"));
    let operator = gateway.send("GET", "/readyz", &[token], "");
    assert!(operator.text().contains("last_reload_error"), "{operator}");
}
