//! The thread of a worker: commands from the control side, sockets, ticks, and the end.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::name::ServiceName;
use architrave_core::shutdown::ShutdownSignal;
use architrave_core::task;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, watch};

use crate::accept;
use crate::gateway::Gateway;
use crate::worker::{Worker, pulse};

/// How often pools are swept and logs handed on.
const TICK: Duration = Duration::from_millis(100);

/// Ticks between two sweeps of the pools.
const TICKS_PER_SWEEP: u32 = 10;

/// A socket that a worker takes over.
#[derive(Debug)]
pub enum Socket {
    /// Accepts connections.
    Tcp(TcpListener),
    /// Receives datagrams.
    Udp(UdpSocket),
}

/// What the control side tells a worker.
#[derive(Debug)]
pub enum Command {
    /// Serve this socket for the listener in this slot.
    Serve {
        /// Tells the socket from the others of this worker.
        id: u64,
        /// [`crate::assembly::LiveListener::slot`].
        slot: usize,
        /// The socket.
        socket: Socket,
    },
    /// Serve the socket for the listener in another slot.
    Move {
        /// The socket.
        id: u64,
        /// [`crate::assembly::LiveListener::slot`].
        slot: usize,
    },
    /// Serve a connection that comes from within the process.
    Attend(Guest),
    /// Take what is queued on the socket, then close it.
    Close {
        /// The socket.
        id: u64,
    },
}

/// A connection from within the process, for somebody who asks through it: what is said on it goes
/// the way of all traffic, to one service and to no other.
#[derive(Debug)]
pub struct Guest {
    /// The worker's end; it does not block.
    pub stream: TcpStream,
    /// [`crate::assembly::LiveListener::slot`] of the listener as whose client they come.
    pub slot: usize,
    /// Who asks.
    pub client: SocketAddr,
    /// The only service that may answer.
    pub service: ServiceName,
}

/// Everything a worker's thread needs.
#[derive(Debug)]
pub struct Seat {
    /// Which worker it is, from 0.
    pub index: usize,
    /// What it is told.
    pub commands: mpsc::Receiver<Command>,
}

/// Runs a worker until the process ends. To be called on a thread of its own.
///
/// # Errors
/// When the runtime cannot be made.
pub fn run(seat: Seat, gateway: Arc<Gateway>) -> io::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .event_interval(61)
        .build_local(LocalOptions::default())?;
    let shutdown = gateway.shutdown.clone();
    let worker = runtime.block_on(async move {
        let worker = Worker::new(seat.index, gateway);
        let ticking = task::spawn_local(tick(Rc::clone(&worker)));
        let beating = task::spawn_local(beat(Rc::clone(&worker)));
        let mut ended = shutdown.clone();
        tokio::select! {
            () = serve(&worker, seat.commands, shutdown) => {}
            () = ended.ended() => {}
        }
        ticking.abort();
        beating.abort();
        worker
    });
    // What is left after the time for draining is dropped here, with the runtime; and recorded.
    drop(runtime);
    worker.with_log(|log| log.tick());
    worker.tick_usage();
    Ok(())
}

/// Obeys commands until draining begins, then waits until the last connection is gone.
async fn serve(
    worker: &Rc<Worker>,
    mut commands: mpsc::Receiver<Command>,
    mut shutdown: ShutdownSignal,
) {
    let mut sockets: HashMap<u64, (watch::Sender<bool>, Rc<Cell<usize>>)> = HashMap::new();
    loop {
        let command = tokio::select! {
            command = commands.recv() => command,
            () = shutdown.draining() => None,
        };
        match command {
            Some(Command::Serve { id, slot, socket }) => {
                let closing = watch::Sender::new(false);
                let signal = closing.subscribe();
                let slot = Rc::new(Cell::new(slot));
                sockets.insert(id, (closing, Rc::clone(&slot)));
                task::spawn_local(accept::serve_socket(Rc::clone(worker), slot, socket, signal));
            }
            Some(Command::Move { id, slot }) => {
                if let Some((_, current)) = sockets.get(&id) {
                    current.set(slot);
                }
            }
            Some(Command::Attend(guest)) => accept::attend(worker, guest),
            Some(Command::Close { id }) => {
                if let Some((closing, _)) = sockets.remove(&id) {
                    closing.send_replace(true);
                }
            }
            None => break,
        }
        worker.sockets.set(sockets.len());
    }
    worker.is_draining.set(true);
    worker.parked.wake_all();
    for (closing, _) in sockets.values() {
        closing.send_replace(true);
    }
    worker.idle().await;
}

impl Worker {
    /// Resolves when no socket and no connection is left.
    async fn idle(&self) {
        let mut poll = tokio::time::interval(Duration::from_millis(5));
        while self.connections.get() > 0 {
            poll.tick().await;
        }
    }

    /// Whether anybody is connected.
    pub(super) fn has_connections(&self) -> bool {
        self.connections.get() > self.sockets.get()
    }

    /// Counts something that must end before the worker may, until it is dropped.
    #[must_use]
    pub fn guard(self: &Rc<Self>) -> BusyGuard {
        self.connections.set(self.connections.get() + 1);
        BusyGuard(Rc::clone(self))
    }
}

/// Something that must end before the worker may.
#[derive(Debug)]
pub struct BusyGuard(Rc<Worker>);

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get() - 1);
    }
}

async fn beat(worker: Rc<Worker>) {
    if let Err(error) = pulse::beat(worker).await {
        tracing::warn!(%error, "a worker's delays cannot be measured");
    }
}

async fn tick(worker: Rc<Worker>) {
    let mut interval = tokio::time::interval(TICK);
    let mut count: u32 = 0;
    let mut generation = 0;
    loop {
        interval.tick().await;
        count = count.wrapping_add(1);
        worker.with_log(|log| log.tick());
        worker.tick_usage();
        // Also lets go of an assembly that nobody here uses any more.
        let current = worker.pinned().assembly().generation;
        if current != generation {
            generation = current;
            worker.parked.wake_all();
            worker.pool().retain(|key| worker.is_live(key));
            worker.endpoint_metrics.borrow_mut().retain(|key, _| worker.is_live(*key));
        }
        if count.is_multiple_of(TICKS_PER_SWEEP) {
            worker.pool().sweep(worker.now());
            worker.endpoint_metrics.borrow_mut().retain(|_, metrics| !metrics.is_forgotten());
        }
    }
}
