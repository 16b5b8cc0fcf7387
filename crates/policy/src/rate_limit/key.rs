//! Whose requests are counted together, as one number.
//!
//! The hash is keyed at random (SipHash), so that nobody can make up addresses or header values
//! that fall on someone else's counter.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use architrave_core::HashKey;

/// Makes keys. Clones make the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyHash(pub(super) HashKey);

/// Kept apart, so that a consumer's name is no header value.
#[derive(Hash)]
enum Sort {
    Consumer,
    Application,
    V4,
    V6,
    Values,
    Named,
}

impl KeyHash {
    /// The key of a consumer.
    pub(crate) fn of_consumer(&self, name: &str) -> u64 {
        self.0.hash_one((Sort::Consumer, name))
    }

    /// The key of an application.
    pub(crate) fn of_application(&self, name: &str) -> u64 {
        self.0.hash_one((Sort::Application, name))
    }

    /// The key of an address: an IPv6 client has a whole /64 to itself, so that is what counts.
    pub(super) fn of_address(&self, address: IpAddr) -> u64 {
        match address.to_canonical() {
            IpAddr::V4(v4) => self.0.hash_one((Sort::V4, v4.to_bits())),
            IpAddr::V6(v6) => self.0.hash_one((Sort::V6, v6.to_bits() >> 64)),
        }
    }

    /// The key of what somebody uses of a server, by its name there.
    pub(super) fn of_named(&self, caller: u64, server: &str, name: &str) -> u64 {
        self.0.hash_one((Sort::Named, caller, server, name))
    }

    /// The key of all values of a field together; `None` when there are none.
    pub(super) fn of_values<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> Option<u64> {
        let mut hasher = self.0.build_hasher();
        Sort::Values.hash(&mut hasher);
        let mut count = 0_u32;
        for value in values {
            value.hash(&mut hasher);
            count += 1;
        }
        (count > 0).then(|| hasher.finish())
    }
}
