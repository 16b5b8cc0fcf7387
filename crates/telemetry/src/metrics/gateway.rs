//! What is counted of the process as a whole: configurations, upgrades, panics.
//!
//! These are rare and come from any thread, so they are plain shared atomics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use architrave_core::metric::Metric;

use crate::sample::SampleSink;

/// The counters of the process.
#[derive(Debug, Default)]
pub struct GatewayMetrics {
    configs_taken: AtomicU64,
    configs_refused: AtomicU64,
    config_generation: AtomicU64,
    config_taken_at_seconds: AtomicU64,
    last_config_was_refused: AtomicU64,
    upgrades_done: AtomicU64,
    upgrades_failed: AtomicU64,
    panics: AtomicU64,
    admin_connections: [AtomicU64; 3],
}

/// What became of a connection to the admin listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seated {
    /// It had a place.
    Free,
    /// It had the place of another, which was quiet.
    Displacing,
    /// There was no place.
    Refused,
}

impl GatewayMetrics {
    /// A configuration was taken and is live since `at`.
    pub fn config_taken(&self, generation: u64, at: SystemTime) {
        let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.configs_taken.fetch_add(1, Ordering::Relaxed);
        self.config_generation.store(generation, Ordering::Relaxed);
        self.config_taken_at_seconds.store(seconds, Ordering::Relaxed);
        self.last_config_was_refused.store(0, Ordering::Relaxed);
    }

    /// A configuration was refused; everything stays as it was.
    pub fn config_refused(&self) {
        self.configs_refused.fetch_add(1, Ordering::Relaxed);
        self.last_config_was_refused.store(1, Ordering::Relaxed);
    }

    /// The sockets were handed to a new process, or could not be.
    pub fn upgraded(&self, is_done: bool) {
        let counter = if is_done { &self.upgrades_done } else { &self.upgrades_failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A panic was caught. The panic hook may call this from any thread.
    pub fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody connected to the admin listener.
    pub fn admin_connected(&self, seated: Seated) {
        self.admin_connections[seated as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sample(&self, sink: &mut SampleSink) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        sink.count(Metric::BuildInfo, &[env!("CARGO_PKG_VERSION")], 1);
        sink.count(Metric::ConfigReloads, &["ok"], read(&self.configs_taken));
        sink.count(Metric::ConfigReloads, &["failed"], read(&self.configs_refused));
        let is_taken = 1 - read(&self.last_config_was_refused);
        sink.count(Metric::ConfigLastReloadSuccess, &[], is_taken);
        let at = read(&self.config_taken_at_seconds);
        sink.count(Metric::ConfigLastReloadTimestamp, &[], at);
        sink.count(Metric::ConfigGeneration, &[], read(&self.config_generation));
        sink.count(Metric::Upgrades, &["ok"], read(&self.upgrades_done));
        sink.count(Metric::Upgrades, &["failed"], read(&self.upgrades_failed));
        sink.count(Metric::Panics, &[], read(&self.panics));
        let outcomes = ["served", "displacing", "refused"];
        for (outcome, count) in outcomes.iter().zip(&self.admin_connections) {
            sink.count(Metric::AdminConnections, &[outcome], read(count));
        }
    }
}
