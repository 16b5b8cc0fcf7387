//! What runs until the binary is ready, while it is idle and until it has ended, functions of
//! libraries included: the counters of [`super::build::counting`] are in what rustc compiles there
//! and then, which neither the standard library nor what is written in C is.
//!
//! Callgrind tells it by running the binary on a processor of its own making.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use architrave_core::Clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::{packages, say, tree};

/// What a gateway has at least.
const CONFIG: &str = r#"version: 1
listeners: [{ name: web, address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
upstreams: [{ name: app, endpoints: [{ address: "127.0.0.1:9" }] }]
services: [{ name: app, http: { upstream: app } }]
routes: [{ name: all, service: app }]
"#;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Some hundred times slower than a processor, it takes a second or two.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// So long that what is done each second has been done.
const IDLE: Duration = Duration::from_secs(5);

/// The symbols of what ran of `binary`, which must have its symbols; `folder` is for scratch files.
pub(super) fn symbols(binary: &Path, folder: &Path) -> Result<HashSet<String>> {
    packages::debian(&[("/usr/bin/valgrind", "valgrind")])?;
    say::step("looking at what runs while nobody asks");
    let (config, told, log) =
        (folder.join("idle.yaml"), folder.join("idle.callgrind"), folder.join("idle.log"));
    tree::write(&config, CONFIG)?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--demangle=no"]);
    command.arg(format!("--callgrind-out-file={}", told.display()));
    command.arg(binary).args(["run", "--workers", "1", "--config"]).arg(&config);
    // What it counts is of no load.
    command.env("LLVM_PROFILE_FILE", folder.join("idle.profraw"));
    let output = File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let mut child = command.stderr(output).spawn().context("starting valgrind")?;
    let outcome = until_idle(&log, &mut child);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("no process")?;
    // What has ended already is waited for all the same.
    let _gone = kill_process(pid, Signal::TERM);
    let status = child.wait()?;
    outcome?;
    ensure!(status.success(), "valgrind ended with {status}: see {}", log.display());
    let told = fs::read(&told).with_context(|| format!("reading {}", told.display()))?;
    // It names files by where they really are.
    let real = binary.canonicalize()?;
    let found = in_report(&String::from_utf8_lossy(&told), &real.display().to_string());
    ensure!(!found.is_empty(), "{} ran without symbols", binary.display());
    Ok(found)
}

/// Waits until it is ready, and some seconds more.
fn until_idle(log: &Path, child: &mut Child) -> Result<()> {
    let clock = Clock::system();
    let deadline = clock.now() + READY_WITHIN;
    while !tree::read(log)?.contains("\"ready\":true") {
        ensure!(child.try_wait()?.is_none(), "it ended at once: see {}", log.display());
        if clock.now() > deadline {
            bail!("it is not ready within {} s: see {}", READY_WITHIN.as_secs(), log.display());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    std::thread::sleep(IDLE);
    Ok(())
}

/// The functions of the object `object` in a report of Callgrind, which writes a name out where it
/// comes first and its number from there on.
fn in_report(text: &str, object: &str) -> HashSet<String> {
    let (mut functions, mut objects) = (HashMap::new(), HashMap::new());
    let (mut found, mut is_in_object) = (HashSet::new(), false);
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        let names = match key {
            "fn" | "cfn" => &mut functions,
            "ob" | "cob" => &mut objects,
            _ => continue,
        };
        let (number, name) = value.split_once(' ').unwrap_or((value, ""));
        if !name.is_empty() {
            names.insert(number, name);
        }
        let name = names.get(number).copied().unwrap_or_default();
        match key {
            "ob" => is_in_object = name == object,
            "fn" if is_in_object => {
                // Behind an apostrophe stands how deep it is in itself.
                found.insert(name.split('\'').next().unwrap_or_default().to_owned());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_binary_are_told_from_those_of_libraries() {
        let report = "version: 1\nob=(1) /bin/it\nfl=(1) a.rs\nfn=(1) _R1a\n1 2\ncob=(2) /lib/c\n\
                      cfn=(2) malloc\ncalls=1 0\n1 2\nfn=(3) _R1b'2\n1 1\nob=(2)\nfn=(2)\n1 1\n\
                      ob=(1)\nfn=(1)\n1 1\n";
        let found = in_report(report, "/bin/it");
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, ["_R1a", "_R1b"]);
    }
}
