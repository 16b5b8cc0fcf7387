//! The use of the gateway: what may be asked of who keeps it, beside what is in the database.

use std::time::SystemTime;

use crate::UsageKeepDays;

/// Who keeps what is used.
pub trait UsagePort: Send + Sync {
    /// How many days things are kept.
    fn keep_days(&self) -> UsageKeepDays;

    /// Puts every exchange of a consumer into the request log until a time; one that is over ends
    /// it. False when too many are followed already.
    fn follow(&self, consumer: &str, until: SystemTime) -> bool;

    /// Whose exchanges are all put there, and until when, by name.
    fn followed(&self) -> Vec<(String, SystemTime)>;
}
