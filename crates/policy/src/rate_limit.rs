//! `rate_limit`: requests per time, by the generic cell rate algorithm.
//!
//! The arithmetic is [`gcra`], the memory is [`table`], what outlives a reload is [`limiters`], and
//! what the client is told is [`report`]. Counts are this process's own: nodes do not share them.

mod gcra;
mod key;
mod limiters;
mod named;
mod report;
mod table;

use std::sync::Arc;

use architrave_config::policy as config;
use architrave_config::policy::RateLimitKey;

use crate::registry::{Build, RequestPolicy, Site};
use crate::verdict::Verdict;
use crate::view::RequestView;

pub(crate) use key::KeyHash;
pub(crate) use limiters::Limiter;
pub(crate) use limiters::SentTable;
pub use limiters::{RateLimiters, SentRates};
pub use named::NamedLimit;
pub use report::RateReport;
pub(crate) use report::refuse;

/// The policy, ready to run.
#[derive(Debug)]
pub struct RateLimit {
    limiter: Arc<Limiter>,
    key: RateLimitKey,
    hash: KeyHash,
}

impl Build<config::RateLimit> for RateLimit {
    fn build(config: &config::RateLimit, site: &Site<'_>) -> Self {
        Self {
            limiter: site.ground.limiters.keyed(&site.identity, config),
            key: config.key.clone(),
            hash: site.ground.limiters.key_hash(),
        }
    }
}

impl RequestPolicy for RateLimit {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        let decision = self.limiter.charge(self.key_of(view), view.now);
        view.admission.note_rate(self.limiter.report(decision));
        if decision.is_allowed { Verdict::Continue } else { refuse(&self.limiter, decision).into() }
    }
}

impl RateLimit {
    /// Whose request it is. What the policy asks for may be missing; the address never is.
    fn key_of(&self, view: &RequestView<'_>) -> u64 {
        let named = match &self.key {
            RateLimitKey::Address => None,
            RateLimitKey::Consumer => view.admission.caller,
            RateLimitKey::Header(name) => self.hash.of_values(view.head.fields.all(name)),
        };
        named.unwrap_or_else(|| self.hash.of_address(view.client))
    }
}

#[cfg(test)]
mod tests;
