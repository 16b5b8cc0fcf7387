//! Writes leases when they are asked for, away from the path.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::shutdown::ShutdownSignal;

use super::Ledger;
use super::lease::LeaseStore;

/// Leases that are longer than they need to be are shortened this often; so what was reserved and
/// given back does not stay counted for long in what a crash would leave behind.
const SHORTEN_EVERY: Duration = Duration::from_secs(1);

/// Keeps the leases of a ledger in a store.
#[derive(Debug)]
pub struct LeaseKeeper<S> {
    pub(super) ledger: Arc<Ledger>,
    pub(super) store: S,
}

impl<S: LeaseStore> LeaseKeeper<S> {
    /// A keeper for a ledger that was made by [`Ledger::kept`], or told by [`Ledger::recover`], what
    /// the store remembers.
    #[must_use]
    pub const fn new(ledger: Arc<Ledger>, store: S) -> Self {
        Self { ledger, store }
    }

    /// Writes the leases that are due, and then lets them be used. How many there were.
    ///
    /// # Errors
    /// That they could not be written. Nothing may be spent by them, and requests that need them
    /// ask again.
    pub fn keep(&mut self) -> io::Result<usize> {
        let due = self.ledger.due();
        let leases: Vec<_> = due.iter().map(|(_, lease)| lease.clone()).collect();
        if !leases.is_empty() {
            self.store.write(&leases)?;
        }
        for (cell, lease) in &due {
            cell.grant(lease.up_to);
        }
        self.ledger.answer();
        Ok(due.len())
    }

    /// Keeps leases until the process ends: whenever one is asked for, and every second. Runs on the
    /// control runtime; writing is done on its threads for that. `tell` gets what went wrong, once
    /// for each time. Afterwards, [`LeaseKeeper::close`] it.
    pub async fn run(
        mut self,
        mut signal: ShutdownSignal,
        mut tell: impl FnMut(io::Error),
    ) -> Self {
        let mut ticks = tokio::time::interval(SHORTEN_EVERY);
        loop {
            tokio::select! {
                () = self.ledger.asked() => {}
                _ = ticks.tick() => {}
                () = signal.ended() => return self,
            }
            let work = tokio::task::spawn_blocking(move || (self.keep(), self)).await;
            let outcome;
            // Writing neither panics nor is it called off.
            (outcome, self) =
                work.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            if let Err(error) = outcome {
                tell(error);
            }
        }
    }

    /// Writes what was spent, to the last token; nothing may be spent any more. For a clean stop,
    /// after the last exchange has ended.
    ///
    /// # Errors
    /// That it could not be written. The leases that were written before hold.
    pub fn close(mut self) -> io::Result<()> {
        let leases = self.ledger.close();
        if leases.is_empty() { Ok(()) } else { self.store.write(&leases) }
    }
}
