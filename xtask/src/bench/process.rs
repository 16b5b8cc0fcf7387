//! A program under measurement: started on its cores, counted by `/proc`, ended when dropped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::shell;

/// Clock ticks per second in `/proc/<pid>/stat`: 100 on every Linux that we run on.
const TICKS_PER_SECOND: u32 = 100;
/// How long a program may take to end before it is killed.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Lines that are shown of a program that failed.
const LAST_LINES: usize = 10;

/// A started program and all its children.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` on `cores` (as `taskset` writes them), its output going to `log`.
    pub(crate) fn start(name: &str, cores: &str, command: &Command, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("making {}", log.display()))?;
        // Ended with xtask, also when that is killed and cannot clear up.
        let mut pinned = Command::new("setpriv");
        pinned
            .args(["--pdeathsig", "TERM", "taskset", "-c", cores])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                pinned.env(key, value);
            }
        }
        // A group of its own, so that nothing is left of it when it is ended.
        pinned.process_group(0);
        pinned.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = pinned.spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_path_buf() })
    }

    /// The id of the program itself.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of its log when the program has ended.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}:\n{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// The end of what the program has written so far.
    pub(crate) fn last_words(&self) -> String {
        let log = self.output();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    /// What the program has written so far.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// User and system time of the program and its children so far, also of those that have ended.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut ticks = 0;
        for pid in self.family() {
            // utime, stime and the two of children that have ended are fields 14 to 17; the list
            // begins with field 3.
            let fields = match stat_fields(pid) {
                Err(error) if pid == self.pid() => return Err(error),
                Err(_ended_since) => continue,
                Ok(fields) => fields,
            };
            for field in &fields[11..15] {
                ticks += field.parse::<u32>()?;
            }
        }
        Ok(Duration::from_secs(1) * ticks / TICKS_PER_SECOND)
    }

    /// User and system time so far of its threads whose names begin so.
    pub(crate) fn cpu_of_threads(&self, prefix: &str) -> Result<Duration> {
        let mut ticks = 0;
        for entry in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let folder = entry?.path();
            // A thread may end meanwhile.
            let Ok(name) = fs::read_to_string(folder.join("comm")) else { continue };
            if !name.starts_with(prefix) {
                continue;
            }
            let stat = fs::read_to_string(folder.join("stat"))?;
            let (_, rest) = stat.rsplit_once(')').context("a line of /proc has no name")?;
            for field in rest.split_whitespace().skip(11).take(2) {
                ticks += field.parse::<u32>()?;
            }
        }
        Ok(Duration::from_secs(1) * ticks / TICKS_PER_SECOND)
    }

    /// Resident memory of the program and its children, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        let mut total = 0;
        for pid in self.family() {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:"));
            let kib = line.and_then(|line| line.split_whitespace().nth(1));
            total += kib.context("no VmRSS")?.parse::<u64>()?;
        }
        Ok(total)
    }

    /// Asks the program to end with or act on a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no such process id")?, signal).context("sending a signal")
    }

    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.pid()];
        let mut next = 0;
        while let Some(&pid) = family.get(next) {
            next += 1;
            family.extend(shell::children(pid));
        }
        family
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.signal(Signal::TERM);
        let clock = architrave_core::Clock::system();
        let deadline = clock.now() + END_PATIENCE;
        let mut is_gone = false;
        while !is_gone && clock.now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
            is_gone = matches!(self.child.try_wait(), Ok(Some(_)));
        }
        if let Some(group) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            // Most often there is nobody left in it.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// The fields of `/proc/<pid>/stat` after the name, which may itself hold blanks.
fn stat_fields(pid: u32) -> Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// Time that one core has spent idle so far.
pub(crate) fn core_idle(core: u32) -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let name = format!("cpu{core} ");
    let line = stat.lines().find(|line| line.starts_with(&name)).context("no such core")?;
    let fields: Vec<u32> =
        line.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
    // idle and iowait
    Ok(Duration::from_secs(1) * (fields[3] + fields[4]) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use architrave_core::Clock;

    use super::*;

    #[test]
    fn nothing_is_left_of_a_program_that_is_ended() {
        let log = std::env::temp_dir().join(format!("xtask-{}.log", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & wait"]);
        let process = Process::start("a shell", "0", &command, &log).unwrap();
        let clock = Clock::system();
        let deadline = clock.now() + Duration::from_secs(30);
        while process.family().len() < 2 {
            assert!(clock.now() < deadline, "the shell starts nothing: {}", process.output());
            std::thread::yield_now();
        }
        let child = process.family()[1];
        drop(process);
        fs::remove_file(&log).unwrap();
        // Killed before the drop returns, it ends when it has a turn.
        let is_gone = || stat_fields(child).map_or(true, |fields| fields[0] == "Z");
        while !is_gone() {
            assert!(clock.now() < deadline, "the child of the shell goes on");
            std::thread::yield_now();
        }
    }
}
