//! How the health of endpoints is found out: by probes, and by what traffic shows.

use std::time::Duration;

use crate::read::{
    Count, NonEmpty, Nothing, Percent, Reader, RequestTarget, Shape, Span, Text, Written, choice,
    empty, record,
};
use crate::tree::Node;

/// How health is found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Probes; none by default.
    pub active: Option<ActiveHealth>,
    /// Ejection by what traffic shows; on by default.
    pub passive: PassiveHealth,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// `GET path`, and a status within one of the ranges.
    Http {
        /// The path.
        path: String,
        /// Accepted status ranges, inclusive.
        expect: Vec<(u16, u16)>,
    },
    /// A connection can be made.
    Tcp,
    /// `grpc.health.v1.Health/Check` says SERVING.
    Grpc {
        /// The service asked about; empty for the server as a whole.
        service: String,
    },
}

/// Often enough that a dead endpoint is out within a quarter of a minute.
const INTERVAL: Duration = Duration::from_secs(5);
/// An answer slower than this is no answer for a check.
const TIMEOUT: Duration = Duration::from_secs(2);
/// One pass may be luck.
const RISE: u32 = 2;
/// Two failures may be a restart of something between.
const FALL: u32 = 3;
/// Every success.
const EXPECT: (u16, u16) = (200, 299);
/// Enough that a few unlucky requests eject nobody.
const CONSECUTIVE_FAILURES: u32 = 5;
/// Long enough to restart, short enough to be tried again soon; it grows if it fails again.
const EJECT_FOR: Duration = Duration::from_secs(30);
/// Beyond half, what fails is more likely the requests than the endpoints.
const EJECTED_PERCENT_MAX: u8 = 50;
/// In a pool of two, one may still be ejected.
const EJECTABLE_MIN: u32 = 1;

record! {
    /// Probing on a schedule.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ActiveHealth {
        /// What is asked.
        "check": HealthCheck => pub check: HealthCheck,
        /// Between the starts of two probes of one endpoint; spread by up to a tenth.
        "interval": Span<10> = INTERVAL => pub interval: Duration,
        /// How long an answer may take.
        "timeout": Span = TIMEOUT => pub timeout: Duration,
        /// Passes in a row that make it healthy.
        "rise": Count<u32, 1, 1000> = RISE => pub rise: u32,
        /// Failures in a row that make it unhealthy.
        "fall": Count<u32, 1, 1000> = FALL => pub fall: u32,
    }
}

choice! {
    /// What a probe asks.
    HealthCheck {
        /// `GET path`, and a status within one of the ranges.
        "http": HttpCheck => |check| HealthCheck::Http { path: check.path, expect: check.expect },
        /// A connection can be made.
        "tcp": Nothing => |_| HealthCheck::Tcp,
        /// `grpc.health.v1.Health/Check` says SERVING.
        "grpc": GrpcCheck => |check| HealthCheck::Grpc { service: check.service },
    }
}

record! {
    /// A `GET` and the statuses that pass.
    #[derive(Debug)]
    struct HttpCheck {
        /// The path, with or without a query.
        "path": RequestTarget => path: String,
        /// Statuses that pass: one (`204`) or a range (`200-299`) each.
        "expect": NonEmpty<Statuses> = vec![EXPECT] => expect: Vec<(u16, u16)>,
    }
}

record! {
    /// The gRPC health protocol.
    #[derive(Debug)]
    struct GrpcCheck {
        /// The service asked about; by default the server as a whole.
        "service": Text = String::new() => service: String,
    }
}

record! {
    /// Ejection by what traffic shows.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PassiveHealth {
        /// Failures in a row that eject; 0 turns it off.
        "consecutive_failures": Count<u32, 0, 1_000_000> = CONSECUTIVE_FAILURES
            => pub consecutive_failures: u32,
        /// How long, at first; it grows with each ejection up to ten times this.
        "eject_for": Span = EJECT_FOR => pub eject_for: Duration,
        /// At most this share of endpoints is ejected at once.
        "max_ejected_percent": Percent = EJECTED_PERCENT_MAX => pub max_ejected_percent: u8,
        /// At least this many may be ejected whatever the share says; never the last available
        /// one.
        "min_ejectable": Count<u32, 0, 1_000_000> = EJECTABLE_MIN => pub min_ejectable: u32,
    }
}

impl Default for PassiveHealth {
    fn default() -> Self {
        empty::<Self>()
    }
}

record! {
    /// How health is found out.
    #[derive(Debug)]
    pub(super) struct HealthWritten {
        /// Probes; none by default.
        "active": Option<ActiveHealth> = None => pub(super) active: Option<ActiveHealth>,
        /// Ejection by what traffic shows; on by default.
        "passive": PassiveHealth = PassiveHealth::default() => pub(super) passive: PassiveHealth,
        /// How long a new or returning endpoint takes to its full weight; 0s turns it off.
        "slow_start": Span<0> = Duration::ZERO => pub(super) slow_start: Duration,
        /// Below this share of available endpoints all are used; 0 turns it off.
        "panic_threshold_percent": Percent = 0 => pub(super) panic_threshold_percent: u8,
    }
}

/// One status or a range of them, `204` or `200-299`.
struct Statuses;

impl Written for Statuses {
    type Value = (u16, u16);

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<(u16, u16)> {
        let range = node.text().and_then(|text| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (first, last) = (status(first)?, status(last)?);
            (first <= last).then_some((first, last))
        });
        if range.is_none() {
            reader.refuse_type(node, "a status such as `204` or a range such as `200-299`");
        }
        range
    }

    fn shape() -> Shape {
        Shape::Text { kind: "status or range", pattern: Some("^[1-5][0-9]{2}(-[1-5][0-9]{2})?$") }
    }

    fn show((first, last): &(u16, u16)) -> Option<serde_json::Value> {
        let text = if first == last { first.to_string() } else { format!("{first}-{last}") };
        Some(text.into())
    }
}

/// A status of three digits.
pub(super) fn status(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?.filter(|status| (100..=599).contains(status))
}
