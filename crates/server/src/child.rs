//! `architrave child`: the process that starts the gateway's child processes and ends them with it.
//! It is this binary, so that there is nothing beside it to install, and it is started by a gateway
//! alone: its standard input is how they speak.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use tokio::runtime::Builder;

/// What it is called on the command line.
pub(crate) const SUBCOMMAND: &str = "child";

/// Watches over children until the gateway is gone.
pub(crate) fn run() -> ExitCode {
    match watch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::complaint::tell(&why(error), None);
            ExitCode::FAILURE
        }
    }
}

fn why(error: io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::InvalidInput => {
            anyhow::anyhow!("a gateway starts this by itself, to watch over its child processes")
        }
        _ => anyhow::Error::new(error).context("cannot watch over child processes"),
    }
}

fn watch() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(architrave_net::child::supervise())
}
