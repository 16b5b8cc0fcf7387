//! What is shown of an endpoint, and what is worth a line in the log. Plain data.

use std::net::SocketAddr;
use std::time::Duration;

/// Whether an endpoint is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Probes pass, or there are none; traffic does not say otherwise.
    Healthy,
    /// It is new, and takes traffic when its first probe has passed.
    Unprobed,
    /// Probes fail.
    Unhealthy,
    /// Traffic showed failures in a row.
    Ejected,
}

impl Health {
    /// The word used in the admin API and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unprobed => "unprobed",
            Self::Unhealthy => "unhealthy",
            Self::Ejected => "ejected",
        }
    }
}

/// A turn in an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Probes pass again, or for the first time.
    Healthy,
    /// Probes fail.
    Unhealthy,
    /// Failures in a row took it out of service.
    Ejected {
        /// For how long.
        length: Duration,
    },
    /// Its ejection is over.
    Returned,
}

impl Transition {
    /// The word used in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Ejected { .. } => "ejected",
            Self::Returned => "returned",
        }
    }
}

/// Everything there is to show of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointStatus {
    /// Where it is.
    pub address: SocketAddr,
    /// The name it was found by.
    pub server_name: Option<String>,
    /// Whether it is well.
    pub health: Health,
    /// Whether an operator took it out of service.
    pub is_draining: bool,
    /// What is left of its ejection.
    pub ejected_for: Option<Duration>,
    /// The weight in force, 0 to 65,535.
    pub weight: u32,
    /// How much of its weight it takes, 10 to 100: below 100 in a slow start.
    pub share_percent: u32,
    /// Lower is used first.
    pub priority: u32,
    /// Attempts in flight.
    pub in_flight: u32,
    /// Idle connections kept to it.
    pub idle_connections: u32,
    /// Attempts begun since it is known.
    pub requests: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Failures since the last success or ejection.
    pub failures_in_a_row: u32,
    /// How often it was ejected.
    pub ejections: u64,
    /// Its peak-sensitive moving average as of its last answer; `None` before the first.
    pub latency: Option<Duration>,
    /// What the last probe found wrong; `None` where it passed or there was none.
    pub probe_error: Option<String>,
    /// How long ago the last probe reported; `None` before the first.
    pub probed_ago: Option<Duration>,
}
