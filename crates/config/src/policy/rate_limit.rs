//! `rate_limit`: requests per time, by the generic cell rate algorithm (GCRA).
//!
//! Not the counting: that is the policy's at run time.

use architrave_core::units::Rate;

use crate::read::{Count, HeaderName, Nothing, Scope, choice, record};

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateLimitKey {
    /// The consumer; where none is known, the client address.
    Consumer,
    /// The client address (IPv6: its /64).
    Address,
    /// A request header's value, by lower-case name; where missing, the client address.
    Header(String),
}

choice! {
    /// Whose requests are counted together.
    RateLimitKey {
        /// The consumer; where none is known, the client address. The default.
        "consumer": Nothing => |_| RateLimitKey::Consumer,
        /// The client address (IPv6: its /64).
        "address": Nothing => |_| RateLimitKey::Address,
        /// The value of a request header; where missing, the client address.
        "header": HeaderName => RateLimitKey::Header,
    }
}

/// The policy as validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The sustained rate.
    pub rate: Rate,
    /// How many may come at once; at least 1.
    pub burst: u64,
    /// Whose requests are counted together.
    pub key: RateLimitKey,
}

record! {
    /// Requests per time.
    #[derive(Debug)]
    pub(super) struct RateLimitWritten => RateLimit by finish {
        /// The sustained rate.
        "rate": Rate => rate: Rate,
        /// How many may come at once; by default as many as the rate has in one period.
        "burst": Option<Count<u64, 1, 1_000_000_000>> = None => burst: Option<u64>,
        /// Whose requests are counted together; by default the consumer's.
        "key": RateLimitKey = RateLimitKey::Consumer => key: RateLimitKey,
    }
}

impl RateLimitWritten {
    fn finish(self, _scope: &mut Scope<'_, '_, '_>) -> Option<RateLimit> {
        let burst = self.burst.unwrap_or(self.rate.count);
        Some(RateLimit { rate: self.rate, burst, key: self.key })
    }
}
