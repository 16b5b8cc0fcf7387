//! The flows of one UDP socket: a client's address, and an endpoint that it keeps.
//!
//! The kernel sends all datagrams of a client to one socket of the group, so a flow lives on one
//! worker and nothing here is shared with another.

mod flow;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::task;
use architrave_net::{Batch, Datagrams, Udp};
use foldhash::fast::RandomState;
use tokio::sync::watch;

use super::rule::match_rule;
use crate::accept::Open;
use crate::assembly::LiveListener;
use crate::connection::{Connection, unmapped};
use crate::failure::Failure;
use crate::queue::QueueError;
use crate::relayed::{self, Relayed};
use crate::worker::Worker;
use flow::Flow;

/// How long to wait when the system has no memory for datagrams.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Batches that are still taken from a socket that is to be closed: as much as a socket buffer
/// holds, and no more, however fast new ones come.
const LAST_BATCHES_MAX: usize = 64;

/// Forwards the flows of one UDP socket.
pub(crate) async fn serve_udp(
    worker: &Rc<Worker>,
    slot: Rc<Cell<usize>>,
    socket: std::net::UdpSocket,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let flows = Flows::new(worker, slot, Udp::bound(socket)?);
    loop {
        tokio::select! {
            biased;
            _told = closing.wait_for(|closing| *closing) => break,
            receivable = flows.socket.receivable() => receivable?,
        }
        if let Err(error) = flows.take_in(Udp::receive) {
            tracing::warn!(%error, "cannot receive datagrams for a moment");
            tokio::time::sleep(EXHAUSTED_PAUSE).await;
        }
    }
    for _ in 0..LAST_BATCHES_MAX {
        if !flows.take_in(Udp::receive_queued)? {
            break;
        }
    }
    // From here on nothing is read: when the socket was handed to another process, that one reads.
    flows.drain();
    Ok(())
}

/// Whose datagrams belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FlowKey {
    client: SocketAddr,
    /// Which of our addresses was asked, when the socket is bound to all of them.
    asked: Option<IpAddr>,
}

/// The flows of one socket.
#[derive(Debug)]
struct Flows {
    worker: Rc<Worker>,
    /// The listener that it belongs to, which a reload may change.
    slot: Rc<Cell<usize>>,
    socket: Udp,
    table: RefCell<HashMap<FlowKey, Rc<Flow>, RandomState>>,
    /// Memory for everything that is received here, from clients and endpoints.
    batch: RefCell<Batch>,
    is_draining: Cell<bool>,
}

impl Flows {
    fn new(worker: &Rc<Worker>, slot: Rc<Cell<usize>>, socket: Udp) -> Rc<Self> {
        Rc::new(Self {
            worker: Rc::clone(worker),
            slot,
            socket,
            table: RefCell::default(),
            batch: RefCell::default(),
            is_draining: Cell::new(false),
        })
    }

    /// Takes in one batch from clients; whether there was any.
    fn take_in(
        self: &Rc<Self>,
        receive: impl FnOnce(&Udp, &mut Batch) -> io::Result<()>,
    ) -> io::Result<bool> {
        let mut batch = self.batch.borrow_mut();
        match receive(&self.socket, &mut batch) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        for datagrams in batch.iter() {
            self.forward(&datagrams);
        }
        Ok(true)
    }

    fn forward(self: &Rc<Self>, datagrams: &Datagrams<'_>) {
        let is_bound_to_all = self.socket.local_addr().ip().is_unspecified();
        let asked = datagrams.to.filter(|_| is_bound_to_all);
        let key = FlowKey { client: datagrams.from, asked };
        let known = self.table.borrow().get(&key).cloned();
        if let Some(flow) = known.or_else(|| self.begin(key)) {
            flow.send(datagrams);
        }
    }

    /// Begins a flow; `None` when there is no room, no rule or no endpoint for it.
    fn begin(self: &Rc<Self>, key: FlowKey) -> Option<Rc<Flow>> {
        let pinned = self.worker.pinned();
        let listener = pinned.assembly().listener_at(self.slot.get())?;
        let Some(open) = Open::take(&self.worker, &listener) else {
            listener.metrics.connection_refused(self.worker.index());
            return None;
        };
        let connection = self.connection(key, &listener);
        let rule = match match_rule(pinned.assembly(), &connection, None) {
            Ok(rule) => rule,
            Err(failure) => {
                listener.metrics.connection_refused(self.worker.index());
                self.record_refusal(&connection, None, &failure);
                return None;
            }
        };
        // Nobody keeps datagrams waiting: those who sent them ask again.
        let Some(place) = rule.upstream.queue.try_take() else {
            let upstream = rule.upstream.config.name.as_str();
            self.record_refusal(&connection, Some(upstream), &QueueError::Full.into());
            return None;
        };
        let flow = Rc::new(Flow::new(Rc::clone(self), key, connection, rule, (open, place)));
        if let Err(failure) = flow.reach() {
            flow.record(Some(&failure));
            return None;
        }
        self.table.borrow_mut().insert(key, Rc::clone(&flow));
        task::spawn_local(Rc::clone(&flow).run());
        Some(flow)
    }

    fn connection(&self, key: FlowKey, listener: &Arc<LiveListener>) -> Connection {
        let local = self.socket.local_addr();
        let client = unmapped(key.client);
        let destination = SocketAddr::new(key.asked.unwrap_or(local.ip()), local.port());
        let connection = Connection::new(Arc::clone(listener), client, unmapped(destination));
        Connection { is_trusted: false, ..connection }
    }

    fn record_refusal(&self, connection: &Connection, upstream: Option<&str>, failure: &Failure) {
        let relayed = Relayed {
            upstream,
            reason: Some(failure.reason),
            termination: failure.termination(),
            ..Relayed::new(self.worker.now(), connection.client, "udp")
        };
        relayed::record(&self.worker, connection, &relayed);
    }

    /// Lets every flow end once it has what it waits for.
    fn drain(&self) {
        self.is_draining.set(true);
        for flow in self.table.borrow().values() {
            flow.look_again();
        }
    }
}
