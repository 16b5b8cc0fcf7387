//! `cargo xtask run`: builds the gateway and starts it on the quickstart, with its demo origins.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{shell, tree};

/// Becomes the gateway, so that its signals and its exit code are its own.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let root = tree::root();
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", "architrave-server"]);
    shell::run(build.current_dir(&root))?;
    let mut gateway = Command::new(tree::target()?.join("release/architrave"));
    gateway.args(["run", "--config", "examples/quickstart.yaml", "--demo"]).args(args);
    Err(gateway.current_dir(&root).exec()).context("starting the gateway")
}
