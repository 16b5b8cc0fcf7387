//! A test with a network of its own: loopback alone, every port free, and the name servers it
//! wants. Not a sandbox: files and processes are those of the machine.

use std::io::Read;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{self, Ending};
use crate::tools;
use crate::wait::SOON;

/// Tells the test that it runs inside.
const INSIDE: &str = "ARCHITRAVE_TEST_NAMESPACE";

/// Said once the namespace is there, so that a test that fails is told from a namespace that
/// could not be made.
const MADE: &str = "the namespace is made";

/// `$1` is the file that stands in for `/etc/resolv.conf`, the rest is what to run.
const SET_UP: &str = "set -e
ip link set lo up
mount --bind \"$1\" /etc/resolv.conf
shift
echo the namespace is made
exec \"$@\"";

/// Whether this runs in a namespace of its own, whose only name server is `127.0.0.1`. When not,
/// it runs the test of this name there, from here, and what comes of that is what comes of this.
///
/// A test begins with `if !namespace::is_inside("file::name_of_the_test") { return; }`.
///
/// # Panics
/// When the test fails inside, and when the namespace cannot be made: that takes root with
/// `CAP_SYS_ADMIN`, or user namespaces.
#[must_use]
#[track_caller]
pub fn is_inside(test: &str) -> bool {
    if tools::variable(INSIDE).is_some_and(|inside| inside == test) {
        return true;
    }
    let dir = TempDir::new().expect("there is room for a directory");
    let resolv_conf = dir.path().join("resolv.conf");
    std::fs::write(&resolv_conf, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        .expect("there is room for a file");
    let is_root = rustix::process::geteuid().is_root();
    let mut command = Command::new(tools::program("unshare"));
    command.arg(if is_root { "-mn" } else { "-rmn" });
    command.args(["--", "sh", "-c", SET_UP, "sh"]).arg(resolv_conf);
    command.arg(std::env::current_exe().expect("a running program has a path"));
    command.args([test, "--exact", "--nocapture"]).env(INSIDE, test);
    let (ending, said) = run(command);
    assert!(
        said.contains(MADE),
        "no network namespace could be made (it takes root with CAP_SYS_ADMIN or user namespaces, \
         and `ip` of the package iproute2):\n{said}"
    );
    assert!(ending == Ending::Code(0) && said.contains("1 passed"), "inside, {test}:\n{said}");
    false
}

/// Runs a program to its end; with what it said.
#[track_caller]
fn run(mut command: Command) -> (Ending, String) {
    let (mut output, into) = std::io::pipe().expect("the system gives a pipe");
    command.stdin(Stdio::null()).stderr(into.try_clone().expect("a pipe has several ends"));
    let running = process::start(command.stdout(into));
    // It holds the pipe open.
    drop(command);
    let mut said = Vec::new();
    output.read_to_end(&mut said).expect("a pipe can be read");
    (running.wait(SOON), String::from_utf8_lossy(&said).into_owned())
}
