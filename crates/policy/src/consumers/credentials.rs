//! Which credential belongs to which consumer, looked up without telling by time what was close.
//!
//! API keys are found by a keyed hash (SipHash under a random key) and then compared in constant
//! time; passwords are compared by digest, so that not even their length shows. Not a store: it is
//! built from the snapshot and dies with it.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use architrave_config::{Consumer, ConsumerCredential, ConsumerIndex};
use architrave_core::Secret;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use subtle::ConstantTimeEq;

type Digest = [u8; SHA256_OUTPUT_LEN];

/// Who is known by which credential. When two consumers have the same, the first one counts.
#[derive(Default)]
pub struct Credentials {
    hash_key: RandomState,
    /// By hash; the lists are as good as always of length one.
    api_keys: HashMap<u64, Vec<(Secret, ConsumerIndex)>, foldhash::fast::RandomState>,
    basic: HashMap<Box<[u8]>, (Digest, ConsumerIndex)>,
}

impl Credentials {
    /// Reads the credentials of all consumers, in order.
    #[must_use]
    pub fn new(consumers: &[Arc<Consumer>]) -> Self {
        let mut credentials = Self::default();
        for (place, consumer) in consumers.iter().enumerate() {
            let index = ConsumerIndex(u32::try_from(place).unwrap_or(u32::MAX));
            for credential in &consumer.credentials {
                credentials.insert(credential, index);
            }
        }
        credentials
    }

    fn insert(&mut self, credential: &ConsumerCredential, index: ConsumerIndex) {
        match credential {
            ConsumerCredential::ApiKey(key) => {
                let hash = self.hash_key.hash_one(key.expose().as_bytes());
                self.api_keys.entry(hash).or_default().push((key.clone(), index));
            }
            ConsumerCredential::Basic { username, password } => {
                let entry = (sha256(password.expose().as_bytes()), index);
                self.basic.entry(username.as_bytes().into()).or_insert(entry);
            }
        }
    }

    /// Whose API key this is.
    #[must_use]
    pub fn by_api_key(&self, key: &[u8]) -> Option<ConsumerIndex> {
        let candidates = self.api_keys.get(&self.hash_key.hash_one(key))?;
        candidates.iter().find(|(secret, _)| secret.matches(key)).map(|(_, index)| *index)
    }

    /// Whose name and password these are. A name that nobody has costs the same time.
    #[must_use]
    pub fn by_password(&self, username: &[u8], password: &[u8]) -> Option<ConsumerIndex> {
        let presented = sha256(password);
        let known = self.basic.get(username);
        let expected = known.map_or([0; SHA256_OUTPUT_LEN], |(digest, _)| *digest);
        let is_match = bool::from(expected.ct_eq(&presented));
        known.filter(|_| is_match).map(|(_, index)| *index)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("api_keys", &self.api_keys.len())
            .field("basic", &self.basic.len())
            .finish_non_exhaustive()
    }
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut digest_bytes = [0; SHA256_OUTPUT_LEN];
    digest_bytes.copy_from_slice(digest(&SHA256, bytes).as_ref());
    digest_bytes
}
