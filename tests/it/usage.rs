//! What was used: the sums of the API are those of the clients, through a kill, and nobody waits
//! for whoever writes them down.

mod record;

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::dialect::post;
use architrave_testkit::gateway::Metrics;
use architrave_testkit::process::Ending;
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, LoadPlan, Origin, Postgres, Response, SOON, Stopwatch,
    eventually, heavy, tools,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-the-file";

/// How long after an exchange it must be in the database, and some time for a busy machine.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

const KEY: &str = "a-key-of-mobile-0123456";

/// Where a gateway keeps what is used.
struct Place {
    folder: TempDir,
    url: Option<String>,
}

impl Place {
    fn new(url: Option<String>) -> Self {
        Self { folder: TempDir::new().expect("there is room for a directory"), url }
    }

    fn start(&self, config: &Config) -> Gateway {
        self.start_with(config, "{}")
    }

    /// The same with what the file says of usage.
    fn start_with(&self, config: &Config, usage: &str) -> Gateway {
        let options = GatewayOptions::new().data(self.folder.path());
        let options = match &self.url {
            Some(url) => options.database(url),
            None => options,
        };
        options.start(guarded(config, usage))
    }
}

/// A file with a token for the admin listener, and with what it says of usage.
fn guarded(config: &Config, usage: &str) -> String {
    let (log, admin) = ("access_log: { to: { none: {} } }", "admin: { address: \"127.0.0.1:0\" }");
    let config = config.to_string();
    assert!(config.contains(log) && config.contains(admin), "{config}");
    let config = config.replace(log, &format!("{log}, usage: {usage}"));
    config.replace(admin, &format!("admin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}"))
}

/// Both databases, one after the other.
#[track_caller]
fn each_place(test: impl Fn(&Place)) {
    test(&Place::new(None));
    test(&Place::new(Some(Postgres::shared().database())));
}

fn ask(gateway: &Gateway, method: &str, path: &str, body: &Value) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = format!("Content-Length: {}", body.len());
    let token = format!("Authorization: Bearer {TOKEN}");
    let fields = ["Connection: close", &length, "Content-Type: application/json", &token];
    let mut bytes = request(method, &gateway.admin().to_string(), path, &fields);
    bytes.extend_from_slice(body.as_bytes());
    Client::connect(gateway.admin()).ask(bytes)
}

#[track_caller]
fn shown(gateway: &Gateway, path: &str) -> Value {
    let answer = ask(gateway, "GET", path, &Value::Null);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).expect("the admin API answers in JSON")
}

#[track_caller]
fn metrics(gateway: &Gateway) -> Metrics {
    Metrics::parse(&ask(gateway, "GET", "/metrics", &Value::Null).text())
}

/// All that was counted, read from the cells of a step.
#[track_caller]
fn counted(gateway: &Gateway, step: &str) -> u64 {
    let all = shown(gateway, &format!("/api/v1/usage/series?step={step}"));
    let points = all["series"][0]["points"].as_array().cloned().unwrap_or_default();
    points.iter().map(|point| point["value"].as_u64().expect("a count")).sum()
}

#[track_caller]
fn wait_counted(gateway: &Gateway, expected: u64) {
    let what = format!("{expected} exchanges are written down");
    eventually(&what, WRITTEN_WITHIN, || (counted(gateway, "1m") == expected).then_some(()));
    for step in ["1h", "1d"] {
        assert_eq!(counted(gateway, step), expected, "{step}");
    }
}

fn rows(gateway: &Gateway, path: &str) -> Vec<(String, u64)> {
    let all = shown(gateway, path);
    let rows = all["rows"].as_array().expect("rows").iter().map(|row| {
        let names = row["group"].as_object().expect("a group").values();
        let names: Vec<_> = names.map(|name| name.as_str().expect("a name")).collect();
        (names.join(" "), row["sums"]["requests"].as_u64().expect("a count"))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

#[test]
fn the_sums_are_what_the_clients_counted() {
    each_place(|place| {
        let origin = Origin::start(|exchange| {
            let status = if exchange.target().contains("broken") { 503 } else { 200 };
            exchange.reply(status, &[], "four");
        });
        let config = Config::single(origin.addr())
            .route(
                "closed",
                "match: [{ path: { prefix: /closed } }]\nservice: origin\n\
                    policies: { key_auth: {} }",
            )
            .and(&format!("consumers: [{{ name: mobile, credentials: [{{ api_key: {KEY} }}] }}]"));
        let gateway = place.start(&config);
        let load = LoadPlan::new(gateway.web()).connections(4).start();
        load.wait_for(200);
        let report = load.stop();
        report.assert_clean();
        let good = report.ok;
        let key = format!("X-Api-Key: {KEY}");
        for _ in 0..3 {
            assert_eq!(get(gateway.web(), "h", "/broken?secret=1", &[]).status, 503);
            assert_eq!(get(gateway.web(), "h", "/closed", &[&key]).status, 200);
            assert_eq!(get(gateway.web(), "h", "/closed", &[]).status, 401);
        }
        wait_counted(&gateway, good + 9);
        let by = rows(&gateway, "/api/v1/usage/breakdown?by=service,status");
        let expected = [("origin 200", good + 3), ("origin 401", 3), ("origin 503", 3)];
        assert_eq!(by, expected.map(|(name, count)| (name.to_owned(), count)));
        let by = rows(&gateway, "/api/v1/usage/breakdown?by=consumer&route=closed");
        assert_eq!(by, [(String::new(), 3), ("mobile".to_owned(), 3)]);
        let by = rows(&gateway, "/api/v1/usage/breakdown?by=reason&class=4xx");
        assert_eq!(by, [("credential_missing".to_owned(), 3)]);
        let all = shown(&gateway, "/api/v1/usage/breakdown");
        let sums = &all["rows"][0]["sums"];
        assert_eq!((&sums["errors"], &sums["attempts"]), (&json!(6), &json!(origin.count())));
        let latency = &all["rows"][0]["latency"];
        let p50 = latency["p50_us"].as_u64().expect("a median");
        assert!(p50 > 0 && p50 <= latency["p99_us"].as_u64().expect("a quantile"), "{latency}");
        // Errors are told of by themselves, of their query the names alone.
        let log = shown(&gateway, "/api/v1/requests?status_min=500");
        let log = log["requests"].as_array().expect("a list");
        assert_eq!(log.len(), 3);
        assert_eq!(log[0]["path"], "/broken");
        let one = log[0]["id"].as_str().expect("an id");
        let one = shown(&gateway, &format!("/api/v1/requests/{one}"));
        assert_eq!(one["facts"]["service"], "origin");
        assert!(one["facts"]["attempts"].as_u64() >= Some(1), "{one}");
        assert!(one["facts"].get("client_ip").is_none(), "{one}");
        assert!(!one.to_string().contains("secret=1"), "{one}");
        let figures = metrics(&gateway);
        assert_eq!(figures.sum("architrave_usage_events_total", &[]), (good + 9) as f64);
        assert_eq!(figures.sum("architrave_usage_dropped_total", &[]), 0.0);
        assert_eq!(figures.sum("architrave_usage_up", &[]), 1.0);
        // The last moments are written when it ends.
        assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
        assert_eq!(gateway.terminate(), Ending::Code(0));
        let gateway = place.start(&config);
        assert_eq!(counted(&gateway, "1m"), good + 10);
    });
}

#[test]
fn what_is_written_outlives_a_kill_and_is_counted_once() {
    each_place(|place| {
        let origin = Origin::named("a");
        let config = Config::single(origin.addr());
        let mut before = 0;
        for round in 0..4 {
            let gateway = place.start(&config);
            assert!(counted(&gateway, "1m") >= before);
            let load = LoadPlan::new(gateway.web()).connections(4).start();
            load.wait_for(300);
            // What has been answered by now is in the database within a second or so, and then
            // the process is killed in the middle of all that.
            let watch = Stopwatch::start();
            let answered = load.so_far().ok;
            eventually("what was answered is written down", WRITTEN_WITHIN, || {
                (counted(&gateway, "1m") >= before + answered).then_some(())
            });
            assert!(watch.elapsed() < WRITTEN_WITHIN);
            let seen = counted(&gateway, "1m");
            gateway.kill();
            let report = load.stop();
            // One that was being answered on each of the connections is not known to the client.
            let most = before + report.ok + 4;
            drop(gateway);
            let gateway = place.start(&config);
            let [minutes, hours, days] = ["1m", "1h", "1d"].map(|step| counted(&gateway, step));
            assert!((seen..=most).contains(&minutes), "{round}: {seen} {minutes} {most}");
            assert_eq!((minutes, minutes), (hours, days), "{round}: a batch is whole");
            before = minutes;
            gateway.kill();
        }
        // With nothing under way, a kill loses nothing at all.
        let gateway = place.start(&config);
        let load = LoadPlan::new(gateway.web()).connections(2).start();
        load.wait_for(200);
        let report = load.stop();
        report.assert_clean();
        wait_counted(&gateway, before + report.ok);
        gateway.kill();
        drop(gateway);
        assert_eq!(counted(&place.start(&config), "1m"), before + report.ok);
    });
}

/// Somebody else who has the database.
struct Holder(Child);

impl Holder {
    fn lock(file: &Path) -> Self {
        const PROGRAM: &str = "import sqlite3, sys\n\
            base = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n\
            base.execute('BEGIN IMMEDIATE')\n\
            print('locked', flush=True)\n\
            sys.stdin.read()\n\
            base.execute('ROLLBACK')\n";
        let mut command = Command::new(tools::python());
        command.args(["-c", PROGRAM]).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python can be run");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says something");
        assert_eq!(line.trim(), "locked");
        Self(child)
    }

    fn let_go(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("it ends").success());
    }
}

#[test]
fn a_locked_database_keeps_nobody_waiting_and_loses_nothing() {
    let place = Place::new(None);
    let origin = Origin::named("a");
    let gateway = place.start(&Config::single(origin.addr()));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    wait_counted(&gateway, 1);
    let holder = Holder::lock(&place.folder.path().join("usage.db"));
    let load = LoadPlan::new(gateway.web()).connections(4).start();
    eventually("it is told that nothing can be written", Duration::from_secs(30), || {
        (metrics(&gateway).sum("architrave_usage_up", &[]) == 0.0).then_some(())
    });
    let report = load.stop();
    report.assert_clean();
    assert!(report.quantile(0.99) < Duration::from_secs(1), "{:?}", report.quantile(0.99));
    assert_eq!(counted(&gateway, "1m"), 1, "what is there can be read");
    let figures = metrics(&gateway);
    assert!(figures.sum("architrave_usage_writes_total", &[("outcome", "failed")]) >= 1.0);
    assert_eq!(figures.sum("architrave_usage_dropped_total", &[]), 0.0);
    holder.let_go();
    // Whatever had to wait is written once it can be.
    let expected = 1 + report.ok;
    eventually("all of it is written down", Duration::from_secs(30), || {
        (counted(&gateway, "1m") == expected).then_some(())
    });
    eventually("the writer says that it is well", SOON, || {
        (metrics(&gateway).sum("architrave_usage_up", &[]) == 1.0).then_some(())
    });
}

/// Runs the gateway with a file system of 3 MiB below `$DATA`, that nobody else sees.
const ON_SMALL_DISK: &str = r#"#!/bin/sh
exec unshare UNSHARE -- sh -c 'mount -t tmpfs -o size=3m,mode=0700 tmpfs "$DATA" && exec "$0" "$@"' \
  "$GATEWAY" "$@"
"#;

#[test]
fn a_full_disk_keeps_nobody_waiting_and_loses_nothing() {
    let place = Place::new(None);
    let dir = TempDir::new().expect("there is room for a directory");
    let program = dir.path().join("on-small-disk");
    // In a namespace of mounts of its own, for which a user who is not root needs one of users.
    let own = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    std::fs::write(&program, ON_SMALL_DISK.replace("UNSHARE", own)).expect("there is room");
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("it is ours");
    let origin = Origin::named("a");
    let data = place.folder.path().display().to_string();
    let options = GatewayOptions::new().data(place.folder.path()).binary(program);
    let options = options.env("DATA", &data);
    let options = options.env("GATEWAY", &tools::gateway().display().to_string());
    let gateway = options.start(guarded(&Config::single(origin.addr()), "{}"));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    wait_counted(&gateway, 1);
    // As the gateway sees it.
    let seen = format!("/proc/{}/root{data}", gateway.pid().as_raw_nonzero());
    let filler = Path::new(&seen).join("filler");
    let mut file = std::fs::File::create(&filler).expect("there is some room yet");
    while file.write_all(&[7; 512]).is_ok() {}
    let load = LoadPlan::new(gateway.web()).connections(2).start();
    eventually("it is told that nothing can be written", Duration::from_secs(60), || {
        // More names, so that there is more to be written.
        get(gateway.web(), "h", "/", &["Connection: close"]);
        (metrics(&gateway).sum("architrave_usage_up", &[]) == 0.0).then_some(())
    });
    load.stop().assert_clean();
    assert_eq!(metrics(&gateway).sum("architrave_usage_dropped_total", &[]), 0.0);
    std::fs::remove_file(&filler).expect("it is ours");
    drop(file);
    let expected = origin.count() as u64;
    eventually("all of it is written down", Duration::from_secs(30), || {
        (counted(&gateway, "1m") == expected).then_some(())
    });
    eventually("it is told that it can be written again", SOON, || {
        (metrics(&gateway).sum("architrave_usage_up", &[]) == 1.0).then_some(())
    });
}

#[test]
fn without_postgresql_traffic_is_as_before() {
    let postgres = Postgres::start();
    let place = Place::new(Some(postgres.database()));
    let origin = Origin::named("a");
    let gateway = place.start(&Config::single(origin.addr()));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    wait_counted(&gateway, 1);
    drop(postgres);
    let load = LoadPlan::new(gateway.web()).connections(2).start();
    eventually("it is told that nothing can be written", Duration::from_secs(30), || {
        (metrics(&gateway).sum("architrave_usage_up", &[]) == 0.0).then_some(())
    });
    load.stop().assert_clean();
    let answer = ask(&gateway, "GET", "/api/v1/usage/series", &Value::Null);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(metrics(&gateway).sum("architrave_usage_dropped_total", &[]), 0.0);
}

#[test]
fn everything_of_who_is_followed_is_in_the_request_log() {
    let place = Place::new(None);
    let origin = Origin::named("a");
    let config = Config::single(origin.addr())
        .and("policies: { key_auth: {} }")
        .and(&format!("consumers: [{{ name: mobile, credentials: [{{ api_key: {KEY} }}] }}]"));
    let gateway = place.start_with(&config, "{ sample_percent: 0, client_address: true }");
    let key = format!("X-Api-Key: {KEY}");
    let ok = |count: usize| {
        for _ in 0..count {
            assert_eq!(get(gateway.web(), "h", "/", &[&key]).status, 200);
        }
    };
    ok(5);
    wait_counted(&gateway, 5);
    assert_eq!(shown(&gateway, "/api/v1/requests")["requests"], json!([]));
    let body = json!({ "consumer": "mobile", "minutes": 5 });
    let answer = ask(&gateway, "POST", "/api/v1/requests:follow", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    ok(7);
    eventually("all seven are in the log", WRITTEN_WITHIN, || {
        let log = shown(&gateway, "/api/v1/requests?consumer=mobile");
        let log = log["requests"].as_array().expect("a list").clone();
        (log.len() == 7).then_some(())
    });
    let answer = ask(
        &gateway,
        "POST",
        "/api/v1/requests:follow",
        &json!({ "consumer": "mobile", "minutes": 0 }),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    ok(3);
    wait_counted(&gateway, 15);
    let log = shown(&gateway, "/api/v1/requests");
    let log = log["requests"].as_array().expect("a list");
    assert_eq!(log.len(), 7);
    let one =
        shown(&gateway, &format!("/api/v1/requests/{}", log[0]["id"].as_str().expect("an id")));
    assert_eq!(one["facts"]["client_ip"], "127.0.0.1", "as the file asks for");
    assert!(!one.to_string().contains(KEY), "{one}");
}

#[test]
fn tokens_and_money_of_models_are_added_up() {
    let place = Place::new(None);
    let parts = "providers: [{ name: pretend, kind: mock, mock: { reply: { echo: {} } } }]\n\
                 models: [{ name: fast, deployments: [{ provider: pretend, model: echo }] }]";
    let gateway = place.start(&Config::ai(parts));
    let body =
        json!({ "model": "fast", "messages": [{ "role": "user", "content": "one two three" }] });
    let body = body.to_string();
    let length = format!("Content-Length: {}", body.len());
    let mut total = 0;
    for _ in 0..3 {
        let fields = [length.as_str(), "Content-Type: application/json", "Connection: close"];
        let mut bytes = request("POST", "h", "/v1/chat/completions", &fields);
        bytes.extend_from_slice(body.as_bytes());
        let answer = Client::connect(gateway.web()).ask(bytes);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        total += answer["usage"]["total_tokens"].as_u64().expect("a count");
    }
    assert!(total > 0);
    wait_counted(&gateway, 3);
    let all = shown(&gateway, "/api/v1/usage/breakdown?by=model,deployment");
    let row = &all["rows"][0];
    assert_eq!(row["group"], json!({ "model": "fast", "deployment": "pretend/echo" }));
    assert_eq!(row["sums"]["tokens"], total);
    let top = shown(&gateway, "/api/v1/usage/top?by=operation&metric=tokens");
    assert_eq!(top["top"], json!([{ "name": "chat", "value": total }]));
}

/// What somebody who watches has seen.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Value>>>);

impl Seen {
    /// Watches, on a thread of its own, until the tail ends.
    fn watch(mut tail: Client) -> Self {
        let seen = Self::default();
        let shared = seen.clone();
        thread::spawn(move || {
            let mut text = String::new();
            while let Some(bytes) = tail.read_some().ok().filter(|bytes| !bytes.is_empty()) {
                text.push_str(&String::from_utf8(bytes).expect("events are text"));
                while let Some((line, rest)) = text.split_once('\n') {
                    if let Some(data) = line.strip_prefix("data: ") {
                        let value = serde_json::from_str(data).expect("data is JSON");
                        shared.0.lock().expect("nobody panics").push(value);
                    }
                    text = rest.to_owned();
                }
            }
        });
        seen
    }

    fn all(&self) -> Vec<Value> {
        self.0.lock().expect("nobody panics").clone()
    }

    fn count(&self, path: &str) -> usize {
        let is_there = |one: &&Value| one["path"].as_str().is_some_and(|own| own.starts_with(path));
        self.all().iter().filter(is_there).count()
    }
}

#[test]
fn exchanges_can_be_watched_as_they_end() {
    let place = Place::new(None);
    let origin = Origin::named("a");
    let gateway = place.start_with(&Config::single(origin.addr()), "{ sample_percent: 0 }");
    let token = format!("Authorization: Bearer {TOKEN}");
    let mut tail = Client::connect(gateway.admin());
    let path = "/api/v1/requests:tail?method=GET&route=all";
    tail.send(request("GET", &gateway.admin().to_string(), path, &[&token])).expect("it is taken");
    let head = tail.read_head().expect("it is answered").expect("with a head");
    assert_eq!((head.status(), head.get("content-type")), (200, Some("text/event-stream")));
    let seen = Seen::watch(tail);
    // The workers hear of it within a moment.
    eventually("an exchange is shown", WRITTEN_WITHIN, || {
        assert_eq!(get(gateway.web(), "h", "/first", &[]).status, 200);
        (seen.count("/first") > 0).then_some(())
    });
    for number in 0..5 {
        assert_eq!(get(gateway.web(), "h", &format!("/next/{number}?a=secret"), &[]).status, 200);
    }
    eventually("the next five are shown", WRITTEN_WITHIN, || {
        (seen.count("/next/") == 5).then_some(())
    });
    let all = seen.all();
    let last = all.last().expect("there are some");
    assert_eq!((&last["id"], &last["status"]), (&Value::Null, &json!(200)));
    assert!(!last.to_string().contains("secret"), "{last}");
    // Watching keeps nothing.
    assert_eq!(shown(&gateway, "/api/v1/requests")["requests"], json!([]));
    assert_eq!(gateway.terminate(), Ending::Code(0));
}

#[test]
fn of_a_steady_stream_nothing_is_lost_and_memory_is_flat() {
    let place = Place::new(None);
    let origin = Origin::named("a");
    let gateway = place.start(&Config::single(origin.addr()));
    let span = Duration::from_secs(if tools::soak() { 600 } else { 20 });
    let _turn = heavy::turn();
    let load = LoadPlan::new(gateway.web()).connections(8).start();
    // What it needs for being busy at all is there by then.
    load.wait_for(3_000);
    let before = gateway.rss();
    let report = {
        let watch = Stopwatch::start();
        while watch.elapsed() < span {
            load.wait_for(500);
        }
        load.stop()
    };
    report.assert_clean();
    let after = gateway.rss();
    wait_counted(&gateway, report.ok);
    assert_eq!(metrics(&gateway).sum("architrave_usage_dropped_total", &[]), 0.0);
    let grown = after.saturating_sub(before) / 1024 / 1024;
    let rate = report.per_second();
    assert!(grown < 24, "{grown} MiB more after {} exchanges at {rate:.0}/s", report.ok);
    say(&format!("{} exchanges at {rate:.0}/s, {grown} MiB more", report.ok));
}

#[expect(clippy::print_stderr, reason = "a figure for whoever runs the long form")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[test]
fn a_gateway_of_a_file_alone_keeps_nothing_and_says_so() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    assert!(!gateway.metrics().has("architrave_usage_events_total"));
    let answer = gateway.admin_get("/api/v1/usage/series");
    assert_eq!(answer.status, 401, "{}", answer.text());
}

/// Sends a body of a sort, which the origin takes whole.
#[track_caller]
fn send(gateway: &Gateway, path: &str, sort: &str, body: &str) {
    let (length, sort) =
        (format!("Content-Length: {}", body.len()), format!("Content-Type: {sort}"));
    let mut bytes = request("POST", "h", path, &[&length, &sort]);
    bytes.extend_from_slice(body.as_bytes());
    let answer = Client::connect(gateway.web()).ask(bytes);
    let length = answer.get("x-length").and_then(|length| length.parse().ok());
    assert_eq!((answer.status, length), (200, Some(body.len())), "{}", answer.text());
}

/// What the request log has of the bodies of the only exchange with a path, once it is there.
fn bodies(gateway: &Gateway, path: &str) -> Value {
    let id = eventually("it is in the request log", WRITTEN_WITHIN, || {
        let log = shown(gateway, "/api/v1/requests");
        let log = log["requests"].as_array().expect("a list");
        let found = log.iter().find(|one| one["path"] == path)?;
        Some(found["id"].as_str().expect("an id").to_owned())
    });
    let one = shown(gateway, &format!("/api/v1/requests/{id}"));
    one.get("bodies").cloned().unwrap_or_default()
}

#[test]
fn bodies_are_in_the_request_log_where_a_service_asks_for_them_and_nowhere_else() {
    each_place(|place| {
        let origin = Origin::start(|exchange| {
            let sort =
                if exchange.target().contains("xml") { "text/xml" } else { "application/json" };
            let body = "{\"id\":7,\"card_number\":\"4111 1111\",\"token\":\"t-secret\",\"rest\":\"abcdefgh\"}";
            let length = exchange.read_body().len().to_string();
            exchange.reply(200, &[("Content-Type", sort), ("X-Length", &length)], body);
        });
        let config = Config::new()
            .web()
            .upstream("origin", &[origin.addr()], "")
            .service(
                "told",
                "http: { upstream: origin }\nlog_bodies: { max: 60B, redact: [Card-Number] }",
            )
            .service("plain", "http: { upstream: origin }")
            .route("told", "match: [{ path: { prefix: /told } }]\nservice: told")
            .route("plain", "match: [{ path: { prefix: /plain } }]\nservice: plain");
        let gateway = place.start_with(&config, "{ sample_percent: 100 }");
        let json = "application/json; charset=utf-8";
        send(&gateway, "/told/a", json, "{\"password\":\"p-secret\",\"a\":1}");
        let told = bodies(&gateway, "/told/a");
        assert_eq!(
            told["request"],
            json!({ "content_type": json, "text": "{\"password\":\"***\",\"a\":1}", "is_cut": false })
        );
        assert_eq!(
            told["response"],
            json!({
                "content_type": "application/json",
                "text": "{\"id\":7,\"card_number\":\"***\",\"token\":\"***\",\"rest\":",
                "is_cut": true,
            })
        );
        // Of what nobody can look into there is nothing.
        send(&gateway, "/told/xml", "text/plain", "password p-secret");
        let told = bodies(&gateway, "/told/xml");
        assert_eq!(
            (&told["request"]["text"], &told["response"]["text"]),
            (&Value::Null, &Value::Null)
        );
        send(&gateway, "/plain/a", json, "{\"b\":\"p-secret\"}");
        assert_eq!(bodies(&gateway, "/plain/a"), Value::Null);
        // A long one is passed on whole, of which there is the beginning.
        let long = format!("{{\"list\":\"{}\"}}", "x".repeat(300_000));
        send(&gateway, "/told/long", json, &long);
        let told = bodies(&gateway, "/told/long");
        assert_eq!(told["request"]["text"].as_str().map(str::len), Some(60));
        // Nothing that is secret is anywhere in it.
        let whole = ask(&gateway, "GET", "/api/v1/requests:export", &Value::Null).text();
        assert!(!whole.contains("-secret") && !whole.contains("4111"), "{whole}");
    });
}

#[test]
fn bodies_of_models_are_kept_as_well_where_their_service_asks_for_them() {
    let place = Place::new(None);
    let config = Config::new()
        .web()
        .service("ai", "llm: { models: [\"*\"] }\nlog_bodies: { redact: [user] }")
        .route("ai", "service: ai\nkeep_prefix: true")
        .and(
            "
            providers: [{ name: p, kind: mock, mock: { reply: { fixed: \"well said\" } } }]
            models: [{ name: fast, deployments: [{ provider: p, model: fixed }] }]
            ",
        );
    let gateway = place.start_with(&config, "{ sample_percent: 100 }");
    for (stream, sort) in [(false, "application/json"), (true, "text/event-stream")] {
        let body = json!({
            "model": "fast", "stream": stream, "user": "ada",
            "messages": [{ "role": "user", "content": "how are you" }],
        });
        let answer = Client::connect(gateway.web()).ask(post("/v1/chat/completions", &[], &body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        // The latest is the first.
        let told = eventually("it is in the request log", WRITTEN_WITHIN, || {
            let log = shown(&gateway, "/api/v1/requests");
            let id = log["requests"][0]["id"].as_str()?.to_owned();
            let told = shown(&gateway, &format!("/api/v1/requests/{id}"))["bodies"].clone();
            let found = told["response"]["content_type"].as_str()?;
            found.starts_with(sort).then_some(told)
        });
        let [asked, answered] =
            ["request", "response"].map(|which| told[which]["text"].to_string());
        assert!(asked.contains("how are you") && !asked.contains("ada"), "{told}");
        assert!(answered.contains("well"), "{told}");
        assert_eq!(answered.contains("data: "), stream, "{told}");
    }
}

/// A person who is let in by the token of the file and signs in: what their requests show.
fn person(gateway: &Gateway, email: &str) -> [String; 2] {
    let json_of = |answer: &Response, status: u16| -> Value {
        assert_eq!(answer.status, status, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    };
    let body = json!({ "email": email, "display_name": "Somebody" });
    let made = json_of(&ask(gateway, "POST", "/api/v1/users", &body), 201);
    let user = made["user"]["id"].as_str().expect("an id");
    let body = json!({ "code": made["code"], "password": "a long password" });
    let path = format!("/api/v1/users/{user}:redeem_code");
    json_of(&ask_as(gateway, &[], "POST", &path, &body), 204);
    let body = json!({ "email": email, "password": "a long password" });
    let answer = ask_as(gateway, &[], "POST", "/api/v1/session", &body);
    let csrf = json_of(&answer, 200)["csrf_token"].as_str().expect("a token").to_owned();
    let cookie = answer.get("set-cookie").expect("a session").split(';').next().unwrap_or_default();
    [format!("Cookie: {cookie}"), format!("X-CSRF-Token: {csrf}")]
}

fn ask_as(gateway: &Gateway, shown: &[&str], method: &str, path: &str, body: &Value) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = format!("Content-Length: {}", body.len());
    let mut fields = vec!["Connection: close", &length, "Content-Type: application/json"];
    fields.extend_from_slice(shown);
    let mut bytes = request(method, &gateway.admin().to_string(), path, &fields);
    bytes.extend_from_slice(body.as_bytes());
    Client::connect(gateway.admin()).ask(bytes)
}

#[test]
fn whose_application_it_is_watches_it_and_has_it_followed_and_sees_nothing_of_others() {
    let place = Place::new(None);
    let origin = Origin::named("a");
    let config = Config::single(origin.addr()).and(
        "
        products: [{ name: shop, services: [origin], visibility: signed_in }]
        plans: [{ name: open, product: shop }]
        ",
    );
    let gateway = place.start_with(&config, "{ sample_percent: 0 }");
    let people = ["ada@example.com", "bob@example.com"].map(|email| person(&gateway, email));
    let keys = [0, 1].map(|which| {
        let shown = [people[which][0].as_str(), people[which][1].as_str()];
        let name = ["tills", "robots"][which];
        let made = |path: &str, body: Value| -> Value {
            let path = format!("/api/v1/applications{path}");
            let answer = ask_as(&gateway, &shown, "POST", &path, &body);
            assert_eq!(answer.status, 201, "{path}: {}", answer.text());
            serde_json::from_slice(&answer.body).expect("the admin API answers in JSON")
        };
        made("", json!({ "name": name }));
        made(&format!("/{name}/subscriptions"), json!({ "plan": "open" }));
        let key = made(&format!("/{name}/credentials"), json!({}));
        format!("X-Api-Key: {}", key["secret"].as_str().expect("a key"))
    });
    let call = |which: usize, path: &str| {
        assert_eq!(get(gateway.web(), "h", path, &[&keys[which]]).status, 200);
    };
    let ada = [people[0][0].as_str(), people[0][1].as_str()];
    let mut tail = Client::connect(gateway.admin());
    let path = "/api/v1/requests:tail";
    tail.send(request("GET", &gateway.admin().to_string(), path, &ada)).expect("it is taken");
    let head = tail.read_head().expect("it is answered").expect("with a head");
    assert_eq!(head.status(), 200);
    let seen = Seen::watch(tail);
    eventually("an exchange is shown", WRITTEN_WITHIN, || {
        call(1, "/others");
        call(0, "/first");
        (seen.count("/first") > 0).then_some(())
    });
    let follow = |name: &str| {
        let body = json!({ "consumer": name, "minutes": 5 });
        ask_as(&gateway, &ada, "POST", "/api/v1/requests:follow", &body).status
    };
    assert_eq!((follow("tills"), follow("robots")), (200, 422));
    for number in 0..3 {
        call(1, "/others");
        call(0, &format!("/kept/{number}"));
    }
    eventually("the next three are shown", WRITTEN_WITHIN, || {
        (seen.count("/kept/") == 3).then_some(())
    });
    assert_eq!(seen.count("/others"), 0);
    let logged = |shown: &[&str]| -> Vec<String> {
        let answer = ask_as(&gateway, shown, "GET", "/api/v1/requests", &Value::Null);
        let log: Value = serde_json::from_slice(&answer.body).expect("the admin API says JSON");
        let log = log["requests"].as_array().expect("a list").clone();
        log.iter().map(|one| one["path"].as_str().unwrap_or_default().to_owned()).collect()
    };
    eventually("all of what is followed is kept", WRITTEN_WITHIN, || {
        (logged(&ada) == ["/kept/2", "/kept/1", "/kept/0"]).then_some(())
    });
    assert_eq!(logged(&[people[1][0].as_str()]), Vec::<String>::new());
    assert_eq!(gateway.terminate(), Ending::Code(0));
}
