//! Whose requests are counted together, and what clients are told.

use std::net::IpAddr;
use std::time::Duration;

use architrave_config::policy::KeyAuth;
use architrave_config::{Consumer, ConsumerLimits, PolicySet};
use architrave_core::units::Rate;
use architrave_core::{Moment, Reason};

use super::*;
use crate::Chain;
use crate::exercise::{Exchange, Levels, mobile, per_second};

fn limited(count: u64, burst: u64, key: RateLimitKey) -> PolicySet {
    let rate_limit = Some(config::RateLimit { rate: per_second(count), burst, key });
    PolicySet { rate_limit, ..PolicySet::default() }
}

fn with_keys(policies: PolicySet) -> PolicySet {
    let key_auth = KeyAuth {
        headers: vec!["x-api-key".into()],
        query: Vec::new(),
        forward: false,
        places_given: true,
    };
    PolicySet { key_auth: Some(key_auth), ..policies }
}

fn from(client: &str, fields: &[(&str, &str)]) -> Exchange {
    let mut exchange = Exchange::get("/", fields);
    exchange.client = client.parse::<IpAddr>().unwrap();
    exchange
}

fn passes(chain: &Chain, client: &str, fields: &[(&str, &str)]) -> bool {
    from(client, fields).refusal(chain).is_none()
}

#[test]
fn addresses_are_counted_apart_and_ipv6_by_network() {
    let chain = Levels::route(limited(1, 1, RateLimitKey::Address)).chain(Vec::new());
    assert!(passes(&chain, "192.0.2.1", &[]));
    assert!(!passes(&chain, "192.0.2.1", &[]));
    assert!(passes(&chain, "192.0.2.2", &[]));
    assert!(passes(&chain, "2001:db8:0:1::1", &[]));
    assert!(!passes(&chain, "2001:db8:0:1:ffff::2", &[]), "the same /64");
    assert!(passes(&chain, "2001:db8:0:2::1", &[]));
}

#[test]
fn header_values_are_counted_apart_and_without_one_the_address_counts() {
    let by_header = RateLimitKey::Header("x-user".into());
    let chain = Levels::route(limited(1, 1, by_header)).chain(Vec::new());
    assert!(passes(&chain, "192.0.2.1", &[("X-User", "a")]));
    assert!(!passes(&chain, "192.0.2.2", &[("x-user", "a")]));
    assert!(passes(&chain, "192.0.2.1", &[("x-user", "b")]));
    assert!(passes(&chain, "192.0.2.1", &[("x-user", "a"), ("x-user", "b")]));
    assert!(passes(&chain, "192.0.2.1", &[]));
    assert!(!passes(&chain, "192.0.2.1", &[]));
}

#[test]
fn consumers_are_counted_wherever_they_call_from() {
    let policies = with_keys(limited(1, 1, RateLimitKey::Consumer));
    let chain = Levels::route(policies).chain(vec![mobile()]);
    let key = [("x-api-key", "key-mobile")];
    assert!(passes(&chain, "192.0.2.1", &key));
    assert!(!passes(&chain, "192.0.2.2", &key));
}

#[test]
fn without_a_consumer_the_address_counts() {
    let chain = Levels::route(limited(1, 1, RateLimitKey::Consumer)).chain(Vec::new());
    assert!(passes(&chain, "192.0.2.1", &[]));
    assert!(!passes(&chain, "192.0.2.1", &[]));
    assert!(passes(&chain, "192.0.2.2", &[]));
}

#[test]
fn every_answer_says_where_the_caller_stands() {
    let chain = Levels::route(limited(100, 3, RateLimitKey::Address)).chain(Vec::new());
    let stale = [("RateLimit", "of the service"), ("x-kept", "1")];
    for remaining in ["2", "1", "0"] {
        let mut exchange = from("192.0.2.1", &[]);
        assert!(exchange.admit(&chain).is_none());
        let expected = [
            "x-kept: 1".to_owned(),
            "ratelimit-policy: \"default\";q=100;w=1".to_owned(),
            format!("ratelimit: \"default\";r={remaining};t=1"),
        ];
        assert_eq!(exchange.respond(&chain, &stale), expected);
    }
    let mut exchange = from("192.0.2.1", &[]);
    let reply = exchange.admit(&chain).unwrap();
    assert_eq!((reply.status, reply.reason), (429, Some(Reason::RateLimited)));
    assert_eq!(reply.fields.get("retry-after"), Some(&b"1"[..]));
    let told = exchange.respond(&chain, &[]);
    assert_eq!(told[1], "ratelimit: \"default\";r=0;t=1");
}

#[test]
fn of_several_limits_the_tightest_is_told() {
    let levels = Levels {
        all: limited(5, 5, RateLimitKey::Address),
        route: limited(100, 100, RateLimitKey::Address),
        ..Levels::default()
    };
    let chain = levels.chain(Vec::new());
    let mut exchange = from("192.0.2.1", &[]);
    assert!(exchange.admit(&chain).is_none());
    let expected =
        RateReport { name: "default", unit: None, quota: 5, window_s: 1, remaining: 4, reset_s: 1 };
    assert_eq!(exchange.admission.rate, Some(expected));
}

fn limits(requests: Option<Rate>, parallel_max: Option<u32>) -> Vec<Consumer> {
    let limits = ConsumerLimits { requests, parallel_max, ..ConsumerLimits::default() };
    vec![Consumer { limits, ..mobile() }]
}

const KEY: &[(&str, &str)] = &[("x-api-key", "key-mobile")];

#[test]
fn a_consumers_requests_are_limited_over_all_routes() {
    let per_minute = Rate { count: 3, per: Duration::from_secs(60) };
    let chain =
        Levels::route(with_keys(PolicySet::default())).chain(limits(Some(per_minute), None));
    assert!((0..3).all(|_| passes(&chain, "192.0.2.1", KEY)));
    let mut exchange = from("192.0.2.1", KEY);
    let reply = exchange.admit(&chain).unwrap();
    assert_eq!(reply.reason, Some(Reason::RateLimited));
    assert_eq!(reply.fields.get("retry-after"), Some(&b"20"[..]));
    let told = exchange.respond(&chain, &[]);
    let expected = ["ratelimit-policy: \"default\";q=3;w=60", "ratelimit: \"default\";r=0;t=60"];
    assert_eq!(told, expected);
    exchange.now = Moment::from_nanos(21_000_000_000);
    exchange.head.fields.append("x-api-key", b"key-mobile");
    assert_eq!(exchange.refusal(&chain), None);
}

#[test]
fn a_consumers_places_are_given_back_when_its_exchanges_end() {
    let chain = Levels::route(with_keys(PolicySet::default())).chain(limits(None, Some(2)));
    let mut first = from("192.0.2.1", KEY);
    let mut second = from("192.0.2.1", KEY);
    assert!(first.admit(&chain).is_none() && second.admit(&chain).is_none());
    let reply = from("192.0.2.1", KEY).admit(&chain).unwrap();
    assert_eq!((reply.status, reply.reason), (429, Some(Reason::RateLimited)));
    first.admission.clear();
    assert!(passes(&chain, "192.0.2.1", KEY));
    drop(second);
    let mut held: Vec<_> = (0..3).map(|_| from("192.0.2.1", KEY)).collect();
    let refused = held.iter_mut().filter_map(|exchange| exchange.refusal(&chain)).count();
    assert_eq!(refused, 1);
}

#[test]
fn a_refused_request_holds_no_place() {
    let one = Rate { count: 1, per: Duration::from_secs(3_600) };
    let chain = Levels::route(with_keys(PolicySet::default())).chain(limits(Some(one), Some(1)));
    assert!(passes(&chain, "192.0.2.1", KEY));
    let mut refused = from("192.0.2.1", KEY);
    assert!(refused.admit(&chain).is_some());
    assert!(refused.admission.parallel.is_none());
}
