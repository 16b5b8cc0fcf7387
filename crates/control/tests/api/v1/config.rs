//! `/api/v1/config`, `:reload` and `:validate`.

use architrave_config::ports::ReloadError;

use crate::gateway::{Gateway, fault};

#[test]
fn the_running_configuration_is_named() {
    insta::assert_snapshot!(Gateway::start().get("/api/v1/config"));
}

#[test]
fn a_good_file_is_taken() {
    let gateway = Gateway::start();
    insta::assert_snapshot!(gateway.post("/api/v1/config:reload", ""));
}

#[test]
fn a_bad_file_changes_nothing_and_says_every_fault() {
    let gateway = Gateway::start();
    *gateway.config.file.lock().unwrap() = Err(ReloadError::Invalid(vec![fault(), fault()]));
    insta::assert_snapshot!("a_bad_file_is_refused", gateway.post("/api/v1/config:reload", ""));
    insta::assert_snapshot!("a_bad_file_is_remembered", gateway.get("/api/v1/config"));
    *gateway.config.file.lock().unwrap() = Ok(());
    assert_eq!(gateway.post("/api/v1/config:reload", "").status(), 200);
    assert_eq!(gateway.get("/api/v1/config").json()["last_error"], serde_json::Value::Null);
}

#[test]
fn a_file_that_cannot_be_carried_out_is_a_conflict() {
    let gateway = Gateway::start();
    let why = "listener web: 0.0.0.0:80: address in use".to_owned();
    *gateway.config.file.lock().unwrap() = Err(ReloadError::NotPossible(why));
    insta::assert_snapshot!(gateway.post("/api/v1/config:reload", ""));
}

#[test]
fn a_configuration_is_validated_without_being_taken() {
    let gateway = Gateway::start();
    let yaml = [("content-type", "application/yaml")];
    let good = gateway.send("POST", "/api/v1/config:validate", &yaml, "version: 1");
    assert_eq!((good.status(), good.text()), (200, "{\n  \"valid\": true\n}\n"));
    let bad = gateway.send("POST", "/api/v1/config:validate", &yaml, "bad: 1");
    insta::assert_snapshot!(bad);
    assert_eq!(gateway.get("/api/v1/config").json()["generation"], 1);
}

#[test]
fn a_form_is_not_a_configuration() {
    let gateway = Gateway::start();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [("content-type", content_type)];
        let reply = gateway.send("POST", "/api/v1/config:validate", &headers, "version: 1");
        assert_eq!(reply.code(), "content_type_not_supported", "{content_type}");
    }
}
