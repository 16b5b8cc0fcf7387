//! Binary upgrade: a new process gets the same sockets and is told what is known here, says ready,
//! and the old one drains. When the new one fails, the old one goes on as if nothing had been.

use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_net::handover::{self, HandoverSocket, Predecessor};
use tokio::runtime::Handle;

use crate::engine::{Engine, Knowing, Known};

/// Tells a process that its standard input leads to the one it is to take over from.
const SUCCESSOR: &str = "ARCHITRAVE_SUCCESSOR";

/// What it says in a release that tells what it knows when it is asked.
const TELLS: &str = "2";

/// How long a new process may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether this process was started to take over from another.
#[expect(clippy::disallowed_methods, reason = "server is the one that reads the environment")]
#[must_use]
pub(crate) fn is_successor() -> bool {
    std::env::var(SUCCESSOR).is_ok()
}

/// Whether the process to take over from tells what it knows. A later release tells it as well.
#[expect(clippy::disallowed_methods, reason = "server is the one that reads the environment")]
#[must_use]
pub(crate) fn is_told() -> bool {
    let said = std::env::var(SUCCESSOR).ok().and_then(|said| said.parse::<u32>().ok());
    said.is_some_and(|said| said >= 2)
}

/// The process that goes on.
pub(crate) struct Successor {
    /// Its id.
    pub pid: u32,
    /// Where it listens for what this one has to tell until its end.
    pub socket: HandoverSocket,
    /// What it has been told, if it has asked.
    pub knows: Option<Known>,
}

/// Starts the binary anew and hands it every socket; the new process, if it has taken over.
pub(crate) async fn upgrade(engine: Arc<Engine>) -> Option<Successor> {
    let result = try_upgrade(&engine).await;
    engine.gateway().metrics.gateway().upgraded(result.is_ok());
    match result {
        Ok(successor) => {
            tracing::info!(pid = successor.pid, "a new process has taken over");
            Some(successor)
        }
        Err(error) => {
            engine.take_back().await;
            tracing::error!("the upgrade failed and this process goes on: {error:#}");
            None
        }
    }
}

async fn try_upgrade(engine: &Arc<Engine>) -> anyhow::Result<Successor> {
    // Nobody may change the sockets while they are handed over.
    let sockets = engine.sockets().await;
    let copies = engine.copies(&sockets).context("copies of the sockets")?;
    // Starting, sending and waiting all block, and the new process may be slow at each.
    let giving = Arc::clone(engine);
    let handing_over = tokio::task::spawn_blocking(move || hand_over(&copies, &giving));
    let mut successor = handing_over.await.context("handing over")??;
    // From here on whoever asks is answered by the new process alone.
    engine.close_admin();
    drop(sockets);
    // It has been serving for a moment, and so have we.
    engine.tell(&mut successor, Knowing::Everything);
    Ok(successor)
}

/// This process, as the new one asks it.
struct Giving<'a> {
    engine: &'a Engine,
    runtime: Handle,
    told: Option<Known>,
}

impl Predecessor for Giving<'_> {
    fn let_go(&mut self) -> Result<(), String> {
        self.runtime.block_on(self.engine.let_go()).map_err(|error| format!("{error:#}"))
    }

    fn known(&mut self, stage: u8) -> Vec<u8> {
        self.engine.answer_known(stage, &mut self.told)
    }
}

fn hand_over(copies: &[(String, OwnedFd)], engine: &Engine) -> anyhow::Result<Successor> {
    let (ours, theirs) = handover::pair().context("a pair of sockets")?;
    let child = start(theirs)?;
    let pid = child.id();
    let labelled: Vec<_> = copies.iter().map(|(label, fd)| (label.as_str(), fd.as_fd())).collect();
    let mut giving = Giving { engine, runtime: Handle::current(), told: None };
    let result = ours.send(&labelled).and_then(|()| ours.wait_ready(READY_TIMEOUT, &mut giving));
    settle(child, result)?;
    Ok(Successor { pid, socket: ours, knows: giving.told })
}

fn start(theirs: OwnedFd) -> anyhow::Result<Child> {
    // What is on the disk under the name we were started by: that is the upgrade.
    let mut arguments = std::env::args_os();
    let program = arguments.next().context("this process does not know its own name")?;
    Command::new(&program)
        .args(arguments)
        .env(SUCCESSOR, TELLS)
        .stdin(Stdio::from(theirs))
        .spawn()
        .with_context(|| format!("cannot start {}", program.to_string_lossy()))
}

fn settle(mut child: Child, result: Result<(), handover::HandoverError>) -> anyhow::Result<()> {
    match result {
        Ok(()) => {
            // It outlives us; someone must still take note of its end until then.
            std::thread::spawn(move || child.wait());
            Ok(())
        }
        Err(error) => {
            // It may be gone already; then there is nothing to kill.
            let _gone = child.kill();
            let _reaped = child.wait();
            Err(error.into())
        }
    }
}
