//! `cargo xtask gen`: writes anew what is generated from the code, so that it can be committed.
//!
//! `docs/metrics.md` and the policy pages write themselves in their own tests; here is what the
//! binary prints, and those tests in the mode that writes.

use std::process::Command;

use anyhow::Result;

use crate::{say, shell, tree};

/// Writes every generated file.
pub(crate) fn run() -> Result<()> {
    let root = tree::root();
    // The metrics page is rewritten by the test that finds it stale, which then fails once.
    let mut metrics = Command::new("cargo");
    metrics.args(["test", "--quiet", "--package", "architrave-telemetry", "--lib"]);
    if shell::read(metrics.current_dir(&root)).is_err() {
        say::line("docs/metrics.md was stale, or a test of telemetry fails: run the tests");
    }
    let mut policies = Command::new("cargo");
    policies.args(["test", "--quiet", "--package", "architrave-policy", "--lib"]);
    shell::read(policies.env("ARCHITRAVE_GOLDEN", "write").current_dir(&root))?;
    let mut config = Command::new("cargo");
    config.args(["test", "--quiet", "--package", "architrave-config"]);
    shell::read(config.env("INSTA_UPDATE", "always").current_dir(&root))?;
    say::line("generated files are fresh; read the difference before it is committed");
    Ok(())
}
