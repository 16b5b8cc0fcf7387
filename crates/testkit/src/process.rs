//! Processes: started so that none outlives the test, and as the system shows them: signals, ends,
//! memory and file descriptors.

mod will;

use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

use crate::wait::eventually;

/// A program that runs until it ends or this is dropped; then it is killed with all that it has
/// started. So it is when the test's own process ends, however it does.
#[derive(Debug)]
#[must_use = "it is killed when this is dropped"]
pub struct Running {
    pid: Pid,
    /// Open as long as this is: programs that end with their input run until then.
    _stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// The process id of a child.
///
/// # Panics
/// When the number is not a process id.
#[must_use]
pub fn pid(id: u32) -> Pid {
    i32::try_from(id).ok().and_then(Pid::from_raw).expect("the system gives valid process ids")
}

/// Starts a program, in a process group of its own.
///
/// # Panics
/// When it cannot be run.
#[track_caller]
#[expect(clippy::zombie_processes, reason = "`Running` reaps it by its id")]
pub fn start(command: &mut Command) -> Running {
    let program = command.get_program().to_owned();
    let started = command.process_group(0).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("run {}: {error}", program.display()));
    let pid = pid(child.id());
    will::add(pid);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    Running { pid, _stdin: child.stdin.take(), stdout, stderr }
}

/// The variable by which a test that runs itself again tells what is to be done there.
const TOLD: &str = "ARCHITRAVE_TEST_TOLD";

/// This test program again, to run one test of it alone, which finds `told` in [`told`]: for tests
/// of what a process leaves when it is killed.
///
/// # Panics
/// When a running program has no path.
#[must_use]
pub fn again(test: &str, told: &str) -> Command {
    let program = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(TOLD, told);
    command
}

/// What this process was told, when it is one that [`again`] has made.
#[must_use]
pub fn told() -> Option<String> {
    crate::tools::variable(TOLD)
}

impl Running {
    /// Its process id, which is that of its group.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Its standard output.
    ///
    /// # Panics
    /// When that is no pipe, or was taken before.
    #[must_use]
    #[track_caller]
    pub fn take_stdout(&mut self) -> ChildStdout {
        self.stdout.take().expect("standard output is a pipe")
    }

    /// Its standard error.
    ///
    /// # Panics
    /// When that is no pipe, or was taken before.
    #[must_use]
    #[track_caller]
    pub fn take_stderr(&mut self) -> ChildStderr {
        self.stderr.take().expect("standard error is a pipe")
    }

    /// Waits for it to end.
    ///
    /// # Panics
    /// When it still runs after `within`.
    #[track_caller]
    pub fn wait(&self, within: Duration) -> Ending {
        wait(self.pid, within)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody may be left in it.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
        will::strike(self.pid);
    }
}

/// Sends a signal.
///
/// # Panics
/// When the process is gone.
#[track_caller]
pub fn signal(pid: Pid, signal: Signal) {
    kill_process(pid, signal).unwrap_or_else(|error| panic!("signal {signal:?}: {error}"));
}

/// How a child ended, without waiting; `None` while it runs. It is reaped.
///
/// # Panics
/// When it is not a child of this process.
#[track_caller]
pub fn ending(pid: Pid) -> Option<Ending> {
    let (_, status) = waitpid(Some(pid), WaitOptions::NOHANG)
        .unwrap_or_else(|error| panic!("wait for {pid:?}: {error}"))?;
    let code = status.exit_status().map(Ending::Code);
    code.or_else(|| status.terminating_signal().map(Ending::Signal))
}

/// Waits for a child to end.
///
/// # Panics
/// When it still runs after `within`.
#[track_caller]
pub fn wait(pid: Pid, within: Duration) -> Ending {
    eventually("the process ends", within, || ending(pid))
}

/// Kills a child and reaps it; nothing when it is gone already.
pub fn kill(pid: Pid) {
    let _ = kill_process(pid, Signal::KILL);
    let _ = waitpid(Some(pid), WaitOptions::empty());
}

/// Whether a process exists and is not a zombie.
#[must_use]
pub fn is_alive(pid: Pid) -> bool {
    status_field(pid, "State:").is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// Resident memory in bytes.
///
/// # Panics
/// When the process is gone.
#[must_use]
#[track_caller]
pub fn rss(pid: Pid) -> u64 {
    let field = status_field(pid, "VmRSS:").expect("the process runs");
    let kib = field.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kib.expect("VmRSS is a number") * 1024
}

/// Open file descriptors.
///
/// # Panics
/// When the process is gone.
#[must_use]
#[track_caller]
pub fn open_fds(pid: Pid) -> usize {
    let list = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()));
    list.expect("the process runs").count()
}

/// Processor time spent so far, user and system.
///
/// # Panics
/// When the process is gone.
#[must_use]
#[track_caller]
pub fn cpu(pid: Pid) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let stat = stat.expect("the process runs");
    // The name in parentheses may hold spaces; the times are fields 14 and 15 of the whole.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// The processes whose command line contains `needle`.
#[must_use]
pub fn find(needle: &str) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let matching = ids.filter(|id| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ").contains(needle)
    });
    matching.filter_map(Pid::from_raw).filter(|pid| is_alive(*pid)).collect()
}

fn status_field(pid: Pid, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests;
