//! What there is to show of a lane: for the admin API, metrics and whoever asks why.

use std::sync::atomic::Ordering;
use std::time::Duration;

use architrave_core::Moment;

use super::demand::Place;
use super::fleet::Seat;
use super::hindrance::Hindrance;
use super::quota::QuotaLeft;

/// A lane of a fleet at one moment.
#[derive(Clone, Debug)]
pub struct LaneStatus {
    /// Its place in the fleet.
    pub place: Place,
    /// Whose it is.
    pub provider: String,
    /// The name of the model there.
    pub model: String,
    /// The credential; empty when there is none.
    pub credential: String,
    /// Its share of the fleet while everybody is well, in parts of all weights.
    pub weight: f64,
    /// Its priority; 0 where priorities do not count.
    pub priority: u32,
    /// Requests in flight.
    pub requests_in_flight: u32,
    /// Tokens in flight.
    pub tokens_in_flight: u64,
    /// Requests ever.
    pub requests: u64,
    /// Failures ever.
    pub failures: u64,
    /// The share of failures of late, 0 to 1.
    pub failure_share: f64,
    /// What a first token takes, beside what the prompt adds.
    pub first_token: Option<Duration>,
    /// What a thousand tokens of prompt add.
    pub per_thousand_prompt_tokens: Option<Duration>,
    /// Tokens per second after the first.
    pub tokens_per_second: Option<f64>,
    /// What hinders it now, whatever is asked, and until when.
    pub hindrance: Option<(Hindrance, Moment)>,
    /// What is left of its quotas.
    pub quota: Vec<QuotaLeft>,
}

impl LaneStatus {
    pub(crate) fn of(seat: &Seat, now: Moment) -> Self {
        let lane = &seat.lane;
        let line = lane.pace.line();
        let duration = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0)).ok();
        Self {
            place: seat.place,
            provider: lane.provider().to_owned(),
            model: lane.model().to_owned(),
            credential: lane.credential().to_owned(),
            weight: seat.home_weight,
            priority: seat.priority,
            requests_in_flight: lane.requests_in_flight(),
            tokens_in_flight: lane.tokens_in_flight(),
            requests: lane.requests.load(Ordering::Relaxed),
            failures: lane.failures.load(Ordering::Relaxed),
            failure_share: lane.pace.failure_share(now),
            first_token: line.and_then(|(seconds, _)| duration(seconds)),
            per_thousand_prompt_tokens: line.and_then(|(_, per_token)| duration(per_token * 1e3)),
            tokens_per_second: lane.pace.seconds_per_output().map(f64::recip),
            hindrance: lane.hold(now),
            quota: lane.quota.report(now),
        }
    }
}
