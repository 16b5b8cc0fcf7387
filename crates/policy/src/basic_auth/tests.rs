//! Who is let in by name and password, and beside whom.

use architrave_config::PolicySet;
use architrave_config::policy::KeyAuth;
use architrave_core::Reason;

use super::*;
use crate::exercise::{Exchange, chain, lines};

fn policies(forward: bool) -> PolicySet {
    let basic_auth = config::BasicAuth { realm: "the desk".into(), forward };
    PolicySet { basic_auth: Some(basic_auth), ..PolicySet::default() }
}

fn basic_of(pair: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[track_caller]
fn check(values: &[&str], expected: Option<Reason>) {
    let fields: Vec<_> = values.iter().map(|value| ("Authorization", *value)).collect();
    let mut exchange = Exchange::get("/", &fields);
    assert_eq!(exchange.refusal(&chain(policies(false))), expected, "{values:?}");
}

#[test]
fn the_right_name_and_password_pass() {
    check(&[&basic_of("ann:s3cret")], None);
    check(&[&basic_of("ann:s3cret").replace("Basic", "bASIC ")], None);
    check(&[basic_of("ann:s3cret").trim_end_matches('=')], None);
    check(&["Bearer x", &basic_of("ann:s3cret")], None);
}

#[test]
fn anything_else_is_refused() {
    let invalid = Some(Reason::CredentialInvalid);
    for pair in
        ["ann:s3cre", "ann:s3crets", "ann:", "bob:s3cret", ":s3cret", "ann", "", "mobile:key"]
    {
        check(&[&basic_of(pair)], invalid);
    }
    check(&["Basic !!!"], invalid);
    check(&[&basic_of(&format!("ann:{}", "x".repeat(4000)))], invalid);
    check(&[&basic_of("ann:s3cret"), &basic_of("bob:x")], invalid);
    check(&[], Some(Reason::CredentialMissing));
    check(&["Bearer s3cret"], Some(Reason::CredentialMissing));
}

#[test]
fn the_credential_is_taken_out_unless_it_is_to_be_forwarded() {
    let credential = basic_of("ann:s3cret");
    let mut exchange = Exchange::get("/", &[("authorization", &credential)]);
    assert!(exchange.admit(&chain(policies(false))).is_none());
    assert_eq!(exchange.forwarded(), ["x-consumer-name: desk"]);
    let mut exchange = Exchange::get("/", &[("authorization", &credential)]);
    assert!(exchange.admit(&chain(policies(true))).is_none());
    let expected = [format!("authorization: {credential}"), "x-consumer-name: desk".into()];
    assert_eq!(exchange.forwarded(), expected);
}

#[test]
fn beside_key_auth_either_will_do() {
    let headers = vec!["authorization".to_owned()];
    let key_auth = Some(KeyAuth { headers, query: Vec::new(), forward: false, places_given: true });
    let chain = chain(PolicySet { key_auth, ..policies(false) });
    for (value, consumer) in
        [(basic_of("ann:s3cret"), "desk"), ("Bearer key-mobile".to_owned(), "mobile")]
    {
        let mut exchange = Exchange::get("/", &[("authorization", &value)]);
        assert!(exchange.admit(&chain).is_none());
        assert_eq!(exchange.forwarded(), [format!("x-consumer-name: {consumer}")]);
    }
    let reply = Exchange::get("/", &[]).admit(&chain).unwrap();
    let challenges = [
        "www-authenticate: Bearer realm=\"architrave\"",
        "www-authenticate: Basic realm=\"the desk\", charset=\"UTF-8\"",
    ];
    assert_eq!(lines(&reply.fields), challenges);
}
