//! HAProxy as a proxy, in http mode and in tcp mode with splice.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Setup, Work};
use crate::{packages, shell, tree};

const PROGRAM: &str = "/usr/sbin/haproxy";

pub(super) fn install() -> Result<()> {
    packages::debian(&[(PROGRAM, "haproxy")])
}

pub(super) fn version() -> Result<String> {
    let text = shell::read(Command::new(PROGRAM).arg("-v"))?;
    let version = text.split("version ").nth(1).context("haproxy does not say its version")?;
    Ok(format!("HAProxy {}", version.split([' ', '-']).next().unwrap_or(version)))
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let config = setup.folder.join("haproxy.cfg");
    tree::write(&config, &text(setup)?)?;
    let mut command = Command::new(PROGRAM);
    command.arg("-db").arg("-f").arg(config);
    Ok(command)
}

fn text(setup: &Setup) -> Result<String> {
    let Setup { port, origin, workers, .. } = setup;
    let mode = match setup.work {
        Work::Http => "mode http\n  option forwardfor",
        Work::Tcp | Work::BigPipes => {
            "mode tcp\n  option splice-auto\n  option splice-request\n  option splice-response"
        }
        _ => bail!("haproxy is not measured at {:?}", setup.work),
    };
    let pipes = if setup.work == Work::BigPipes { "\n  tune.pipesize 1048576" } else { "" };
    Ok(format!(
        "global{pipes}\n  nbthread {workers}\n  maxconn 4000\n\ndefaults\n  {mode}\n  timeout connect 5s\n  \
         timeout client 60s\n  timeout server 60s\n\nlisten web\n  bind 127.0.0.1:{port}\n  \
         server origin 127.0.0.1:{origin}\n"
    ))
}
