//! Builds of the profile `dist`: the one that ships, and the one that counts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::note::Note;
use super::{NOTE, PROFILE, order};
use crate::{say, shell, tree};

/// What there is to know of the rustc that cargo will call.
#[derive(Debug)]
pub(crate) struct Compiler {
    /// Its version, with commit and date.
    pub(super) release: String,
    /// The version of its LLVM.
    pub(super) llvm: String,
}

impl Compiler {
    /// Asks it.
    pub(super) fn ask() -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        Self::read(&shell::read(Command::new(rustc).arg("-vV").current_dir(tree::root()))?)
    }

    fn read(text: &str) -> Result<Self> {
        let value = |start: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(start));
            found.map(str::to_owned).with_context(|| format!("rustc -vV has no `{start}`"))
        };
        Ok(Self { release: value("rustc ")?, llvm: value("LLVM version: ")? })
    }

    /// The first number of its LLVM's version.
    pub(super) fn llvm_major(&self) -> Result<u32> {
        let first = self.llvm.split('.').next().unwrap_or_default();
        first.parse().with_context(|| format!("reading LLVM's version {}", self.llvm))
    }
}

/// The command that builds the binary that ships into cargo's own target folder, by the profile of
/// the repository when it fits the compiler, and without when it does not.
pub(crate) fn shipped() -> Result<Command> {
    command(&by_profile()?)
}

/// Builds the same with its symbols into another target folder; returns its path.
pub(super) fn named(target: &Path) -> Result<PathBuf> {
    with_symbols(&by_profile()?, target)
}

/// The flags of rustc that have it build by the profile; none where the profile does not fit.
fn by_profile() -> Result<Vec<String>> {
    let profile = tree::root().join(PROFILE);
    let misfit = match tree::read(&tree::root().join(NOTE)) {
        Ok(note) => Note::read(&note)?.misfit(&Compiler::ask()?),
        Err(error) => Some(format!("{error:#}")),
    };
    Ok(match misfit {
        None => {
            let mut flags = order::flags()?;
            flags.push(format!("-Cprofile-use={}", profile.display()));
            // Functions that have changed since then are compiled without; no need to list them.
            flags.push("-Cllvm-args=-no-pgo-warn-mismatch".to_owned());
            flags
        }
        Some(why) => {
            say::line("############################################################");
            say::line(format_args!("built WITHOUT the profile {PROFILE}: {why}."));
            say::line("The binary works as well, and needs about a tenth more CPU per request.");
            say::line("`cargo xtask profile` makes a profile that fits.");
            say::line("############################################################");
            Vec::new()
        }
    })
}

/// Builds a binary that counts where it goes and writes that into `counted` when it ends; returns
/// its path.
pub(super) fn counting(target: &Path, counted: &Path) -> Result<PathBuf> {
    let flags = [
        format!("-Cprofile-generate={}", counted.display()),
        // The program that merges may have been built without the library that would unpack them.
        "-Cllvm-args=-enable-name-compression=false".to_owned(),
    ];
    with_symbols(&flags, target)
}

/// Builds a binary whose functions can be called by their names.
fn with_symbols(flags: &[String], target: &Path) -> Result<PathBuf> {
    let mut command = command(flags)?;
    command.env("CARGO_PROFILE_DIST_STRIP", "none").arg("--target-dir").arg(target);
    shell::run(&mut command)?;
    Ok(target.join("dist/architrave"))
}

/// Cargo building the profile `dist`, rustc being called with these flags and through
/// [`super::names`].
fn command(flags: &[String]) -> Result<Command> {
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet", "--profile", "dist", "--package", "architrave-server"]);
    command.current_dir(tree::root());
    command.env("RUSTC_WRAPPER", std::env::current_exe().context("asking where xtask is")?);
    command.env("CARGO_ENCODED_RUSTFLAGS", encoded(given().into_iter(), flags));
    Ok(command)
}

/// The flags that the environment gives rustc: cargo reads one variable only.
fn given() -> Vec<String> {
    let words = |name, by: fn(char) -> bool| {
        let text = std::env::var_os(name)?.to_string_lossy().into_owned();
        Some(text.split(by).filter(|word| !word.is_empty()).map(str::to_owned).collect())
    };
    let encoded = words("CARGO_ENCODED_RUSTFLAGS", |c| c == FLAG_END);
    encoded.or_else(|| words("RUSTFLAGS", char::is_whitespace)).unwrap_or_default()
}

/// What cargo wants between flags in `CARGO_ENCODED_RUSTFLAGS`.
const FLAG_END: char = '\u{1f}';

fn encoded(given: impl Iterator<Item = String>, flags: &[String]) -> OsString {
    let all: Vec<String> = given.chain(flags.iter().cloned()).collect();
    all.join(&FLAG_END.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_says_of_itself_is_read() {
        let text = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        let compiler = Compiler::read(text).unwrap();
        assert_eq!(compiler.release, "1.95.0 (59807616e 2026-04-14)");
        assert_eq!(compiler.llvm_major().unwrap(), 22);
        assert!(Compiler::read("rustc 1.95.0\n").is_err());
    }
}
