//! The key by which this process hashes what strangers send: with it nobody outside can make up
//! values that fall on each other.
//!
//! It is not a cipher's key: what is hashed by it never leaves the machine.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use siphasher::sip::SipHasher13;

/// Bytes of a key.
pub const HASH_KEY_BYTES: usize = 16;

/// A key of SipHash. One per process, and the same in the one that goes on in its place: what is
/// counted under a hash is found again there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey([u8; HASH_KEY_BYTES]);

impl HashKey {
    /// A key that nobody knows.
    #[must_use]
    pub fn by_chance() -> Self {
        // The standard library's own keys come from the system; what they make of two numbers is as
        // unknown as they are.
        let state = RandomState::new();
        let mut bytes = [0; HASH_KEY_BYTES];
        bytes[..8].copy_from_slice(&state.hash_one(0_u64).to_ne_bytes());
        bytes[8..].copy_from_slice(&state.hash_one(1_u64).to_ne_bytes());
        Self(bytes)
    }

    /// The key of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; HASH_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes of it, for the process that goes on in this one's place.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; HASH_KEY_BYTES] {
        self.0
    }
}

impl Default for HashKey {
    fn default() -> Self {
        Self::by_chance()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey")
    }
}

impl BuildHasher for HashKey {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_hash_alike_and_others_do_not() {
        let key = HashKey::by_chance();
        let again = HashKey::from_bytes(key.to_bytes());
        assert_eq!(key.hash_one("192.0.2.1"), again.hash_one("192.0.2.1"));
        assert_ne!(key.hash_one("192.0.2.1"), HashKey::by_chance().hash_one("192.0.2.1"));
        assert_eq!(format!("{key:?}"), "HashKey", "it is told to nobody");
    }
}
