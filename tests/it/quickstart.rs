//! The first minute: the quickstart with its demo servers, and every command that is suggested.

use std::path::Path;
use std::process::{Command, Stdio};

use architrave_testkit::process::{self, Ending};
use architrave_testkit::sink::Sink;
use architrave_testkit::{SOON, eventually, namespace, tools};
use rustix::process::Signal;

const TEST: &str = "quickstart::every_command_that_is_suggested_works_and_ctrl_c_ends_it";

/// What a shell makes of a command.
fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).output();
    let output = output.expect("a shell can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_command_that_is_suggested_works_and_ctrl_c_ends_it() {
    // Its ports are fixed, so it needs a network of its own.
    if !namespace::is_inside(TEST) {
        return;
    }
    let _needed = tools::program("curl");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut command = Command::new(tools::gateway());
    command.args(["run", "--config", "examples/quickstart.yaml", "--demo"]).current_dir(root);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (pid, stdout, stderr) = process::start(&mut command);
    let log = Sink::read(stdout.expect("standard output is a pipe"));
    let said = Sink::read(stderr.expect("standard error is a pipe"));
    said.wait_for("the greeting", 0, SOON, |line| line.contains("Ctrl-C").then_some(()));
    let lines = said.lines();
    assert!(lines[0].starts_with("{\"admin\":"), "programs come first: {lines:?}");
    assert!(!lines.iter().any(|line| line.contains('\x1b')), "no terminal, no emphasis: {lines:?}");
    let is_command = |line: &&str| line.starts_with("curl ") || line.starts_with("for ");
    let commands: Vec<&str> = lines.iter().map(|line| line.trim()).filter(is_command).collect();
    assert_eq!(commands.len(), 6, "{lines:?}");
    let first = shell(commands[0]);
    assert!(first.starts_with("Hello from the demo origin on port 900"), "{first}");
    let six = shell(commands[1]);
    assert_eq!(six.lines().filter(|line| line.starts_with("Hello from")).count(), 6, "{six}");
    let servers = shell(commands[2]);
    assert!(
        servers.lines().count() > 20 && servers.contains("\"health\": \"healthy\""),
        "{servers}"
    );
    assert!(shell(commands[3]).contains("\"is_draining\": true"), "{}", commands[3]);
    assert!(!shell(commands[1]).contains("port 9001"), "the first is out of service");
    assert!(shell(commands[4]).contains("\"is_draining\": false"), "{}", commands[4]);
    assert!(shell(commands[5]).contains("architrave_requests_total"), "{}", commands[5]);
    eventually("every request became a line of JSON", SOON, || {
        let is_json = |line: &String| serde_json::from_str::<serde_json::Value>(line).is_ok();
        (log.lines().iter().filter(|line| is_json(line)).count() == 13).then_some(())
    });
    process::signal(pid, Signal::INT);
    assert_eq!(process::wait(pid, SOON), Ending::Code(0));
}
