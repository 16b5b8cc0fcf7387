//! The first minute: the quickstart with its demo servers, and every command that is suggested.

use std::path::Path;
use std::process::{Command, Stdio};

use architrave_testkit::process::{self, Ending};
use architrave_testkit::sink::Sink;
use architrave_testkit::{Dialect, SOON, eventually, namespace, tools};
use rustix::process::Signal;

const TEST: &str = "quickstart::every_command_that_is_suggested_works_and_ctrl_c_ends_it";

const KEYED: &str = "quickstart::what_is_suggested_for_a_file_without_servers_works_with_its_key";

/// What a shell makes of a command.
fn shell(command: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("KEY", "change-me-please-0123").stdin(Stdio::null());
    let output = shell.output();
    let output = output.expect("a shell can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The commands that are suggested; what is indented more than their first line goes on with them.
fn suggested(lines: &[String]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| !line.contains("──►")) {
        if line.starts_with("    curl ") || line.starts_with("    for ") {
            commands.push(line.trim().to_owned());
        } else if let Some(rest) = line.strip_prefix("      ") {
            let command = commands.last_mut().expect("a command goes on");
            command.push('\n');
            command.push_str(rest);
        }
    }
    commands
}

#[test]
fn the_two_steps_to_a_real_model_lead_to_a_valid_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = std::fs::read_to_string(root.join("examples/quickstart.yaml")).expect("it is there");
    let is_said = |line: &&str| line.trim_start().starts_with("# - ") && line.contains("openai");
    assert_eq!(text.lines().filter(is_said).count(), 2, "two lines say openai");
    let taken: Vec<String> = (text.lines())
        .map(|line| if is_said(&line) { line.replacen("# ", "", 1) } else { line.to_owned() })
        .collect();
    let dir = tempfile::TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("quickstart.yaml");
    std::fs::write(&file, taken.join("\n") + "\n").expect("there is room");
    let mut command = Command::new(tools::gateway());
    command.arg("validate").arg(&file).env("OPENAI_API_KEY", "sk-0123456789");
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("valid: ") && said.contains("3 providers"), "{output:?}");
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!warned.contains("asks nobody for a key"), "only this machine gets in: {warned}");
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
    let mut gateway = process::start(&mut command);
    let log = Sink::read(gateway.take_stdout());
    let said = Sink::read(gateway.take_stderr());
    said.wait_for("the greeting", 0, SOON, |line| line.contains("Ctrl-C").then_some(()));
    let lines = said.lines();
    assert!(lines[0].starts_with("{\"ready\":true"), "programs come first: {lines:?}");
    assert!(!lines.iter().any(|line| line.contains('\x1b')), "no terminal, no emphasis: {lines:?}");
    let commands = suggested(&lines);
    assert_eq!(commands.len(), 8, "{lines:?}");
    let first = shell(&commands[0]);
    assert!(first.starts_with("Hello from the demo origin on port 900"), "{first}");
    let six = shell(&commands[1]);
    assert_eq!(six.lines().filter(|line| line.starts_with("Hello from")).count(), 6, "{six}");
    let chat = shell(&commands[2]);
    assert!(Dialect::OpenaiChat.is_ended(chat.as_bytes()), "{chat}");
    assert_eq!(Dialect::OpenaiChat.streamed_text(chat.as_bytes()), "Hello, is anybody there?");
    let steps = shell(&commands[3]);
    assert!(steps.contains("OPENAI_API_KEY") && steps.contains("that say openai"), "{steps}");
    let servers = shell(&commands[4]);
    assert!(
        servers.lines().count() > 20 && servers.contains("\"health\": \"healthy\""),
        "{servers}"
    );
    assert!(shell(&commands[5]).contains("\"is_draining\": true"), "{}", commands[5]);
    assert!(!shell(&commands[1]).contains("port 9001"), "the first is out of service");
    assert!(shell(&commands[6]).contains("\"is_draining\": false"), "{}", commands[6]);
    assert!(shell(&commands[7]).contains("architrave_requests_total"), "{}", commands[7]);
    eventually("every request became a line", SOON, || {
        let is_json = |line: &String| serde_json::from_str::<serde_json::Value>(line).is_ok();
        (log.lines().iter().filter(|line| is_json(line)).count() == 15).then_some(())
    });
    process::signal(gateway.pid(), Signal::INT);
    assert_eq!(gateway.wait(SOON), Ending::Code(0));
}

#[test]
fn what_is_suggested_for_a_file_without_servers_works_with_its_key() {
    if !namespace::is_inside(KEYED) {
        return;
    }
    let _needed = tools::program("curl");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut command = Command::new(tools::gateway());
    command.args(["run", "--config", "examples/ai.yaml", "--demo"]).current_dir(root);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut gateway = process::start(&mut command);
    let said = Sink::read(gateway.take_stderr());
    said.wait_for("the greeting", 0, SOON, |line| line.contains("Ctrl-C").then_some(()));
    let lines = said.lines();
    let picture = lines.iter().find(|line| line.contains("you ──►")).expect("it is drawn");
    assert!(picture.ends_with("──► models: fast, steady"), "{picture}");
    assert!(!lines.iter().any(|line| line.contains("change-me")), "no key is shown: {lines:?}");
    let commands = suggested(&lines);
    assert_eq!(commands.len(), 3, "{lines:?}");
    let chat = shell(&commands[0]);
    assert_eq!(Dialect::OpenaiChat.streamed_text(chat.as_bytes()), "Hello, is anybody there?");
    let models = shell(&commands[1]);
    assert!(models.contains("\"steady\""), "{models}");
    assert!(shell(&commands[2]).contains("architrave_requests_total"), "{}", commands[2]);
    process::signal(gateway.pid(), Signal::INT);
    assert_eq!(gateway.wait(SOON), Ending::Code(0));
}
