//! `cargo xtask test`: everything that must hold before a change is taken, from nothing.
//!
//! It installs what the tests need, runs every kind of test there is and skips none in silence:
//! what cannot be had is an error that names the package.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use architrave_core::Clock;

use crate::{dist, generate, packages, say, shell, tree};

/// Debian packages that the tests drive, each with a file that shows it is there.
const DEBIAN: [(&str, &str); 5] = [
    ("/usr/sbin/nginx", "nginx"),
    ("/usr/bin/python3", "python3"),
    ("/usr/bin/curl", "curl"),
    ("/usr/bin/unshare", "util-linux"),
    ("/bin/ip", "iproute2"),
];
/// Python packages of the tests' clients; the versions are fixed so that a run can be repeated.
const PYTHON: [&str; 2] = ["websockets==17.4", "grpcio==1.85.1"];

/// Runs all tests; `--soak` runs the long forms of those that have one.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let is_soak = match args {
        [] => false,
        [flag] if flag == "--soak" => true,
        _ => bail!("test takes nothing but --soak"),
    };
    let clock = Clock::system();
    let start = clock.now();
    let mut passed = Vec::new();
    for (name, step) in steps(is_soak) {
        say::step(name);
        let begun = clock.now();
        step().with_context(|| format!("the step `{name}` failed"))?;
        passed.push((name, clock.now().since(begun).as_secs()));
    }
    say::step(format_args!("all green in {} s", clock.now().since(start).as_secs()));
    for (name, seconds) in passed {
        say::line(format_args!("{seconds:>6} s  {name}"));
    }
    Ok(())
}

type Step = Box<dyn Fn() -> Result<()>>;

/// Cheap steps first, so that a slip is heard of early.
fn steps(is_soak: bool) -> Vec<(&'static str, Step)> {
    vec![
        ("packages", Box::new(|| packages::debian(&DEBIAN))),
        ("Python clients", Box::new(|| packages::venv(&venv()?, &PYTHON))),
        ("format", Box::new(|| cargo(&["fmt", "--all", "--check"]))),
        ("clippy", Box::new(clippy)),
        (
            "unit, property, golden and tidy tests",
            Box::new(|| {
                cargo(&["test", "--quiet", "--workspace", "--exclude", "architrave-tests"])
            }),
        ),
        ("the binary as it ships, in an empty root", Box::new(|| dist::run(&[]))),
        ("generated pages", Box::new(|| generate::check(&dist::binary()?))),
        ("examples", Box::new(|| generate::check_examples(&dist::binary()?))),
        ("black-box tests", Box::new(move || black_box(is_soak))),
    ]
}

/// Checks the whole workspace with every warning an error.
pub(crate) fn clippy() -> Result<()> {
    cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

fn black_box(is_soak: bool) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["test", "--package", "architrave-tests"]).current_dir(tree::root());
    command.env("ARCHITRAVE_BIN", dist::binary()?);
    command.env("ARCHITRAVE_TEST_PYTHON", venv()?.join("bin/python"));
    if is_soak {
        command.env("ARCHITRAVE_SOAK", "1");
    }
    shell::run(&mut command)
}

fn venv() -> Result<PathBuf> {
    Ok(tree::target()?.join("test-venv"))
}

fn cargo(args: &[&str]) -> Result<()> {
    shell::run(Command::new("cargo").args(args).current_dir(tree::root()))
}
