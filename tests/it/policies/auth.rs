//! `key_auth` and `basic_auth`: who gets in, and what the origin learns of it.

use architrave_testkit::Origin;
use architrave_testkit::client::get;

use super::guarded;

#[test]
fn a_key_is_taken_where_keys_are_looked_for() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "key_auth: {}");
    let status = |fields: &[&str], target: &str| {
        let response = get(gateway.web(), "h", target, fields);
        (response.status, (response.status != 200).then(|| response.reason()))
    };
    let refused = |reason: &str| (401, Some(reason.to_owned()));
    assert_eq!(status(&["X-API-Key: ada-key-0123456789"], "/"), (200, None));
    assert_eq!(status(&["Authorization: Bearer bob-key-0123456789"], "/"), (200, None));
    assert_eq!(status(&["Authorization: bearer bob-key-0123456789"], "/"), (200, None));
    assert_eq!(status(&[], "/"), refused("credential_missing"));
    assert_eq!(status(&["X-API-Key: wrong-key-0123456789"], "/"), refused("credential_invalid"));
    assert_eq!(status(&["X-API-Key: ada-key-012345678"], "/"), refused("credential_invalid"));
    assert_eq!(status(&["X-API-Key: ada-key-01234567890"], "/"), refused("credential_invalid"));
    assert_eq!(status(&["X-API-Key: ADA-KEY-0123456789"], "/"), refused("credential_invalid"));
    assert_eq!(status(&["Authorization: Bearer wrong"], "/"), refused("credential_invalid"));
    assert_eq!(status(&[], "/?key=ada-key-0123456789").0, 401, "queries are off by default");
    assert_eq!(origin.count(), 3);
}

#[test]
fn a_refusal_says_what_is_asked_for() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "key_auth: {}");
    let response = get(gateway.web(), "h", "/", &[]);
    assert!(response.get("www-authenticate").is_some(), "{response:?}");
    let gateway = guarded(&origin, "basic_auth: { realm: the vault }");
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!(response.status, 401);
    let challenge = response.get("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Basic ") && challenge.contains("\"the vault\""), "{challenge}");
}

#[test]
fn a_key_may_be_in_the_query_and_then_leaves_it() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "key_auth: { headers: [], query: [key] }");
    assert_eq!(get(gateway.web(), "h", "/x?a=1&key=ada-key-0123456789&b=2", &[]).status, 200);
    assert!(!origin.only().target.contains("ada-key"), "{}", origin.only().target);
    assert_eq!(get(gateway.web(), "h", "/x?key=nobody", &[]).status, 401);
}

#[test]
fn credentials_stay_with_the_gateway_unless_told_otherwise() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "key_auth: {}");
    get(gateway.web(), "h", "/", &["X-API-Key: ada-key-0123456789"]);
    assert_eq!(origin.only().head.all("x-api-key"), [""; 0]);
    origin.forget();
    let gateway = guarded(&origin, "key_auth: { forward: true }");
    get(gateway.web(), "h", "/", &["X-API-Key: ada-key-0123456789"]);
    assert_eq!(origin.only().get("x-api-key"), Some("ada-key-0123456789"));
    origin.forget();
    let gateway = guarded(&origin, "basic_auth: {}");
    get(gateway.web(), "h", "/", &["Authorization: Basic YWRhOmxvdmVsYWNlLTE4MTU="]);
    assert_eq!(origin.only().head.all("authorization"), [""; 0]);
}

#[test]
fn a_name_and_password_are_taken() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "basic_auth: {}");
    let status = |value: &str| {
        let field = format!("Authorization: {value}");
        get(gateway.web(), "h", "/", &[&field]).status
    };
    assert_eq!(status("Basic YWRhOmxvdmVsYWNlLTE4MTU="), 200, "ada:lovelace-1815");
    assert_eq!(status("basic YWRhOmxvdmVsYWNlLTE4MTU="), 200, "the scheme has no case");
    assert_eq!(status("Basic YWRhOndyb25n"), 401, "ada:wrong");
    assert_eq!(status("Basic Ym9iOmxvdmVsYWNlLTE4MTU="), 401, "bob:lovelace-1815");
    assert_eq!(status("Basic YWRh"), 401, "no colon");
    assert_eq!(status("Basic !!!"), 401, "not base64");
    assert_eq!(status("Bearer YWRhOmxvdmVsYWNlLTE4MTU="), 401, "another scheme");
    assert_eq!(origin.count(), 2);
}

#[test]
fn two_credentials_of_different_callers_are_not_one() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "key_auth: {}");
    let fields = ["X-API-Key: ada-key-0123456789", "X-API-Key: bob-key-0123456789"];
    assert_eq!(get(gateway.web(), "h", "/", &fields).status, 401);
    assert_eq!(origin.count(), 0);
}
