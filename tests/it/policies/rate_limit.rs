//! `rate_limit` and the limits of consumers: who is told to wait, for how long, and who is not.

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, eventually};

use super::guarded;

const ADA: &str = "X-API-Key: ada-key-0123456789";
const BOB: &str = "X-API-Key: bob-key-0123456789";

fn statuses(gateway: &Gateway, count: usize, fields: &[&str]) -> Vec<u16> {
    // Each on a connection of its own, so that every worker has its share of them.
    (0..count).map(|_| get(gateway.web(), "h", "/", fields).status).collect()
}

fn passed(gateway: &Gateway, count: usize, fields: &[&str]) -> usize {
    statuses(gateway, count, fields).into_iter().filter(|status| *status == 200).count()
}

#[test]
fn a_burst_passes_and_no_more() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "rate_limit: { rate: 2/m, burst: 5, key: { address: {} } }");
    assert_eq!(passed(&gateway, 20, &[]), 5, "over all workers together");
    assert_eq!(origin.count(), 5);
}

#[test]
fn whoever_is_limited_is_told_when_to_come_back() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "rate_limit: { rate: 6/m, burst: 2, key: { address: {} } }");
    let first = get(gateway.web(), "h", "/", &[]);
    assert_eq!(first.status, 200);
    assert!(
        first.get("ratelimit-policy").is_some() && first.get("ratelimit").is_some(),
        "{first:?}"
    );
    get(gateway.web(), "h", "/", &[]);
    let refused = get(gateway.web(), "h", "/", &[]);
    assert_eq!((refused.status, refused.reason().as_str()), (429, "rate_limited"));
    let wait: u64 = refused.get("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=10).contains(&wait), "{wait}");
    assert!(refused.get("ratelimit").expect("RateLimit").contains("r=0"), "{refused:?}");
}

#[test]
fn after_the_wait_it_goes_on() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "rate_limit: { rate: 2/s, burst: 1, key: { address: {} } }");
    assert_eq!(statuses(&gateway, 2, &[]), [200, 429]);
    let mut client = Client::connect(gateway.web());
    eventually("the limit lets through again", Duration::from_secs(3), || {
        (client.ask(request("GET", "h", "/", &[])).status == 200).then_some(())
    });
}

#[test]
fn callers_are_counted_apart_by_address_header_or_consumer() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "rate_limit: { rate: 1/m, burst: 2, key: { header: x-user } }");
    assert_eq!(passed(&gateway, 4, &["X-User: one"]), 2);
    assert_eq!(passed(&gateway, 4, &["X-User: two"]), 2);
    assert_eq!(passed(&gateway, 4, &[]), 2, "without the header, by address");

    let policies = "key_auth: {}, rate_limit: { rate: 1/m, burst: 2, key: { consumer: {} } }";
    let gateway = guarded(&origin, policies);
    assert_eq!(passed(&gateway, 4, &[ADA]), 2);
    assert_eq!(passed(&gateway, 4, &[BOB]), 2);

    let gateway = guarded(&origin, "rate_limit: { rate: 1/m, burst: 2, key: { address: {} } }");
    let from = |local: [u8; 4]| {
        let ask = || Client::connect_from(local, gateway.web()).ask(request("GET", "h", "/", &[]));
        (0..4).filter(|_| ask().status == 200).count()
    };
    assert_eq!((from([127, 0, 0, 1]), from([127, 0, 0, 2])), (2, 2));
}

#[test]
fn whoever_is_not_let_in_uses_nothing_up() {
    let origin = Origin::named("a");
    let policies = "key_auth: {}, rate_limit: { rate: 1/m, burst: 2, key: { consumer: {} } }";
    let gateway = guarded(&origin, policies);
    assert_eq!(statuses(&gateway, 5, &["X-API-Key: wrong-0123456789"]), [401; 5]);
    assert_eq!(statuses(&gateway, 5, &[]), [401; 5]);
    assert_eq!(passed(&gateway, 3, &[ADA]), 2);
}

#[test]
fn a_consumer_has_limits_of_its_own_over_all_routes() {
    let origin = Origin::named("a");
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route(
            "x",
            "match: [{ path: { prefix: /x } }]\nservice: origin\npolicies: { key_auth: {} }",
        )
        .route(
            "y",
            "match: [{ path: { prefix: /y } }]\nservice: origin\npolicies: { key_auth: {} }",
        )
        .consumer(
            "ada",
            "credentials: [{ api_key: ada-key-0123456789 }]\nlimits: { requests: 4/m }",
        )
        .consumer("bob", "credentials: [{ api_key: bob-key-0123456789 }]");
    let gateway = Gateway::start(config);
    let ask = |path: &str, key: &str| get(gateway.web(), "h", path, &[key]).status;
    let statuses: Vec<_> = ["/x", "/y", "/x", "/y", "/x", "/y"].map(|path| ask(path, ADA)).into();
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
    assert_eq!(ask("/x", BOB), 200);
}

#[test]
fn a_consumer_may_have_so_many_requests_at_once() {
    let gate = architrave_testkit::Gate::new();
    let wait = gate.clone();
    let origin = Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "");
    });
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin\npolicies: { key_auth: {} }")
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]\nlimits: { parallel: 2 }");
    let gateway = Gateway::start(config);
    let mut held: Vec<_> = (0..2)
        .map(|_| {
            let mut client = Client::connect(gateway.web());
            client.send(request("GET", "h", "/", &[ADA])).unwrap();
            client
        })
        .collect();
    eventually("two are in flight", SOON, || (origin.count() == 2).then_some(()));
    assert_eq!(get(gateway.web(), "h", "/", &[ADA]).status, 429);
    gate.open();
    for client in &mut held {
        assert_eq!(client.read_response("GET").unwrap().status, 200);
    }
    eventually("there is room again", SOON, || {
        (get(gateway.web(), "h", "/", &[ADA]).status == 200).then_some(())
    });
}
