//! One-time codes with which users set their password. Only a digest is kept, with the time at
//! which the code is worth nothing any more.

use architrave_store::Change;
use subtle::ConstantTimeEq as _;

use crate::caller::token::{hex, random_text, sha256};
use crate::error::ApiError;

const HOUR: i64 = 60 * 60 * 1_000_000;
/// How long an invitation is good, in microseconds.
pub(super) const INVITATION: i64 = 7 * 24 * HOUR;
/// How long the code of a reset is good, in microseconds.
pub(super) const RESET: i64 = 24 * HOUR;

/// A code, to be shown once.
pub(super) struct UserCode {
    pub(super) text: String,
    pub(super) expires_at: i64,
}

/// Makes a code for a user; an older one is worth nothing any more.
pub(super) async fn make(change: &mut Change, user: &str, life: i64) -> Result<UserCode, ApiError> {
    let text = random_text::<20>();
    let text = text.map_err(|_| ApiError::internal("the system gives no randomness"))?;
    let expires_at = change.at() + life;
    let kept = format!("{} {expires_at}", hex(&sha256(text.as_bytes())));
    change.set_setting(&key(user), &kept).await?;
    Ok(UserCode { text, expires_at })
}

/// Whether it is the code of the user.
pub(super) async fn is_right(
    change: &mut Change,
    user: &str,
    code: &str,
) -> Result<bool, ApiError> {
    let kept = change.setting(&key(user)).await?.unwrap_or_default();
    let (hash, expires_at) = kept.split_once(' ').unwrap_or_default();
    let given = hex(&sha256(code.trim().as_bytes()));
    let is_right: bool = given.as_bytes().ct_eq(hash.as_bytes()).into();
    let expires_at: i64 = expires_at.parse().unwrap_or_default();
    Ok(is_right && change.at() < expires_at)
}

pub(super) async fn remove(change: &mut Change, user: &str) -> Result<(), ApiError> {
    change.remove_setting(&key(user)).await?;
    Ok(())
}

fn key(user: &str) -> String {
    format!("user_code/{user}")
}
