//! What the control side may ask of those who call by subscriptions: on what terms they may, who of
//! them a file names, and that what was written of them comes into force.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::Answer;
use crate::{Period, Snapshot, SubscriptionState};

/// The applications that the running gateway knows, and what it offers them.
pub trait DirectoryPort: Send + Sync {
    /// The configuration in force, with its products and plans, and the applications of the file.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Takes what was written of applications since it was last looked. Resolves when every worker
    /// knows it; where the database does not answer, that is tried again without anybody asking.
    fn catch_up(&self) -> Answer<'_, ()>;

    /// What an application of that name may use by each of its subscriptions that is not over, and
    /// what is left of it now, the oldest first; nothing where there is no such application.
    fn limits(&self, application: &str) -> Vec<SubscriptionLimits>;

    /// Where the budgets of a team stand; nothing where it has none.
    fn team_limits(&self, team: &str) -> Vec<LimitStanding>;
}

/// What an application may use by one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionLimits {
    /// The plan.
    pub plan: String,
    /// How far the subscription is.
    pub state: SubscriptionState,
    /// Every limit that a request by it must keep.
    pub limits: Vec<LimitStanding>,
}

/// Whose use a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountedFor {
    /// By who calls, consumer or application, alone.
    Caller,
    /// By all applications of the plan together.
    Plan,
    /// By all applications of the team together.
    Team,
}

/// What sort of limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitSort {
    /// So much per time: it fills up evenly.
    RateLimit {
        /// The time in which all of it is there again.
        window: Duration,
    },
    /// So many at once.
    Parallel,
    /// So much in a period of the calendar.
    Budget {
        /// The period.
        per: Period,
        /// When it began.
        began_at: SystemTime,
    },
}

/// Of what there may be so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitUnit {
    /// Requests.
    Requests,
    /// Tokens of all classes.
    Tokens,
    /// Money, in billionths of a US dollar.
    NanoUsd,
}

/// Where a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitStanding {
    /// What sort of limit it is.
    pub sort: LimitSort,
    /// Whose use it counts.
    pub counted_for: CountedFor,
    /// Of what there may be so much.
    pub unit: LimitUnit,
    /// How much there may be.
    pub limit: u64,
    /// How much of it is used.
    pub used: u64,
    /// What requests in flight have reserved beside it.
    pub reserved: u64,
    /// When all of it is there again; `None` where that is when requests end.
    pub renews_at: Option<SystemTime>,
}

impl LimitStanding {
    /// What is left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used).saturating_sub(self.reserved)
    }
}
