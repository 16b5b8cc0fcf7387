//! Where keys are found, whose they are, and what is left of them for the service.

use architrave_config::PolicySet;
use architrave_core::Reason;
use proptest::prelude::*;

use super::*;
use crate::exercise::{Exchange, chain};

fn policies(forward: bool) -> PolicySet {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let key_auth = config::KeyAuth {
        headers: texts(&["authorization", "x-api-key"]),
        query: texts(&["api_key", "k"]),
        forward,
        places_given: true,
    };
    PolicySet { key_auth: Some(key_auth), ..PolicySet::default() }
}

#[track_caller]
fn check(target: &str, fields: &[(&str, &str)], expected: Option<Reason>) {
    let chain = chain(policies(false));
    let mut exchange = Exchange::get(target, fields);
    assert_eq!(exchange.refusal(&chain), expected, "{target} {fields:?}");
    assert_eq!(exchange.admission.consumer.is_some(), expected.is_none());
}

const MISSING: Option<Reason> = Some(Reason::CredentialMissing);
const INVALID: Option<Reason> = Some(Reason::CredentialInvalid);

#[test]
fn a_key_is_found_wherever_the_policy_looks() {
    check("/", &[("Authorization", "Bearer key-mobile")], None);
    check("/", &[("authorization", "bEARER  key-mobile")], None);
    check("/", &[("X-API-Key", "key-mobile")], None);
    check("/?api_key=key-mobile", &[], None);
    check("/?a=1&api%5Fkey=key%2Dmobile&b", &[], None);
}

#[test]
fn what_is_no_key_is_missing_and_what_is_nobodys_is_invalid() {
    check("/", &[], MISSING);
    check("/?api_key", &[], MISSING);
    check("/?api_key=&API_KEY=key-mobile", &[], MISSING);
    check("/", &[("authorization", "key-mobile")], MISSING);
    check("/", &[("authorization", "Basic a2V5LW1vYmlsZTo=")], MISSING);
    check("/", &[("authorization", "Bearer ")], MISSING);
    check("/", &[("x-api-key", "key-mobil")], INVALID);
    check("/", &[("x-api-key", "key-mobile2")], INVALID);
    check("/", &[("x-api-key", "KEY-MOBILE")], INVALID);
    check("/?k=key+mobile", &[], INVALID);
}

#[test]
fn any_place_with_a_valid_key_will_do_but_one_place_holds_one_key() {
    check("/?api_key=key-mobile", &[("x-api-key", "other")], None);
    check("/", &[("authorization", "Bearer other"), ("x-api-key", "key-mobile")], None);
    check("/", &[("x-api-key", "key-mobile"), ("X-Api-Key", "other")], INVALID);
    check("/", &[("x-api-key", "key-mobile"), ("x-api-key", "key-mobile")], INVALID);
    check("/?k=key-mobile&k=other", &[], INVALID);
    check("/?k=key-mobile&%6B=key-mobile", &[], INVALID);
}

#[test]
fn a_refusal_says_how_to_prove_oneself() {
    let reply = Exchange::get("/", &[]).admit(&chain(policies(false))).unwrap();
    assert_eq!(reply.status, 401);
    assert_eq!(reply.fields.get("www-authenticate"), Some(&b"Bearer realm=\"architrave\""[..]));
}

#[test]
fn no_key_reaches_the_service() {
    let chain = chain(policies(false));
    let target = "/a?x=%41&api_key=key-mobile&y&api%5fkey&k=&z=k=1#";
    let fields =
        [("X-Api-Key", "key-mobile"), ("Authorization", "Bearer other"), ("x-other", "kept")];
    let mut exchange = Exchange::get(target, &fields);
    assert!(exchange.admit(&chain).is_none());
    assert_eq!(exchange.head.target, "/a?x=%41&y&z=k=1#");
    assert_eq!(exchange.forwarded(), ["x-other: kept", "x-consumer-name: mobile"]);

    let mut exchange = Exchange::get("/a?k=key-mobile", &[("authorization", "Basic eDp5")]);
    assert!(exchange.admit(&chain).is_none());
    assert_eq!(exchange.head.target, "/a");
    let expected = ["authorization: Basic eDp5", "x-consumer-name: mobile"];
    assert_eq!(exchange.forwarded(), expected, "another scheme is not ours to remove");
}

#[test]
fn a_key_is_forwarded_when_asked_for() {
    let mut exchange = Exchange::get("/a?k=key-mobile", &[("x-api-key", "key-mobile")]);
    assert!(exchange.admit(&chain(policies(true))).is_none());
    assert_eq!(exchange.head.target, "/a?k=key-mobile");
    assert_eq!(exchange.forwarded(), ["x-api-key: key-mobile", "x-consumer-name: mobile"]);
}

proptest! {
    #[test]
    fn taking_a_parameter_out_keeps_the_others_byte_for_byte(
        parameters in prop::collection::vec("(k|%6b|%6B|a|kk|)(=[a-z%&k=]{0,4})?", 0..8),
    ) {
        let query = parameters.join("&");
        let mut target = format!("/p?{query}");
        query::remove(&mut target, &["k".to_owned()]);
        let is_key = |parameter: &&str| {
            matches!(parameter.split('=').next(), Some("k" | "%6b" | "%6B"))
        };
        let kept: Vec<&str> = query.split('&').filter(|parameter| !is_key(parameter)).collect();
        let expected =
            if kept.is_empty() { "/p".to_owned() } else { format!("/p?{}", kept.join("&")) };
        prop_assert_eq!(&target, &expected);
        prop_assert!(query::values(target.split_once('?').map_or("", |(_, q)| q), "k").is_empty());
    }
}
