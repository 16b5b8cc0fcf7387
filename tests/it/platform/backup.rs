//! Backups of the embedded database: taken under load, whole, and good to start from.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use architrave_testkit::client::request;
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, Postgres, SOON, eventually, tools,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::{CODE, ask, json_of, set_up};

fn start(data: &Path) -> Gateway {
    let options = GatewayOptions::new().data(data).env("ARCHITRAVE_SETUP_CODE", CODE);
    options.start(Config::new().web())
}

/// The numbers of the teams that there are.
fn teams(gateway: &Gateway, shown: [&str; 2]) -> Vec<usize> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/teams?page_size=200{next}");
        let page = json_of(&ask(gateway, "GET", &path, &shown, &Value::Null));
        let names = page["teams"].as_array().expect("a list").iter();
        let number =
            |team: &Value| team["name"].as_str()?.strip_prefix("t-")?.parse::<usize>().ok();
        all.extend(names.filter_map(number));
        match page["next_page_token"].as_str() {
            Some(token) => next = format!("&page_token={token}"),
            None => return all,
        }
    }
}

#[test]
fn a_backup_under_load_is_the_database_of_a_moment_and_a_gateway_starts_from_it() {
    let folder = TempDir::new().expect("there is room for a directory");
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let gateway = start(&data);
    let shown = set_up(&gateway);
    let shown = [shown[0].as_str(), shown[1].as_str()];
    let (is_over, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let file = folder.path().join("backup.db");
    let (before, after) = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                let number = made.load(Ordering::Acquire);
                let body = json!({ "name": format!("t-{number}") });
                let answer = ask(&gateway, "POST", "/api/v1/teams", &shown, &body);
                assert_eq!(answer.status, 201, "{}", answer.text());
                made.fetch_add(1, Ordering::AcqRel);
            }
        });
        let wrote = |count: usize| {
            eventually("somebody writes", SOON, || {
                (made.load(Ordering::Acquire) >= count).then_some(())
            });
        };
        wrote(5);
        let before = made.load(Ordering::Acquire);
        let output = Command::new(tools::gateway())
            .args(["backup", &file.display().to_string(), "--data", &data.display().to_string()])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.contains("root.key"), "{said}");
        let after = made.load(Ordering::Acquire);
        wrote(after + 3);
        let answer = ask(&gateway, "POST", "/api/v1/backups", &shown, &Value::Null);
        assert_eq!(answer.status, 201, "{}", answer.text());
        is_over.store(true, Ordering::Release);
        (before, after)
    });
    let listed = json_of(&ask(&gateway, "GET", "/api/v1/backups", &shown, &Value::Null));
    let name = listed["backups"][0]["name"].as_str().expect("a name");
    assert!(data.join("backups").join(name).exists(), "{listed}");
    gateway.kill();

    // As docs/database.md says: the file in the place of the database, and the root key.
    std::fs::create_dir(&copy).expect("there is room for a directory");
    std::fs::copy(&file, copy.join("architrave.db")).expect("there is room for a file");
    std::fs::copy(data.join("root.key"), copy.join("root.key")).expect("there is a root key");
    let restored = start(&copy);
    let mut found = teams(&restored, shown);
    found.sort_unstable();
    // One moment between: nothing in it is missing before, and nothing is there from after.
    assert_eq!(found, (0..found.len()).collect::<Vec<_>>());
    let range = before..=after + 1;
    assert!(range.contains(&found.len()), "{} of {range:?}", found.len());
    let answer = ask(&restored, "POST", "/api/v1/teams", &shown, &json!({ "name": "new" }));
    assert_eq!(answer.status, 201, "it goes on from there: {}", answer.text());
}

#[test]
fn only_ten_backups_are_kept_and_postgres_has_tools_of_its_own() {
    let folder = TempDir::new().expect("there is room for a directory");
    let gateway = start(folder.path());
    let shown = set_up(&gateway);
    let shown = [shown[0].as_str(), shown[1].as_str()];
    let mut names = Vec::new();
    for _again in 0..12 {
        let answer = ask(&gateway, "POST", "/api/v1/backups", &shown, &Value::Null);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made: Value = serde_json::from_slice(&answer.body).expect("JSON");
        names.insert(0, made["name"].clone());
    }
    let listed = json_of(&ask(&gateway, "GET", "/api/v1/backups", &shown, &Value::Null));
    let kept: Vec<Value> = listed["backups"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(kept, names[..10]);
    drop(gateway);

    let folder = TempDir::new().expect("there is room for a directory");
    let url = Postgres::shared().database();
    let options = GatewayOptions::new().data(folder.path()).database(&url);
    let gateway = options.env("ARCHITRAVE_SETUP_CODE", CODE).start(Config::new().web());
    let shown = set_up(&gateway);
    let shown = [shown[0].as_str(), shown[1].as_str()];
    let answer = ask(&gateway, "POST", "/api/v1/backups", &shown, &Value::Null);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("pg_dump"), "{}", answer.text());
    let output = Command::new(tools::gateway())
        .args(["backup", "x.db", "--database", &url, "--data"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("pg_dump"), "{said}");
}

#[test]
fn what_was_used_and_spent_is_there_again_after_a_restore() {
    let folder = TempDir::new().expect("there is room for a directory");
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let file = "version: 1
admin: { address: \"127.0.0.1:0\", token: the-token-of-the-file }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
services: [{ name: ai, llm: { models: [small] } }]
routes: [{ name: ai, service: ai, policies: { key_auth: {} } }]
consumers:
  - { name: c, credentials: [{ api_key: k-one }], budgets: [{ tokens: 1000000, per: month }] }
providers: [{ name: p, kind: mock }]
models: [{ name: small, deployments: [{ provider: p, model: echo }] }]
";
    let start = |data: &Path| GatewayOptions::new().data(data).start(file);
    let shown = ["Authorization: Bearer the-token-of-the-file"];
    let spent = |gateway: &Gateway| {
        let told = json_of(&ask(gateway, "GET", "/api/v1/usage/c", &shown, &Value::Null));
        told["budgets"][0]["spent"].as_u64().expect("a number")
    };
    let counted = |gateway: &Gateway| {
        let path = "/api/v1/requests?consumer=c";
        let told = json_of(&ask(gateway, "GET", path, &shown, &Value::Null));
        told["requests"].as_array().map_or(0, Vec::len)
    };
    let gateway = start(&data);
    ask(
        &gateway,
        "POST",
        "/api/v1/requests:follow",
        &shown,
        &json!({ "consumer": "c", "minutes": 60 }),
    );
    let body = json!({ "model": "small", "messages": [{ "role": "user", "content": "ten words of no use to anybody at all here" }] });
    let body = body.to_string();
    let length = format!("Content-Length: {}", body.len());
    let head = ["X-Api-Key: k-one", &length, "Content-Type: application/json"];
    let mut bytes = request("POST", "h", "/v1/chat/completions", &head);
    bytes.extend_from_slice(body.as_bytes());
    let answer = Client::connect(gateway.web()).ask(bytes);
    assert_eq!(answer.status, 200, "{}", answer.text());
    eventually("it is written down", SOON, || (counted(&gateway) == 1).then_some(()));
    let before = spent(&gateway);
    assert!(before > 0);
    let file = folder.path().join("backup.db");
    let arguments = ["backup", &file.display().to_string(), "--data", &data.display().to_string()]
        .map(str::to_owned);
    let output = Command::new(tools::gateway()).args(arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("what was used"), "{said}");
    let made = json_of(&ask(&gateway, "POST", "/api/v1/backups", &shown, &Value::Null));
    for key in ["name", "usage", "ledger"] {
        let name = made[key].as_str().expect("a name");
        assert!(data.join("backups").join(name).exists(), "{made}");
    }
    gateway.kill();

    // As docs/database.md says: each file in its place, and the root key.
    std::fs::create_dir(&copy).expect("there is room for a directory");
    let place = |from: &str, to: &str| {
        let from = folder.path().join(from);
        std::fs::copy(&from, copy.join(to))
            .unwrap_or_else(|_| panic!("{} is there", from.display()));
    };
    place("backup.db", "architrave.db");
    place("backup.db.usage", "usage.db");
    place("backup.db.ledger", "ledger");
    std::fs::copy(data.join("root.key"), copy.join("root.key")).expect("there is a root key");
    let restored = start(&copy);
    assert_eq!(counted(&restored), 1);
    // A lease that was out counts as spent.
    assert!(spent(&restored) >= before, "{} of {before}", spent(&restored));
}

#[test]
fn a_backup_that_fails_leaves_nothing_that_looks_like_one() {
    let folder = TempDir::new().expect("there is room for a directory");
    let data = folder.path().join("data");
    drop(start(&data));
    let file = folder.path().join("backup.db");
    let back_up = || {
        Command::new(tools::gateway())
            .args(["backup", &file.display().to_string(), "--data", &data.display().to_string()])
            .output()
            .expect("it runs")
    };
    let names = || {
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.into_string().expect("a text"));
        let mut names: Vec<String> = names.filter(|name| name.starts_with("backup")).collect();
        names.sort_unstable();
        names
    };
    let used = data.join("usage.db");
    for left in ["usage.db-wal", "usage.db-shm"] {
        let _none = std::fs::remove_file(data.join(left));
    }
    std::fs::write(&used, "this is no database at all".repeat(99)).expect("there is room");
    let output = back_up();
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(names().is_empty(), "{:?}", names());
    std::fs::remove_file(&used).expect("it is there");
    let output = back_up();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let made = names();
    // Nor is one that is there written over.
    let output = back_up();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("is there already"), "{said}");
    assert_eq!(names(), made);
}
