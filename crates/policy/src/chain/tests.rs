//! Which levels count, in which order, and what a consumer's own policies change.

use std::net::Ipv4Addr;

use architrave_config::policy::{
    BodyLimit, HeaderEdits, Headers, IpFilter, KeyAuth, RateLimit, RateLimitKey, Redirect, Rewrite,
    rewrite::PathRewrite,
};
use architrave_config::{Consumer, ListenerIndex, PolicySet, RouteIndex, ServiceIndex};
use architrave_core::Reason;
use architrave_net::Framing;

use super::*;
use crate::exercise::{Exchange, Levels, chain_of, mobile, per_second};
use crate::{ChainBuilder, RateLimiters};

fn set_field(name: &str, value: &str) -> PolicySet {
    let edits = |name: &str| HeaderEdits {
        set: vec![(name.into(), value.into())],
        ..HeaderEdits::default()
    };
    let headers = Headers { request: edits(name), response: edits(name) };
    PolicySet { headers: Some(headers), ..PolicySet::default() }
}

fn key_auth() -> Option<KeyAuth> {
    Some(KeyAuth {
        headers: vec!["x-api-key".into()],
        query: Vec::new(),
        forward: false,
        places_given: true,
    })
}

fn rate(count: u64) -> Option<RateLimit> {
    Some(RateLimit { rate: per_second(count), burst: count, key: RateLimitKey::Address })
}

fn own(policies: PolicySet) -> Vec<Consumer> {
    vec![Consumer { policies: Arc::new(policies), ..mobile() }]
}

#[test]
fn phases_run_in_the_order_of_the_table() {
    assert!(TABLE.is_sorted_by_key(|(_, phase, _)| *phase));
    for kind in Kind::ALL {
        assert_eq!(TABLE.iter().filter(|(listed, ..)| listed == kind).count(), 1, "{kind:?}");
    }
}

#[test]
fn the_most_specific_level_wins() {
    let mut levels = Levels {
        all: set_field("x-level", "all"),
        listener: set_field("x-level", "listener"),
        service: set_field("x-level", "service"),
        route: set_field("x-level", "route"),
    };
    for expected in ["route", "service", "listener", "all"] {
        let chain = levels.chain(Vec::new());
        let mut exchange = Exchange::get("/", &[]);
        assert!(exchange.admit(&chain).is_none());
        assert_eq!(exchange.forwarded(), [format!("x-level: {expected}")]);
        assert_eq!(exchange.respond(&chain, &[]), [format!("x-level: {expected}")]);
        match expected {
            "route" => levels.route = PolicySet::default(),
            "service" => levels.service = PolicySet::default(),
            _ => levels.listener = PolicySet::default(),
        }
    }
}

#[test]
fn where_no_http_is_spoken_only_addresses_are_asked_for() {
    let filter =
        IpFilter { allow: vec![std::net::IpAddr::from([192, 0, 2, 7]).into()], deny: Vec::new() };
    let all = PolicySet { key_auth: key_auth(), rate_limit: rate(1), ..PolicySet::default() };
    let listener = PolicySet { ip_filter: Some(filter), ..PolicySet::default() };
    let chain = Levels { all, listener, ..Levels::default() }.chain(Vec::new());
    for _ in 0..3 {
        assert!(chain.lets_in(Ipv4Addr::new(192, 0, 2, 7).into()));
        assert!(!chain.lets_in(Ipv4Addr::new(192, 0, 2, 8).into()));
    }
}

#[test]
fn filters_and_limits_of_every_level_must_pass() {
    let deny = |address: [u8; 4]| PolicySet {
        ip_filter: Some(IpFilter {
            allow: Vec::new(),
            deny: vec![std::net::IpAddr::from(address).into()],
        }),
        ..PolicySet::default()
    };
    let levels = Levels {
        all: deny([192, 0, 2, 1]),
        listener: deny([192, 0, 2, 2]),
        service: deny([192, 0, 2, 3]),
        route: deny([192, 0, 2, 4]),
    };
    let chain = levels.chain(Vec::new());
    for last in 1..=5 {
        let mut exchange = Exchange::get("/", &[]);
        exchange.client = Ipv4Addr::new(192, 0, 2, last).into();
        let expected = (last < 5).then_some(Reason::Forbidden);
        assert_eq!(exchange.refusal(&chain), expected, "192.0.2.{last}");
    }
}

#[test]
fn the_smallest_body_limit_counts_whatever_its_level() {
    let limit = |bytes| PolicySet {
        body_limit: Some(BodyLimit { request_bytes_max: bytes }),
        ..PolicySet::default()
    };
    for (all, route) in [(10, 20), (20, 10)] {
        let levels = Levels { all: limit(all), route: limit(route), ..Levels::default() };
        let chain = levels.chain(Vec::new());
        let mut exchange = Exchange::new("POST", "/", &[]);
        exchange.framing = Framing::Chunked;
        assert!(exchange.admit(&chain).is_none());
        assert_eq!(exchange.admission.body_bytes_max, Some(10));
        exchange.framing = Framing::Length(11);
        assert_eq!(exchange.refusal(&chain), Some(Reason::BodyTooLarge));
        exchange.framing = Framing::Length(10);
        assert_eq!(exchange.refusal(&chain), None);
    }
}

#[test]
fn a_refusal_by_the_narrow_limit_does_not_use_up_the_wide_one() {
    let limit = |count| PolicySet { rate_limit: rate(count), ..PolicySet::default() };
    let levels = Levels { all: limit(3), route: limit(1), ..Levels::default() };
    let snapshot = levels.snapshot(Vec::new());
    let mut builder =
        ChainBuilder::new(&snapshot, &RateLimiters::default(), &crate::exercise::nobody());
    let narrow = builder.chain(ListenerIndex(0), Some(RouteIndex(0)), None);
    let wide = builder.chain(ListenerIndex(0), None, None);
    let passes = |chain: &Chain| Exchange::get("/", &[]).admit(chain).is_none();
    assert!(passes(&narrow));
    assert!((0..5).all(|_| !passes(&narrow)));
    assert!(passes(&wide) && passes(&wide) && !passes(&wide));
}

#[test]
fn only_the_gateway_says_who_calls() {
    let spoofed = [("X-Consumer-Name", "root"), ("x-consumer-name", "admin")];
    let open = Levels::default().chain(Vec::new());
    let mut exchange = Exchange::get("/", &spoofed);
    assert!(exchange.admit(&open).is_none());
    assert!(exchange.forwarded().is_empty());

    let closed = Levels::route(PolicySet { key_auth: key_auth(), ..PolicySet::default() });
    let closed = closed.chain(vec![mobile()]);
    let mut exchange = Exchange::get("/", &[spoofed[0], ("x-api-key", "key-mobile"), spoofed[1]]);
    assert!(exchange.admit(&closed).is_none());
    assert_eq!(exchange.forwarded(), ["x-consumer-name: mobile"]);
}

#[test]
fn the_most_specific_object_alone_says_how_to_prove_oneself() {
    let basic = architrave_config::policy::BasicAuth { realm: "desk".into(), forward: false };
    let levels = Levels {
        listener: PolicySet { key_auth: key_auth(), ..PolicySet::default() },
        route: PolicySet { basic_auth: Some(basic), ..PolicySet::default() },
        ..Levels::default()
    };
    let chain = levels.chain(vec![mobile(), crate::exercise::desk()]);
    let mut with_key = Exchange::get("/", &[("x-api-key", "key-mobile")]);
    assert_eq!(with_key.refusal(&chain), Some(Reason::CredentialMissing));
    let mut with_name = Exchange::get("/", &[("authorization", "Basic YW5uOnMzY3JldA==")]);
    assert_eq!(with_name.refusal(&chain), None);
}

#[test]
fn a_consumers_own_policies_join_in_or_take_over() {
    let mut of_route = set_field("x-level", "route");
    of_route.key_auth = key_auth();
    of_route.body_limit = Some(BodyLimit { request_bytes_max: 10 });
    of_route.rewrite =
        Some(Rewrite { path: Some(PathRewrite::Replace("/route".into())), host: None });
    let mut of_consumer = set_field("x-level", "consumer");
    of_consumer.body_limit = Some(BodyLimit { request_bytes_max: 5 });
    let chain = Levels::route(of_route).chain(own(of_consumer));

    let mut exchange = Exchange::get("/", &[("x-api-key", "key-mobile")]);
    assert!(exchange.admit(&chain).is_none());
    assert_eq!(exchange.forwarded(), ["x-consumer-name: mobile", "x-level: consumer"]);
    assert_eq!(exchange.respond(&chain, &[]), ["x-level: consumer"]);
    assert_eq!(exchange.path, "/route");
    assert_eq!(exchange.admission.body_bytes_max, Some(5));

    let mut unknown = Exchange::get("/", &[]);
    assert_eq!(unknown.refusal(&chain), Some(Reason::CredentialMissing));
    assert_eq!(unknown.respond(&chain, &[]), ["x-level: route"]);
}

#[test]
fn a_consumers_own_filter_and_redirect_run_once_it_is_known() {
    let route = PolicySet { key_auth: key_auth(), ..PolicySet::default() };
    let filter = IpFilter { allow: vec!["198.51.100.0/24".parse().unwrap()], deny: Vec::new() };
    let redirect = Redirect {
        scheme: None,
        host: Some("new.example.com".into()),
        port: None,
        path: None,
        status: 307,
    };
    let policies =
        PolicySet { ip_filter: Some(filter), redirect: Some(redirect), ..PolicySet::default() };
    let chain = Levels::route(route).chain(own(policies));
    let mut exchange = Exchange::get("/", &[("x-api-key", "key-mobile")]);
    assert_eq!(exchange.refusal(&chain), Some(Reason::Forbidden));
    let mut exchange = Exchange::get("/", &[("x-api-key", "key-mobile")]);
    exchange.client = Ipv4Addr::new(198, 51, 100, 1).into();
    assert_eq!(exchange.admit(&chain).map(|reply| reply.status), Some(307));
}

#[test]
fn combinations_with_the_same_policies_share_one_chain() {
    let levels = Levels { all: set_field("x", "1"), ..Levels::default() };
    let snapshot = levels.snapshot(Vec::new());
    let mut builder =
        ChainBuilder::new(&snapshot, &RateLimiters::default(), &crate::exercise::nobody());
    let with_route = builder.chain(ListenerIndex(0), Some(RouteIndex(0)), Some(ServiceIndex(0)));
    let without = builder.chain(ListenerIndex(0), None, None);
    assert!(Arc::ptr_eq(&with_route, &without));
    assert!(!without.is_empty());
    assert!(Levels::default().chain(Vec::new()).is_empty());
}

#[test]
fn counters_survive_a_reload_while_their_policy_is_unchanged() {
    let limiters = RateLimiters::default();
    let passes = |chain: &Chain| Exchange::get("/", &[]).admit(chain).is_none();
    let limited = |count| {
        let policies = PolicySet { rate_limit: rate(count), ..PolicySet::default() };
        chain_of(&Levels::route(policies).snapshot(Vec::new()), &limiters)
    };
    let before = limited(1);
    assert!(passes(&before));
    let unchanged = limited(1);
    assert!(!passes(&unchanged), "a reload must not hand out a new burst");
    let changed = limited(2);
    assert!(passes(&changed) && passes(&changed) && !passes(&changed));
    drop((before, unchanged, changed));
    assert!(passes(&limited(1)), "counters end with the last snapshot that uses them");
}
