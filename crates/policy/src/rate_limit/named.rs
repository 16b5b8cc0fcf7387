//! How often each caller may use each thing that has a name at a server: a tool, above all.

use std::net::IpAddr;
use std::sync::Arc;

use architrave_config::policy::{RateLimit, RateLimitKey};
use architrave_core::Moment;
use architrave_core::units::Rate;

use super::key::KeyHash;
use super::{Limiter, RateLimiters};
use crate::view::Admission;

/// A limit for each caller and name.
#[derive(Debug)]
pub struct NamedLimit {
    limiter: Arc<Limiter>,
    hash: KeyHash,
}

impl NamedLimit {
    /// The limit of what is written at `identity`; with the counters that it had before a reload.
    /// A whole period's uses may come at once.
    #[must_use]
    pub fn new(limiters: &RateLimiters, identity: &str, rate: Rate) -> Self {
        let config = RateLimit { rate, burst: rate.count, key: RateLimitKey::Consumer };
        Self { limiter: limiters.keyed(identity, &config), hash: limiters.key_hash() }
    }

    /// Counts one use by a caller, by its address where nobody knows who it is.
    ///
    /// # Errors
    /// It is one too many: the seconds after which another one can pass.
    pub fn charge(
        &self,
        (caller, client): (&Admission, IpAddr),
        (server, name): (&str, &str),
        now: Moment,
    ) -> Result<(), u64> {
        let caller = caller.caller.unwrap_or_else(|| self.hash.of_address(client));
        let key = self.hash.of_named(caller, server, name);
        let decision = self.limiter.charge(key, now);
        if decision.is_allowed { Ok(()) } else { Err(self.limiter.retry_seconds(decision)) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use architrave_core::Clock;

    use super::*;

    #[test]
    fn each_caller_has_its_own_count_of_each_name() {
        let clock = Clock::manual();
        let rate = Rate { count: 2, per: Duration::from_secs(60) };
        let limit = NamedLimit::new(&RateLimiters::default(), "services/tools/access/0", rate);
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let charge = |caller, server, name| {
            let caller = Admission { caller, ..Admission::default() };
            limit.charge((&caller, client), (server, name), clock.now()).is_ok()
        };
        assert!(charge(Some(1), "a", "x") && charge(Some(1), "a", "x"));
        assert!(!charge(Some(1), "a", "x"));
        assert!(
            charge(Some(2), "a", "x") && charge(Some(1), "b", "x") && charge(Some(1), "a", "y")
        );
        assert!(charge(None, "a", "x"));
        clock.advance(Duration::from_secs(30));
        assert!(charge(Some(1), "a", "x") && !charge(Some(1), "a", "x"));
        let caller = Admission { caller: Some(1), ..Admission::default() };
        let late = limit.charge((&caller, client), ("a", "x"), clock.now());
        assert_eq!(late, Err(30));
    }
}
