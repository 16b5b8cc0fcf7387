//! Runs other programs and turns their exit codes to errors that say which command failed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use architrave_core::Clock;
use rustix::process::{Pid, Signal, kill_process};

/// Between two looks at a program with a time limit.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `command` with its output on the terminal.
///
/// # Errors
/// When it cannot be started or does not exit 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", show(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", show(command));
    }
    Ok(())
}

/// Runs `command` with its output on the terminal, and ends it, with all that it started, when it
/// takes longer than `limit`.
///
/// # Errors
/// When it cannot be started, does not exit 0, or takes longer.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    let clock = Clock::system();
    let deadline = clock.now() + limit;
    let mut child = command.spawn().with_context(|| format!("starting {}", show(command)))?;
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{} ended with {status}", show(command));
            return Ok(());
        }
        if clock.now() > deadline {
            end_with_descendants(child.id());
            child.wait()?;
            bail!("{} took longer than {} min and was ended", show(command), limit.as_secs() / 60);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A program that runs beside what its caller does meanwhile. It is ended, with all that it
/// started, when nobody waits for it any more.
pub(crate) struct Beside {
    child: Child,
    shown: String,
}

impl Beside {
    /// Starts `command` with its output on the terminal.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let shown = show(command);
        let child = command.spawn().with_context(|| format!("starting {shown}"))?;
        Ok(Self { child, shown })
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// When it does not exit 0.
    pub(crate) fn wait(mut self) -> Result<()> {
        let status = self.child.wait().with_context(|| format!("waiting for {}", self.shown))?;
        ensure!(status.success(), "{} ended with {status}", self.shown);
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            end_with_descendants(self.child.id());
            let _ended = self.child.wait();
        }
    }
}

/// Ends a process and all below it, from above, so that none is started meanwhile.
fn end_with_descendants(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // Gone already is as good.
        let _gone = kill_process(pid, Signal::STOP);
        children(id).into_iter().for_each(end_with_descendants);
        let _gone = kill_process(pid, Signal::KILL);
    }
}

/// The children of a process, whichever of its threads started them.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

/// Runs `command` and returns what it wrote to standard output, and to standard error after it.
///
/// # Errors
/// When it cannot be started or does not exit 0; the error carries the output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", show(command)))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("{} ended with {}:\n{text}", show(command), output.status);
    }
    Ok(text)
}

/// Whether a program of this name can be started.
pub(crate) fn has(program: &str) -> bool {
    let places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    places.iter().any(|place| std::path::Path::new(place).join(program).is_file())
}

/// The command as a person would type it.
fn show(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_runs_beside_is_waited_for_or_ended() {
        Beside::start(&mut sh("exit 0")).unwrap().wait().unwrap();
        let error = Beside::start(&mut sh("exit 3")).unwrap().wait().unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        let beside = Beside::start(&mut sh("exec sleep 1000")).unwrap();
        let id = beside.child.id();
        drop(beside);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn what_takes_too_long_is_ended_with_all_that_it_started() {
        let limit = Duration::from_millis(300);
        let pid = std::env::temp_dir().join(format!("xtask-{}.pid", std::process::id()));
        let script = format!("sleep 1000 & echo $! >{}; wait", pid.display());
        let error = run_within(limit, &mut sh(&script)).unwrap_err().to_string();
        assert!(error.contains("took longer"), "{error}");
        let id: u32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        std::fs::remove_file(&pid).unwrap();
        // It is told to end before the call returns, and ends when it has a turn.
        let state = || std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let is_gone = |state: &str| state.is_empty() || state.contains(") Z");
        let (clock, patience) = (Clock::system(), Duration::from_secs(30));
        let deadline = clock.now() + patience;
        while !is_gone(&state()) && clock.now() < deadline {
            std::thread::yield_now();
        }
        assert!(is_gone(&state()), "{}", state());
    }

    #[test]
    fn what_ends_in_time_ends_as_it_does() {
        let limit = Duration::from_secs(60);
        assert!(run_within(limit, &mut sh("exit 0")).is_ok());
        let error = run_within(limit, &mut sh("exit 3")).unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
    }
}
