//! Several origins that say their names, and a tally of who answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use architrave_testkit::client::request;
use architrave_testkit::{Client, Gateway, Origin};

/// Origins named `a`, `b`, `c` and so on.
pub(crate) struct Fleet(Vec<Origin>);

/// Who answered how often.
pub(crate) type Tally = BTreeMap<String, u64>;

impl Fleet {
    pub(crate) fn start(size: u8) -> Self {
        let names = (0..size).map(|n| char::from(b'a' + n).to_string());
        Self(names.map(|name| Origin::named(&name)).collect())
    }

    pub(crate) fn addrs(&self) -> Vec<SocketAddr> {
        self.0.iter().map(Origin::addr).collect()
    }

    pub(crate) fn addr(&self, place: usize) -> SocketAddr {
        self.0[place].addr()
    }

    /// Ends one of them: connections to it are refused from now on.
    pub(crate) fn end(&mut self, place: usize) {
        drop(self.0.remove(place));
    }
}

/// Asks on one connection so often and counts the answers by body.
///
/// # Panics
/// When an answer is not 200.
#[track_caller]
pub(crate) fn tally(gateway: &Gateway, requests: u64, fields: &[&str]) -> Tally {
    let mut client = Client::connect(gateway.web());
    let mut tally = Tally::new();
    for _ in 0..requests {
        let response = client.ask(request("GET", "a.example", "/", fields));
        assert_eq!(response.status, 200, "{}", response.text());
        *tally.entry(response.text()).or_default() += 1;
    }
    tally
}

/// How often this one answered.
pub(crate) fn of(tally: &Tally, name: &str) -> u64 {
    *tally.get(name).unwrap_or(&0)
}
