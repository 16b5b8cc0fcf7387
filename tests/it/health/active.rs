//! Probes: HTTP, TCP and gRPC; how fast they notice, and what they are satisfied with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::python::PythonOrigin;
use architrave_testkit::{Config, Gateway, LoadPlan, Origin, Reloaded, SOON, eventually};

use crate::fleet::{Fleet, of, tally};

/// An origin that is well or not, as the switch says; it answers everything else with its name.
fn patient(name: &'static str) -> (Origin, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&well);
    let origin = Origin::start(move |exchange| {
        let probe = exchange.target() == "/healthz";
        match probe && !switch.load(Ordering::Acquire) {
            true => exchange.reply(503, &[], "unwell"),
            false => exchange.reply(200, &[], name),
        }
    });
    (origin, well)
}

fn probed(check: &str) -> String {
    format!(
        "balance: round_robin\nretry: {{ attempts: 0 }}\n\
         health: {{ active: {{ check: {check}, interval: 100ms, timeout: 300ms, rise: 2, fall: 2 }} }}"
    )
}

const HTTP: &str = "{ http: { path: /healthz, expect: [\"200-299\"] } }";

#[test]
fn an_origin_that_says_it_is_unwell_gets_nothing_until_it_is_well() {
    let ((one, well), (two, _)) = (patient("one"), patient("two"));
    let gateway = Gateway::start(Config::balanced(&[one.addr(), two.addr()], &probed(HTTP)));
    gateway.wait_health("origin", one.addr(), true, SOON);
    assert_eq!(of(&tally(&gateway, 20, &[]), "one"), 10);
    well.store(false, Ordering::Release);
    gateway.wait_health("origin", one.addr(), false, Duration::from_secs(5));
    assert_eq!(of(&tally(&gateway, 20, &[]), "two"), 20);
    let metric = [("upstream", "origin"), ("endpoint", &one.addr().to_string())];
    assert_eq!(gateway.metrics().sum("architrave_endpoint_available", &metric), 0.0);
    well.store(true, Ordering::Release);
    gateway.wait_health("origin", one.addr(), true, Duration::from_secs(5));
    eventually("it gets its turns again", SOON, || {
        (of(&tally(&gateway, 20, &[]), "one") >= 9).then_some(())
    });
}

#[test]
fn an_origin_that_does_not_answer_its_probes_is_unwell() {
    let stuck = Origin::start(|exchange| match exchange.target() {
        "/healthz" => exchange.stall(),
        _ => exchange.reply(200, &[], "stuck"),
    });
    let (well, _) = patient("well");
    let gateway = Gateway::start(Config::balanced(&[stuck.addr(), well.addr()], &probed(HTTP)));
    gateway.wait_health("origin", stuck.addr(), false, Duration::from_secs(8));
    assert_eq!(of(&tally(&gateway, 20, &[]), "well"), 20);
}

#[test]
fn what_counts_as_well_is_in_the_file() {
    let teapot = Origin::start(|exchange| exchange.reply(418, &[], "teapot"));
    let fine = Origin::named("fine");
    let check = "{ http: { path: /x?y=1, expect: [\"404\", \"410-420\"] } }";
    let gateway = Gateway::start(Config::balanced(&[teapot.addr(), fine.addr()], &probed(check)));
    gateway.wait_health("origin", fine.addr(), false, SOON);
    gateway.wait_health("origin", teapot.addr(), true, SOON);
    assert!(teapot.requests().iter().any(|request| request.target == "/x?y=1"));
}

#[test]
fn one_bad_probe_is_no_illness_where_two_are_asked_for() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let flapping = Origin::start(move |exchange| {
        let status = match exchange.target() {
            "/healthz" if count.fetch_add(1, Ordering::AcqRel) % 2 == 1 => 503,
            _ => 200,
        };
        exchange.reply(status, &[], "");
    });
    // A good probe that came too late on a busy machine would be a second bad one.
    let patient = probed(HTTP).replace("timeout: 300ms", "timeout: 10s");
    let gateway = Gateway::start(Config::balanced(&[flapping.addr()], &patient));
    gateway.wait_health("origin", flapping.addr(), true, SOON);
    let probes = || flapping.requests().iter().filter(|r| r.target == "/healthz").count();
    let goal = probes() + 12;
    eventually("a dozen more probes", SOON, || {
        assert!(gateway.is_healthy("origin", flapping.addr()));
        (probes() >= goal).then_some(())
    });
}

#[test]
fn tcp_probes_notice_who_is_gone_and_who_is_back() {
    let mut fleet = Fleet::start(2);
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), &probed("{ tcp: {} }")));
    let gone = fleet.addr(0);
    gateway.wait_health("origin", gone, true, SOON);
    fleet.end(0);
    gateway.wait_health("origin", gone, false, Duration::from_secs(5));
    assert_eq!(of(&tally(&gateway, 20, &[]), "b"), 20);
    let _again = Origin::start_at(gone, |exchange| exchange.reply(200, &[], "again"));
    gateway.wait_health("origin", gone, true, Duration::from_secs(5));
}

#[test]
fn grpc_probes_ask_the_health_service() {
    let server = PythonOrigin::start("grpc_server.py", &["--health", "shop.Orders=SERVING"]);
    let check = "{ grpc: { service: shop.Orders } }";
    let upstream = format!("protocol: h2c\n{}", probed(check));
    let gateway = Gateway::start(Config::balanced(&[server.addr()], &upstream));
    gateway.wait_health("origin", server.addr(), true, SOON);
    let unknown = format!("protocol: h2c\n{}", probed("{ grpc: { service: shop.Nobody } }"));
    let gateway = Gateway::start(Config::balanced(&[server.addr()], &unknown));
    gateway.wait_health("origin", server.addr(), false, SOON);
}

#[test]
fn nobody_well_is_a_503_or_everybody_by_the_threshold() {
    let (one, two) = (Origin::start(unwell), Origin::start(unwell));
    let addrs = [one.addr(), two.addr()];
    let gateway = Gateway::start(Config::balanced(&addrs, &probed(HTTP)));
    for address in addrs {
        gateway.wait_health("origin", address, false, SOON);
    }
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (503, "no_healthy_endpoint"));
    let panicking = probed(HTTP).replace("health: {", "health: { panic_threshold_percent: 50,");
    let gateway = Gateway::start(Config::balanced(&addrs, &panicking));
    for address in addrs {
        gateway.wait_health("origin", address, false, SOON);
    }
    assert_eq!(of(&tally(&gateway, 20, &[]), "unwell but here"), 20);
}

fn unwell(exchange: &mut architrave_testkit::Exchange<'_>) {
    match exchange.target() {
        "/healthz" => exchange.reply(503, &[], ""),
        _ => exchange.reply(200, &[], "unwell but here"),
    }
}

#[test]
fn who_joins_by_a_reload_takes_nothing_before_its_first_probe() {
    let (well, _) = patient("well");
    let (refusing, _guard) = architrave_testkit::origin::refusing();
    let (silent, _held) = architrave_testkit::origin::unanswering();
    let (late, is_well) = patient("late");
    is_well.store(false, Ordering::Release);
    let slow = probed(HTTP).replace("interval: 100ms", "interval: 60s");
    let config = |endpoints: &[_]| Config::balanced(endpoints, &slow);
    let gateway = Gateway::start(config(&[well.addr()]));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    let load = LoadPlan::new(gateway.web()).connections(4).start();
    load.wait_for(100);
    let all = [well.addr(), refusing, silent, late.addr()];
    assert_eq!(gateway.reload(config(&all)), Reloaded::Taken);
    for address in &all[1..] {
        gateway.wait_health("origin", *address, false, SOON);
    }
    load.wait_for(500);
    let report = load.stop();
    report.assert_clean();
    assert_eq!(of(&tally(&gateway, 20, &[]), "well"), 20);
    // One that is well is let in by its first probe, long before the next is due.
    let (new, _) = patient("new");
    assert_eq!(gateway.reload(config(&[well.addr(), new.addr()])), Reloaded::Taken);
    eventually("the new one takes its turns", SOON, || {
        (of(&tally(&gateway, 20, &[]), "new") >= 9).then_some(())
    });
    assert_eq!(new.requests()[0].target, "/healthz", "it was probed first");
    // Where all are new there is nobody else to wait for.
    let (other, _) = patient("other");
    assert_eq!(gateway.reload(config(&[other.addr()])), Reloaded::Taken);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "other");
}
