//! This process's side of its supervisor: it is started when the first child is wanted, and again
//! when it is gone.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use architrave_core::task;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Turn, oneshot, watch};
use tokio::time::timeout;

use super::order::{News, ORDER_BYTES_MAX, Order};
use super::packet::{self, Packets};
use super::{ChildError, Ending, Program};

/// How long the supervisor may take to start a program, or to take an order: it does nothing else.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts children by a process between; cheap to clone, and one for the whole process.
#[derive(Clone)]
pub struct Supervisor(Arc<Inner>);

struct Inner {
    command: Box<dyn Fn() -> Command + Send + Sync>,
    runtime: Handle,
    /// Whoever holds it may start the supervisor, or give it an order.
    link: Turn<Option<Arc<Link>>>,
    next_id: AtomicU64,
}

/// A supervisor that runs.
struct Link {
    packets: Packets,
    children: Mutex<HashMap<u64, Entry>>,
    is_gone: watch::Sender<bool>,
}

/// A child that was asked for.
struct Entry {
    started: Option<oneshot::Sender<Result<Pid, String>>>,
    leader: Option<Pid>,
    ended: watch::Sender<Option<Ending>>,
}

/// Our ends of a child's pipes, and how it is ended.
pub(super) struct Started {
    pub pid: Pid,
    pub stdin: OwnedFd,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    pub watched: Watched,
}

/// A child under watch.
pub(super) struct Watched {
    id: u64,
    link: Arc<Link>,
    ended: watch::Receiver<Option<Ending>>,
}

impl Supervisor {
    /// One that is started by what `command` makes, whose standard input and output are set here;
    /// its environment is that of all children. What is done for children is done on `runtime`.
    #[must_use]
    pub fn new(command: impl Fn() -> Command + Send + Sync + 'static, runtime: Handle) -> Self {
        let command = Box::new(command);
        let (link, next_id) = (Turn::new(None), AtomicU64::new(1));
        Self(Arc::new(Inner { command, runtime, link, next_id }))
    }

    /// Where children are minded.
    pub(super) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// Starts a program. To be called on the runtime.
    pub(super) async fn start(&self, program: &Program) -> Result<Started, ChildError> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let folder = program.folder.as_ref().map(|folder| folder.to_string_lossy().into_owned());
        let values = program.environment.iter();
        let order = Order::Start {
            id,
            command: program.command.clone(),
            folder: folder.unwrap_or_default(),
            arguments: program.arguments.clone(),
            environment: values.map(|(key, it)| (key.clone(), it.expose().to_owned())).collect(),
        }
        .encode();
        let failed = |why: String| ChildError::NotStarted { command: program.command.clone(), why };
        if order.len() > ORDER_BYTES_MAX {
            return Err(failed(format!("its arguments and variables have {} bytes", order.len())));
        }
        let io = |error: io::Error| failed(error.to_string());
        let (far_in, stdin) = pipe().map_err(io)?;
        let (stdout, far_out) = pipe().map_err(io)?;
        let (stderr, far_err) = pipe().map_err(io)?;
        let link =
            self.link().await.map_err(|error| ChildError::NoSupervisor(error.to_string()))?;
        let (told, started) = oneshot::channel();
        let (ended, watched) = watch::channel(None);
        link.children().insert(id, Entry { started: Some(told), leader: None, ended });
        let watched = Watched { id, link, ended: watched };
        let far = [far_in.as_fd(), far_out.as_fd(), far_err.as_fd()];
        let sent = timeout(PATIENCE, watched.link.packets.send(&order, &far)).await;
        let sent = sent.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()));
        drop((far_in, far_out, far_err));
        let pid = match (sent, timeout(PATIENCE, started).await) {
            (Ok(()), Ok(Ok(pid))) => pid,
            (Err(error), _) => {
                watched.link.forget(id);
                return Err(ChildError::NoSupervisor(error.to_string()));
            }
            // It may have started after all; its pipes are closed then, and it is to end.
            (_, Err(_late)) => {
                watched.end(Duration::ZERO, Duration::ZERO).await;
                return Err(ChildError::NoSupervisor("it does not answer".to_owned()));
            }
            (_, Ok(Err(_gone))) => return Err(ChildError::NoSupervisor("it is gone".to_owned())),
        };
        let pid = pid.map_err(failed)?;
        Ok(Started { pid, stdin, stdout, stderr, watched })
    }

    /// The supervisor that runs, started if none does.
    async fn link(&self) -> io::Result<Arc<Link>> {
        let mut link = self.0.link.lock().await;
        if let Some(link) = link.as_ref().filter(|link| !*link.is_gone.borrow()) {
            return Ok(Arc::clone(link));
        }
        let (ours, theirs) = packet::pair()?;
        let packets = Packets::new(ours)?;
        let mut command = (self.0.command)();
        // In a group of its own: what ends this process from a terminal is not for it.
        command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).process_group(0);
        let started = tokio::task::spawn_blocking(move || command.spawn()).await;
        let mut child = started.map_err(io::Error::other)??;
        tracing::info!(pid = child.id(), "the supervisor of child processes runs");
        // Somebody must take note of its end.
        std::thread::Builder::new()
            .name("supervisor".to_owned())
            .stack_size(64 << 10)
            .spawn(move || child.wait())?;
        let is_gone = watch::Sender::new(false);
        let fresh = Arc::new(Link { packets, children: Mutex::default(), is_gone });
        let listening = Arc::clone(&fresh);
        drop(task::spawn(async move { listening.listen().await }));
        *link = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Supervisor").finish_non_exhaustive()
    }
}

impl Link {
    fn children(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Entry>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, id: u64) {
        self.children().remove(&id);
    }

    /// Hears what the supervisor tells, until it is gone.
    async fn listen(&self) {
        let why = loop {
            match self.packets.receive().await {
                Ok(Some(packet)) => match News::decode(&packet.bytes) {
                    Some(news) => self.note(news),
                    None => break "it said what nobody understands".to_owned(),
                },
                Ok(None) => break "it ended".to_owned(),
                Err(error) => break error.to_string(),
            }
        };
        self.is_gone.send_replace(true);
        let left: Vec<Entry> = self.children().drain().map(|(_, entry)| entry).collect();
        tracing::error!(children = left.len(), "the supervisor of child processes is gone: {why}");
        for entry in left {
            // Nobody else is there to do it.
            if let Some(leader) = entry.leader {
                let _gone = kill_process_group(leader, Signal::KILL);
            }
            entry.ended.send_replace(Some(Ending::Unseen));
        }
    }

    fn note(&self, news: News) {
        let mut children = self.children();
        match news {
            News::Started { id, pid } => {
                let Some(entry) = children.get_mut(&id) else { return };
                entry.leader = Pid::from_raw(pid);
                let told = entry.started.take().zip(entry.leader);
                // Whoever asked may have had no patience, and then has had it ended.
                let _impatient = told.map(|(started, leader)| started.send(Ok(leader)));
            }
            News::Failed { id, why } => {
                let started = children.remove(&id).and_then(|entry| entry.started);
                let _impatient = started.map(|started| started.send(Err(why)));
            }
            News::Ended { id, ending } => {
                if let Some(entry) = children.remove(&id) {
                    entry.ended.send_replace(Some(ending));
                }
            }
        }
    }
}

impl Watched {
    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Ending {
        let ending = self.ended.wait_for(Option::is_some).await;
        ending.ok().and_then(|ending| *ending).unwrap_or(Ending::Unseen)
    }

    /// Has it ended, its standard input being closed.
    pub(super) async fn end(&self, close_grace: Duration, signal_grace: Duration) {
        let order = Order::End { id: self.id, close_grace, signal_grace }.encode();
        let sent = timeout(PATIENCE, self.link.packets.send(&order, &[])).await;
        if !matches!(sent, Ok(Ok(()))) {
            // It is gone, and whoever listens to it ends all.
            tracing::debug!(child = self.id, "the supervisor takes no orders");
        }
    }
}

/// A pipe: where is read, and where is written.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}
