//! The order in which functions lie in the shipped binary.
//!
//! What a process has resident of its program is not what it runs but what lies around that: the
//! kernel maps sixteen pages at a time. Functions that run at start, at a reload or once in a
//! while lie scattered over the whole binary, unless the linker is told to lay them side by side.
//! Those that every request runs are left to the linker, which orders them by who calls whom, as
//! the profile tells.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{shell, tree};

/// Where the symbols lie in the repository, one in a line, compressed.
const ORDER: &str = "packaging/profile/order.gz";

/// How many processes of the training ran a function.
pub(super) type Users = HashMap<String, u32>;

/// Writes the symbols of what ran, those that most processes ran first; `folder` is for scratch
/// files.
pub(super) fn write(mut symbols: Vec<String>, users: &Users, folder: &Path) -> Result<()> {
    symbols.sort_unstable();
    symbols.dedup();
    symbols.sort_by_key(|symbol| Reverse(users.get(symbol).copied().unwrap_or_default()));
    let plain = folder.join("order");
    tree::write(&plain, &(symbols.join("\n") + "\n"))?;
    shell::run(Command::new("gzip").args(["--best", "--no-name", "--force"]).arg(&plain))?;
    let (from, to) = (plain.with_extension("gz"), tree::root().join(ORDER));
    fs::copy(&from, &to).with_context(|| format!("writing {}", to.display()))?;
    Ok(())
}

/// The flags of rustc that have the linker keep to the order. It is LLVM's that rustc brings where
/// it builds for this processor, and no other knows how.
pub(super) fn flags() -> Result<Vec<String>> {
    let order = tree::root().join(ORDER);
    if !order.exists() || !cfg!(target_arch = "x86_64") {
        return Ok(Vec::new());
    }
    let plain = unpacked(&order)?;
    Ok(vec![
        format!("-Clink-arg=-Wl,--symbol-ordering-file={}", plain.display()),
        // What was inlined, or is gone since then, has no symbol.
        "-Clink-arg=-Wl,--no-warn-symbol-ordering".to_owned(),
    ])
}

fn unpacked(order: &Path) -> Result<PathBuf> {
    let text = shell::read(Command::new("gzip").args(["--decompress", "--stdout"]).arg(order))?;
    // Cargo does not look into the file: another order has to have another name.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let plain = tree::target()?.join(format!("profile/order-{:016x}", hasher.finish()));
    tree::write(&plain, &text)?;
    Ok(plain)
}
