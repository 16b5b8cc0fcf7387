//! How requests are spread: what each algorithm promises, as far as it can be seen from outside.

use std::collections::BTreeSet;
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::wait::Gate;
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, LoadPlan, Origin, Reloaded, SOON, eventually, heavy,
};

use crate::fleet::{Fleet, of, tally};

fn balanced(fleet: &Fleet, upstream: &str) -> Gateway {
    Gateway::start(Config::balanced(&fleet.addrs(), upstream))
}

fn weighted(fleet: &Fleet, weights: &[u32], upstream: &str) -> Config {
    let list: Vec<_> = fleet
        .addrs()
        .iter()
        .zip(weights)
        .map(|(address, weight)| format!("{{ address: \"{address}\", weight: {weight} }}"))
        .collect();
    Config::new()
        .web()
        .upstream_of("origin", &list.join(", "), upstream)
        .route("all", "service: origin")
}

#[test]
fn round_robin_takes_turns_by_weight_over_all_workers() {
    let fleet = Fleet::start(3);
    let gateway = Gateway::start(weighted(&fleet, &[3, 2, 1], "balance: round_robin"));
    let mut answers = Vec::new();
    for _ in 0..60 {
        // A connection each, so that both workers take part.
        answers.push(get(gateway.web(), "h", "/", &[]).text());
    }
    for turn in answers.chunks(6) {
        let count = |name: &str| turn.iter().filter(|answer| *answer == name).count();
        assert_eq!((count("a"), count("b"), count("c")), (3, 2, 1), "{answers:?}");
        // Smooth: the heaviest does not come three times in a row.
        assert!(!turn.windows(3).any(|three| three.iter().all(|answer| answer == "a")), "{turn:?}");
    }
}

#[test]
fn random_spreads_by_weight() {
    let fleet = Fleet::start(2);
    let gateway = Gateway::start(weighted(&fleet, &[3, 1], "balance: random"));
    let tally = tally(&gateway, 2_000, &[]);
    // Five standard deviations of a fair draw are 97.
    assert!(of(&tally, "b").abs_diff(500) < 97, "{tally:?}");
    assert_eq!(of(&tally, "a") + of(&tally, "b"), 2_000);
}

#[test]
fn first_takes_the_first_that_is_there() {
    let mut fleet = Fleet::start(3);
    let upstream = "balance: first\nhealth: { passive: { consecutive_failures: 1, max_ejected_percent: 100 } }";
    let gateway = balanced(&fleet, upstream);
    assert_eq!(of(&tally(&gateway, 50, &[]), "a"), 50);
    fleet.end(0);
    assert_eq!(of(&tally(&gateway, 50, &[]), "b"), 50);
}

#[test]
fn every_algorithm_uses_every_endpoint_and_loses_nothing() {
    let fleet = Fleet::start(4);
    for algorithm in [
        "round_robin",
        "least_request",
        "p2c_least_request",
        "p2c_ewma",
        "ring_hash",
        "maglev",
        "random",
    ] {
        let upstream =
            format!("balance: {algorithm}\nhash_on: {{ query: {{ k }} }}").replace("{ k }", "k");
        let gateway = balanced(&fleet, &upstream);
        let mut client = Client::connect(gateway.web());
        let answers: BTreeSet<_> =
            (0..400).map(|n| client.get("h", &format!("/?k={n}"), &[]).text()).collect();
        assert_eq!(answers.len(), 4, "{algorithm}: {answers:?}");
    }
}

/// So wide a bound that the answer before, still counted for a moment, does not move a key.
const UNBOUNDED: &str = "hash_bound: 10";

/// Gets one request stuck at the held one of two origins, and waits until the other is idle.
fn get_one_stuck(gateway: &Gateway, held: &Origin, free: &Origin) -> Vec<Client> {
    let mut stuck = Vec::new();
    eventually("a request is stuck", SOON, || {
        let mut client = Client::connect(gateway.web());
        client.send(request("GET", "h", "/", &[])).expect("the request is taken");
        stuck.push(client);
        // On a busy machine a second one is sent before the first is seen there.
        (held.count() >= 1).then_some(())
    });
    eventually("the other is idle", SOON, || {
        (gateway.endpoint("origin", free.addr())["in_flight"] == 0).then_some(())
    });
    stuck
}

/// Two origins, of which `held` keeps its answers back until the gate opens.
fn one_held(gate: &Gate) -> (Origin, Origin) {
    let wait = gate.clone();
    let held = Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "held");
    });
    (held, Origin::named("free"))
}

#[test]
fn least_request_avoids_the_busy() {
    let gate = Gate::new();
    let (held, free) = one_held(&gate);
    let config = Config::balanced(&[held.addr(), free.addr()], "balance: least_request");
    let gateway = GatewayOptions::new().workers(2).start(config);
    let _stuck = get_one_stuck(&gateway, &held, &free);
    assert_eq!(of(&tally(&gateway, 100, &[]), "free"), 100, "the other has nothing in flight");
    gate.open();
}

#[test]
fn two_choices_avoid_the_busy_mostly() {
    let gate = Gate::new();
    let (held, free) = one_held(&gate);
    let gateway = Gateway::start(Config::balanced(&[held.addr(), free.addr()], ""));
    let _stuck = get_one_stuck(&gateway, &held, &free);
    assert_eq!(of(&tally(&gateway, 100, &[]), "free"), 100, "of two, both are always compared");
    gate.open();
}

#[test]
fn ewma_prefers_the_fast_and_does_not_forget_the_slow() {
    let _turn = heavy::turn();
    let slow = Origin::start(|exchange| {
        std::thread::sleep(Duration::from_millis(40));
        exchange.reply(200, &[], "slow");
    });
    let fast = Origin::named("fast");
    let gateway =
        Gateway::start(Config::balanced(&[slow.addr(), fast.addr()], "balance: p2c_ewma"));
    let load = LoadPlan::new(gateway.web()).connections(4).start();
    load.wait_for(400);
    let report = load.stop();
    report.assert_clean();
    assert!(report.share("fast") > 0.9, "{:?}", report.by_body);
    assert!(slow.count() > 0, "the slow one was never tried");
}

#[test]
fn ewma_is_not_drawn_to_one_that_fails_fast() {
    let _turn = heavy::turn();
    let broken = Origin::start(|exchange| exchange.reply(500, &[], "broken"));
    let good = Origin::start(|exchange| {
        std::thread::sleep(Duration::from_millis(5));
        exchange.reply(200, &[], "good");
    });
    let upstream = "balance: p2c_ewma\nretry: { attempts: 0 }\nhealth: { passive: { consecutive_failures: 0 } }";
    let gateway = Gateway::start(Config::balanced(&[broken.addr(), good.addr()], upstream));
    let load = LoadPlan::new(gateway.web()).connections(4).start();
    // What it has cost is felt within moments; then only a try now and again goes there.
    eventually("it is left alone", SOON, || {
        let before = load.so_far();
        load.wait_for(200);
        let now = load.so_far();
        let (failed, ok) = (now.failed - before.failed, now.ok - before.ok);
        (failed * 10 < ok).then_some(())
    });
}

#[test]
fn hashing_keeps_a_key_at_its_endpoint() {
    let fleet = Fleet::start(5);
    for algorithm in ["ring_hash", "maglev"] {
        for (hash_on, fields, target) in [
            ("{ header: x-user }", "X-User: {}", "/"),
            ("{ cookie: uid }", "Cookie: a=b; uid={}", "/"),
            ("{ query: id }", "X: y", "/?x=1&id={}"),
            ("{ path: {} }", "X: y", "/p/{}"),
        ] {
            let upstream = format!("balance: {algorithm}\nhash_on: {hash_on}\n{UNBOUNDED}");
            let gateway = balanced(&fleet, &upstream);
            let mut seen = BTreeSet::new();
            for key in 0..40 {
                let (field, target) = (
                    fields.replace("{}", &key.to_string()),
                    target.replace("{}", &key.to_string()),
                );
                let ask = || get(gateway.web(), "h", &target, &[&field]).text();
                let first = ask();
                assert!(
                    (0..3).all(|_| ask() == first),
                    "{algorithm} on {hash_on}: key {key} moved"
                );
                seen.insert(first);
            }
            assert!(seen.len() >= 4, "{algorithm} on {hash_on}: 40 keys at {seen:?}");
        }
        let by_address =
            format!("balance: {algorithm}\nhash_on: {{ source_address: {{}} }}\n{UNBOUNDED}");
        let gateway = balanced(&fleet, &by_address);
        let from = |last: u8| {
            Client::connect_from([127, 0, 0, last], gateway.web()).get("h", "/", &[]).text()
        };
        let seen: BTreeSet<_> = (1..40).map(|last| (from(last), from(last))).collect();
        let retries = gateway.metrics().sum("architrave_upstream_retries_total", &[]);
        let stayed = seen.iter().all(|(one, two)| one == two);
        assert!(stayed && seen.len() >= 4, "{algorithm}: {seen:?} with {retries} retries");
    }
}

#[test]
fn hashing_moves_few_keys_when_an_endpoint_goes() {
    let fleet = Fleet::start(5);
    for algorithm in ["ring_hash", "maglev"] {
        let upstream = format!("balance: {algorithm}\nhash_on: {{ header: x-user }}\n{UNBOUNDED}");
        let gateway = Gateway::start(Config::balanced(&fleet.addrs(), &upstream));
        let places = || {
            let mut client = Client::connect(gateway.web());
            let ask = |key| client.get("h", "/", &[&format!("X-User: {key}")]).text();
            (0..200).map(ask).collect::<Vec<_>>()
        };
        let before = places();
        let config = Config::balanced(&fleet.addrs()[..4], &upstream);
        assert_eq!(gateway.reload(config), Reloaded::Taken);
        let after = places();
        let moved = before.iter().zip(&after).filter(|(b, a)| b != a && *b != "e").count();
        assert!(after.iter().all(|place| place != "e"));
        assert!(moved <= 20, "{algorithm}: {moved} of 200 keys moved without need");
    }
}

#[test]
fn a_hot_key_spills_over_at_the_bound() {
    let gate = Gate::new();
    let origins: Vec<_> = (0..4)
        .map(|_| {
            let wait = gate.clone();
            Origin::start(move |exchange| {
                wait.pass();
                exchange.reply(200, &[], "");
            })
        })
        .collect();
    let addrs: Vec<_> = origins.iter().map(Origin::addr).collect();
    let upstream = "balance: ring_hash\nhash_on: { header: x-user }\nhash_bound: 1.25";
    let gateway = Gateway::start(Config::balanced(&addrs, upstream));
    let held: Vec<_> = (0..40)
        .map(|_| {
            let mut client = Client::connect(gateway.web());
            client.send(request("GET", "h", "/", &["X-User: same"])).unwrap();
            client
        })
        .collect();
    let counts = || origins.iter().map(Origin::count).collect::<Vec<_>>();
    eventually("all are in flight", SOON, || (counts().iter().sum::<usize>() == 40).then_some(()));
    let most = counts().into_iter().max().unwrap_or(0);
    assert!(most <= 14, "bounded at 1.25 times the mean of 10: {:?}", counts());
    gate.open();
    drop(held);
}

#[test]
fn lower_priorities_wait_until_they_are_needed() {
    let mut fleet = Fleet::start(3);
    let [a, b, c] = [0, 1, 2].map(|place| fleet.addr(place));
    let list = format!(
        "{{ address: \"{a}\" }}, {{ address: \"{b}\" }}, {{ address: \"{c}\", priority: 1 }}"
    );
    let health = "health: { active: { check: { tcp: {} }, interval: 100ms, timeout: 1s, rise: 1, fall: 1 } }";
    let config =
        Config::new().web().upstream_of("origin", &list, health).route("all", "service: origin");
    let gateway = Gateway::start(config);
    assert_eq!(of(&tally(&gateway, 100, &[]), "c"), 0);
    fleet.end(0);
    gateway.wait_health("origin", a, false, SOON);
    assert_eq!(of(&tally(&gateway, 50, &[]), "b"), 50, "one is enough");
    fleet.end(0);
    gateway.wait_health("origin", b, false, SOON);
    assert_eq!(of(&tally(&gateway, 50, &[]), "c"), 50);
}

#[test]
fn an_endpoint_that_comes_back_starts_slowly() {
    let mut fleet = Fleet::start(2);
    let upstream = "
        balance: round_robin
        health:
          active: { check: { tcp: {} }, interval: 100ms, timeout: 1s, rise: 1, fall: 1 }
          slow_start: 60s
        ";
    let gateway = balanced(&fleet, upstream);
    let b = fleet.addr(1);
    gateway.wait_health("origin", b, true, SOON);
    fleet.end(1);
    gateway.wait_health("origin", b, false, SOON);
    let _again = Origin::start_at(b, |exchange| exchange.reply(200, &[], "b"));
    gateway.wait_health("origin", b, true, SOON);
    eventually("its share begins small", SOON, || {
        let share = gateway.endpoint("origin", b)["share_percent"].as_u64().expect("a share");
        (share < 50).then_some(())
    });
    let tally = tally(&gateway, 200, &[]);
    assert!(of(&tally, "b") < 60, "{tally:?}");
}

#[test]
fn endpoints_are_found_by_name() {
    let origin = Origin::named("a");
    let list = format!("{{ dns: {{ name: localhost, port: {} }} }}", origin.addr().port());
    let config =
        Config::new().web().upstream_of("origin", &list, "").route("all", "service: origin");
    let gateway = Gateway::start(config);
    // The IPv6 address of the same name refuses; a retry finds the other.
    eventually("the name is resolved", SOON, || {
        (get(gateway.web(), "h", "/", &[]).status == 200).then_some(())
    });
}
