//! The threads of the workers, seen from the control side.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_proxy::{Command, Gateway, Seat, worker};
use tokio::sync::{mpsc, watch};

/// Commands that may wait for one worker: a reload sends one for each socket that changes.
const COMMANDS_MAX: usize = 1024;

/// The running workers.
#[derive(Debug)]
pub(crate) struct Workers {
    running: watch::Receiver<usize>,
}

/// Where commands for workers go.
#[derive(Clone, Debug)]
pub(crate) struct CommandSenders(Vec<mpsc::Sender<Command>>);

impl Workers {
    /// Starts `count` workers.
    ///
    /// # Errors
    /// When no more threads can be started.
    pub(crate) fn start(
        count: usize,
        gateway: &Arc<Gateway>,
    ) -> anyhow::Result<(Self, CommandSenders)> {
        let (ended, running) = watch::channel(count);
        let mut senders = Vec::with_capacity(count);
        for index in 0..count {
            let (sender, commands) = mpsc::channel(COMMANDS_MAX);
            senders.push(sender);
            let gateway = Arc::clone(gateway);
            let ended = ended.clone();
            let thread = std::thread::Builder::new().name(format!("worker-{index}"));
            thread
                .spawn(move || {
                    let _count = CountDown(ended);
                    if let Err(error) = worker::run(Seat { index, commands }, gateway) {
                        tracing::error!(%error, index, "a worker could not start");
                    }
                })
                .context("a worker's thread")?;
        }
        Ok((Self { running }, CommandSenders(senders)))
    }

    /// Waits until every worker has ended, at most for `timeout`; whether they did.
    pub(crate) async fn ended(&self, timeout: Duration) -> bool {
        let mut running = self.running.clone();
        tokio::time::timeout(timeout, running.wait_for(|count| *count == 0)).await.is_ok()
    }
}

/// Counts a worker that ends, also by panic.
struct CountDown(watch::Sender<usize>);

impl Drop for CountDown {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl CommandSenders {
    /// How many workers there are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells a worker. It waits when the worker has not yet taken what it was told before.
    pub(crate) async fn send(&self, worker: usize, command: Command) {
        if self.0[worker].send(command).await.is_err() {
            tracing::error!(worker, "a worker is gone and could not be told");
        }
    }
}
