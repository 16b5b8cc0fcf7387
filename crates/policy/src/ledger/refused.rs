//! Why a request may not be paid for, and when it may try again.

use architrave_config::ports::CountedFor;
use architrave_core::Reason;

use super::Unit;
use super::period::Period;
use crate::rate_limit::RateReport;
use crate::verdict::Reply;

/// What stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The tokens per time.
    TokenRate,
    /// A budget.
    Budget(Unit, Period, CountedFor),
    /// The lease, which could not be written in time: nothing may be spent that a crash would
    /// forget.
    Lease,
}

/// A request that is not paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.detail())]
pub struct Refused {
    /// What stood in the way.
    pub limit: Limit,
    /// Whole seconds after which another try may pass; at least 1. It is 1 where all that is left
    /// is reserved by requests in flight.
    pub retry_after_s: u64,
    /// Where the limit stands, for [`Admission::spending`](crate::Admission::spending); `None`
    /// where it is no limit of the consumer.
    pub report: Option<RateReport>,
}

impl Refused {
    pub(super) const fn by_rate(retry_after_s: u64, report: RateReport) -> Self {
        Self { limit: Limit::TokenRate, retry_after_s, report: Some(report) }
    }

    pub(super) const fn by_lease() -> Self {
        Self { limit: Limit::Lease, retry_after_s: 1, report: None }
    }

    /// What the client is told.
    #[must_use]
    pub const fn detail(&self) -> &'static str {
        match self.limit {
            Limit::TokenRate => "too many tokens: the token limit is used up",
            Limit::Budget(_, _, CountedFor::Team) => "the budget of the team is used up",
            Limit::Budget(_, _, CountedFor::Plan) => "the budget that the plan shares is used up",
            Limit::Budget(Unit::Tokens, ..) => "the budget of tokens is used up",
            Limit::Budget(Unit::NanoUsd, ..) => "the budget is used up",
            Limit::Lease => "what is spent cannot be written down at the moment",
        }
    }

    /// Why, in the closed list: `rate_limited` for limits, `overloaded` where the ledger lags.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self.limit {
            Limit::TokenRate | Limit::Budget(..) => Reason::RateLimited,
            Limit::Lease => Reason::Overloaded,
        }
    }

    /// The answer, with `Retry-After`.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let seconds = itoa::Buffer::new().format(self.retry_after_s).to_owned();
        Reply::refuse(self.reason(), self.detail()).with_field("retry-after", seconds.as_bytes())
    }
}
