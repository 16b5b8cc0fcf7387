//! Threads that no other thread of their core holds up (`SCHED_FIFO`, sched(7)): where delays are
//! measured, what else the machine does must not be seen in them.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{shell, tree};

/// A rank; of two threads of one core the higher one goes first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rank {
    /// What is measured.
    Subject = 1,
    /// Who measures.
    Watch = 2,
}

impl Rank {
    fn priority(self) -> String {
        (self as u8).to_string()
    }
}

/// Gives a thread a rank.
pub(super) fn thread(id: u32, rank: Rank) -> Result<()> {
    shell::read(Command::new("chrt").args(["--fifo", "--pid", &rank.priority(), &id.to_string()]))?;
    Ok(())
}

/// Gives the workers of a gateway a rank.
pub(super) fn workers(gateway: u32, rank: Rank) -> Result<()> {
    let tasks = format!("/proc/{gateway}/task");
    let mut count = 0;
    for task in std::fs::read_dir(&tasks).with_context(|| tasks.clone())? {
        let task = task?;
        if tree::read(&task.path().join("comm"))?.starts_with("worker-") {
            let id = task.file_name();
            thread(id.to_str().and_then(|id| id.parse().ok()).context("a number")?, rank)?;
            count += 1;
        }
    }
    ensure!(count > 0, "process {gateway} has no workers");
    Ok(())
}

/// A command that starts `program` on `cores` with a rank, all its threads to come included.
pub(super) fn command(rank: Rank, cores: &str, program: &std::path::Path) -> Command {
    let mut command = Command::new("chrt");
    command.args(["--fifo", &rank.priority(), "taskset", "-c", cores]).arg(program);
    command
}

/// Takes the rank of the calling thread from it, and lets everybody else go first.
pub(super) fn step_back() -> Result<()> {
    let id = rustix::thread::gettid().as_raw_nonzero().to_string();
    shell::read(Command::new("chrt").args(["--other", "--pid", "0", &id]))?;
    rustix::process::setpriority_process(None, 19).context("stepping back")
}
