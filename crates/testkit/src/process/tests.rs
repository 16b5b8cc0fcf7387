//! What a test starts ends with it: when the test fails, and when its process is killed.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::*;
use crate::tools;
use crate::wait::SOON;

/// Tells the test that it is the process which is killed.
const INSIDE: &str = "ARCHITRAVE_TEST_TO_BE_KILLED";

/// Starts, in a network namespace of its own, a program that starts another, and says who that is.
const STARTS_ANOTHER: &str = "sleep 1000 & echo $! && wait";

fn in_a_namespace() -> Running {
    let mut command = Command::new(tools::program("unshare"));
    let is_root = rustix::process::geteuid().is_root();
    command.arg(if is_root { "-n" } else { "-rn" }).args(["--", "sh", "-c", STARTS_ANOTHER]);
    start(command.stdin(Stdio::null()).stdout(Stdio::piped()))
}

/// The process that a program says that it has started.
fn said(stdout: impl Read) -> Pid {
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let said = lines
        .find_map(|line| line.split(' ').next_back()?.parse().ok())
        .expect("it says whom it started");
    pid(said)
}

#[track_caller]
fn is_gone(what: &str, pid: Pid) {
    eventually(what, SOON, || (!is_alive(pid)).then_some(()));
}

#[test]
fn what_a_failed_test_started_ends_with_all_that_it_started() {
    let mut first = None;
    let mut second = None;
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut running = in_a_namespace();
        first = Some(running.pid());
        second = Some(said(running.take_stdout()));
        assert!(is_alive(running.pid()) && second.is_some_and(is_alive));
        std::panic::resume_unwind(Box::new("the test fails"));
    }));
    assert!(failed.is_err());
    is_gone("what was started has ended", first.unwrap());
    is_gone("what that started has ended", second.unwrap());
}

#[test]
fn what_a_killed_test_process_started_ends_with_it() {
    if tools::variable(INSIDE).is_some() {
        return be_killed();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let this = "process::tests::what_a_killed_test_process_started_ends_with_it";
    command.args([this, "--exact", "--nocapture"]).env(INSIDE, "1");
    let mut inside = start(command.stdin(Stdio::null()).stdout(Stdio::piped()));
    let second = said(inside.take_stdout());
    assert!(is_alive(second));
    kill(inside.pid());
    is_gone("what a process started that is gone has ended", second);
}

/// Starts something, says what, and waits to be killed, or for that to end before it should.
#[expect(clippy::print_stdout, reason = "whoever kills it reads that")]
fn be_killed() {
    let mut running = in_a_namespace();
    let second = said(running.take_stdout());
    println!("{}", second.as_raw_nonzero());
    let _ = running.wait(SOON * 4);
}
