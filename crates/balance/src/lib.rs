//! Floor 2, the heart: which endpoint takes a request, and what every answer teaches about it.
//!
//! Pure: no sockets, no clock and no randomness of its own. Time comes in as a
//! [`Moment`](architrave_core::Moment) and chance as a [`fastrand::Rng`], so that property tests
//! and `cargo xtask sim` drive the very code that ships.
//!
//! Two rates of change shape everything here. What changes with every request (requests in
//! flight, latency, the cursor of the turns) is an atomic of the endpoint or of its upstream.
//! What changes seldom (who is there, who is healthy, who weighs what) is laid out once in an
//! immutable view, which requests read without a lock and [`Upstream::refresh`] replaces.

mod algorithm;
mod bar;
mod census;
mod cohort;
pub mod deployment;
mod endpoint;
mod hash;
mod health;
mod latency;
mod load;
mod membership;
mod pick;
mod registry;
mod retry_budget;
mod slow_start;
mod standing;
mod status;
mod upstream;
mod view;

pub use endpoint::Endpoint;
pub use hash::hash_key;
pub use load::{Load, Outcome, Reserved};
pub use membership::{Discovered, MembershipError, Origin};
pub use pick::{Criteria, Unavailable};
pub use registry::Registry;
pub use retry_budget::{RetryBudget, RetryPermit};
pub use status::{EndpointStatus, Health, Transition};
pub use upstream::{Change, SentEndpoints, Upstream};

#[cfg(test)]
mod testing;
