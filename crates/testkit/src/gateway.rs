//! The real binary, started on a file of its own and ended with the test.
//!
//! It listens on ports of the system's choice and says on stderr which those are.

mod admin;
mod metrics;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{self, Ending, Running};
use crate::sink::Sink;
use crate::wait::{SOON, eventually};
use crate::{terminal, tools};

pub use admin::{ConfigState, Reloaded};
pub use metrics::{Metrics, Sample};

/// How a gateway is started.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    workers: u32,
    drain_timeout: &'static str,
    env: Vec<(String, String)>,
    binary: Option<PathBuf>,
    hold_stdout: bool,
    at_terminal: bool,
    data: Option<PathBuf>,
    database: Option<String>,
}

/// A running gateway.
pub struct Gateway {
    dir: TempDir,
    /// What is on the command line of its processes alone.
    mark: PathBuf,
    processes: Mutex<Vec<Pid>>,
    // All that follow it are in its group.
    _first: Running,
    stderr: Sink,
    stdout: Sink,
    ready: Value,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            workers: 2,
            drain_timeout: "10s",
            env: Vec::new(),
            binary: None,
            hold_stdout: false,
            at_terminal: false,
            data: None,
            database: None,
        }
    }
}

impl GatewayOptions {
    /// Two workers and ten seconds to drain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many workers.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// How long SIGTERM waits for what is in flight.
    #[must_use]
    pub fn drain_timeout(mut self, span: &'static str) -> Self {
        self.drain_timeout = span;
        self
    }

    /// An environment variable of the gateway.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another binary than the one under test, such as a copy that may be replaced.
    #[must_use]
    pub fn binary(mut self, path: PathBuf) -> Self {
        self.binary = Some(path);
        self
    }

    /// The data folder.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// PostgreSQL at this URL, in place of the embedded database.
    #[must_use]
    pub fn database(mut self, url: &str) -> Self {
        self.database = Some(url.to_owned());
        self
    }

    /// Nobody reads standard output until [`Sink::resume`].
    #[must_use]
    pub fn hold_stdout(mut self) -> Self {
        self.hold_stdout = true;
        self
    }

    /// Standard output is a terminal.
    #[must_use]
    pub fn at_terminal(mut self) -> Self {
        self.at_terminal = true;
        self
    }

    /// Starts on a file and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready, with what it said.
    #[must_use]
    #[track_caller]
    pub fn start(self, yaml: impl fmt::Display) -> Gateway {
        let dir = TempDir::new().expect("there is room for a directory");
        let file = dir.path().join("gateway.yaml");
        std::fs::write(&file, yaml.to_string()).expect("there is room for a file");
        self.start_in(dir, Some(file))
    }

    /// Starts without a file, on a database alone, and waits until it is ready. Where no data folder
    /// was named it is `architrave-data` in [`Gateway::dir`].
    ///
    /// # Panics
    /// When it does not become ready, with what it said.
    #[must_use]
    #[track_caller]
    pub fn start_on_database(self) -> Gateway {
        self.start_in(TempDir::new().expect("there is room for a directory"), None)
    }

    #[track_caller]
    fn start_in(self, dir: TempDir, file: Option<PathBuf>) -> Gateway {
        let mut command = Command::new(self.binary.unwrap_or_else(tools::gateway));
        command.arg("run");
        if let Some(file) = &file {
            command.arg("--config").arg(file);
        }
        // By this its processes are known from those of other tests.
        let mark = match (&file, &self.data) {
            (Some(file), _) => file.clone(),
            (None, Some(folder)) => folder.clone(),
            (None, None) => dir.path().join("architrave-data"),
        };
        command.args(["--workers", &self.workers.to_string()]);
        command.args(["--drain-timeout", self.drain_timeout]);
        match &self.data {
            Some(folder) => drop(command.arg("--data").arg(folder)),
            None if file.is_none() => drop(command.arg("--data").arg(&mark)),
            None => {}
        }
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
        command.envs(self.env).current_dir(dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A process that an upgrade leaves behind becomes a child of this one, to be waited for.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        let screen = self.at_terminal.then(|| {
            let (screen, terminal) = terminal::open();
            command.stdout(terminal);
            screen
        });
        let mut first = process::start(&mut command);
        let stdout = match screen {
            Some(screen) => Sink::read(screen),
            None if self.hold_stdout => Sink::hold(first.take_stdout()),
            None => Sink::read(first.take_stdout()),
        };
        let stderr = Sink::read(first.take_stderr());
        let processes = Mutex::new(vec![first.pid()]);
        let mut gateway =
            Gateway { dir, mark, processes, _first: first, stderr, stdout, ready: Value::Null };
        gateway.ready = gateway.wait_ready(0);
        gateway
    }
}

impl Gateway {
    /// Starts on a file with the usual options.
    ///
    /// # Panics
    /// When it does not become ready, with what it said.
    #[must_use]
    #[track_caller]
    pub fn start(yaml: impl fmt::Display) -> Self {
        GatewayOptions::new().start(yaml)
    }

    #[track_caller]
    fn wait_ready(&self, from: usize) -> Value {
        let pid = self.pid();
        eventually("the gateway is ready", SOON, || {
            let lines = self.stderr.lines();
            if let Some(line) = lines.iter().skip(from).find_map(|line| ready_line(line)) {
                return Some(line);
            }
            let ended = process::ending(pid);
            assert!(ended.is_none(), "ended as {ended:?}, saying:\n{}", lines.join("\n"));
            None
        })
    }

    /// The address of the only socket of a listener.
    ///
    /// # Panics
    /// When the ready line does not name it.
    #[must_use]
    #[track_caller]
    pub fn addr(&self, listener: &str) -> SocketAddr {
        let addresses = self.addrs(listener);
        assert_eq!(addresses.len(), 1, "{}", self.ready);
        addresses[0]
    }

    /// The addresses of a listener.
    ///
    /// # Panics
    /// When the ready line does not name it.
    #[must_use]
    #[track_caller]
    pub fn addrs(&self, listener: &str) -> Vec<SocketAddr> {
        let list = self.ready["listeners"][listener].as_array();
        let list = list.unwrap_or_else(|| panic!("no listener {listener} in {}", self.ready));
        let texts = list.iter().filter_map(Value::as_str);
        texts.map(|text| text.parse().expect("the ready line holds addresses")).collect()
    }

    /// The address of the listener `web`.
    #[must_use]
    #[track_caller]
    pub fn web(&self) -> SocketAddr {
        self.addr("web")
    }

    /// The process that serves now: after an upgrade, the new one.
    #[must_use]
    pub fn pid(&self) -> Pid {
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        *processes.last().expect("a gateway has a process")
    }

    /// Resident memory in bytes.
    #[must_use]
    #[track_caller]
    pub fn rss(&self) -> u64 {
        process::rss(self.pid())
    }

    /// Open file descriptors.
    #[must_use]
    #[track_caller]
    pub fn open_fds(&self) -> usize {
        process::open_fds(self.pid())
    }

    /// What it writes to standard error.
    #[must_use]
    pub fn stderr(&self) -> &Sink {
        &self.stderr
    }

    /// What it writes to standard output: the access log, where the file says so.
    #[must_use]
    pub fn stdout(&self) -> &Sink {
        &self.stdout
    }

    /// The file it was started on.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.dir.path().join("gateway.yaml")
    }

    /// The directory of the file, for other files of the test.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Replaces the file in one step, as a careful editor does, and sends no signal.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn write_config(&self, yaml: impl fmt::Display) {
        let draft = self.dir.path().join("gateway.yaml.draft");
        std::fs::write(&draft, yaml.to_string()).expect("there is room for a file");
        std::fs::rename(draft, self.config_file()).expect("a file can be renamed");
    }

    /// Sends a signal to the serving process.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        process::signal(self.pid(), signal);
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When it still runs a minute later.
    #[track_caller]
    pub fn terminate(&self) -> Ending {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for the serving process to end.
    ///
    /// # Panics
    /// When it still runs a minute later.
    #[track_caller]
    pub fn wait(&self) -> Ending {
        let ending = process::wait(self.pid(), Duration::from_secs(60));
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).pop();
        ending
    }

    /// Sends SIGUSR2 and waits until a new process is ready and the old one has ended.
    ///
    /// # Panics
    /// When either does not come about.
    #[track_caller]
    pub fn upgrade(&self) -> Ending {
        let old = self.pid();
        let said = self.stderr.count();
        self.signal(Signal::USR2);
        let line = self.wait_ready(said);
        assert_eq!(line["listeners"], self.ready["listeners"], "an upgrade keeps its sockets");
        let mark = self.mark.display().to_string();
        let new = eventually("the new process is there", SOON, || {
            let all = process::find(&mark);
            all.into_iter().find(|pid| *pid != old)
        });
        let ending = process::wait(old, Duration::from_secs(60));
        *self.processes.lock().unwrap_or_else(PoisonError::into_inner) = vec![new];
        ending
    }

    /// Ends it and starts it again on the same file and the same ports where the file names them.
    ///
    /// # Panics
    /// When it does not become ready.
    #[track_caller]
    pub fn kill(&self) {
        process::kill(self.pid());
        self.processes.lock().unwrap_or_else(PoisonError::into_inner).pop();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let mark = self.mark.display().to_string();
        let processes = self.processes.get_mut().unwrap_or_else(PoisonError::into_inner);
        processes.drain(..).for_each(process::kill);
        process::find(&mark).into_iter().for_each(process::kill);
        let said = self.stderr.lines();
        if thread::panicking() {
            let tail = said.len().saturating_sub(40);
            report(&said[tail..]);
        } else {
            let panics: Vec<_> = said.iter().filter(|line| line.contains("panicked")).collect();
            assert!(panics.is_empty(), "the gateway panicked: {panics:?}");
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failed test shows what the gateway said")]
fn report(lines: &[String]) {
    eprintln!("the gateway said:\n{}", lines.join("\n"));
}

fn ready_line(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    (value["ready"] == true && value["listeners"].is_object()).then_some(value)
}
