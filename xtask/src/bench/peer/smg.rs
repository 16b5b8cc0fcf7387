//! SMG, the gateway of models that came of SGLang's, in front of one worker over HTTP.
//!
//! Of what it can do it does the least: no choice by cached prefixes, no tokens counted, no history.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Setup, Work, python};
use crate::bench::llm_origin::{MODEL, PROVIDER_KEY, UPSTREAM_MODEL};
use crate::bench::stand::free_port;

const NAME: &str = "smg";

pub(super) fn install() -> Result<()> {
    python::install(NAME)
}

pub(super) fn version() -> Result<String> {
    Ok(format!("SMG {}", python::version(NAME)?))
}

/// It shows the key that it has checked to the provider too: a credential of its own only where the
/// client shows none.
pub(super) fn fields() -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {PROVIDER_KEY}"))]
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let Setup { port, origin, work, .. } = setup;
    if !matches!(work, Work::Llm(_)) {
        bail!("SMG is not measured at {work:?}");
    }
    let mut command = python::program(NAME)?;
    command.args(["launch", "--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--worker-urls", &format!("http://127.0.0.1:{origin}")]);
    // `--backend openai` finds no worker for an alias, and so cannot rename a model.
    command.args(["--model-alias", &format!("{MODEL}={UPSTREAM_MODEL}")]);
    command.args(["--api-key", PROVIDER_KEY, "--policy", "round_robin"]);
    command.args(["--disable-tokenizer-autoload", "--disable-load-monitoring"]);
    command.args(["--history-backend", "none", "--log-level", "error"]);
    command.args(["--prometheus-host", "127.0.0.1"]);
    command.args(["--prometheus-port", &free_port()?.to_string()]);
    Ok(command)
}
