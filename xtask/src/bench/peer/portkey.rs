//! Portkey's gateway for Node, of the versions that `bench/peers/package-lock.json` holds.
//!
//! It has no configuration and knows no clients: each request says in a field where it is to go.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{API_KEY, Setup, Work};
use crate::bench::llm_origin::{PROVIDER_KEY, UPSTREAM_MODEL};
use crate::{packages, tree};

/// It would listen on every address and has no word for one alone; nothing else is changed.
const LOOPBACK: &str = "const { Server } = require('node:net');\n\
    const { listen } = Server.prototype;\n\
    Server.prototype.listen = function (port, host, ...rest) {\n  \
    return listen.call(this, port, host ?? '127.0.0.1', ...rest);\n};\n";

fn folder() -> Result<PathBuf> {
    Ok(tree::target()?.join("bench/peers/portkey"))
}

fn package() -> Result<PathBuf> {
    Ok(folder()?.join("node_modules/@portkey-ai/gateway"))
}

pub(super) fn install() -> Result<()> {
    packages::debian(&[("/usr/bin/node", "nodejs"), ("/usr/bin/npm", "npm")])?;
    packages::node(&folder()?, &super::pinned())
}

pub(super) fn version() -> Result<String> {
    let text = tree::read(&package()?.join("package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&text)?;
    let version = package["version"].as_str().context("the package does not say its version")?;
    Ok(format!("Portkey {version}"))
}

/// The field that says what it is to do, and a client's key, which it neither checks nor passes on.
pub(super) fn fields(origin: u16) -> Vec<(&'static str, String)> {
    let config = serde_json::json!({
        "provider": "openai",
        "api_key": PROVIDER_KEY,
        "custom_host": format!("http://127.0.0.1:{origin}/v1"),
        "override_params": { "model": UPSTREAM_MODEL },
    });
    vec![("x-portkey-config", config.to_string()), ("authorization", format!("Bearer {API_KEY}"))]
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let Setup { folder, port, work, .. } = setup;
    if !matches!(work, Work::Llm(_)) {
        bail!("Portkey is not measured at {work:?}");
    }
    let loopback = folder.join("loopback.cjs");
    tree::write(&loopback, LOOPBACK)?;
    let mut command = Command::new("/usr/bin/node");
    command.arg("--require").arg(loopback).arg(package()?.join("build/start-server.js"));
    command.args(["--headless", &format!("--port={port}")]);
    Ok(command)
}
