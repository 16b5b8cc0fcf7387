//! Where the root key comes from: the file that the configuration names, the data folder, or
//! chance.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use architrave_config::{Keys, Persistence, Snapshot, Upstream};
use architrave_proxy::{Keyring, ROOT_KEY_BYTES};
use ring::rand::{SecureRandom, SystemRandom};

use crate::data::DataFolder;

/// The file of the root key in a data folder.
pub(crate) const ROOT_KEY: &str = "root.key";

/// The bytes of a root key.
pub(crate) type RootKey = [u8; ROOT_KEY_BYTES];

/// Reads the root keys: one a line, 64 hex digits, the newest first; at most two. Where the
/// configuration names no file of them, there is one in the data folder, made when it is missing;
/// where there is no folder either, it is the one `by_chance`.
///
/// # Errors
/// When the file cannot be read or made, or holds something else.
pub(crate) fn load(
    keys: &Keys,
    data: Option<&DataFolder>,
    by_chance: RootKey,
) -> anyhow::Result<Keyring> {
    match (&keys.file, data) {
        (None, None) => Ok(Keyring::new(vec![by_chance])),
        _ => load_in(keys, data.map(DataFolder::path)),
    }
}

/// The same with a folder that this process need not have.
///
/// # Errors
/// As of [`load`].
pub(crate) fn load_in(keys: &Keys, folder: Option<&Path>) -> anyhow::Result<Keyring> {
    match (&keys.file, folder) {
        (Some(file), _) => read(file).with_context(|| format!("keys file {}", file.display())),
        (None, Some(folder)) => {
            let file = folder.join(ROOT_KEY);
            let made = if file.exists() { Ok(()) } else { make(&file) };
            made.and_then(|()| read(&file)).with_context(|| format!("root key {}", file.display()))
        }
        (None, None) => Ok(Keyring::new(vec![by_chance()?])),
    }
}

/// Whether cookies are sealed with a key that ends with this process.
#[must_use]
pub(crate) fn are_short_lived(snapshot: &Snapshot, data: Option<&DataFolder>) -> bool {
    let uses_cookies =
        |upstream: &Arc<Upstream>| matches!(upstream.persistence, Some(Persistence::Cookie { .. }));
    let is_kept = snapshot.keys.file.is_some() || data.is_some();
    !is_kept && snapshot.upstreams.iter().any(uses_cookies)
}

/// A key that nobody knows, and that ends with the last process that was told it.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn by_chance() -> anyhow::Result<RootKey> {
    let mut root = [0; ROOT_KEY_BYTES];
    SystemRandom::new().fill(&mut root).ok().context("no randomness from the system")?;
    Ok(root)
}

/// Makes a key in a file of its own, whole or not at all.
fn make(file: &Path) -> anyhow::Result<()> {
    let text: String = by_chance()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let beside = file.with_extension("new");
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    writeln!(out, "{text}")?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Keyring> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let roots: Vec<_> = lines.map(parse).collect::<anyhow::Result<_>>()?;
    ensure!((1..=2).contains(&roots.len()), "expected one or two keys, one a line");
    Ok(Keyring::new(roots))
}

fn parse(line: &str) -> anyhow::Result<RootKey> {
    let mut root = [0; ROOT_KEY_BYTES];
    if line.len() != 2 * ROOT_KEY_BYTES || !line.is_ascii() {
        bail!("expected {} hex digits", 2 * ROOT_KEY_BYTES);
    }
    for (place, byte) in root.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&line[2 * place..2 * place + 2], 16)
            .context("expected hex digits")?;
    }
    Ok(root)
}
