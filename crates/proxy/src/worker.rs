//! A worker: one thread, one single-threaded runtime, its own sockets, pools and figures.
//! Nothing here ever waits for another thread.

mod direct_models;
mod parked;
mod pulse;
mod run;
mod spares;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use architrave_balance::Endpoint;
use architrave_core::Moment;
use architrave_net::{Pool, PoolKey};
use architrave_telemetry::{EndpointMetrics, UsageQueue, WorkerLog, WorkerUsage};
use foldhash::fast::RandomState;

use crate::assembly::{Assembly, LiveUpstream};
use crate::attempt::Answered;
use crate::connection::Connection;
use crate::gateway::Gateway;
use crate::models::LiveModel;
use crate::persistence::CookieSeal;
use direct_models::DirectModels;
use spares::Spares;

pub(crate) use parked::Seat as ParkedSeat;
pub use run::{BusyGuard, Command, Guest, Seat, Socket, run};

/// The state of one worker.
pub struct Worker {
    index: usize,
    gateway: Arc<Gateway>,
    pool: Pool,
    random: RefCell<fastrand::Rng>,
    log: RefCell<WorkerLog>,
    usage: Option<RefCell<WorkerUsage>>,
    pinned: RefCell<Rc<Pinned>>,
    endpoint_metrics: RefCell<HashMap<PoolKey, Arc<EndpointMetrics>, RandomState>>,
    date: RefCell<(u64, String)>,
    copies: Rc<Cell<usize>>,
    spares: Spares,
    direct_models: DirectModels,
    connections: Cell<usize>,
    sockets: Cell<usize>,
    parked: parked::Parked,
    is_draining: Cell<bool>,
    handshake_told_at: Cell<Option<Moment>>,
    itself: Weak<Self>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Worker({})", self.index)
    }
}

/// The assembly that an exchange holds from its first byte to its last.
#[derive(Debug)]
pub struct Pinned {
    assembly: Option<Arc<Assembly>>,
    retired: std::sync::mpsc::SyncSender<Arc<Assembly>>,
}

impl Pinned {
    /// The assembly.
    #[must_use]
    pub fn assembly(&self) -> &Arc<Assembly> {
        self.assembly.as_ref().expect("it is taken only by drop")
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Dropping ten thousand routes takes milliseconds: not here. When nobody takes them (at
        // the end of the process), there is nothing else to be done.
        if let Some(assembly) = self.assembly.take() {
            let _dropped_here = self.retired.try_send(assembly);
        }
    }
}

impl Worker {
    /// A worker of `gateway`.
    #[must_use]
    pub fn new(index: usize, gateway: Arc<Gateway>) -> Rc<Self> {
        let log = gateway.access_log.worker(index);
        let usage = gateway.usage.as_ref().map(UsageQueue::worker);
        let pinned = pin(&gateway, gateway.assembly.load_full());
        Rc::new_cyclic(|itself| Self {
            index,
            pool: Pool::default(),
            random: RefCell::new(fastrand::Rng::new()),
            log: RefCell::new(log),
            usage: usage.map(RefCell::new),
            pinned: RefCell::new(pinned),
            endpoint_metrics: RefCell::default(),
            date: RefCell::default(),
            copies: Rc::default(),
            spares: Spares::default(),
            direct_models: DirectModels::default(),
            connections: Cell::new(0),
            sockets: Cell::new(0),
            parked: parked::Parked::default(),
            is_draining: Cell::new(false),
            handshake_told_at: Cell::new(None),
            itself: itself.clone(),
            gateway,
        })
    }

    /// Which worker it is, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// What all workers share.
    #[must_use]
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// A handle for a task of this worker.
    #[must_use]
    pub fn handle(&self) -> Rc<Self> {
        self.itself.upgrade().expect("a worker that is borrowed is alive")
    }

    /// The current moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.gateway.clock.now()
    }

    /// The wall-clock time.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        self.gateway.clock.wall()
    }

    /// The assembly in force: for the next exchange to hold.
    #[must_use]
    pub fn pinned(&self) -> Rc<Pinned> {
        let mut pinned = self.pinned.borrow_mut();
        let current = self.gateway.assembly.load();
        if !Arc::ptr_eq(&current, pinned.assembly()) {
            *pinned = pin(&self.gateway, Arc::clone(&current));
        }
        Rc::clone(&pinned)
    }

    /// Calls `work` with this worker's source of randomness.
    pub fn with_random<T>(&self, work: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        work(&mut self.random.borrow_mut())
    }

    /// Calls `work` with this worker's log.
    pub fn with_log<T>(&self, work: impl FnOnce(&mut WorkerLog) -> T) -> T {
        work(&mut self.log.borrow_mut())
    }

    /// Calls `work` with this worker's end of the usage queue, where anybody keeps what is used.
    pub fn with_usage(&self, work: impl FnOnce(&mut WorkerUsage)) {
        if let Some(usage) = &self.usage {
            work(&mut usage.borrow_mut());
        }
    }

    /// Hands over the usage events that there are.
    fn tick_usage(&self) {
        self.with_usage(|usage| {
            let now = self.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            usage.tick(i64::try_from(now.as_micros()).unwrap_or(i64::MAX));
        });
    }

    /// The idle connections of this worker.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The model of that name: a listed one, or `provider/model`, which is put together once and
    /// remembered for as long as the assembly is in force.
    pub(crate) fn model(&self, assembly: &Assembly, name: &str) -> Option<Arc<LiveModel>> {
        if let Some(listed) = assembly.models.listed(name) {
            return Some(Arc::clone(listed));
        }
        self.direct_models.find(assembly, name)
    }

    /// Whether a failed handshake may be told of again; if so, it counts as told.
    pub(crate) fn may_tell_of_handshake(&self, every: Duration) -> bool {
        let now = self.now();
        let may = self.handshake_told_at.get().is_none_or(|at| now.since(at) >= every);
        if may {
            self.handshake_told_at.set(Some(now));
        }
        may
    }

    /// Seals persistence cookies.
    #[must_use]
    pub fn cookie_seal(&self) -> &CookieSeal {
        &self.gateway.cookie_seal
    }

    /// Copies of mirrored requests in flight.
    #[must_use]
    pub const fn copies(&self) -> &Rc<Cell<usize>> {
        &self.copies
    }

    /// Whether connections are to end as soon as they politely can.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.is_draining.get()
    }

    /// Whether a connection is to end: the process drains, or its listener is gone, or gone from
    /// where it was made.
    #[must_use]
    pub fn is_ending(&self, connection: &Connection) -> bool {
        let listener = &connection.listener;
        let has_left = || {
            let now = self.pinned().assembly().listener_at(listener.slot);
            !now.is_some_and(|now| now.is_at(connection.local))
        };
        self.is_draining()
            || listener.is_gone.load(Ordering::Relaxed)
            || (listener.has_left.load(Ordering::Relaxed) && has_left())
    }

    /// The figures of an endpoint, looked up once per worker.
    #[must_use]
    pub fn endpoint_metrics(
        &self,
        upstream: &LiveUpstream,
        endpoint: &Endpoint,
    ) -> Arc<EndpointMetrics> {
        let key = PoolKey { connector: upstream.connector.id(), address: endpoint.address() };
        let mut cache = self.endpoint_metrics.borrow_mut();
        if let Some(metrics) = cache.get(&key).filter(|metrics| !metrics.is_forgotten()) {
            return Arc::clone(metrics);
        }
        let metrics = self.gateway.metrics.endpoint(&upstream.config.name, endpoint.address());
        cache.insert(key, Arc::clone(&metrics));
        metrics
    }

    /// Heads and texts whose memory can be used again.
    pub(crate) const fn spares(&self) -> &Spares {
        &self.spares
    }

    /// Keeps the connection of an answer that is over `now`, when it can carry another.
    pub fn keep(&self, answered: Answered, upstream: &LiveUpstream, now: Moment) {
        self.spares.response_heads.give(answered.head);
        if upstream.connector.is_per_client() {
            return;
        }
        if let Some(connection) = answered.call.into_reusable() {
            let count = answered.endpoint.idle_connections();
            let idle = upstream.config.timeouts.idle;
            self.pool.put(answered.key, connection, count, now, idle);
        }
    }

    /// The `Date` of an answer of our own (RFC 9110 §5.6.7), made once a second.
    #[must_use]
    pub fn date(&self) -> String {
        let now = self.wall();
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut date = self.date.borrow_mut();
        if date.0 != seconds {
            *date = (seconds, httpdate::fmt_http_date(now));
        }
        date.1.clone()
    }

    /// Whether the pools may keep connections for `key`.
    fn is_live(&self, key: PoolKey) -> bool {
        self.pinned().assembly().upstreams.iter().any(|upstream| {
            upstream.connector.id() == key.connector
                && upstream.balance.endpoint(key.address).is_some()
        })
    }
}

fn pin(gateway: &Gateway, assembly: Arc<Assembly>) -> Rc<Pinned> {
    Rc::new(Pinned { assembly: Some(assembly), retired: gateway.retired.clone() })
}
