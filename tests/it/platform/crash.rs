//! The process is killed while its API is written to, again and again: what was acknowledged is
//! there, nothing is there by half, and what is served is what the database holds.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::{
    Gateway, GatewayOptions, Origin, Postgres, SOON, Stopwatch, eventually, tools,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::objects::{applied, way_to};

const TOKEN: &str = "the-token-of-the-file";
/// So many write at once.
const WRITERS: usize = 4;
/// A writer with more routes than this takes the oldest away.
const ROUTES_MAX: usize = 6;

/// What one writer knows.
#[derive(Default)]
struct Writer {
    number: usize,
    /// The host of each route that was acknowledged.
    routes: BTreeMap<String, String>,
    /// What was asked for and not answered: the route, and its host before and after.
    in_flight: Option<(String, Option<String>, Option<String>)>,
    made: u64,
    /// How many of its writes were acknowledged.
    writes: u64,
}

impl Writer {
    /// Makes changes one by one until the process is gone.
    fn write_until_it_is_killed(&mut self, admin: SocketAddr, acknowledged: &AtomicU64) {
        while let Some((method, name, before, after)) = Some(self.next_write()) {
            let body = after
                .as_ref()
                .map(|host| json!({ "name": name, "hosts": [host], "service": "app" }).to_string());
            self.in_flight = Some((name.clone(), before, after.clone()));
            let path = if method == "POST" {
                String::from("/api/v1/routes")
            } else {
                format!("/api/v1/routes/{name}")
            };
            let Some(status) = ask(admin, method, &path, &body.unwrap_or_default()) else { return };
            assert!((200..300).contains(&status), "{method} {path}: {status}");
            match after {
                Some(host) => self.routes.insert(name, host),
                None => self.routes.remove(&name),
            };
            self.in_flight = None;
            self.writes += 1;
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn next_write(&mut self) -> (&'static str, String, Option<String>, Option<String>) {
        self.made += 1;
        let host = format!("h{}-{}.example", self.number, self.made);
        let oldest = self.routes.first_key_value().map(|(name, host)| (name.clone(), host.clone()));
        match oldest {
            Some((name, before)) if self.routes.len() > ROUTES_MAX => {
                ("DELETE", name, Some(before), None)
            }
            Some((name, before)) if self.made.is_multiple_of(3) => {
                ("PUT", name, Some(before), Some(host))
            }
            _ => ("POST", format!("r{}-{:08}", self.number, self.made), None, Some(host)),
        }
    }

    /// Holds what is there to what is known, and takes over what became of the last write.
    fn compare(&mut self, there: &BTreeMap<String, String>) {
        if let Some((name, before, after)) = self.in_flight.take() {
            let found = there.get(&name).cloned();
            assert!(found == before || found == after, "{name}: {found:?}");
            self.writes += u64::from(found == after && after != before);
            match found {
                Some(host) => self.routes.insert(name, host),
                None => self.routes.remove(&name),
            };
        }
        let start = format!("r{}-", self.number);
        let own = |(name, _): &(&String, &String)| name.starts_with(&start);
        let own = there.iter().filter(own).map(|(name, host)| (name.clone(), host.clone()));
        assert_eq!(own.collect::<BTreeMap<_, _>>(), self.routes);
    }
}

/// Asks as a script does; nothing when the process is gone before it has answered.
fn ask(admin: SocketAddr, method: &str, path: &str, body: &str) -> Option<u16> {
    let length = format!("Content-Length: {}", body.len());
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let fields =
        ["Connection: close", "Content-Type: application/json", "If-Match: *", &bearer, &length];
    let mut bytes = request(method, &admin.to_string(), path, &fields);
    bytes.extend_from_slice(body.as_bytes());
    let mut stream = TcpStream::connect(admin).ok()?;
    stream.write_all(&bytes).ok()?;
    let mut answer = Vec::new();
    let _reset_when_it_is_killed = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    // An answer counts once it is whole, as a client would have it.
    answer.split_once("\r\n\r\n")?;
    answer.split(' ').nth(1)?.parse().ok()
}

fn read(gateway: &Gateway, path: &str) -> Value {
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let answer = get(gateway.admin(), &gateway.admin().to_string(), path, &[&bearer]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).expect("the admin API answers in JSON")
}

/// All of a list, page by page.
fn all(gateway: &Gateway, kind: &str, query: &str) -> Vec<Value> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = read(gateway, &format!("/api/v1/{kind}?page_size=200{query}{token}"));
        found.extend(page[kind].as_array().expect("a list").iter().cloned());
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return found,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The routes of the database and their hosts, as the API has them.
fn routes(gateway: &Gateway) -> BTreeMap<String, String> {
    let with_host = |route: Value| {
        Some((text(&route["name"]), route["config"]["hosts"][0].as_str()?.to_owned()))
    };
    all(gateway, "routes", "").into_iter().filter_map(with_host).collect()
}

/// A list of numbers that looks like chance and is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn wait(span: Duration) {
    let watch = Stopwatch::start();
    while watch.elapsed() < span {
        thread::yield_now();
    }
}

/// Starts, writes, kills, so often; `start` starts a gateway on the same database each time.
fn kill_and_compare(rounds: u64, start: impl Fn() -> Gateway, is_sound: impl Fn()) {
    let numbered = |number| Writer { number, ..Writer::default() };
    let mut writers: Vec<Writer> = (0..WRITERS).map(numbered).collect();
    let mut chance = Chance(7);
    for round in 0..rounds {
        let gateway = start();
        let acknowledged = AtomicU64::new(0);
        let (after, more) = (chance.below(30), Duration::from_micros(chance.below(20_000)));
        let admin = gateway.admin();
        thread::scope(|scope| {
            for writer in &mut writers {
                scope.spawn(|| writer.write_until_it_is_killed(admin, &acknowledged));
            }
            eventually("changes are acknowledged", SOON, || {
                (acknowledged.load(Ordering::Relaxed) >= after).then_some(())
            });
            wait(more);
            gateway.kill();
        });
        drop(gateway);
        is_sound();
        let gateway = start();
        let there = routes(&gateway);
        writers.iter_mut().for_each(|writer| writer.compare(&there));
        // What is served is what the database holds, no more and no less.
        for (name, host) in &there {
            assert_eq!(get(gateway.web(), host, "/", &[]).status, 200, "round {round}: {name}");
        }
        assert_eq!(get(gateway.web(), "nobody.example", "/", &[]).status, 404);
        assert_eq!(gateway.terminate(), architrave_testkit::process::Ending::Code(0));
    }
    // Each change has its row of the audit log, and no row is without its change.
    let gateway = start();
    let rows = all(&gateway, "audit", "");
    let of_routes = rows.iter().filter(|row| text(&row["action"]).ends_with("_route"));
    let ours = of_routes.filter(|row| row["via"] != "cli").count() as u64;
    let writes: u64 = writers.iter().map(|writer| writer.writes).sum();
    assert_eq!(ours, writes);
    assert!(writes > rounds, "it did something: {writes}");
}

#[test]
fn what_the_api_acknowledged_outlives_kill_9_on_sqlite() {
    let rounds = if tools::soak() { 200 } else { 20 };
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    prepare(dir.path(), &origin, &[]);
    let start = || GatewayOptions::new().data(dir.path()).start(file());
    let database = dir.path().join("architrave.db").display().to_string();
    let check = "import sqlite3, sys\n\
                 print(sqlite3.connect(sys.argv[1]).execute('pragma integrity_check').fetchone()[0])";
    kill_and_compare(rounds, start, || {
        let output = Command::new(tools::python()).args(["-c", check, &database]).output();
        let output = output.expect("python can be run");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok", "{output:?}");
    });
}

#[test]
fn what_the_api_acknowledged_outlives_kill_9_on_postgresql() {
    let rounds = if tools::soak() { 200 } else { 20 };
    let dir = TempDir::new().expect("there is room for a directory");
    let url = Postgres::shared().database();
    let origin = Origin::named("a");
    prepare(dir.path(), &origin, &["--database", &url]);
    let start = || GatewayOptions::new().data(dir.path()).database(&url).start(file());
    kill_and_compare(rounds, start, || {});
}

fn file() -> String {
    format!("version: 1\nadmin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}\n")
}

/// A listener and a service that the routes lead to.
fn prepare(data: &Path, origin: &Origin, more: &[&str]) {
    let way = way_to(origin.addr());
    let objects = way.lines().filter(|line| !line.starts_with("routes:"));
    applied(data, &objects.collect::<Vec<_>>().join("\n"), more);
}
