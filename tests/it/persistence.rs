//! Clients that stay with their endpoint: by signed cookie, by header, by address.

use std::collections::BTreeSet;

use architrave_testkit::client::{get, request};
use architrave_testkit::process::Ending;
use architrave_testkit::{Client, Config, Gateway, Reloaded, Response};
use tempfile::TempDir;

use crate::fleet::Fleet;

const COOKIE: &str = "balance: round_robin\npersistence: { cookie: { name: stay, ttl: 1h } }";

/// The cookie that a response sets: name and value, and its attributes.
fn cookie(response: &Response) -> Option<(String, String)> {
    let set = response.get("set-cookie")?;
    let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
    Some((pair.trim().to_owned(), attributes.to_lowercase()))
}

fn with_cookie(gateway: &Gateway, pair: &str) -> Response {
    get(gateway.web(), "h", "/", &[&format!("Cookie: other=1; {pair}; last=2")])
}

#[test]
fn a_cookie_keeps_a_client_at_its_endpoint() {
    let fleet = Fleet::start(4);
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), COOKIE));
    let mut places = BTreeSet::new();
    for _ in 0..12 {
        let first = get(gateway.web(), "h", "/", &[]);
        let (pair, attributes) = cookie(&first).expect("a cookie is set");
        assert!(pair.starts_with("stay="), "{pair}");
        for attribute in ["httponly", "max-age=3600", "path=/"] {
            assert!(attributes.contains(attribute), "{attributes}");
        }
        for _ in 0..5 {
            assert_eq!(with_cookie(&gateway, &pair).text(), first.text());
        }
        places.insert(first.text());
    }
    assert_eq!(places.len(), 4, "newcomers are spread");
}

#[test]
fn a_cookie_tells_nothing_and_cannot_be_forged() {
    let fleet = Fleet::start(4);
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), COOKIE));
    let first = get(gateway.web(), "h", "/", &[]);
    let (pair, _) = cookie(&first).expect("a cookie is set");
    for address in fleet.addrs() {
        let port = address.port().to_string();
        assert!(!pair.contains(&port) && !pair.contains(&address.to_string()), "{pair}");
    }
    let mut forged: Vec<String> = (5..pair.len())
        .map(|place| {
            let mut bytes = pair.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).expect("a cookie is text")
        })
        .collect();
    forged.extend([
        "stay=".to_owned(),
        "stay=x".to_owned(),
        format!("{pair}x"),
        pair[..pair.len() - 1].to_owned(),
    ]);
    forged.push(format!("stay={}", fleet.addr(0)));
    forged.push(format!("stay={}", "A".repeat(4_000)));
    for pair in &forged {
        let response = with_cookie(&gateway, pair);
        assert_eq!(response.status, 200, "{pair}");
        assert!(cookie(&response).is_some(), "the forged {pair} is not replaced");
    }
}

#[test]
fn when_the_endpoint_is_gone_another_takes_its_place() {
    let mut fleet = Fleet::start(2);
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), COOKIE));
    let stays = loop {
        let response = get(gateway.web(), "h", "/", &[]);
        if response.text() == "a" {
            break cookie(&response).expect("a cookie is set").0;
        }
    };
    fleet.end(0);
    let moved = with_cookie(&gateway, &stays);
    assert_eq!((moved.status, moved.text().as_str()), (200, "b"));
    let (pair, _) = cookie(&moved).expect("the cookie is replaced");
    assert_ne!(pair, stays);
    assert_eq!(with_cookie(&gateway, &pair).text(), "b");
}

#[test]
fn a_cookie_of_another_upstream_is_no_good() {
    let (one, two) = (Fleet::start(3), Fleet::start(3));
    let config = Config::new()
        .web()
        .upstream("one", &one.addrs(), COOKIE)
        .upstream("two", &two.addrs(), COOKIE)
        .route("one", "match: [{ path: { prefix: /one } }]\nservice: one")
        .route("two", "match: [{ path: { prefix: /two } }]\nservice: two");
    let gateway = Gateway::start(config);
    let (pair, _) = cookie(&get(gateway.web(), "h", "/one", &[])).expect("a cookie is set");
    let response = get(gateway.web(), "h", "/two", &[&format!("Cookie: {pair}")]);
    assert_eq!(response.status, 200);
    assert!(cookie(&response).is_some(), "taken for one of its own");
}

#[test]
fn cookies_hold_over_reload_and_over_a_restart_with_the_same_root_key() {
    let fleet = Fleet::start(4);
    let dir = TempDir::new().expect("there is room for a directory");
    let key = dir.path().join("root.key");
    std::fs::write(&key, format!("{}\n", "4f".repeat(32))).expect("there is room for a file");
    let keys = format!("keys: {{ file: \"{}\" }}", key.display());
    let config = Config::balanced(&fleet.addrs(), COOKIE).and(&keys);
    let gateway = Gateway::start(&config);
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let response = get(gateway.web(), "h", "/", &[]);
            (cookie(&response).expect("a cookie is set").0, response.text())
        })
        .collect();
    let all_stay = |gateway: &Gateway| {
        for (pair, place) in &clients {
            let response = with_cookie(gateway, pair);
            assert_eq!(&response.text(), place);
            assert!(cookie(&response).is_none(), "set anew without need");
        }
    };
    let mut more = fleet.addrs();
    let newcomer = architrave_testkit::Origin::named("new");
    more.insert(0, newcomer.addr());
    assert_eq!(gateway.reload(Config::balanced(&more, COOKIE).and(&keys)), Reloaded::Taken);
    all_stay(&gateway);
    assert_eq!(gateway.terminate(), Ending::Code(0));
    all_stay(&Gateway::start(&config));
}

#[test]
fn a_header_or_an_address_keeps_a_client_at_its_endpoint() {
    let fleet = Fleet::start(4);
    let upstream = "balance: round_robin\npersistence: { header: x-session }";
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), upstream));
    let places: BTreeSet<_> = (0..40)
        .map(|session| {
            let field = format!("X-Session: {session}");
            let ask = || get(gateway.web(), "h", "/", &[&field]).text();
            let first = ask();
            assert!((0..3).all(|_| ask() == first), "session {session} moved");
            first
        })
        .collect();
    assert_eq!(places.len(), 4);

    let upstream = "balance: round_robin\npersistence: { source_address: {} }";
    let gateway = Gateway::start(Config::balanced(&fleet.addrs(), upstream));
    let places: BTreeSet<_> = (1..40)
        .map(|last| {
            let ask = || {
                let mut client = Client::connect_from([127, 0, 0, last], gateway.web());
                client.ask(request("GET", "h", "/", &[])).text()
            };
            let first = ask();
            assert!((0..3).all(|_| ask() == first), "127.0.0.{last} moved");
            first
        })
        .collect();
    assert_eq!(places.len(), 4);
}
