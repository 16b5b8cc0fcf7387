//! How counts outlive the process without being written on the path: by leases.
//!
//! A lease says that so much may have been taken of a budget. It is written and safe on disk
//! **before** that much may be taken, and after a crash all of it counts as taken: so nothing that
//! was spent is ever forgotten, and what is counted too much is at most the lease that was not used
//! up: 1/32 of the budget, beside what was reserved or asked for in the last second. A clean stop writes what
//! was taken, to the last token.
//!
//! Requests only compare with the lease. Long before it is used up they ask for the next, and do
//! not wait. A request that is ahead of the lease waits for it for up to [`PATIENCE`], mostly for
//! one write to disk: at the start of a period, and when very many begin at once. There is no
//! overdraft, since nothing would be left of it after a crash.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Unit;
use super::period::Period;

/// How long a request waits for a lease before it is refused: many times what a write to disk
/// takes, and little beside what a model takes.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// Which count a lease is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeaseKey {
    /// The consumer, by name.
    pub consumer: Arc<str>,
    /// What is counted.
    pub unit: Unit,
    /// How long its periods are.
    pub per: Period,
}

/// So much may have been taken in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which count it is about.
    pub key: LeaseKey,
    /// The first second of the period, since 1970.
    pub start_s: u64,
    /// How much may have been taken, in tokens or nano-USD.
    pub up_to: u64,
}

/// Where leases are written. Of two leases about the same count the later one holds, be it the
/// lower.
pub trait LeaseStore: Send + 'static {
    /// Writes leases. When it returns they are safe: a crash right after does not lose them.
    ///
    /// # Errors
    /// That they may not be safe. They will be offered again.
    fn write(&mut self, leases: &[Lease]) -> io::Result<()>;
}
