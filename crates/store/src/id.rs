//! Ids: a prefix that says of what, and a ULID, so that they sort by when they were made.

use ring::rand::{SecureRandom, SystemRandom};
use ulid::Ulid;

use crate::StoreError;

/// A new id: `prefix`, `_` and a ULID of the time `at`, in microseconds UTC.
///
/// # Errors
/// When the system gives no randomness.
pub fn new_id(prefix: &str, at: i64) -> Result<String, StoreError> {
    let mut chance = [0; 16];
    SystemRandom::new().fill(&mut chance).map_err(|_| StoreError::NoRandomness)?;
    let millis = u64::try_from(at / 1000).unwrap_or_default();
    let ulid = Ulid::from_parts(millis, u128::from_be_bytes(chance));
    Ok(format!("{prefix}_{ulid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_of_what_they_are_and_sort_by_their_time() {
        let early = new_id("ups", 1_000_000).unwrap();
        let late = new_id("ups", 2_000_000).unwrap();
        assert!(early.starts_with("ups_0") && early.len() == 4 + 26);
        assert!(early < late);
        assert_ne!(new_id("ups", 1).unwrap(), new_id("ups", 1).unwrap());
    }
}
