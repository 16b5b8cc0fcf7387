//! Keys of applications of the gateway file, as they are shown: what the file says of them, and never
//! what they are.

use std::time::{SystemTime, UNIX_EPOCH};

use architrave_config::{Application, Snapshot};

use super::{CredentialBody, FILE};
use crate::admin::objects::time;
use crate::caller::token::last4;

/// A key that is shorter than this would be half told by its end.
const KEY_CHARS_MIN: usize = 20;

/// The keys of an application of the file, in the order of the file, those of which the digest alone is
/// known last; `None` where the file has no such application.
pub(super) fn keys(snapshot: &Snapshot, application: &str) -> Option<Vec<CredentialBody>> {
    let mut all = snapshot.applications.iter();
    let found = all.find(|one| one.name.as_str() == application)?;
    let Application { api_keys, key_hashes, .. } = &**found;
    let plain = api_keys.iter().map(|key| {
        let key = key.expose();
        let is_long = key.chars().count() >= KEY_CHARS_MIN;
        let end = if is_long { last4(key) } else { "" };
        ("key".to_owned(), String::new(), end.to_owned(), None)
    });
    let hashed = key_hashes.iter().map(|hash| {
        let end = hash.expires_at.map(micros).map(time);
        (hash.name.clone(), hash.prefix.clone(), hash.last4.clone(), end)
    });
    let body = |(place, (name, prefix, last4, expires_at))| CredentialBody {
        id: format!("{FILE}-{}", place + 1),
        name,
        prefix,
        last4,
        origin: FILE.to_owned(),
        created_at: None,
        expires_at,
        revoked_at: None,
    };
    Some(plain.chain(hashed).enumerate().map(body).collect())
}

fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
