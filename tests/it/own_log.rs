//! The gateway's own log, on a standard error that cannot be written, or that nobody reads: traffic, the
//! admin API and the end are as ever, and lines that are lost are counted.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use architrave_testkit::client::{get, request};
use architrave_testkit::nginx::free_address;
use architrave_testkit::process::{self, Ending, Running};
use architrave_testkit::{Client, Config, Origin, SOON, eventually, tools};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// A start on `config`, with a standard error of the test's choice.
fn start(dir: &Path, config: &str, stderr: impl Into<Stdio>) -> Running {
    let file = dir.join("gateway.yaml");
    std::fs::write(&file, config).expect("there is room");
    let mut command = Command::new(tools::gateway());
    command.arg("run").arg("--config").arg(&file).args(["--workers", "1"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    process::start(&mut command)
}

/// Reads standard error up to the ready line: the addresses of `web` and of the admin listener.
fn until_ready(lines: &mut impl BufRead) -> (SocketAddr, SocketAddr) {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(lines.read_line(&mut line).is_ok_and(|count| count > 0), "it ended before");
        let Ok(said) = serde_json::from_str::<Value>(&line) else { continue };
        let address = |value: &Value| {
            let text = value.as_str().or_else(|| value[0].as_str());
            text.and_then(|text| text.parse().ok())
        };
        if let Some(web) = address(&said["listeners"]["web"]) {
            let admin = address(&said["admin"]).unwrap_or_else(|| panic!("no admin in {line}"));
            return (web, admin);
        }
    }
}

/// One write to the admin API, each of which is logged.
fn write(admin: SocketAddr) {
    let mut client = Client::connect(admin);
    let asked = request("POST", &admin.to_string(), "/api/v1/setup", &["Content-Length: 0"]);
    let answer = client.try_ask(asked).expect("the admin API answers");
    assert!(answer.status >= 400, "{answer:?}");
}

/// Lines that were dropped so far.
fn dropped(admin: SocketAddr) -> u64 {
    let metrics = get(admin, &admin.to_string(), "/metrics", &[]).text();
    let name = "architrave_log_lines_total{outcome=\"dropped\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
}

#[test]
fn nobody_waits_for_a_standard_error_that_is_not_read() {
    let (origin, dir) = (Origin::named("a"), TempDir::new().expect("a folder"));
    let config = Config::single(origin.addr()).to_string();
    let mut gateway = start(dir.path(), &config, Stdio::piped());
    let mut stderr = BufReader::new(gateway.take_stderr());
    let (web, admin) = until_ready(&mut stderr);
    // Until the pipe is full, and the queue before it.
    eventually("lines are dropped", SOON, || {
        (0..100).for_each(|_| write(admin));
        (dropped(admin) > 0).then_some(())
    });
    assert_eq!(get(web, "h", "/", &[]).status, 200);
    process::signal(gateway.pid(), Signal::TERM);
    assert_eq!(gateway.wait(SOON), Ending::Code(0));
}

#[test]
fn it_goes_on_when_the_reader_of_its_log_has_gone() {
    let (origin, dir) = (Origin::named("a"), TempDir::new().expect("a folder"));
    let config = Config::single(origin.addr()).to_string();
    let mut gateway = start(dir.path(), &config, Stdio::piped());
    let mut stderr = BufReader::new(gateway.take_stderr());
    let (web, admin) = until_ready(&mut stderr);
    drop(stderr);
    eventually("lines are dropped", SOON, || {
        write(admin);
        (dropped(admin) > 0).then_some(())
    });
    assert_eq!(get(web, "h", "/", &[]).status, 200);
    process::signal(gateway.pid(), Signal::TERM);
    assert_eq!(gateway.wait(SOON), Ending::Code(0));
}

#[test]
fn it_starts_and_serves_with_its_log_on_a_full_disk() {
    let (origin, dir) = (Origin::named("a"), TempDir::new().expect("a folder"));
    let (web, admin) = (free_address(), free_address());
    let config = Config::new()
        .listener_at("web", &web.to_string(), "protocol: http")
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin")
        .to_string();
    let config = config.replace("127.0.0.1:0", &admin.to_string());
    assert!(config.contains(&admin.to_string()), "{config}");
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let gateway = start(dir.path(), &config, full);
    eventually("it serves", SOON, || {
        let ended = process::ending(gateway.pid());
        assert!(ended.is_none(), "it ended as {ended:?}");
        let mut client = Client::try_connect(web).ok()?;
        let answer = client.try_ask(request("GET", "h", "/", &[])).ok()?;
        (answer.status == 200).then_some(())
    });
    write(admin);
    eventually("what was lost is counted", SOON, || (dropped(admin) > 0).then_some(()));
    process::signal(gateway.pid(), Signal::TERM);
    assert_eq!(gateway.wait(SOON), Ending::Code(0));
}
