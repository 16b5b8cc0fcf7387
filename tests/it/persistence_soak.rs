//! A thousand clients with cookie jars through reload, a change of weights, an upgrade and a
//! restart: each keeps one origin.

use std::sync::Mutex;
use std::thread;

use architrave_testkit::client::request;
use architrave_testkit::process::Ending;
use architrave_testkit::{Client, Config, Gateway, Origin, Reloaded, heavy, tools};
use tempfile::TempDir;

use crate::fleet::Fleet;

/// One client: its cookie and the origin it was given.
#[derive(Clone, Default)]
struct Jar {
    cookie: Option<String>,
    origin: Option<String>,
}

/// Lets every client ask, eight at a time, and gives what went wrong.
fn ask_all(gateway: &Gateway, jars: &mut [Jar]) -> Vec<String> {
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for part in jars.chunks_mut(jars.len().div_ceil(8)) {
            let wrong = &wrong;
            scope.spawn(move || {
                let mut client = Client::connect(gateway.web());
                for jar in part {
                    if let Some(failure) = ask(&mut client, gateway, jar) {
                        wrong.lock().expect("nobody panics").push(failure);
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("nobody panics")
}

fn ask(client: &mut Client, gateway: &Gateway, jar: &mut Jar) -> Option<String> {
    let field = jar.cookie.as_ref().map(|cookie| format!("Cookie: {cookie}"));
    let fields: Vec<&str> = field.iter().map(String::as_str).collect();
    let response = match client.try_ask(request("GET", "h", "/", &fields)) {
        Ok(response) => response,
        Err(error) => {
            *client = Client::connect(gateway.web());
            return Some(format!("{error:?}"));
        }
    };
    if response.head.says_close() {
        *client = Client::connect(gateway.web());
    }
    if let Some(set) = response.get("set-cookie") {
        jar.cookie = set.split(';').next().map(str::to_owned);
    }
    let origin = response.text();
    let before = jar.origin.replace(origin.clone());
    match before {
        Some(before) if before != origin => Some(format!("moved from {before} to {origin}")),
        _ if response.status != 200 => Some(format!("status {}", response.status)),
        _ => None,
    }
}

#[test]
fn a_thousand_clients_keep_their_origin() {
    let _turn = heavy::turn();
    let fleet = Fleet::start(4);
    let newcomer = Origin::named("new");
    let dir = TempDir::new().expect("there is room for a directory");
    let key = dir.path().join("root.key");
    std::fs::write(&key, format!("{}\n", "7a".repeat(32))).expect("there is room for a file");
    let file = |weights: [u32; 4], more: &[&Origin]| {
        let mut list: Vec<_> = fleet
            .addrs()
            .iter()
            .zip(weights)
            .map(|(address, weight)| format!("{{ address: \"{address}\", weight: {weight} }}"))
            .collect();
        list.extend(more.iter().map(|origin| format!("{{ address: \"{}\" }}", origin.addr())));
        Config::new()
            .web()
            .upstream_of(
                "origin",
                &list.join(", "),
                "persistence: { cookie: { name: stay, ttl: 1h } }",
            )
            .route("all", "service: origin")
            .and(&format!("keys: {{ file: \"{}\" }}", key.display()))
    };
    let mut jars = vec![Jar::default(); 1_000];
    let mut gateway = Gateway::start(file([1; 4], &[]));
    let none: Vec<String> = Vec::new();
    assert_eq!(ask_all(&gateway, &mut jars), none, "at first");
    let cookies = jars.iter().filter(|jar| jar.cookie.is_some()).count();
    assert_eq!(cookies, 1_000);
    for name in ["a", "b", "c", "d"] {
        let share = jars.iter().filter(|jar| jar.origin.as_deref() == Some(name)).count();
        assert!((150..350).contains(&share), "{share} of 1000 at {name}");
    }
    for round in 0..if tools::soak() { 20 } else { 1 } {
        assert_eq!(ask_all(&gateway, &mut jars), none, "again, round {round}");
        assert_eq!(gateway.reload(file([1; 4], &[&newcomer])), Reloaded::Taken);
        assert_eq!(ask_all(&gateway, &mut jars), none, "after a reload");
        assert_eq!(gateway.reload(file([9, 1, 1, 5], &[&newcomer])), Reloaded::Taken);
        assert_eq!(ask_all(&gateway, &mut jars), none, "after a change of weights");
        assert_eq!(gateway.upgrade(), Ending::Code(0));
        assert_eq!(ask_all(&gateway, &mut jars), none, "after an upgrade");
        assert_eq!(gateway.terminate(), Ending::Code(0));
        gateway = Gateway::start(file([1; 4], &[]));
        assert_eq!(ask_all(&gateway, &mut jars), none, "after a restart");
    }
}
