//! Idle connections to endpoints, kept by one worker for itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use architrave_core::Moment;
use foldhash::fast::RandomState;
use tokio::sync::Notify;

use crate::call::{Connection, H2Place};

/// Idle HTTP/1.1 connections kept per endpoint, over all workers.
pub const IDLE_PER_ENDPOINT_MAX: u32 = 256;

/// A connection that has been idle longer than this is not trusted with a request that must not
/// be sent twice: the endpoint may be closing it at this very moment.
const FRESH: Duration = Duration::from_secs(2);

/// Whose connections may be used for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolKey {
    /// [`crate::Connector::id`].
    pub connector: u64,
    /// The endpoint.
    pub address: SocketAddr,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Moment,
    until: Moment,
}

/// A connection that many requests use at once.
#[derive(Debug)]
struct Shared {
    place: H2Place,
    /// When a place was last taken, or a stream seen open.
    used_at: Moment,
    idle_for: Duration,
}

#[derive(Debug)]
struct Slot {
    idle: Vec<Idle>,
    shared: Vec<Shared>,
    /// Idle connections to the endpoint over all workers.
    count: Arc<AtomicU32>,
}

/// The idle connections of one worker.
#[derive(Debug, Default)]
pub struct Pool {
    slots: RefCell<HashMap<PoolKey, Slot, RandomState>>,
    /// Endpoints that an HTTP/2 connection is being made to right now.
    dialled: RefCell<HashMap<PoolKey, Rc<Notify>, RandomState>>,
}

/// The right to dial an endpoint of HTTP/2; others wait for what comes of it.
#[derive(Debug)]
pub struct Dialling<'a> {
    pool: &'a Pool,
    key: PoolKey,
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.pool.dialled.borrow_mut().remove(&self.key) {
            waiting.notify_waiters();
        }
    }
}

impl Pool {
    /// Takes the connection that was used last and is still open. `is_replayable`: the request
    /// may be sent again should the connection turn out to be dead.
    pub fn take(&self, key: PoolKey, now: Moment, is_replayable: bool) -> Option<Connection> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.get_mut(&key)?;
        while let Some(idle) = slot.idle.pop() {
            slot.count.fetch_sub(1, Ordering::Relaxed);
            let is_fresh = now.since(idle.since) < FRESH;
            if now < idle.until && (is_replayable || is_fresh) && is_quiet(&idle.connection) {
                return Some(idle.connection);
            }
        }
        slot.shared.retain(|shared| !shared.place.is_closed());
        let shared = slot.shared.iter_mut().find(|shared| shared.place.has_room())?;
        shared.used_at = now;
        Some(Connection::H2(shared.place.clone()))
    }

    /// Keeps an HTTP/1.1 connection for the next request, for `idle_for` at most.
    pub fn put(
        &self,
        key: PoolKey,
        connection: Connection,
        count: &Arc<AtomicU32>,
        now: Moment,
        idle_for: Duration,
    ) {
        if count.fetch_add(1, Ordering::Relaxed) >= IDLE_PER_ENDPOINT_MAX {
            count.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let idle = Idle { connection, since: now, until: now + idle_for };
        self.with_slot(key, count, |slot| slot.idle.push(idle));
    }

    /// Lets other requests use a fresh HTTP/2 connection beside the one it was made for, until it
    /// has been without any for `idle_for`.
    pub fn share(
        &self,
        key: PoolKey,
        connection: &Connection,
        count: &Arc<AtomicU32>,
        now: Moment,
        idle_for: Duration,
    ) {
        if let Connection::H2(place) = connection {
            let shared = Shared { place: place.clone(), used_at: now, idle_for };
            self.with_slot(key, count, |slot| slot.shared.push(shared));
        }
    }

    /// Waits while someone else dials the same endpoint, so that many requests at once share a
    /// connection. `None`: look into the pool again.
    pub async fn dial_alone(&self, key: PoolKey) -> Option<Dialling<'_>> {
        let under_way = self.dialled.borrow().get(&key).cloned();
        match under_way {
            Some(under_way) => {
                under_way.notified().await;
                None
            }
            None => {
                self.dialled.borrow_mut().insert(key, Rc::default());
                Some(Dialling { pool: self, key })
            }
        }
    }

    fn with_slot(&self, key: PoolKey, count: &Arc<AtomicU32>, work: impl FnOnce(&mut Slot)) {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.entry(key).or_insert_with(|| Slot {
            idle: Vec::new(),
            shared: Vec::new(),
            count: Arc::clone(count),
        });
        if !Arc::ptr_eq(&slot.count, count) {
            // The endpoint went and came back: what is idle is counted with the new one.
            slot.uncount(slot.idle.len());
            slot.count = Arc::clone(count);
            slot.count.fetch_add(u32::try_from(slot.idle.len()).unwrap_or(0), Ordering::Relaxed);
        }
        work(slot);
    }

    /// Closes what has been idle for too long, and what the other side has closed. To be called
    /// about once a second.
    pub fn sweep(&self, now: Moment) {
        self.slots.borrow_mut().retain(|_key, slot| {
            let before = slot.idle.len();
            slot.idle.retain(|idle| now < idle.until && is_quiet(&idle.connection));
            slot.uncount(before - slot.idle.len());
            slot.shared.retain_mut(|shared| shared.is_wanted(now));
            !slot.idle.is_empty() || !slot.shared.is_empty()
        });
    }

    /// Closes everything for which `is_live` says no: endpoints and settings that are gone.
    pub fn retain(&self, is_live: impl Fn(PoolKey) -> bool) {
        self.slots.borrow_mut().retain(|key, _slot| is_live(*key));
    }
}

impl Shared {
    /// Whether it is still open, and has been used of late.
    fn is_wanted(&mut self, now: Moment) -> bool {
        if self.place.is_busy() {
            self.used_at = now;
        }
        now.since(self.used_at) < self.idle_for && !self.place.is_closed()
    }
}

impl Slot {
    fn uncount(&self, closed: usize) {
        self.count.fetch_sub(u32::try_from(closed).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.uncount(self.idle.len());
    }
}

fn is_quiet(connection: &Connection) -> bool {
    match connection {
        Connection::H1 { reader, .. } => reader.is_quiet(),
        Connection::H2(place) => !place.is_closed(),
    }
}
