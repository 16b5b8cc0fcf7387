//! Endpoints by name, as the system resolves names: the real `/etc/resolv.conf` is another one
//! here, in a namespace of the test's own, and the name server answers on port 53.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::name_server::{NameServer, Record};
use architrave_testkit::wait::throughout;
use architrave_testkit::{Config, Gateway, Origin, SOON, Stopwatch, eventually, namespace};

use crate::fleet::{Fleet, of, tally};

const NAME_SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

/// Added to every TTL so that many names do not run out at once; see `upkeep/discovery.rs`.
const SPREAD: Duration = Duration::from_millis(100);

/// What a lookup, and everything else on a busy machine, may take on top.
const SLACK: Duration = Duration::from_secs(2);

fn config(source: &str) -> Config {
    Config::new()
        .web()
        .upstream_of("origin", source, "balance: round_robin")
        .route("all", "service: origin")
}

/// The addresses of the upstream's endpoints.
fn endpoints(gateway: &Gateway) -> BTreeSet<String> {
    let page = gateway.admin_json("/api/v1/upstreams/origin");
    let list = page["endpoints"].as_array().expect("a list of endpoints");
    list.iter().filter_map(|one| one["address"].as_str().map(str::to_owned)).collect()
}

#[track_caller]
fn wait_for(gateway: &Gateway, wanted: &[SocketAddr]) {
    let wanted: BTreeSet<_> = wanted.iter().map(SocketAddr::to_string).collect();
    eventually(&format!("the endpoints are {wanted:?}"), SOON, || {
        (endpoints(gateway) == wanted).then_some(())
    });
}

/// A loopback address with the last number given.
fn at(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

#[test]
fn services_give_addresses_ports_weights_and_priorities() {
    if !namespace::is_inside("discovery::services_give_addresses_ports_weights_and_priorities") {
        return;
    }
    let fleet = Fleet::start(3);
    let server = NameServer::start_at(NAME_SERVER);
    let service = |place: usize, priority, weight| {
        Record::Srv(60, priority, weight, fleet.addr(place).port(), "node.internal")
    };
    server.set("node.internal", &[Record::A(60, at(1))]);
    server
        .set("_http._tcp.orders.internal", &[service(0, 0, 3), service(1, 0, 1), service(2, 1, 1)]);
    let gateway = Gateway::start(config("{ dns_srv: { name: _http._tcp.orders.internal } }"));
    wait_for(&gateway, &fleet.addrs());
    let counts = tally(&gateway, 40, &[]);
    assert_eq!((of(&counts, "a"), of(&counts, "b"), of(&counts, "c")), (30, 10, 0), "{counts:?}");
    let endpoint = gateway.endpoint("origin", fleet.addr(2));
    assert_eq!(
        (&endpoint["priority"], &endpoint["server_name"]),
        (&1.into(), &"node.internal".into())
    );
    // The lower priority goes: its next takes over.
    for place in 0..2 {
        gateway.endpoint_action("origin", fleet.addr(place), "drain", "");
    }
    assert_eq!(of(&tally(&gateway, 10, &[]), "c"), 10);
}

#[test]
fn a_changed_answer_is_live_after_its_ttl_and_not_before() {
    if !namespace::is_inside("discovery::a_changed_answer_is_live_after_its_ttl_and_not_before") {
        return;
    }
    let old = Origin::named("old");
    let port = old.addr().port();
    let new = Origin::start_at((at(2), port).into(), |exchange| exchange.reply(200, &[], "new"));
    let server = NameServer::start_at(NAME_SERVER);
    let ttl = Duration::from_secs(3);
    let record = |last| [Record::A(3, at(last))];
    server.set("orders.internal", &record(1));
    let source = format!("{{ dns: {{ name: orders.internal, port: {port} }} }}");
    let gateway = Gateway::start(config(&source));
    wait_for(&gateway, &[old.addr()]);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "old");
    // From the moment of one question to the next; A and AAAA are two.
    let asked = server.asked("orders.internal");
    eventually("it is asked again", SOON, || {
        (server.asked("orders.internal") >= asked + 2).then_some(())
    });
    let since = Stopwatch::start();
    server.set("orders.internal", &record(2));
    throughout("the answer that is valid is used", ttl - Duration::from_millis(500), || {
        get(gateway.web(), "h", "/", &[]).text() == "old"
    });
    wait_for(&gateway, &[new.addr()]);
    let took = since.elapsed();
    assert!(took <= ttl + SPREAD + SLACK, "{took:?}");
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "new");
}

#[test]
fn a_ttl_of_nothing_is_no_flood_of_questions() {
    if !namespace::is_inside("discovery::a_ttl_of_nothing_is_no_flood_of_questions") {
        return;
    }
    let origin = Origin::named("a");
    let server = NameServer::start_at(NAME_SERVER);
    server.set("orders.internal", &[Record::A(0, at(1))]);
    let port = origin.addr().port();
    let gateway =
        Gateway::start(config(&format!("{{ dns: {{ name: orders.internal, port: {port} }} }}")));
    wait_for(&gateway, &[origin.addr()]);
    let before = server.asked("orders.internal");
    let since = Stopwatch::start();
    eventually("four more rounds of questions", SOON, || {
        // A and AAAA are two questions.
        (server.asked("orders.internal") >= before + 8).then_some(())
    });
    // Of four rounds three lie wholly behind the first look.
    assert!(since.elapsed() >= Duration::from_secs(3), "{:?}", since.elapsed());
}

#[test]
fn the_last_good_answer_outlives_the_name_server() {
    if !namespace::is_inside("discovery::the_last_good_answer_outlives_the_name_server") {
        return;
    }
    let (old, new) = (Origin::named("old"), Origin::named("new"));
    let service = |origin: &Origin| [Record::Srv(1, 0, 1, origin.addr().port(), "node.internal")];
    let start = |origin: &Origin| {
        let server = NameServer::start_at(NAME_SERVER);
        server.set("node.internal", &[Record::A(1, at(1))]);
        server.set("_http._tcp.orders.internal", &service(origin));
        server
    };
    let server = start(&old);
    let gateway = Gateway::start(config("{ dns_srv: { name: _http._tcp.orders.internal } }"));
    wait_for(&gateway, &[old.addr()]);
    drop(server);
    eventually("it is said that the name does not resolve", SOON, || {
        let lines = gateway.stderr().lines();
        lines
            .iter()
            .any(|line| line.contains("does not resolve") && line.contains("kept"))
            .then_some(())
    });
    throughout("what was known is served", Duration::from_secs(3), || {
        get(gateway.web(), "h", "/", &[]).text() == "old"
    });
    let server = start(&new);
    wait_for(&gateway, &[new.addr()]);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "new");
    // A name that is decidedly gone is no answer to act on either: its endpoints stay.
    server.set("_http._tcp.orders.internal", &[]);
    let asked = server.asked("_http._tcp.orders.internal");
    eventually("it is asked again", SOON, || {
        (server.asked("_http._tcp.orders.internal") > asked).then_some(())
    });
    throughout("what was known is served", Duration::from_secs(1), || {
        get(gateway.web(), "h", "/", &[]).text() == "new"
    });
}
