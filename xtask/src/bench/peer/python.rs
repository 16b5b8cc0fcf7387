//! Gateways of models from PyPI: each in a virtual environment of its own, of the versions that
//! `bench/peers/<name>.txt` holds.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{packages, shell, tree};

fn folder(name: &str) -> Result<PathBuf> {
    Ok(tree::target()?.join("bench/peers").join(name))
}

pub(super) fn install(name: &str) -> Result<()> {
    let pinned = tree::read(&super::pinned().join(format!("{name}.txt")))?;
    let wanted: Vec<&str> = pinned.lines().filter(|line| !line.starts_with('#')).collect();
    packages::venv(&folder(name)?, &wanted)
}

/// The version that is installed.
pub(super) fn version(name: &str) -> Result<String> {
    let question = format!("import importlib.metadata as m; print(m.version('{name}'))");
    let mut python = Command::new(folder(name)?.join("bin/python"));
    Ok(shell::read(python.args(["-c", &question]))?.trim().to_owned())
}

/// The program that the package brings.
pub(super) fn program(name: &str) -> Result<Command> {
    Ok(Command::new(folder(name)?.join("bin").join(name)))
}
