//! Ejection: an endpoint that fails again and again is left alone for a while, never the last one.

use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::{Config, Gateway, Origin, SOON, Stopwatch, eventually};

use crate::fleet::{of, tally};

fn upstream(passive: &str) -> String {
    format!(
        "balance: round_robin\nretry: {{ attempts: 0 }}\nhealth: {{ passive: {{ {passive} }} }}"
    )
}

#[test]
fn failures_in_a_row_eject_and_time_brings_back() {
    let broken = Origin::start(|exchange| exchange.reset());
    let good = Origin::named("good");
    let passive = "consecutive_failures: 3, eject_for: 1s";
    let gateway =
        Gateway::start(Config::balanced(&[broken.addr(), good.addr()], &upstream(passive)));
    let watch = Stopwatch::start();
    for _ in 0..20 {
        let status = get(gateway.web(), "h", "/", &[]).status;
        assert!(matches!(status, 200 | 502), "{status}");
    }
    assert_eq!(broken.count(), 3, "three failures, then nothing more");
    let endpoint = gateway.endpoint("origin", broken.addr());
    assert_eq!((&endpoint["health"], &endpoint["ejections"]), (&"ejected".into(), &1.into()));
    let labels = [("upstream", "origin"), ("endpoint", &broken.addr().to_string())];
    assert_eq!(gateway.metrics().sum("architrave_endpoint_ejections_total", &labels), 1.0);
    eventually("it is tried again", SOON, || {
        get(gateway.web(), "h", "/", &[]);
        (broken.count() > 3).then_some(())
    });
    assert!(watch.elapsed() >= Duration::from_millis(900), "{:?}", watch.elapsed());
}

#[test]
fn each_ejection_is_longer_than_the_last() {
    let broken = Origin::start(|exchange| exchange.reset());
    let good = Origin::named("good");
    let passive = "consecutive_failures: 1, eject_for: 300ms";
    let gateway =
        Gateway::start(Config::balanced(&[broken.addr(), good.addr()], &upstream(passive)));
    let mut last = Duration::ZERO;
    for round in 1..=3 {
        eventually("it is tried", SOON, || {
            get(gateway.web(), "h", "/", &[]);
            (broken.count() == round).then_some(())
        });
        let left = gateway.endpoint("origin", broken.addr())["ejected_for_ms"].as_f64();
        let left = Duration::from_secs_f64(left.expect("an ejection has an end") / 1000.0);
        assert!(left > last, "round {round}: {left:?} after {last:?}");
        last = left;
    }
}

#[test]
fn a_success_between_failures_forgives() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let moody = Origin::start(move |exchange| {
        match count.fetch_add(1, std::sync::atomic::Ordering::AcqRel) % 3 {
            2 => exchange.reply(200, &[], "moody"),
            _ => exchange.reset(),
        }
    });
    let good = Origin::named("good");
    let passive = "consecutive_failures: 3, eject_for: 60s";
    let gateway =
        Gateway::start(Config::balanced(&[moody.addr(), good.addr()], &upstream(passive)));
    for _ in 0..60 {
        get(gateway.web(), "h", "/", &[]);
    }
    assert_eq!(moody.count(), 30);
}

#[test]
fn the_last_one_is_never_ejected() {
    let broken = Origin::start(|exchange| exchange.reset());
    let passive =
        "consecutive_failures: 1, eject_for: 60s, max_ejected_percent: 100, min_ejectable: 10";
    let gateway = Gateway::start(Config::balanced(&[broken.addr()], &upstream(passive)));
    for _ in 0..10 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).status, 502);
    }
    assert_eq!(broken.count(), 10);
}

#[test]
fn no_more_than_the_share_is_ejected() {
    let broken: Vec<_> = (0..4).map(|_| Origin::start(|exchange| exchange.reset())).collect();
    let addrs: Vec<_> = broken.iter().map(Origin::addr).collect();
    let passive =
        "consecutive_failures: 1, eject_for: 60s, max_ejected_percent: 50, min_ejectable: 1";
    let gateway = Gateway::start(Config::balanced(&addrs, &upstream(passive)));
    for _ in 0..40 {
        get(gateway.web(), "h", "/", &[]);
    }
    let ejected = addrs.iter().filter(|a| gateway.endpoint("origin", **a)["health"] == "ejected");
    assert_eq!(ejected.count(), 2);
}

#[test]
fn ejection_can_be_turned_off() {
    let broken = Origin::start(|exchange| exchange.reset());
    let good = Origin::named("good");
    let config =
        Config::balanced(&[broken.addr(), good.addr()], &upstream("consecutive_failures: 0"));
    let gateway = Gateway::start(config);
    for _ in 0..40 {
        get(gateway.web(), "h", "/", &[]);
    }
    assert_eq!(broken.count(), 20);
}

#[test]
fn an_endpoint_that_refuses_connections_costs_no_request_for_long() {
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let good = Origin::named("good");
    let gateway = Gateway::start(Config::balanced(&[refused, good.addr()], ""));
    assert_eq!(of(&tally(&gateway, 100, &[]), "good"), 100, "retries hide it");
    assert_eq!(gateway.endpoint("origin", refused)["health"], "ejected");
}
