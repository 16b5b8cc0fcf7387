//! Rules against clients: what matches, what does not, and that what is not asked for matches all.

use super::*;

fn rule() -> ForwardRule {
    ForwardRule {
        source: Vec::new(),
        source_ports: Vec::new(),
        destination: Vec::new(),
        destination_ports: Vec::new(),
        sni: Vec::new(),
        alpn: Vec::new(),
        upstream: architrave_config::UpstreamIndex(0),
        flow_idle: Duration::from_secs(30),
    }
}

fn networks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[track_caller]
fn check(rule: &ForwardRule, source: &str, destination: &str, expected: bool) {
    let (from, to) = (source.parse().unwrap(), destination.parse().unwrap());
    assert_eq!(takes(rule, from, to, None), expected, "{source} to {destination}");
}

#[test]
fn a_rule_without_keys_takes_everybody() {
    check(&rule(), "192.0.2.1:1", "198.51.100.1:1", true);
    check(&rule(), "[2001:db8::1]:1", "[::1]:65535", true);
}

#[test]
fn addresses_and_ports_of_both_ends_decide() {
    let source = ForwardRule { source: networks(&["10.0.0.0/8", "2001:db8::/32"]), ..rule() };
    check(&source, "10.9.8.7:1", "192.0.2.1:1", true);
    check(&source, "[2001:db8:1::]:1", "192.0.2.1:1", true);
    check(&source, "11.0.0.1:1", "10.0.0.1:1", false);
    let destination = ForwardRule { destination: networks(&["192.0.2.1/32"]), ..rule() };
    check(&destination, "10.0.0.1:1", "192.0.2.1:1", true);
    check(&destination, "192.0.2.1:1", "192.0.2.2:1", false);
    let ports = ForwardRule {
        source_ports: vec![1024..=65535],
        destination_ports: vec![80..=80, 8000..=8099],
        ..rule()
    };
    check(&ports, "10.0.0.1:1024", "192.0.2.1:8099", true);
    check(&ports, "10.0.0.1:1023", "192.0.2.1:8099", false);
    check(&ports, "10.0.0.1:1024", "192.0.2.1:8100", false);
}

#[test]
fn all_keys_of_a_rule_must_match() {
    let both = ForwardRule {
        source: networks(&["10.0.0.0/8"]),
        destination_ports: vec![5432..=5432],
        ..rule()
    };
    check(&both, "10.0.0.1:1", "192.0.2.1:5432", true);
    check(&both, "10.0.0.1:1", "192.0.2.1:5433", false);
    check(&both, "192.0.2.1:1", "192.0.2.1:5432", false);
}

#[track_caller]
fn check_hello(sni: &[&str], alpn: &[&str], name: Option<&str>, offers: &[&str], expected: bool) {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rule = ForwardRule { sni: texts(sni), alpn: texts(alpn), ..rule() };
    let hello = ClientHello {
        server_name: name.map(str::to_owned),
        alpn: offers.iter().map(|offer| offer.as_bytes().to_vec()).collect(),
    };
    let end = "192.0.2.1:443".parse().unwrap();
    let seen = format!("{sni:?} {alpn:?} against {name:?} {offers:?}");
    assert_eq!(takes(&rule, end, end, Some(&hello)), expected, "{seen}");
}

#[test]
fn names_match_exactly_or_below_a_suffix() {
    check_hello(&["shop.example"], &[], Some("shop.example"), &[], true);
    check_hello(&["shop.example"], &[], Some("a.shop.example"), &[], false);
    check_hello(&["*.shop.example"], &[], Some("a.shop.example"), &[], true);
    check_hello(&["*.shop.example"], &[], Some("a.b.shop.example"), &[], true);
    check_hello(&["*.shop.example"], &[], Some("shop.example"), &[], false);
    check_hello(&["*.shop.example"], &[], Some("myshop.example"), &[], false);
    check_hello(&["a.example", "b.example"], &[], Some("b.example"), &[], true);
    check_hello(&["shop.example"], &[], None, &[], false);
    check_hello(&[], &[], None, &[], true);
}

#[test]
fn any_offered_protocol_may_match() {
    check_hello(&[], &["h2"], None, &["http/1.1", "h2"], true);
    check_hello(&[], &["h2", "acme-tls/1"], None, &["acme-tls/1"], true);
    check_hello(&[], &["h2"], None, &["http/1.1"], false);
    check_hello(&[], &["h2"], None, &[], false);
    check_hello(&["a.example"], &["h2"], Some("a.example"), &["h2"], true);
    check_hello(&["a.example"], &["h2"], Some("b.example"), &["h2"], false);
}
