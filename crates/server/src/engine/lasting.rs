//! What outlives the process, seen from the engine: how counts of consumers, and what is known of
//! things that providers keep, come from an old process, go to a new one, and end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_net::handover::{HandoverSocket, Told};

use super::{Engine, Knowing};
use crate::data::DataFolder;
use crate::upgrade::Successor;

/// How long an old process may take to write down what it has.
const LET_GO_TIMEOUT: Duration = Duration::from_secs(10);

impl Engine {
    /// Goes on with what consumers have spent, and with what is kept, from where the old process or the file says.
    pub(super) async fn begin_leases(
        &self,
        predecessor: Option<&HandoverSocket>,
    ) -> anyhow::Result<()> {
        let Some(leases) = &self.leases else { return Ok(()) };
        if let Some(predecessor) = predecessor {
            tokio::task::block_in_place(|| predecessor.ask(LET_GO_TIMEOUT))
                .context("the old process")?;
        }
        leases.begin().await?;
        match &self.kept {
            Some(kept) => kept.begin().await,
            None => Ok(()),
        }
    }

    /// Lets a new process have what consumers have spent.
    ///
    /// # Errors
    /// When it cannot be written down; all goes on as it was.
    pub(crate) async fn let_go(&self) -> anyhow::Result<()> {
        if let Some(kept) = &self.kept {
            kept.let_go().await;
        }
        match &self.leases {
            Some(leases) => leases.let_go().await,
            None => Ok(()),
        }
    }

    /// The new process came to nothing: what it was given is this one's again.
    pub(crate) async fn take_back(&self) {
        if let Some(leases) = &self.leases {
            leases.take_back().await;
        }
        if let Some(kept) = &self.kept {
            kept.take_back().await;
        }
        if let Some(Err(error)) = self.data.as_ref().map(DataFolder::sign) {
            tracing::warn!(%error, "the lock of the data folder names another process");
        }
    }

    /// Writes down what consumers have spent, or tells it to the process that goes on with it. To
    /// be called after the last exchange.
    pub(crate) async fn close_leases(&self, successor: Option<Successor>) {
        let left = match &self.leases {
            Some(leases) => leases.close().await,
            None => Vec::new(),
        };
        let kept = match &self.kept {
            Some(kept) => kept.close().await,
            None => Vec::new(),
        };
        let Some(mut successor) = successor else { return };
        let lines = left.iter().map(|remainder| remainder.to_line());
        let lines: Vec<String> = lines.chain(kept).collect();
        let say = || successor.socket.say_left(lines.iter().map(String::as_str));
        if let Err(error) = tokio::task::block_in_place(say) {
            tracing::warn!(%error, "up to one lease of every budget counts as spent");
        }
        self.tell(&mut successor, Knowing::Counts);
    }

    /// Listens, on a thread of its own, for what the old process has to tell until its end.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(crate) fn hear_left(
        self: &Arc<Self>,
        predecessor: Arc<HandoverSocket>,
    ) -> std::io::Result<()> {
        let engine = Arc::clone(self);
        let listening = std::thread::Builder::new().name("predecessor".into());
        listening.spawn(move || {
            loop {
                match predecessor.hear() {
                    Ok(Some(Told::Known(parcel))) => engine.recover(&parcel),
                    Ok(Some(Told::Left(lines))) => engine.take_left(&lines),
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(%error, "what the old process had to tell in its end is lost");
                        return;
                    }
                }
            }
        })?;
        Ok(())
    }

    fn take_left(&self, lines: &str) {
        let Some(leases) = &self.leases else { return };
        let kept = &self.gateway.kept;
        leases.give_back(lines.lines().filter(|line| !kept.take_over(line)));
    }
}
