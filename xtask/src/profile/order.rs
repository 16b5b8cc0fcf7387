//! The order in which functions lie in the shipped binary.
//!
//! What a process has resident of its program is not what it runs but what lies around that: the
//! kernel maps sixteen pages at a time. Functions that run at start, at a reload or once in a
//! while lie scattered over the whole binary, unless the linker is told to lay them side by side.
//! Those that every request runs are left to the linker, which orders them by who calls whom, as
//! the profile tells.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
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

/// The symbols that are laid side by side.
#[derive(Debug)]
pub(super) struct Order {
    laid: HashSet<String>,
    users: Users,
    /// How many processes the training had.
    runs: u32,
}

impl Order {
    /// What ran seldom of what was counted in so many `runs`, and by how many what was counted was
    /// run.
    pub(super) fn new(laid: Vec<String>, users: Users, runs: u32) -> Self {
        Self { laid: laid.into_iter().collect(), users, runs }
    }

    /// Adds what runs in every process, but for what requests run often: where that was counted,
    /// the counters tell. Returns how many were not there.
    pub(super) fn add(&mut self, everywhere: impl IntoIterator<Item = String>) -> usize {
        let before = self.laid.len();
        for symbol in everywhere {
            if !self.users.contains_key(&symbol) {
                self.users.insert(symbol.clone(), self.runs);
                self.laid.insert(symbol);
            }
        }
        self.laid.len() - before
    }

    /// Writes it, those first that most processes ran; `folder` is for scratch files.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let mut symbols: Vec<&str> = self.laid.iter().map(String::as_str).collect();
        symbols.sort_unstable_by_key(|symbol| {
            (Reverse(self.users.get(*symbol).copied().unwrap_or_default()), *symbol)
        });
        let plain = folder.join("order");
        tree::write(&plain, &(symbols.join("\n") + "\n"))?;
        shell::run(Command::new("gzip").args(["--best", "--no-name", "--force"]).arg(&plain))?;
        let (from, to) = (plain.with_extension("gz"), tree::root().join(ORDER));
        fs::copy(&from, &to).with_context(|| format!("writing {}", to.display()))?;
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_requests_run_often_is_not_laid_apart() {
        let users = Users::from([("seldom".to_owned(), 1), ("often".to_owned(), 2)]);
        let mut order = Order::new(vec!["seldom".to_owned()], users, 2);
        let idle = ["often", "seldom", "inlined_elsewhere"].map(str::to_owned);
        assert_eq!(order.add(idle.clone()), 1);
        assert_eq!(order.add(idle), 0);
        assert!(order.laid.contains("inlined_elsewhere") && !order.laid.contains("often"));
    }
}
