//! What children promise: lines within bounds, ends for sure, and nobody left behind. The children
//! are real, and so is the supervisor: this test program, run again.

mod ends;
mod lines;

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use architrave_core::Secret;
use architrave_testkit::process;
use rustix::process::Pid;
use tokio::runtime::{Builder, Handle};

use super::*;

/// Limits under which a test does not take long.
const LIMITS: ChildLimits = ChildLimits {
    processes_max: 64,
    idle: Duration::from_secs(60),
    lifetime: Duration::from_secs(60),
    line_bytes_max: 1 << 20,
    close_grace: Duration::from_millis(200),
    signal_grace: Duration::from_millis(200),
};

/// Run by [`supervisor`] in a process of its own.
#[test]
fn supervisor_process() {
    if process::told().as_deref() == Some("supervise") {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(supervise()).unwrap();
    }
}

fn supervisor() -> Supervisor {
    let command = || {
        let mut command = process::again("child::tests::supervisor_process", "supervise");
        let told = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(Into::into)));
        let told: Vec<(OsString, Option<OsString>)> = told.collect();
        // As the gateway does it: nothing of its own but what is meant for all children.
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        for (name, value) in told {
            command.env(name, value.unwrap_or_default());
        }
        command
    };
    Supervisor::new(command, Handle::current())
}

fn program(command: &str, arguments: &[&str]) -> Program {
    Program {
        name: "test".into(),
        command: command.to_owned(),
        arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        environment: vec![("TOKEN".to_owned(), Secret::new("s3cr3t"))],
        folder: None,
    }
}

fn shell(script: &str) -> Program {
    program("sh", &["-c", script])
}

fn launcher(program: Program) -> Launcher {
    Launcher::new(supervisor(), program, LIMITS)
}

async fn line(child: &mut Child) -> String {
    let heard = tokio::time::timeout(architrave_testkit::SOON, child.hear()).await;
    match heard.expect("it says something") {
        Some(Heard::Line(line)) => String::from_utf8_lossy(&line).into_owned(),
        other => panic!("no line, but {other:?}"),
    }
}

/// A process id that a child has said.
async fn said_pid(child: &mut Child) -> Pid {
    process::pid(line(child).await.trim().parse().expect("a process id"))
}

fn parent(pid: Pid) -> Pid {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    process::pid(parent.trim().parse().unwrap())
}

fn command_again(test: &str, told: &str) -> Command {
    process::again(&format!("child::tests::{test}"), told)
}
