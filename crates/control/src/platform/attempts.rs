//! How often an address may try to get in: a bucket of attempts for each, in a table that strangers
//! cannot make grow.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use architrave_core::{Clock, Moment};

/// As many may follow each other at once; people mistype, and offices share an address.
const BURST: u32 = 20;
/// After that, one in this time.
const EACH: Duration = Duration::from_secs(6);
/// So many addresses are remembered: about a megabyte.
const ADDRESSES_MAX: usize = 10_000;

/// The attempts of late, by address.
pub(crate) struct Attempts {
    clock: Clock,
    /// Until when each address' bucket is not full again.
    full_at: Mutex<HashMap<IpAddr, Moment>>,
}

impl Attempts {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, full_at: Mutex::new(HashMap::new()) }
    }

    /// Takes one attempt of an address.
    ///
    /// # Errors
    /// In how long there is another, when there is none.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut table = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let key = neighbourhood(address);
        if table.len() >= ADDRESSES_MAX && !table.contains_key(&key) {
            table.retain(|_, full_at| *full_at > now);
            if table.len() >= ADDRESSES_MAX {
                // So many at once is an attack; those who came first wait it out.
                return Err(EACH);
            }
        }
        let full_at = table.entry(key).or_insert(now);
        let after = (*full_at).max(now) + EACH;
        let reach = EACH * BURST;
        if after.since(now) > reach {
            return Err(after.since(now) - reach);
        }
        *full_at = after;
        Ok(())
    }
}

/// One customer of a network has as many addresses of version six as they like, up to a /64.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(prefix).into()
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_attempts_come_one_by_one() {
        let clock = Clock::manual();
        let attempts = Attempts::new(clock.clone());
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _attempt in 0..BURST {
            assert_eq!(attempts.take(one), Ok(()));
        }
        assert_eq!(attempts.take(one), Err(EACH));
        assert_eq!(attempts.take(other), Ok(()), "another address has a bucket of its own");
        clock.advance(EACH);
        assert_eq!(attempts.take(one), Ok(()));
        assert!(attempts.take(one).is_err());
    }

    #[test]
    fn addresses_of_one_network_of_version_six_share_a_bucket() {
        let attempts = Attempts::new(Clock::manual());
        for host in 0..BURST {
            attempts.take(format!("2001:db8::{host:x}").parse().unwrap()).unwrap();
        }
        assert!(attempts.take("2001:db8::ffff".parse().unwrap()).is_err());
        assert_eq!(attempts.take("2001:db8:0:1::1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn the_table_does_not_grow_beyond_its_bound() {
        let clock = Clock::manual();
        let attempts = Attempts::new(clock.clone());
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        for number in 0..ADDRESSES_MAX {
            attempts.take(address(number)).unwrap();
        }
        assert!(attempts.take(address(ADDRESSES_MAX)).is_err());
        assert_eq!(attempts.take(address(1)), Ok(()), "who is known goes on");
        clock.advance(EACH * 2);
        assert_eq!(attempts.take(address(ADDRESSES_MAX)), Ok(()));
    }
}
