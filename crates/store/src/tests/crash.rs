//! A process that is killed in the middle of anything: what it was told is done is there, and
//! nothing is there by half.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::time::Duration;

use architrave_core::{Clock, Secret};
use architrave_testkit::{Stopwatch, process};
use serde_json::json;
use sqlx::AnyConnection;
use tokio::runtime::Runtime;

use super::{Home, KEY, each_store, entry};
use crate::{AuditEntry, NewTeam, ObjectWrite, Place, Store};

const ROUNDS: u64 = 20;
const WRITER: &str =
    "tests::crash::what_was_acknowledged_outlives_kill_9_and_nothing_is_half_written";
const OPENER: &str = "tests::crash::a_database_is_made_whole_though_its_maker_is_killed";

#[test]
fn what_was_acknowledged_outlives_kill_9_and_nothing_is_half_written() {
    if let Some(told) = process::told() {
        return Runtime::new().unwrap().block_on(write_forever(&place(&told)));
    }
    each_store(async |home| {
        let mut acknowledged = 0;
        let mut chance = Chance(11);
        for round in 0..ROUNDS {
            let (changes, more) = (chance.below(25), Duration::from_micros(chance.below(4000)));
            acknowledged = kill_after(home, changes, more).unwrap_or(acknowledged);
            let there = check(home, acknowledged).await;
            assert!(there <= acknowledged + 1, "round {round}: one change was in flight at most");
        }
        assert!(acknowledged > ROUNDS, "it did something");
    });
}

#[test]
fn a_database_is_made_whole_though_its_maker_is_killed() {
    if let Some(told) = process::told() {
        return Runtime::new().unwrap().block_on(async {
            say("opening");
            Store::open(&place(&told), vec![KEY], Clock::system()).await.unwrap();
            say("open");
            std::future::pending().await
        });
    }
    let mut chance = Chance(5);
    for _ in 0..8 {
        let after = Duration::from_micros(chance.below(30_000));
        each_store(async |home| {
            let mut child = start(OPENER, home);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap() == "opening"));
            spin(after);
            child.kill().unwrap();
            child.wait().unwrap();
            check(home, 0).await;
        });
    }
}

/// Makes changes one by one, and says each one's number once it is committed.
async fn write_forever(place: &Place) {
    let store = Store::open(place, vec![KEY], Clock::system()).await.unwrap();
    loop {
        let mut change = store.change().await.unwrap();
        let number = change.all_objects().await.unwrap().len() + 1;
        let name = format!("n{number}");
        let (display_name, description) = (String::new(), "x".repeat(5000));
        let team = NewTeam { name: name.clone(), display_name, description };
        change.insert_team(team).await.unwrap();
        let (body, secrets) = (json!({ "secret": name, "rest": [number] }), ["/secret".to_owned()]);
        let object = ObjectWrite {
            kind: "provider",
            name: &name,
            team: Some(&name),
            body: &body,
            secrets: &secrets,
        };
        change.insert_object("prv", object).await.unwrap();
        change.set_setting("count", &number.to_string()).await.unwrap();
        change.commit(AuditEntry { name, ..entry("create_provider") }).await.unwrap();
        say(&format!("did {number}"));
    }
}

/// Starts a writer, kills it some time after it has said that it made so many changes, and gives
/// the last one of which it said so.
fn kill_after(home: &Home, changes: u64, more: Duration) -> Option<u64> {
    let mut child = start(WRITER, home);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: String| line.strip_prefix("did ").map(|text| text.parse().unwrap());
    let mut last = None;
    let mut said = 0;
    while said < changes {
        let line = lines.next().expect("it writes until it is killed").unwrap();
        if let Some(number) = number(line) {
            (last, said) = (Some(number), said + 1);
        }
    }
    spin(more);
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it was killed and was not read yet. The last line may be cut short.
    let rest = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("did ").and_then(|text| text.parse::<u64>().ok()));
    let rest: Vec<_> = rest.collect();
    rest.into_iter().max().max(last)
}

/// Opens the database and sees that all of it is whole; returns how many changes are in it.
async fn check(home: &Home, acknowledged: u64) -> u64 {
    let store = home.open().await;
    let objects = store.all_objects().await.unwrap();
    let there = u64::try_from(objects.len()).unwrap();
    assert!(there >= acknowledged, "{there} of {acknowledged} changes are there");
    for number in 1..=there {
        let name = format!("n{number}");
        let object = objects.iter().find(|object| object.name == name).expect("none is left out");
        assert_eq!(object.body, json!({ "secret": name, "rest": [number] }));
    }
    assert_eq!(*store.generation().borrow(), there);
    let count = store.setting("count").await.unwrap();
    assert_eq!(count.map_or(0, |text| text.parse().unwrap()), there);
    let mut raw = home.raw().await;
    for table in ["SELECT COUNT(*) FROM audit", "SELECT COUNT(*) FROM teams"] {
        assert_eq!(count_of(&mut raw, table).await, there, "{table}");
    }
    let rows = "SELECT COUNT(*) FROM audit JOIN objects ON objects.name = audit.name";
    assert_eq!(count_of(&mut raw, rows).await, there, "each has its own row of the audit log");
    if home.folder.is_some() {
        let whole = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut raw).await;
        let whole: String = whole.unwrap();
        assert_eq!(whole, "ok");
    }
    store.close().await;
    there
}

async fn count_of(raw: &mut AnyConnection, query: &'static str) -> u64 {
    let count: i64 = sqlx::query_scalar(query).fetch_one(raw).await.unwrap();
    u64::try_from(count).unwrap()
}

fn start(test: &str, home: &Home) -> Child {
    let told = match &home.place {
        Place::Folder(folder) => folder.to_str().unwrap(),
        Place::Postgres(url) => url.expose(),
    };
    let mut command = process::again(test, told);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

fn place(told: &str) -> Place {
    if told.starts_with("postgres:") {
        Place::Postgres(Secret::new(told))
    } else {
        Place::Folder(told.into())
    }
}

/// Says something in a line of its own, whatever the test program has said before.
fn say(line: &str) {
    let mut out = std::io::stdout();
    write!(out, "\n{line}\n").and_then(|()| out.flush()).unwrap();
}

/// Passes a time that is too short for a timer, so that the kill may come at any moment.
fn spin(time: Duration) {
    let watch = Stopwatch::start();
    while watch.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Numbers that are all over the place, and the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
