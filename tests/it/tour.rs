//! The tour of the documentation, followed word for word: its file is served, its commands are
//! given to a shell, and what it says they show is what they show.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use architrave_testkit::process::{self, Ending};
use architrave_testkit::sink::Sink;
use architrave_testkit::{SOON, namespace, tools};
use rustix::process::Signal;
use tempfile::TempDir;

const TEST: &str = "tour::what_the_tour_shows_is_what_one_gets";

/// A fenced block.
struct Block<'a> {
    language: &'a str,
    text: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    let block = |text| str::split_once(text, '\n').expect("a block has a first line");
    fenced.map(block).map(|(language, text)| Block { language, text }).collect()
}

/// Whether `line` is as `pattern` has it, in which `…` stands for anything.
fn is_like(line: &str, pattern: &str) -> bool {
    let mut rest = line.trim();
    let parts: Vec<_> = pattern.trim().split('…').map(str::trim).collect();
    let [first, others @ ..] = &parts[..] else { return false };
    let Some(behind) = rest.strip_prefix(first) else { return false };
    rest = behind;
    for part in others {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = if part.is_empty() { "" } else { behind };
    }
    rest.is_empty()
}

/// Whether the patterns are found among the lines, in their order.
#[track_caller]
fn shows(said: &str, patterns: &str, command: &str) {
    let mut lines = said.lines();
    for pattern in patterns.lines() {
        let found = lines.any(|line| is_like(line, pattern));
        assert!(found, "{command}\ndoes not show `{pattern}`, but\n{said}");
    }
}

/// A shell in the folder of the tour, with the gateway's binary on its path.
fn shell(folder: &Path, binaries: &Path, text: &str) -> Command {
    let mut command = Command::new("sh");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", binaries.display());
    command.args(["-e", "-c", text]).current_dir(folder).env("PATH", path);
    command.stdin(Stdio::null());
    command
}

#[test]
fn what_the_tour_shows_is_what_one_gets() {
    if !namespace::is_inside(TEST) {
        return;
    }
    for program in ["curl", "openssl"] {
        let _needed = tools::program(program);
    }
    let dir = TempDir::new().expect("there is room for a directory");
    std::os::unix::fs::symlink(tools::gateway(), dir.path().join("architrave")).expect("a link");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let page = std::fs::read_to_string(root.join("docs/tour.md")).expect("the tour is there");
    let mut folder: PathBuf = dir.path().to_owned();
    let (mut said, mut last, mut running) = (String::new(), "", None);
    for Block { language, text } in blocks(&page) {
        match language {
            "yaml" => std::fs::write(folder.join("gateway.yaml"), text).expect("there is room"),
            "text" => shows(&said, text, last),
            _ if text.contains("architrave run") => {
                let exec = format!("exec {text}");
                let mut command = shell(&folder, dir.path(), &exec);
                command.stdout(Stdio::null()).stderr(Stdio::piped());
                let mut gateway = process::start(&mut command);
                let stderr = Sink::read(gateway.take_stderr());
                stderr.wait_for("it is ready", 0, SOON, |line| {
                    line.contains("\"ready\":true").then_some(())
                });
                running = Some((gateway, stderr));
            }
            _ => {
                last = text;
                let output = shell(&folder, dir.path(), &format!("exec 2>&1\n{text}")).output();
                let output = output.expect("a shell can be run");
                said = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(output.status.success(), "{text}\nsays\n{said}");
                if text.contains("cd tour") {
                    folder.push("tour");
                }
            }
        }
    }
    let (gateway, stderr) = running.expect("the tour starts the gateway");
    process::signal(gateway.pid(), Signal::INT);
    assert_eq!(gateway.wait(SOON), Ending::Code(0), "{:?}", stderr.lines());
}

#[test]
fn patterns_stand_for_lines() {
    assert!(is_like("  20 x", "20 x") && is_like("   7 to 9.", "… to 9."));
    assert!(
        is_like("a.yaml:3:4: b", "a.yaml:…: b") && is_like("retry-after: 12", "retry-after: …")
    );
    assert!(!is_like("20 xy", "20 x") && !is_like("401", "200") && !is_like("", "x"));
}
