//! What is told of policies, when all is over.

use std::net::IpAddr;
use std::sync::Arc;

use architrave_config::policy::{
    BodyLimit, HeaderEdits, Headers, IpFilter, KeyAuth, RateLimit, RateLimitKey, Redirect, Rewrite,
    rewrite::PathRewrite,
};
use architrave_config::{Consumer, ConsumerLimits, PolicySet};

use super::*;
use crate::exercise::{Exchange, Levels, mobile, per_second};

fn policies() -> PolicySet {
    let set = vec![("x-a".into(), "b".into())];
    let edits = HeaderEdits { set, ..HeaderEdits::default() };
    PolicySet {
        key_auth: Some(KeyAuth {
            headers: vec!["x-api-key".into()],
            query: Vec::new(),
            forward: false,
            places_given: true,
        }),
        rate_limit: Some(RateLimit { rate: per_second(1), burst: 1, key: RateLimitKey::Address }),
        body_limit: Some(BodyLimit { request_bytes_max: 5 }),
        rewrite: Some(Rewrite { path: Some(PathRewrite::StripPrefix("/v1".into())), host: None }),
        headers: Some(Headers { request: edits, response: HeaderEdits::default() }),
        ..PolicySet::default()
    }
}

/// What is told, as `policy:outcome`.
fn told(chain: &Chain, exchange: &Exchange, told: Told) -> Vec<String> {
    let all = chain.acted(&exchange.admission, told);
    all.iter().map(|one| format!("{}:{}", one.actor.as_str(), one.outcome.as_str())).collect()
}

#[test]
fn those_that_ran_are_told_in_order_and_whoever_refused_is_the_last() {
    let limits = ConsumerLimits { requests: Some(per_second(100)), ..ConsumerLimits::default() };
    let chain = Levels::route(policies()).chain(vec![Consumer { limits, ..mobile() }]);
    let key = [("x-api-key", "key-mobile")];
    let mut good = Exchange::get("/v1/a", &key);
    assert!(good.admit(&chain).is_none());
    let fine = Told { is_answered: true, ..Told::default() };
    assert_eq!(
        told(&chain, &good, fine),
        [
            "key_auth:passed",
            "limits:passed",
            "rate_limit:passed",
            "body_limit:passed",
            "rewrite:changed",
            "headers:changed",
        ]
    );
    let mut again = Exchange::get("/a", &key);
    let reason = again.refusal(&chain);
    assert_eq!(
        told(&chain, &again, Told { reason, ..fine }),
        ["key_auth:passed", "limits:passed", "rate_limit:refused"]
    );
    let mut nobody = Exchange::get("/a", &[("x-api-key", "no")]);
    let reason = nobody.refusal(&chain);
    assert_eq!(told(&chain, &nobody, Told { reason, ..fine }), ["key_auth:refused"]);
    let mut mute = Exchange::get("/a", &[]);
    let reason = mute.refusal(&chain);
    assert_eq!(told(&chain, &mute, Told { reason, ..fine }), ["key_auth:refused"]);
    // What came after the head.
    let reason = Some(Reason::BodyTooLarge);
    let late = told(&chain, &good, Told { reason, ..fine });
    assert_eq!(late.last().map(String::as_str), Some("body_limit:refused"), "{late:?}");
}

#[test]
fn what_a_consumer_has_of_its_own_is_told_where_it_ran_and_not_where_it_did_not() {
    let filter = |allow: IpAddr| {
        let allow = vec![allow.into()];
        Some(IpFilter { allow, deny: Vec::new() })
    };
    let here = IpAddr::from([203, 0, 113, 7]);
    let elsewhere = IpAddr::from([192, 0, 2, 7]);
    let set = PolicySet { ip_filter: filter(here), ..policies() };
    let chain_for = |own: PolicySet, requests| {
        let limits = ConsumerLimits { requests: Some(requests), ..ConsumerLimits::default() };
        let consumer = Consumer { limits, policies: Arc::new(own), ..mobile() };
        Levels::route(set.clone()).chain(vec![consumer])
    };
    let key = [("x-api-key", "key-mobile")];
    let fine = Told { is_answered: true, ..Told::default() };
    // It refuses when it is known who calls, behind the limits.
    let own = || PolicySet { ip_filter: filter(elsewhere), ..PolicySet::default() };
    let chain = chain_for(own(), per_second(1));
    let mut strange = Exchange::get("/", &key);
    let reason = strange.refusal(&chain);
    assert_eq!(
        told(&chain, &strange, Told { reason, ..fine }),
        ["ip_filter:passed", "key_auth:passed", "limits:passed", "ip_filter:refused"]
    );
    // It never came to it.
    let mut many = Exchange::get("/", &key);
    let reason = many.refusal(&chain);
    assert_eq!(
        told(&chain, &many, Told { reason, ..fine }),
        ["ip_filter:passed", "key_auth:passed", "limits:refused"]
    );
    let mut nobody = Exchange::get("/", &[]);
    let reason = nobody.refusal(&chain);
    assert_eq!(
        told(&chain, &nobody, Told { reason, ..fine }),
        ["ip_filter:passed", "key_auth:refused"]
    );
    // It is told where it lets through as well, beside what it takes over.
    let rate_limit = Some(RateLimit { rate: per_second(9), burst: 9, key: RateLimitKey::Address });
    let own = PolicySet { ip_filter: filter(here), rate_limit, ..PolicySet::default() };
    let chain = chain_for(own, per_second(100));
    let mut good = Exchange::get("/v1/a", &key);
    assert!(good.admit(&chain).is_none());
    assert_eq!(
        told(&chain, &good, fine),
        [
            "ip_filter:passed",
            "key_auth:passed",
            "limits:passed",
            "ip_filter:passed",
            "rate_limit:passed",
            "body_limit:passed",
            "rewrite:changed",
            "headers:changed",
        ]
    );
    // Whom the route's own filter refuses is not known yet.
    let set = PolicySet { ip_filter: filter(elsewhere), ..policies() };
    let chain = Levels::route(set).chain(vec![mobile()]);
    let mut strange = Exchange::get("/", &key);
    let reason = strange.refusal(&chain);
    assert_eq!(told(&chain, &strange, Told { reason, ..fine }), ["ip_filter:refused"]);
}

#[test]
fn a_rewrite_that_finds_nothing_has_passed_and_a_redirect_answers() {
    let rewrite = policies().rewrite;
    let chain = Levels::route(PolicySet { rewrite, ..PolicySet::default() }).chain(Vec::new());
    let mut other = Exchange::get("/v2/a", &[]);
    assert!(other.admit(&chain).is_none());
    assert_eq!(told(&chain, &other, Told::default()), ["rewrite:passed"]);
    let host = Some("new.example".into());
    let redirect = Redirect { scheme: None, host, port: None, path: None, status: 308 };
    let set = PolicySet { redirect: Some(redirect), ..policies() };
    let chain = Levels::route(set).chain(vec![mobile()]);
    let mut moved = Exchange::get("/", &[]);
    assert!(moved.admit(&chain).is_some());
    let done = Told { is_answered: true, ..Told::default() };
    assert_eq!(told(&chain, &moved, done), ["redirect:answered"]);
}

#[test]
fn what_has_to_do_with_models_alone_is_told_of_them_alone() {
    let chain = Levels::route(PolicySet::default()).chain(Vec::new());
    let exchange = Exchange::get("/", &[]);
    assert!(told(&chain, &exchange, Told::default()).is_empty());
    let model = Told { is_of_model: true, has_account: true, ..Told::default() };
    assert_eq!(told(&chain, &exchange, model), ["budgets:passed"]);
    let mut poor = Exchange::get("/", &[]);
    poor.admission.ended_by = Some(Actor::Budgets);
    let reason = Some(Reason::RateLimited);
    assert_eq!(told(&chain, &poor, Told { reason, ..model }), ["budgets:refused"]);
}
