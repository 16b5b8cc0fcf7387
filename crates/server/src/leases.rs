//! What consumers have spent, over restarts and upgrades: the leases of the ledger, kept in the
//! data folder. What a lease is, the ledger knows.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_core::shutdown::Shutdown;
use architrave_core::{Clock, Moment, task};
use architrave_policy::ledger::{LeaseFile, LeaseKeeper, Ledger, Remainder, Yielded};
use tokio::task::JoinHandle;

type Keeper = LeaseKeeper<LeaseFile>;

/// How often it is said that leases cannot be written.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// The leases of a ledger in a file.
#[derive(Debug)]
pub(crate) struct Leases {
    ledger: Arc<Ledger>,
    path: PathBuf,
    clock: Clock,
    keeping: tokio::sync::Mutex<Keeping>,
}

/// Who has the file.
#[derive(Debug, Default)]
enum Keeping {
    /// Nobody, yet or any more.
    #[default]
    Nobody,
    /// This process.
    Here(Shutdown, JoinHandle<Keeper>),
    /// A new process, which goes on from what this one left.
    Elsewhere(Yielded),
}

impl Leases {
    /// Leases of a ledger that nothing is spent of yet.
    #[must_use]
    pub(crate) fn new(ledger: Arc<Ledger>, path: PathBuf, clock: Clock) -> Self {
        Self { ledger, path, clock, keeping: tokio::sync::Mutex::default() }
    }

    /// Goes on where the file says, and keeps it from here on.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is something else.
    pub(crate) async fn begin(&self) -> anyhow::Result<()> {
        let mut keeping = self.keeping.lock().await;
        let file = self.open(|leases| self.ledger.recover(leases))?;
        *keeping = self.keep(LeaseKeeper::new(Arc::clone(&self.ledger), file));
        Ok(())
    }

    /// Lets a new process have the file; what the leases allow can still be spent here.
    ///
    /// # Errors
    /// When the file cannot be written; all goes on as it was.
    pub(crate) async fn let_go(&self) -> anyhow::Result<()> {
        let mut keeping = self.keeping.lock().await;
        let mut keeper = match std::mem::take(&mut *keeping) {
            Keeping::Here(stop, running) => ended(stop, running).await,
            other => {
                *keeping = other;
                return Ok(());
            }
        };
        match tokio::task::block_in_place(|| keeper.yield_leases()) {
            Ok(yielded) => {
                *keeping = Keeping::Elsewhere(yielded);
                Ok(())
            }
            Err(error) => {
                *keeping = self.keep(keeper);
                Err(error).with_context(|| self.path.display().to_string())
            }
        }
    }

    /// Has the file again: the new process came to nothing. Nothing where it was never let go.
    pub(crate) async fn take_back(&self) {
        let mut keeping = self.keeping.lock().await;
        let yielded = match std::mem::take(&mut *keeping) {
            Keeping::Elsewhere(yielded) => yielded,
            other => {
                *keeping = other;
                return;
            }
        };
        match self.open(|leases| yielded.take_back(&leases)) {
            Ok(file) => *keeping = self.keep(LeaseKeeper::new(Arc::clone(&self.ledger), file)),
            Err(error) => tracing::error!("budgets cannot be spent any more: {error:#}"),
        }
    }

    /// Writes what was spent, to the last token; or says what is left of the leases, where a new
    /// process has the file. To be called after the last exchange.
    pub(crate) async fn close(&self) -> Vec<Remainder> {
        match std::mem::take(&mut *self.keeping.lock().await) {
            Keeping::Nobody => {}
            Keeping::Here(stop, running) => {
                let keeper = ended(stop, running).await;
                if let Err(error) = tokio::task::block_in_place(|| keeper.close()) {
                    tracing::error!(%error, "up to one lease of every budget counts as spent");
                }
            }
            Keeping::Elsewhere(yielded) => return yielded.remainders(),
        }
        Vec::new()
    }

    /// Gives back what the old process did not use of its leases.
    pub(crate) fn give_back<'a>(&self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            match Remainder::of_line(line) {
                Some(remainder) => self.ledger.give_back(&remainder),
                None => tracing::error!(line, "what the old process left cannot be understood"),
            }
        }
    }

    fn open(
        &self,
        recover: impl FnOnce(Vec<architrave_policy::ledger::Lease>),
    ) -> anyhow::Result<LeaseFile> {
        let opened = tokio::task::block_in_place(|| LeaseFile::open(&self.path, self.clock.wall()));
        let (file, recovered) = opened.with_context(|| self.path.display().to_string())?;
        if recovered.damaged > 0 {
            let (file, lines) = (self.path.display(), recovered.damaged);
            tracing::error!(%file, lines, "damaged lines: some of what was spent may be forgotten");
        }
        recover(recovered.leases);
        Ok(file)
    }

    /// Keeps leases on the control runtime until it is stopped.
    fn keep(&self, keeper: Keeper) -> Keeping {
        let stop = Shutdown::default();
        let mut told = Told { clock: self.clock.clone(), at: None };
        let running = keeper.run(stop.signal(), move |error| told.tell(&error));
        Keeping::Here(stop, task::spawn(running))
    }
}

async fn ended(stop: Shutdown, running: JoinHandle<Keeper>) -> Keeper {
    stop.end();
    running.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Says now and then that leases cannot be written: every request that needs one asks again.
struct Told {
    clock: Clock,
    at: Option<Moment>,
}

impl Told {
    fn tell(&mut self, error: &io::Error) {
        let now = self.clock.now();
        if self.at.is_none_or(|at| now.since(at) >= SAID_EVERY) {
            self.at = Some(now);
            tracing::error!(%error, "what consumers spend cannot be written down: they are refused");
        }
    }
}
