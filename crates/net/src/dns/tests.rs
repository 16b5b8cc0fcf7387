//! Discovery against a name server of our own, over UDP on loopback.
//!
//! The hosts file is tried without any name server: the address it would ask is nobody's.

use std::fs;

use architrave_testkit::name_server::{NameServer, Record, RecordType};

use super::*;

fn endpoint(address: &str, weight: u32, priority: u16, server_name: &str) -> ResolvedEndpoint {
    ResolvedEndpoint {
        priority,
        address: address.parse().unwrap(),
        weight,
        server_name: server_name.into(),
    }
}

fn a(ttl: u32, last: u8) -> Record {
    Record::A(ttl, [192, 0, 2, last].into())
}

fn start() -> (NameServer, Resolver) {
    let server = NameServer::start();
    let resolver = Resolver::with_name_server(server.address());
    (server, resolver)
}

#[tokio::test]
async fn a_name_leads_to_all_its_addresses_for_the_shortest_ttl() {
    let (server, resolver) = start();
    server.set(
        "orders.internal",
        &[a(30, 2), a(20, 1), Record::Aaaa(40, "2001:db8::1".parse().unwrap())],
    );
    let answer = resolver.addresses("Orders.internal.", 80).await.unwrap();
    let expect = [
        endpoint("192.0.2.1:80", 1, 0, "orders.internal"),
        endpoint("192.0.2.2:80", 1, 0, "orders.internal"),
        endpoint("[2001:db8::1]:80", 1, 0, "orders.internal"),
    ];
    assert_eq!(answer.endpoints, expect);
    assert_eq!(answer.ttl, Duration::from_secs(20));
    assert!(answer.gaps.is_empty());
}

#[tokio::test]
async fn every_question_is_asked_anew_and_the_ttl_has_bounds() {
    let (server, resolver) = start();
    for (ttl, expect) in [(0, 1), (1, 1), (2, 2), (300, 300), (301, 300), (86_400, 300)] {
        server.set("orders.internal", &[a(ttl, 1)]);
        let answer = resolver.addresses("orders.internal", 80).await.unwrap();
        assert_eq!(answer.ttl, Duration::from_secs(expect));
    }
    server.set("orders.internal", &[a(300, 2)]);
    let answer = resolver.addresses("orders.internal", 80).await.unwrap();
    assert_eq!(answer.endpoints, [endpoint("192.0.2.2:80", 1, 0, "orders.internal")]);
}

#[tokio::test]
async fn aliases_are_followed_and_their_ttl_counts() {
    let (server, resolver) = start();
    server.set("orders.internal", &[Record::Cname(5, "real.internal")]);
    server.set("real.internal", &[a(60, 1)]);
    let answer = resolver.addresses("orders.internal", 80).await.unwrap();
    assert_eq!(answer.endpoints, [endpoint("192.0.2.1:80", 1, 0, "orders.internal")]);
    assert_eq!(answer.ttl, Duration::from_secs(5));
}

#[tokio::test]
async fn service_records_bring_ports_weights_and_priorities() {
    let (server, resolver) = start();
    let name = "_http._tcp.orders.internal";
    server.set(
        name,
        &[
            Record::Srv(60, 20, 7, 9003, "b.internal"),
            Record::Srv(50, 10, 0, 9002, "B.internal"),
            Record::Srv(40, 10, 500, 9001, "a.internal"),
            Record::Srv(60, 70, 1, 9001, "a.internal"),
        ],
    );
    server.set("a.internal", &[a(30, 1)]);
    server.set("b.internal", &[a(90, 2), a(90, 3)]);
    let answer = resolver.services(name).await.unwrap();
    let expect = [
        endpoint("192.0.2.1:9001", 500, 10, "a.internal"),
        endpoint("192.0.2.2:9002", 1, 10, "b.internal"),
        endpoint("192.0.2.3:9002", 1, 10, "b.internal"),
        endpoint("192.0.2.2:9003", 7, 20, "b.internal"),
        endpoint("192.0.2.3:9003", 7, 20, "b.internal"),
    ];
    assert_eq!(answer.endpoints, expect);
    assert_eq!(answer.ttl, Duration::from_secs(30));
    assert!(answer.gaps.is_empty());
}

#[tokio::test]
async fn a_part_that_cannot_be_had_is_told_apart_from_one_that_is_gone() {
    let (server, resolver) = start();
    let v4 = endpoint("192.0.2.9:80", 1, 0, "orders.internal");
    let v6 = endpoint("[2001:db8::9]:80", 1, 0, "orders.internal");
    server.set("orders.internal", &[a(60, 1)]);
    let whole = resolver.addresses("orders.internal", 80).await.unwrap();
    assert!(!whole.leaves_open(&v4) && !whole.leaves_open(&v6));
    server.fail("orders.internal", RecordType::Aaaa);
    let without_v6 = resolver.addresses("orders.internal", 80).await.unwrap();
    assert!(!without_v6.leaves_open(&v4) && without_v6.leaves_open(&v6));
    server.set("orders.internal", &[Record::Aaaa(60, "2001:db8::1".parse().unwrap())]);
    server.fail("orders.internal", RecordType::A);
    let without_v4 = resolver.addresses("orders.internal", 80).await.unwrap();
    assert!(without_v4.leaves_open(&v4) && !without_v4.leaves_open(&v6));

    let services = [
        Record::Srv(60, 0, 1, 9001, "orders.internal"),
        Record::Srv(60, 0, 1, 9002, "other.internal"),
    ];
    let other = endpoint("192.0.2.9:9002", 1, 0, "other.internal");
    server.set("orders.internal", &[a(60, 1)]);
    server.set("_http._tcp.internal", &services);
    let gone = resolver.services("_http._tcp.internal").await.unwrap();
    assert_eq!((gone.endpoints.len(), gone.leaves_open(&other)), (1, false));
    for kind in [RecordType::A, RecordType::Aaaa] {
        server.fail("other.internal", kind);
    }
    let failing = resolver.services("_http._tcp.internal").await.unwrap();
    assert_eq!((failing.endpoints.len(), failing.leaves_open(&other)), (1, true));
    assert!(!failing.leaves_open(&v4));
}

#[tokio::test]
async fn failures_say_what_failed() {
    let (server, resolver) = start();
    let name = || "orders.internal".to_owned();
    let none = resolver.addresses("orders.internal", 80).await;
    assert_eq!(none, Err(DnsError::NoSuchName { name: name() }));
    server.set("orders.internal", &[Record::Srv(1, 0, 0, 1, ".")]);
    let none = resolver.addresses("orders.internal", 80).await;
    assert!(matches!(none, Err(DnsError::NoRecords { .. })), "{none:?}");
    let none = resolver.services("orders.internal").await;
    assert_eq!(none, Err(DnsError::NoRecords { name: name(), wanted: "SRV" }));
    server.fail("orders.internal", RecordType::A);
    server.fail("orders.internal", RecordType::Aaaa);
    let failed = resolver.addresses("orders.internal", 80).await;
    assert!(matches!(failed, Err(DnsError::Failed { .. })), "{failed:?}");
    for bad in ["", ".", "a..b", &"a".repeat(64)] {
        let refused = resolver.addresses(bad, 80).await;
        assert!(matches!(refused, Err(DnsError::Name { .. })), "{bad:?} {refused:?}");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_on() {
    let server = NameServer::start();
    let resolver = Resolver::with_name_server(server.address());
    server.silence("orders.internal");
    tokio::time::pause();
    let failed = resolver.addresses("orders.internal", 80).await;
    assert!(failed.is_err(), "{failed:?}");
}

#[tokio::test]
async fn the_hosts_file_comes_first_and_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (resolv_conf, hosts) = (folder.path().join("resolv.conf"), folder.path().join("hosts"));
    fs::write(&resolv_conf, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").unwrap();
    fs::write(&hosts, "192.0.2.7 orders.internal orders # a comment\n").unwrap();
    let resolver = Resolver::from_files(&resolv_conf, &hosts);
    let answer = resolver.addresses("ORDERS", 80).await.unwrap();
    assert_eq!(answer.endpoints, [endpoint("192.0.2.7:80", 1, 0, "orders")]);
    fs::write(&hosts, "192.0.2.8 orders\n2001:db8::8 orders\n").unwrap();
    let answer = resolver.addresses("orders", 80).await.unwrap();
    let expect =
        [endpoint("192.0.2.8:80", 1, 0, "orders"), endpoint("[2001:db8::8]:80", 1, 0, "orders")];
    assert_eq!(answer.endpoints, expect);
    assert_eq!(answer.ttl, TTL_MAX);
}

#[tokio::test]
async fn an_address_is_its_own_answer() {
    let resolver = Resolver::with_name_server("127.0.0.1:9".parse().unwrap());
    let answer = resolver.addresses("192.0.2.1", 80).await.unwrap();
    assert_eq!(answer.endpoints, [endpoint("192.0.2.1:80", 1, 0, "192.0.2.1")]);
}
