//! Which of some digests are keys here, and whose: for who moves keys, and for who has found one where
//! it should not be. Whoever has a digest has no key, and is shown none.

use std::collections::HashSet;

use architrave_config::digest_of_hex;
use architrave_store::KnownKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::usecase::platform;

/// Digests that are asked for at once: less than a megabyte of them.
const DIGESTS_MAX: usize = 10_000;

/// Keys that are looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedKeys {
    /// SHA-256 digests of keys, in hexadecimal.
    #[schema(max_items = 10_000)]
    sha256: Vec<String>,
}

/// A key that is known here.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundKey {
    sha256: String,
    /// The application that has it; `null` of one that has ended and was removed.
    application: Option<String>,
    name: Option<String>,
    /// What it begins with.
    prefix: Option<String>,
    /// Its last four characters.
    last4: Option<String>,
    /// When it ends or has ended by itself; `null` for never.
    expires_at: Option<String>,
    /// Whether it is worth nothing any more, and is never let in again.
    has_ended: bool,
}

/// Those of some keys that are known here.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundKeys {
    credentials: Vec<FoundKey>,
}

/// Finds the keys of some digests.
pub(crate) async fn find_keys(
    dependencies: &Dependencies,
    wanted: WantedKeys,
) -> Result<FoundKeys, ApiError> {
    if wanted.sha256.len() > DIGESTS_MAX {
        let message = format!("at most {DIGESTS_MAX} digests are looked for at once");
        return Err(ApiError::value_fault("/sha256", message));
    }
    let mut digests = HashSet::with_capacity(wanted.sha256.len());
    for (at, text) in wanted.sha256.iter().enumerate() {
        let message = "expected a SHA-256 digest of 64 hexadecimal digits";
        let digest = digest_of_hex(text);
        let at = format!("/sha256/{at}");
        digests.insert(digest.ok_or_else(|| ApiError::value_fault(&at, message))?);
    }
    let digests: Vec<[u8; 32]> = digests.into_iter().collect();
    let store = platform(dependencies)?.store();
    let now = store.now();
    let mut credentials: Vec<FoundKey> =
        store.known_keys(&digests).await?.into_iter().map(|known| found(known, now)).collect();
    credentials.sort_by(|one, other| one.sha256.cmp(&other.sha256));
    Ok(FoundKeys { credentials })
}

fn found(known: KnownKey, now: i64) -> FoundKey {
    let sha256 = known.secret_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let Some((key, application)) = known.held else {
        return FoundKey {
            sha256,
            application: None,
            name: None,
            prefix: None,
            last4: None,
            expires_at: None,
            has_ended: true,
        };
    };
    FoundKey {
        sha256,
        application: Some(application),
        name: Some(key.name),
        prefix: Some(key.prefix),
        last4: Some(key.last4),
        expires_at: key.expires_at.map(time),
        has_ended: key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now),
    }
}
