//! MCP servers on the official SDKs, and the official conformance suite: the scripts of `tests/mcp`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::python::{self, PythonOrigin};
use crate::{Config, Gateway, tools};

/// The revision that the suite of the legacy era is of.
pub const LEGACY: &str = "2025-11-25";
/// The revision that the suite of the modern era is of.
pub const MODERN: &str = "2026-07-28";

/// A server that serves until it is dropped.
pub struct McpServer(PythonOrigin);

impl McpServer {
    /// Starts one on the SDKs for TypeScript; `arguments` are told in `tests/mcp/fixture.mjs`.
    ///
    /// # Panics
    /// When Node or the packages are not there.
    #[must_use]
    #[track_caller]
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = node("fixture.mjs");
        command.args(arguments).stdin(Stdio::piped());
        Self(PythonOrigin::spawn("fixture.mjs", command))
    }

    /// Starts one on the SDK for Python.
    ///
    /// # Panics
    /// When Python or its package is not there.
    #[must_use]
    #[track_caller]
    pub fn start_python() -> Self {
        let mut command = python::piped(&tools::mcp_python(), &scripts().join("fixture.py"), &[]);
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped());
        Self(PythonOrigin::spawn("fixture.py", command))
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// Its endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.addr())
    }
}

/// The server on the SDKs for TypeScript as a program: what is run, and with what arguments so that
/// it is spoken with over its standard streams.
///
/// # Panics
/// When Node or the packages are not there.
#[must_use]
#[track_caller]
pub fn program() -> (String, Vec<String>) {
    let script = scripts().join("fixture.mjs").display().to_string();
    let own = ["--over", "stdio"].map(str::to_owned);
    let packages = tools::mcp_node().display().to_string();
    let arguments = [script, packages].into_iter().chain(own).collect();
    (tools::newer_node().display().to_string(), arguments)
}

/// The same on the SDK for Python.
///
/// # Panics
/// When Python or its package is not there.
#[must_use]
#[track_caller]
pub fn python_program() -> (String, Vec<String>) {
    let script = scripts().join("fixture.py").display().to_string();
    let arguments = ["-B".to_owned(), script, "--stdio".to_owned()];
    (tools::mcp_python().display().to_string(), arguments.into())
}

/// What the suite found.
#[derive(Debug)]
pub struct Score {
    /// How many scenarios the revision requires of servers.
    pub required: u64,
    /// How many of them passed.
    pub passed: u64,
    /// Those that did not, and what the suite says of each.
    pub failed: BTreeMap<String, String>,
}

/// Scores endpoints by what a revision requires; a scenario passes where it passes at one of them.
/// `more` is told in `tests/mcp/score.mjs`.
///
/// # Panics
/// When the suite cannot be run.
#[must_use]
#[track_caller]
pub fn score(urls: &[&str], revision: &str, more: &[&str]) -> Score {
    let mut command = node("score.mjs");
    command.args(["--requirements", revision]).args(more);
    for url in urls {
        command.args(["--url", url]);
    }
    read_score(&mut command)
}

/// Scores the gateway as a client of the suite's own servers, one for each scenario, with a client
/// for Node in front of it.
///
/// # Panics
/// When the suite cannot be run.
#[must_use]
#[track_caller]
pub fn upstream_side(front: &str, revision: &str, scenarios: &[&str]) -> Score {
    let mut command = node("upstream_side.mjs");
    command.arg(tools::gateway()).args([front, revision]).args(scenarios);
    read_score(&mut command)
}

#[track_caller]
fn read_score(command: &mut Command) -> Score {
    let output = command.output().expect("Node can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let summary = said.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
    let summary = summary.unwrap_or_else(|| panic!("the suite gave no score: {said}\n{errors}"));
    let count = |name: &str| summary[name].as_u64().expect("it is counted");
    let failures = summary["failed"].as_object().expect("it tells what failed");
    let failed = failures.iter().map(|(name, what)| (name.clone(), what.to_string())).collect();
    Score { required: count("required"), passed: count("passed"), failed }
}

impl Score {
    /// Holds it to be all of so many scenarios.
    ///
    /// # Panics
    /// When one failed, with what the suite says of it.
    #[track_caller]
    pub fn assert_full(&self, required: u64) {
        assert_eq!((self.passed, self.required), (required, required), "{:#?}", self.failed);
    }

    /// Holds it to be all but these: so that what passes one day is noticed as well.
    ///
    /// # Panics
    /// When others failed, with what the suite says of them.
    #[track_caller]
    pub fn assert_all_but(&self, expected: &[&str]) {
        let names: Vec<&str> = self.failed.keys().map(String::as_str).collect();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected, "{:#?}", self.failed);
    }
}

/// The real clients for Node, as `tests/mcp/client.mjs` calls them.
pub const NODE_CLIENTS: [&str; 5] =
    ["sdk1", "sdk2-legacy", "sdk2-auto", "sdk2-modern", "mcp-remote"];

/// The ways in which the real client for Python can be told what to negotiate, and what it then
/// speaks with a server of both eras.
pub const PYTHON_CLIENTS: [(&str, &str); 3] =
    [("auto", MODERN), ("legacy", LEGACY), (MODERN, MODERN)];

/// A gateway file with one service of these servers at `/mcp`. `naming` is the service's; `route` is
/// more YAML of its route.
#[must_use]
pub fn config(servers: &[(&str, &McpServer)], naming: &str, route: &str) -> Config {
    let names: Vec<&str> = servers.iter().map(|(name, _)| *name).collect();
    let list = names.join(", ");
    let reached = servers.iter().map(|(name, server)| {
        format!("  - {{ name: {name}, http: {{ url: \"{}\" }} }}\n", server.url())
    });
    Config::new()
        .web()
        .service("tools", &format!("mcp: {{ servers: [{list}], naming: {naming} }}"))
        .route(
            "tools",
            &format!("match: [{{ path: {{ prefix: /mcp }} }}]\nservice: tools\n{route}"),
        )
        .and(&format!("mcp_servers:\n{}", reached.collect::<String>()))
}

/// Where a gateway of such a file has its endpoint; `server` is one of those of naming `scoped`.
#[must_use]
pub fn endpoint(gateway: &Gateway, server: Option<&str>) -> String {
    let path = server.map(|name| format!("/{name}")).unwrap_or_default();
    format!("http://{}/mcp{path}", gateway.web())
}

/// Lets a real client for Node go through what clients do.
///
/// # Panics
/// When a step fails, with what the client says of it.
#[track_caller]
pub fn drive_node(client: &str, url: &str, more: &[&str]) {
    let mut command = node("client.mjs");
    succeed(client, command.args([client, url]).args(more));
}

/// The same with the client for Python.
///
/// # Panics
/// When a step fails, with what the client says of it.
#[track_caller]
pub fn drive_python(mode: &str, url: &str, more: &[&str]) {
    let script = scripts().join("client.py");
    let mut command = python::piped(&tools::mcp_python(), &script, &[mode, url]);
    command.args(more).env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
    succeed(mode, &mut command);
}

/// The same with the Inspector's command line, in one of `legacy`, `auto` and `modern`.
///
/// # Panics
/// When a step fails, with what it says of it.
#[track_caller]
pub fn drive_inspector(era: &str, url: &str, more: &[&str]) {
    let mut command = node("inspector.mjs");
    succeed(era, command.args([era, url]).args(more));
}

#[track_caller]
fn succeed(client: &str, command: &mut Command) {
    let output = command.output().expect("the client can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{client}:\n{said}\n{errors}");
}

/// A script of `tests/mcp`, told where the packages are.
fn node(script: &str) -> Command {
    let mut command = Command::new(tools::newer_node());
    command.arg(scripts().join(script)).arg(tools::mcp_node());
    command.env("NO_PROXY", "*");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn scripts() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent);
    crates.expect("the crate lies in <workspace>/crates").join("tests/mcp")
}
