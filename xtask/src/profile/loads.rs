//! What the counting binary is put under: what people run, as far as a bench stands for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{bench, say, shell, tree};

/// The benches that train, in turn. What no bench here does is compiled as if there were no
/// profile: a new path of requests that should be as cheap as it can be gets its line here, as soon
/// as there is a bench that takes it.
const LOADS: &[&str] = &[
    "http1",
    "policies",
    "h2",
    "routes",
    "usage",
    "large",
    "tcp",
    "llm",
    "llm-burst",
    "llm-prompt",
];

/// Their names.
pub(super) fn names() -> String {
    LOADS.join(" ")
}

/// Puts `binary` under every load; what it counts goes to `counted`, a folder that is empty.
pub(super) fn train(binary: &Path, counted: &Path) -> Result<()> {
    bench::install_generators()?;
    for name in LOADS {
        say::step(format_args!("training: {name}"));
        let before = size(counted)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench-train", name]).env("ARCHITRAVE_BIN", binary);
        // A file of its own for each run: merged only at the end, so that none is lost unseen.
        command.env("LLVM_PROFILE_FILE", counted.join(format!("{name}-%p.profraw")));
        shell::run(&mut command)?;
        ensure!(size(counted)? > before, "the binary ended without writing what it had counted");
    }
    Ok(())
}

fn size(counted: &Path) -> Result<u64> {
    let files = tree::files(counted, "profraw")?;
    files.iter().try_fold(0, |sum, file| {
        let length = file.metadata().with_context(|| format!("looking at {}", file.display()))?;
        Ok(sum + length.len())
    })
}
