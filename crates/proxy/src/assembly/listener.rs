//! Listeners put to work: the same object as before where nothing was written anew.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use architrave_config::{Listener, ListenerProtocol, Snapshot};
use architrave_net::PaceLimits;
use architrave_net::h1::HeadLimits;
use architrave_net::socket::overlap;
use architrave_net::tls::{ServerTls, TlsError};
use architrave_telemetry::ListenerMetrics;

use super::{Assembly, AssemblyError, Parts};

/// A listener as its connections see it.
#[derive(Debug)]
pub struct LiveListener {
    /// Its place among all listeners there have been, the same in every assembly.
    pub slot: usize,
    /// What was written.
    pub config: Arc<Listener>,
    /// Bounds on request heads.
    pub head_limits: HeadLimits,
    /// Set on `https`.
    pub tls: Option<Arc<ServerTls>>,
    /// Its figures.
    pub metrics: Arc<ListenerMetrics>,
    /// Connections open, over all workers and across reloads.
    pub open: Arc<AtomicUsize>,
    /// Whether no assembly in force has it any more: its connections are to end, whichever of its
    /// configurations they began under.
    pub is_gone: Arc<AtomicBool>,
    /// Whether it has ever left a place: connections that were made there are to end as well.
    pub has_left: Arc<AtomicBool>,
}

pub(super) fn live_listeners(
    snapshot: &Snapshot,
    previous: Option<&Assembly>,
    parts: &Parts,
    next_slot: &mut usize,
    errors: &mut Vec<AssemblyError>,
) -> Vec<Arc<LiveListener>> {
    let known = previous.map_or(&[][..], |previous| &previous.listeners);
    let named = |config: &Listener| known.iter().find(|before| before.config.name == config.name);
    // Of one that may have become several, none is: each would serve the others' clients.
    let is_only_heir = |before: &LiveListener| {
        let fits = |config: &&Arc<Listener>| {
            named(config).is_none() && is_renamed(before, config, snapshot)
        };
        snapshot.listeners.iter().filter(fits).count() == 1
    };
    let mut live = Vec::with_capacity(snapshot.listeners.len());
    for config in &snapshot.listeners {
        let renamed = |before: &&Arc<LiveListener>| {
            is_renamed(before, config, snapshot) && is_only_heir(before)
        };
        let before = named(config).or_else(|| known.iter().find(renamed));
        match before {
            Some(before) if before.config == *config => {
                if let Err(error) = before.read_certificates() {
                    errors.push(AssemblyError::Listener(config.name.clone(), error));
                }
                live.push(Arc::clone(before));
            }
            _ => match LiveListener::new(config, before, parts, next_slot) {
                Ok(listener) => live.push(Arc::new(listener)),
                Err(error) => errors.push(AssemblyError::Listener(config.name.clone(), error)),
            },
        }
    }
    live
}

/// Whether a listener is one that there was under another name, and nothing else about it is other but
/// that it may have moved from one address of its port to all of them, or back: its connections go on.
fn is_renamed(before: &LiveListener, config: &Listener, snapshot: &Snapshot) -> bool {
    let old = &*before.config;
    let is_there = |listener: &Arc<Listener>| listener.name == old.name;
    let ports = old.ports.clone().zip(config.ports.clone());
    let mut places = ports.map(|(port, other)| {
        let (one, other) = (SocketAddr::new(old.ip, port), SocketAddr::new(config.ip, other));
        port != 0 && overlap(one, other)
    });
    let same = Listener { name: config.name.clone(), ip: config.ip, ..old.clone() };
    same == *config && places.all(|is_same| is_same) && !snapshot.listeners.iter().any(is_there)
}

impl LiveListener {
    /// Whether this is one of its places, `place` being where a connection was made to.
    #[must_use]
    pub(crate) fn is_at(&self, place: SocketAddr) -> bool {
        let ip = self.config.ip;
        let is_wide = ip.is_unspecified() && ip.is_ipv4() == place.is_ipv4();
        // A port that the system chose is written nowhere.
        let ports = &self.config.ports;
        (is_wide || ip == place.ip()) && (ports.contains(&place.port()) || *ports.start() == 0)
    }

    /// Whether all that was reached by it is reached by `next`, too.
    fn is_within(&self, next: &Self) -> bool {
        let ends = [*self.config.ports.start(), *self.config.ports.end()];
        ends.iter().all(|port| next.is_at(SocketAddr::new(self.config.ip, *port)))
    }

    /// Notes what connections of it are to know, now that `next` is in its place, or nothing is.
    pub(crate) fn give_way(&self, next: Option<&Self>) {
        match next {
            None => self.is_gone.store(true, Ordering::Relaxed),
            Some(next) if !self.is_within(next) => self.has_left.store(true, Ordering::Relaxed),
            Some(_) => {}
        }
    }

    /// How slowly the body of a request may come.
    #[must_use]
    pub fn body_pace(&self) -> PaceLimits {
        PaceLimits {
            stall: self.config.timeouts.body_stall,
            bytes_per_second_min: self.config.limits.body_bytes_per_second_min,
            grace: self.config.timeouts.body_grace,
        }
    }

    /// Reads certificates whose files have changed; a reload must not pass over a broken one.
    fn read_certificates(&self) -> Result<(), TlsError> {
        let (Some(tls), ListenerProtocol::Https(settings)) = (&self.tls, &self.config.protocol)
        else {
            return Ok(());
        };
        // What is broken on the disk is told each time, not only when it became so.
        ServerTls::load(settings)?;
        tls.reload_if_changed().map(drop)
    }

    fn new(
        config: &Arc<Listener>,
        before: Option<&Arc<Self>>,
        parts: &Parts,
        next_slot: &mut usize,
    ) -> Result<Self, TlsError> {
        let tls = match &config.protocol {
            ListenerProtocol::Https(tls) => Some(Arc::new(ServerTls::load(tls)?)),
            _ => None,
        };
        let slot = before.map_or(*next_slot, |before| before.slot);
        if before.is_none() {
            *next_slot += 1;
        }
        let limits = &config.limits;
        Ok(Self {
            slot,
            head_limits: HeadLimits {
                head_bytes_max: limits.head_bytes_max,
                headers_max: limits.headers_max,
                uri_bytes_max: limits.uri_bytes_max,
            },
            tls,
            metrics: parts.metrics.listener(&config.name),
            open: before.map(|before| Arc::clone(&before.open)).unwrap_or_default(),
            is_gone: before.map(|before| Arc::clone(&before.is_gone)).unwrap_or_default(),
            has_left: before.map(|before| Arc::clone(&before.has_left)).unwrap_or_default(),
            config: Arc::clone(config),
        })
    }
}
