//! `architrave child`: the process that starts the gateway's child processes and ends them with it.
//! It is this binary, so that there is nothing beside it to install, and it is started by a gateway
//! alone: its standard input is how they speak.

use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use tokio::runtime::Builder;

/// What it is called on the command line.
pub(crate) const SUBCOMMAND: &str = "child";

/// This program as it runs, also when there is another one under its name by now: the two must be of
/// one release.
const PROGRAM: &str = "/proc/self/exe";

/// What of the gateway's environment children see: where programs are, who they run for and in which
/// language. All else may be a secret, and is not for them.
const VARIABLES: [&str; 9] =
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

/// How the supervisor of children is started.
pub(crate) fn supervisor() -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg0("architrave").arg(SUBCOMMAND).env_clear();
    for name in VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

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
