//! A large platform: 10,000 services and 100,000 applications in an embedded database. How long it
//! takes to start, how long until a change is live, and what memory it holds.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::peer::{Peer, architrave};
use super::process::Process;
use super::report::{Claim, Report, median, spread};
use super::stand::{Stand, free_port};
use super::{Options, applications};
use crate::{say, shell, tree};

const SERVICES: usize = 10_000;
const APPLICATIONS: usize = 100_000;

/// What the bench's own requests to the admin API show.
const TOKEN: &str = "the-token-of-the-bench-0123456789";

/// How long a start or a change may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many of each change are made in a round.
const CHANGES: usize = 5;

/// What was seen, in milliseconds but for the last.
#[derive(Default)]
struct Seen {
    started: Vec<f64>,
    routed: Vec<f64>,
    granted: Vec<f64>,
    revoked: Vec<f64>,
    resident_mib: Vec<f64>,
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> Result<()> {
    Peer::Architrave.install()?;
    let stand = Stand::start("platform", &["--require", "x-forwarded-for"])?;
    let data = stand.folder().join("data");
    let web = free_port()?;
    fill(&stand, &data, web)?;
    let mut seen = Seen::default();
    for round in 1..=options.rounds {
        let gateway = Gateway::start(&stand, &data, web, &mut seen)?;
        for number in 0..CHANGES {
            gateway.change_route(&stand, round as usize * CHANGES + number, &mut seen)?;
            gateway.grant_and_revoke(&stand, &mut seen)?;
        }
        let [started, routed, granted, revoked] =
            [&seen.started, &seen.routed, &seen.granted, &seen.revoked]
                .map(|figures| figures.last().copied().unwrap_or_default());
        say::line(format_args!(
            "   round {round} started in {started:.0} ms; live after {routed:.0} ms a route, \
             {granted:.1} ms a key; refused {revoked:.1} ms after it was revoked"
        ));
    }
    report(&seen)
}

/// Makes the database: services with a route each by `apply`, applications beside them.
fn fill(stand: &Stand, data: &Path, web: u16) -> Result<()> {
    if data.exists() {
        std::fs::remove_dir_all(data)?;
    }
    let objects = stand.folder().join("objects.yaml");
    tree::write(&objects, &objects_text(stand.origin(), web))?;
    let mut apply = Command::new(architrave::program()?);
    shell::read(apply.arg("apply").arg(&objects).arg("--data").arg(data))?;
    applications::fill(data, APPLICATIONS)
}

fn objects_text(origin: u16, web: u16) -> String {
    let mut text = format!(
        "version: 1\n\
         listeners: [{{ name: web, address: \"127.0.0.1:{web}\" }}]\n\
         upstreams: [{{ name: origin, endpoints: [{{ address: \"127.0.0.1:{origin}\" }}] }}]\n{}\
         services:\n  - {{ name: origin, http: {{ upstream: origin }} }}\n",
        applications::PLAN
    );
    let mut line = |line: std::fmt::Arguments<'_>| {
        text.write_fmt(line).expect("writing to a string cannot fail");
    };
    for index in 0..SERVICES {
        line(format_args!("  - {{ name: s{index:05}, http: {{ upstream: origin }} }}\n"));
    }
    line(format_args!("routes:\n  - {{ name: all, service: origin }}\n"));
    for index in 0..SERVICES {
        let rule = format!("match: [{{ path: {{ prefix: /s{index:05} }} }}]");
        line(format_args!("  - {{ name: r{index:05}, {rule}, service: s{index:05} }}\n"));
    }
    text
}

/// The gateway on that database.
struct Gateway {
    web: u16,
    admin: u16,
    _process: Process,
}

impl Gateway {
    /// Starts it; what counts is the time until the first application is served.
    fn start(stand: &Stand, data: &Path, web: u16, seen: &mut Seen) -> Result<Self> {
        let admin = free_port()?;
        let config = stand.folder().join("gateway.yaml");
        let text = format!(
            "version: 1\n\
             admin: {{ address: \"127.0.0.1:{admin}\", token: {TOKEN} }}\n\
             telemetry: {{ access_log: {{ to: {{ none: {{}} }} }} }}\n"
        );
        tree::write(&config, &text)?;
        let mut command = Command::new(architrave::program()?);
        command.arg("run").arg("--config").arg(config).arg("--data").arg(data);
        let log = stand.folder().join("log");
        let begun = stand.clock().now();
        let mut process = Process::start("architrave", "0,1", &command, &log)?;
        let key = applications::key(APPLICATIONS - 1);
        loop {
            process.check_alive()?;
            if status(web, "/", &key).is_ok_and(|status| status == 200) {
                break;
            }
            let waited = stand.clock().now().since(begun);
            ensure!(waited < PATIENCE, "nothing is served:\n{}", process.output());
            std::thread::sleep(Duration::from_millis(2));
        }
        seen.started.push(millis(stand.clock().now().since(begun)));
        seen.resident_mib.push(process.resident_kib()? as f64 / 1024.0);
        Ok(Self { web, admin, _process: process })
    }

    /// Gives a route another path, and waits until requests to that are answered.
    fn change_route(&self, stand: &Stand, number: usize, seen: &mut Seen) -> Result<()> {
        let name = format!("r{:05}", number * 7919 % SERVICES);
        let (head, _) = self.ask("GET", &format!("/api/v1/routes/{name}"), &[], &Value::Null)?;
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).context("no ETag")?;
        let path = format!("/moved-{number}-{name}");
        let change = json!({ "match": [{ "path": { "prefix": path } }] });
        // The path as it was answers by the route of everything, which asks for a key.
        ensure!(status(self.web, &path, "")? == 401, "{path} is served before the change");
        let begun = stand.clock().now();
        let fields = [format!("If-Match: {tag}")];
        self.ask("PATCH", &format!("/api/v1/routes/{name}"), &fields, &change)?;
        self.wait(stand, &path, "", 200)?;
        seen.routed.push(millis(stand.clock().now().since(begun)));
        Ok(())
    }

    /// Makes an application with a key and a subscription, waits until it gets through, revokes the
    /// key, and waits until it does not.
    fn grant_and_revoke(&self, stand: &Stand, seen: &mut Seen) -> Result<()> {
        let name = format!("new-{}", seen.granted.len());
        let named = json!({ "name": name });
        self.ask("POST", "/api/v1/applications", &[], &named)?;
        let path = format!("/api/v1/applications/{name}/credentials");
        let (_, made) = self.ask("POST", &path, &[], &json!({ "name": "main" }))?;
        let (key, id) = (&made["secret"], &made["credential"]["id"]);
        let (key, id) = (key.as_str().context("no key")?, id.as_str().context("no id")?);
        let begun = stand.clock().now();
        let subscription = json!({ "plan": "gold" });
        self.ask(
            "POST",
            &format!("/api/v1/applications/{name}/subscriptions"),
            &[],
            &subscription,
        )?;
        self.wait(stand, "/", key, 200)?;
        seen.granted.push(millis(stand.clock().now().since(begun)));
        let begun = stand.clock().now();
        self.ask("POST", &format!("{path}/{id}:revoke"), &[], &json!({}))?;
        self.wait(stand, "/", key, 401)?;
        seen.revoked.push(millis(stand.clock().now().since(begun)));
        Ok(())
    }

    fn wait(&self, stand: &Stand, path: &str, key: &str, expected: u16) -> Result<()> {
        let begun = stand.clock().now();
        loop {
            let seen = status(self.web, path, key)?;
            if seen == expected {
                return Ok(());
            }
            let waited = stand.clock().now().since(begun);
            ensure!(waited < PATIENCE, "{path} is answered {seen}, not {expected}");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Asks the admin API, and returns head and body of a good answer.
    fn ask(
        &self,
        method: &str,
        path: &str,
        more: &[String],
        body: &Value,
    ) -> Result<(String, Value)> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut fields = vec![
            format!("Authorization: Bearer {TOKEN}"),
            "Content-Type: application/json".to_owned(),
            format!("Content-Length: {}", body.len()),
        ];
        fields.extend_from_slice(more);
        let answer = exchange(self.admin, method, path, &fields, &body)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
        let status = status_of(head)?;
        ensure!((200..300).contains(&status), "{method} {path} is answered {status}: {body}");
        Ok((head.to_owned(), serde_json::from_str(body).unwrap_or_default()))
    }
}

/// The status of a request to the data plane, with a key unless that is empty.
fn status(port: u16, path: &str, key: &str) -> Result<u16> {
    let fields = if key.is_empty() { vec![] } else { vec![format!("x-api-key: {key}")] };
    status_of(&exchange(port, "GET", path, &fields, "")?)
}

fn status_of(head: &str) -> Result<u16> {
    Ok(head.split(' ').nth(1).context("no status")?.parse()?)
}

/// One request over a connection of its own; the whole answer.
fn exchange(port: u16, method: &str, path: &str, fields: &[String], body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{fields}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Writes the report, and holds the figures to what is promised.
fn report(seen: &Seen) -> Result<()> {
    let title = "10,000 services and 100,000 applications with keys in the embedded database";
    let mut report = Report::new("platform", title);
    report.versions(&[Peer::Architrave])?;
    let row = |what: &str, figures: &[f64]| {
        vec![what.to_owned(), format!("{:.2}", median(figures)), spread(figures)]
    };
    report.table(
        &["what", "median", "spread"],
        &[
            row("ms from start to the first request of an application", &seen.started),
            row("ms until a changed route is live", &seen.routed),
            row("ms until a subscription lets a key through", &seen.granted),
            row("ms until a revoked key is refused", &seen.revoked),
            row("MiB resident after the start", &seen.resident_mib),
        ],
    );
    let most = |figures: &[f64]| figures.iter().copied().fold(0.0, f64::max);
    let claim =
        |what: &str, value, limit| Claim { what: what.to_owned(), value, limit, at_least: false };
    report.claims(&[
        claim("ms to start, at most", most(&seen.started), 5_000.0),
        claim("ms until a changed route is live, at most", most(&seen.routed), 1_000.0),
        claim("ms until a subscription is live, at most", most(&seen.granted), 1_000.0),
        claim("ms until a revoked key is refused, at most", most(&seen.revoked), 1_000.0),
    ]);
    report.finish()
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
