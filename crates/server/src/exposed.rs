//! Files with secrets in them that every user of the machine can read. They are told of and
//! served all the same: a container has no other users, and a warning is not an outage.

use std::collections::HashSet;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use architrave_config::{CertificateFiles, CredentialSecret, ListenerProtocol, Snapshot};
use architrave_core::Secret;

/// How many secrets are looked for within longer texts: a file with thousands of consumers must not
/// be searched thousands of times, and one secret found is enough to warn.
const SOUGHT_MAX: usize = 100;

/// For others to read, of the mode of a file.
const OTHERS_READ: u32 = 0o004;

/// For others to pass through, of the mode of a folder.
const OTHERS_SEARCH: u32 = 0o001;

/// One such file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exposed {
    path: PathBuf,
    holds: &'static str,
}

impl fmt::Display for Exposed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, holds) = (self.path.display(), self.holds);
        write!(
            formatter,
            "{path} holds {holds} and every user of this machine can read it: chmod o-r {path}"
        )
    }
}

/// A file that was read as text.
pub(crate) struct TextFile {
    pub path: PathBuf,
    pub text: Arc<str>,
}

/// The files of a configuration that are exposed, each once. `substituted` are those that were put
/// into its values.
pub(crate) fn find(snapshot: &Snapshot, file: &TextFile, substituted: &[TextFile]) -> Vec<Exposed> {
    let mut held: Vec<(&Path, &'static str)> = Vec::new();
    held.extend(certificates(snapshot).map(|pair| (pair.key_file.as_path(), "a private key")));
    held.extend(service_accounts(snapshot).map(|file| (file, "the key of a service account")));
    held.extend(snapshot.keys.file.iter().map(|file| (file.as_path(), "the root key")));
    let all: HashSet<&str> = snapshot.secrets().map(Secret::expose).collect();
    let sought = || snapshot.secrets().take(SOUGHT_MAX).map(Secret::expose);
    // A file that is put into a value may also hold a name or an address.
    let is_secret = |file: &&TextFile| {
        let held = file.text.trim_end_matches(['\r', '\n']);
        !held.is_empty() && (all.contains(held) || sought().any(|secret| secret.contains(held)))
    };
    held.extend(substituted.iter().filter(is_secret).map(|file| (file.path.as_path(), "a secret")));
    if sought().any(|secret| is_written_in(&file.text, secret)) {
        held.push((&file.path, "credentials"));
    }
    held.sort();
    held.dedup_by_key(|(path, _)| *path);
    held.retain(|(path, _)| is_for_everybody(path));
    held.into_iter().map(|(path, holds)| Exposed { path: path.to_owned(), holds }).collect()
}

/// Whether a value stands in a text, not only as part of a longer word.
fn is_written_in(text: &str, value: &str) -> bool {
    let is_edge = |letter: char| !letter.is_alphanumeric();
    text.match_indices(value).any(|(at, _)| {
        text[..at].ends_with(is_edge) && text[at + value.len()..].starts_with(is_edge)
    })
}

/// Every certificate with its key that the configuration names, on either side.
fn certificates(snapshot: &Snapshot) -> impl Iterator<Item = &CertificateFiles> {
    let shown = snapshot.listeners.iter().filter_map(|listener| match &listener.protocol {
        ListenerProtocol::Https(tls) => Some(&tls.certificates),
        _ => None,
    });
    let presented = snapshot.upstreams.iter().filter_map(|upstream| upstream.tls.as_ref());
    let admin = snapshot.admin.iter().filter_map(|admin| admin.tls.as_ref());
    let of_admin = admin.flat_map(|tls| &tls.certificates);
    shown.flatten().chain(of_admin).chain(presented.filter_map(|tls| tls.client.as_ref()))
}

/// Every file with the key of a service account that is presented to a provider.
fn service_accounts(snapshot: &Snapshot) -> impl Iterator<Item = &Path> {
    let presented = snapshot.providers.iter().flat_map(|provider| &provider.credentials);
    presented.filter_map(|credential| match &credential.secret {
        CredentialSecret::Gcp { file, .. } => Some(file.as_path()),
        _ => None,
    })
}

/// Whether others may read the file and pass through every folder above it.
fn is_for_everybody(path: &Path) -> bool {
    let has = |path: &Path, bit: u32| {
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & bit != 0)
    };
    let Ok(path) = std::fs::canonicalize(path) else { return false };
    has(&path, OTHERS_READ) && path.ancestors().skip(1).all(|folder| has(folder, OTHERS_SEARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_where_it_is_written_and_not_within_words() {
        for text in ["key: \"a1\"\n", "key: a1\n", "key: ${env:KEY:-a1}\n", "[x, a1]\n"] {
            assert!(is_written_in(text, "a1"), "{text}");
        }
        for text in ["key: ${env:A1}\n", "name: ba1\n", "name: a12\n", ""] {
            assert!(!is_written_in(text, "a1"), "{text}");
        }
    }
}
