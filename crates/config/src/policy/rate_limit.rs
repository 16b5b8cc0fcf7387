//! `rate_limit`: requests per time, by the generic cell rate algorithm (GCRA).

use architrave_core::units::Rate;

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
