//! Where the root key comes from: the file that the configuration names, or chance.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use architrave_config::{Keys, Persistence, Snapshot, Upstream};
use architrave_proxy::{Keyring, ROOT_KEY_BYTES};
use ring::rand::{SecureRandom, SystemRandom};

/// Reads the root keys: one a line, 64 hex digits, the newest first; at most two.
///
/// # Errors
/// When the file cannot be read or holds something else.
pub(crate) fn load(keys: &Keys) -> anyhow::Result<Keyring> {
    let Some(file) = &keys.file else {
        let mut root = [0; ROOT_KEY_BYTES];
        SystemRandom::new().fill(&mut root).ok().context("no randomness from the system")?;
        return Ok(Keyring::new(vec![root]));
    };
    read(file).with_context(|| format!("keys file {}", file.display()))
}

/// Whether cookies are sealed with a key that ends with this process.
#[must_use]
pub(crate) fn are_short_lived(snapshot: &Snapshot) -> bool {
    let uses_cookies =
        |upstream: &Arc<Upstream>| matches!(upstream.persistence, Some(Persistence::Cookie { .. }));
    snapshot.keys.file.is_none() && snapshot.upstreams.iter().any(uses_cookies)
}

fn read(file: &Path) -> anyhow::Result<Keyring> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let roots: Vec<_> = lines.map(parse).collect::<anyhow::Result<_>>()?;
    ensure!((1..=2).contains(&roots.len()), "expected one or two keys, one a line");
    Ok(Keyring::new(roots))
}

fn parse(line: &str) -> anyhow::Result<[u8; ROOT_KEY_BYTES]> {
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
