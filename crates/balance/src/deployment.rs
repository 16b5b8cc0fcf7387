//! The deployments of a model: which of them takes a request, with which credential, and why.
//!
//! Beside [`Upstream`](crate::Upstream), not on top of it: endpoints of an upstream are servers
//! of one kind that answer in milliseconds, deployments are offers of different companies that
//! answer in seconds, at a price, under quotas, and say "not now" in a dozen ways. As pure as the
//! rest of this crate: time and chance come in, nothing goes out.
//!
//! Four nouns. A [`Lane`] is one way to one model: provider, the model's name there, credential;
//! everything that is learned is learned of it (or of its credential, or of its provider), and it
//! lives as long as the process, in [`Lanes`]. A [`Fleet`] is a model as it is configured: its
//! deployments with their weights, each a lane per credential. A [`Choice`] is what a fleet says
//! to a [`Demand`]: a lane, the reason, and who was passed over. A [`Flight`] is the attempt that
//! follows, counted from the choice on until it is finished or dropped.
//!
//! Choosing takes no lock. It looks at every lane of the fleet, of which there are few.

mod affinity;
mod allowance;
mod choice;
mod credential;
mod demand;
mod failure;
mod fitness;
mod fleet;
mod flight;
mod hindrance;
mod lane;
mod lanes;
mod load;
mod pace;
mod patience;
mod provider;
mod quota;
mod rest;
mod rests;
mod settings;
mod status;
mod strategy;
mod weigh;

pub use choice::{Choice, PassedOver, Refused, RefusedReason, Why};
pub use demand::{Demand, Place, Tried};
pub use failure::{Failure, Scope};
pub use fitness::Fitness;
pub use fleet::Fleet;
pub use flight::{End, Flight, Rested, Spent};
pub use hindrance::Hindrance;
pub use lane::Lane;
pub use lanes::{Lanes, SentLanes};
pub use patience::{STALL_TIMEOUT, first_token_timeout};
pub use quota::{QuotaKind, QuotaLeft, QuotaSeen};
pub use settings::{CredentialSettings, DeploymentSettings};
pub use status::LaneStatus;

#[cfg(test)]
mod tests;
