//! `cargo xtask gen`: writes anew what is generated from the code, so that it can be committed;
//! `cargo xtask test` fails when it is stale.
//!
//! Metrics, policies, rules for descriptions, the description of the admin API and configuration snapshots are written by their own tests in the mode that
//! writes; the pages here are what the binary prints.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{say, shell, tree};

/// Pages that the binary prints, with the command that prints them.
const PAGES: [(&str, &[&str]); 3] = [
    ("docs/gateway-file.md", &["reference"]),
    ("docs/gateway.schema.json", &["schema"]),
    ("docs/providers.md", &["catalog", "list", "--page"]),
];

/// Writes every generated file.
pub(crate) fn run() -> Result<()> {
    let root = tree::root();
    let cargo = |args: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(args).current_dir(&root);
        command
    };
    shell::run(&mut cargo(&["build", "--quiet", "--package", "architrave-server"]))?;
    for (path, text) in pages(&tree::target()?.join("debug/architrave"))? {
        tree::write(&path, &text)?;
    }
    let mut policies = cargo(&["test", "--quiet", "--package", "architrave-policy", "--lib"]);
    shell::read(policies.env("ARCHITRAVE_GOLDEN", "write"))?;
    let mut control = cargo(&["test", "--quiet", "--package", "architrave-control", "pages"]);
    shell::read(control.env("ARCHITRAVE_GOLDEN", "write"))?;
    let mut openapi = cargo(&["test", "--quiet", "--package", "architrave-openapi", "--lib"]);
    shell::read(openapi.env("ARCHITRAVE_GOLDEN", "write"))?;
    let mut mcp = cargo(&["test", "--quiet", "--package", "architrave-mcp", "--lib", "pages"]);
    shell::read(mcp.env("ARCHITRAVE_GOLDEN", "write"))?;
    let mut config = cargo(&["test", "--quiet", "--package", "architrave-config"]);
    shell::read(config.env("INSTA_UPDATE", "always"))?;
    // The test that finds docs/metrics.md stale rewrites it and fails once; the second run tells.
    let metrics = || cargo(&["test", "--quiet", "--package", "architrave-telemetry", "--lib"]);
    if shell::read(&mut metrics()).is_err() {
        shell::read(&mut metrics())?;
    }
    say::line("generated files are fresh; read the difference before it is committed");
    Ok(())
}

/// Fails when a page is not what the binary prints.
pub(crate) fn check(binary: &Path) -> Result<()> {
    for (path, text) in pages(binary)? {
        if tree::read(&path).ok().as_deref() != Some(text.as_str()) {
            bail!("{} is stale: run `make gen` and commit it", path.display());
        }
    }
    Ok(())
}

/// Fails when a gateway file that we show or ship is not valid: those of `examples/` and
/// `packaging/`, and those in the README and in the tour.
pub(crate) fn check_examples(binary: &Path) -> Result<()> {
    let root = tree::root();
    let mut files = tree::files(&root.join("examples"), "yaml")?;
    files.extend(tree::files(&root.join("packaging"), "yaml")?);
    for page in ["README.md", "docs/tour.md"] {
        let text = tree::read(&root.join(page))?;
        for (index, block) in text.split("```yaml\n").skip(1).enumerate() {
            let block = block.split("```").next().unwrap_or(block);
            let name = format!("{}-{index}.yaml", page.replace('/', "-"));
            let file = tree::target()?.join("examples").join(name);
            tree::write(&file, block)?;
            files.push(file);
        }
    }
    files.iter().try_for_each(|file| {
        let mut validate = Command::new(binary);
        // Files that take a key from the environment are valid where it has one.
        let text = tree::read(file)?;
        validate.envs(environment(&text).map(|name| (name, "of-the-environment")));
        shell::read(validate.arg("validate").arg(file)).map(drop)
    })
}

/// The variables of the environment that a gateway file names, as in `${env:NAME}`.
fn environment(file: &str) -> impl Iterator<Item = &str> {
    file.split("${env:").skip(1).filter_map(|rest| {
        let name = rest.split(['}', ':']).next()?;
        (!name.is_empty()).then_some(name)
    })
}

fn pages(binary: &Path) -> Result<Vec<(PathBuf, String)>> {
    let page = |(path, command): (&str, &[&str])| {
        Ok((tree::root().join(path), shell::read(Command::new(binary).args(command))?))
    };
    PAGES.into_iter().map(page).collect()
}

#[cfg(test)]
mod tests {
    use super::environment;

    #[test]
    fn variables_of_a_file_are_found() {
        let file = "a: \"${env:ONE}\"\nb: \"Bearer ${env:TWO:-none}\"\nc: \"${file:/x}\"\n";
        assert_eq!(environment(file).collect::<Vec<_>>(), ["ONE", "TWO"]);
    }
}
