//! Clients and origins in Python, where the point is that they are other people's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{self, Running};
use crate::sink::Sink;
use crate::tools;
use crate::wait::SOON;

/// A script of `fixtures/blackbox` that serves until it is dropped.
pub struct PythonOrigin {
    _running: Running,
    address: SocketAddr,
    /// What it prints after the line with its address.
    pub output: Sink,
}

impl PythonOrigin {
    /// Starts one; its first line of output is the address it listens at.
    ///
    /// # Panics
    /// When it does not say an address.
    #[must_use]
    #[track_caller]
    pub fn start(script: &str, arguments: &[&str]) -> Self {
        Self::spawn(script, command(script, arguments))
    }

    /// Starts one by a command whose output is piped; `script` is what it is called.
    ///
    /// # Panics
    /// When it does not say an address.
    #[must_use]
    #[track_caller]
    pub(crate) fn spawn(script: &str, mut command: Command) -> Self {
        let mut running = process::start(&mut command);
        let output = Sink::read(running.take_stdout());
        let errors = Sink::read(running.take_stderr());
        let address = crate::wait::eventually("the script listens", SOON, || {
            let ended = process::ending(running.pid());
            assert!(ended.is_none(), "{script} ended as {ended:?}: {:?}", errors.lines());
            output.lines().first().and_then(|line| line.parse().ok())
        });
        Self { _running: running, address, output }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }
}

/// Runs a script of `fixtures/blackbox` to its end and gives what it printed.
///
/// # Panics
/// When it fails, with what it said.
#[track_caller]
pub fn run(script: &str, arguments: &[&str]) -> String {
    let output = command(script, arguments).output().expect("Python can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?} failed: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn command(script: &str, arguments: &[&str]) -> Command {
    piped(&tools::python(), &fixtures().join(script), arguments)
}

/// A script to be run by a Python, its output piped.
pub(crate) fn piped(python: &Path, script: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.arg("-u").arg(script).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The folder of files for black-box tests.
#[must_use]
pub fn fixtures() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent);
    crates.expect("the crate lies in <workspace>/crates").join("fixtures/blackbox")
}
