//! What is known of an endpoint beside its configuration, for the process that goes on in this
//! one's place. What is under way here is not: it ends here.

use std::sync::atomic::Ordering;

use architrave_core::{Moment, Parcel, ParcelReader};

use super::{Endpoint, NOT_SET, WEIGHT_MAX};
use crate::cohort::lock;
use crate::health::{ActiveHealth, Ejection};
use crate::slow_start::SlowStart;

/// What is known of one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) judged: Judged,
    pub(crate) set: SetAgain,
    /// Probes in a row that say the opposite of what is judged.
    against: u32,
    streak: u32,
    slow_start: SlowStart,
    latency: (u64, u64),
    probed_at: u64,
    probe_error: Option<Box<str>>,
}

/// What decides whether it is in service, and how heavy it is: told again when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    is_draining: bool,
    is_healthy: bool,
    /// Whether its first probe is still waited for.
    is_awaited: bool,
    is_ejected: bool,
    /// When the last ejection ends, and how many followed each other.
    ejection: (Moment, u32),
    /// The weight that was set by hand, and that of the configuration at that time.
    weight: Option<(u32, u32)>,
}

/// What operators have set, as far as it is to be taken over: who is told again what has not changed
/// would undo what they have set in the new process since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetAgain {
    drain: bool,
    weight: bool,
}

impl SetAgain {
    /// All of it.
    const ALL: Self = Self { drain: true, weight: true };
}

impl Judged {
    /// What of it operators have set since another process was told `before`. Of an endpoint that
    /// it was not told of before, as of one that came about since, whatever they have set.
    pub(crate) fn set_since(&self, before: Option<Self>) -> SetAgain {
        let (was_draining, weight) = before.map_or((false, None), |it| (it.is_draining, it.weight));
        SetAgain { drain: self.is_draining != was_draining, weight: self.weight != weight }
    }
}

impl Known {
    /// Puts it into a parcel.
    pub(crate) fn pack(&self, parcel: &mut Parcel) {
        let Judged { is_draining, is_healthy, is_awaited, is_ejected, ejection, weight } =
            self.judged;
        let (until, steps) = ejection;
        parcel.flag(is_draining);
        parcel.flag(is_healthy);
        parcel.u32(self.against);
        parcel.flag(is_ejected);
        parcel.u64(until.as_nanos());
        parcel.u32(steps);
        parcel.u32(self.streak);
        let (course, began) = match self.slow_start {
            SlowStart::Arrived => (0, Moment::ZERO),
            SlowStart::Away => (1, Moment::ZERO),
            SlowStart::Since(began) => (2, began),
        };
        parcel.u8(course);
        parcel.u64(began.as_nanos());
        parcel.maybe(weight, |parcel, (by_hand, configured)| {
            parcel.u32(by_hand);
            parcel.u32(configured);
        });
        parcel.u64(self.latency.0);
        parcel.u64(self.latency.1);
        parcel.u64(self.probed_at);
        parcel.maybe(self.probe_error.as_deref(), Parcel::text);
        parcel.flag(is_awaited);
        parcel.flag(self.set.drain);
        parcel.flag(self.set.weight);
    }

    /// What a parcel says; `None` where it says less than the first release that had parcels.
    pub(crate) fn unpack(parcel: &mut ParcelReader<'_>) -> Option<Self> {
        let (is_draining, is_healthy) = (parcel.flag()?, parcel.flag()?);
        let against = parcel.u32()?;
        let is_ejected = parcel.flag()?;
        let ejection = (Moment::from_nanos(parcel.u64()?), parcel.u32()?);
        let streak = parcel.u32()?;
        let slow_start = match (parcel.u8()?, Moment::from_nanos(parcel.u64()?)) {
            (1, _) => SlowStart::Away,
            (2, began) => SlowStart::Since(began),
            _ => SlowStart::Arrived,
        };
        let weight = parcel.maybe(|parcel| Some((parcel.u32()?, parcel.u32()?)))?;
        let latency = (parcel.u64()?, parcel.u64()?);
        let probed_at = parcel.u64()?;
        let probe_error = parcel.maybe(ParcelReader::text)?.map(Box::from);
        // The first that had parcels did not say it.
        let is_awaited = parcel.flag().unwrap_or(false);
        let judged = Judged { is_draining, is_healthy, is_awaited, is_ejected, ejection, weight };
        // Releases that did not say it meant all of it.
        let set = parcel.flag().zip(parcel.flag());
        let set = set.map_or(SetAgain::ALL, |(drain, weight)| SetAgain { drain, weight });
        Some(Self { judged, set, against, streak, slow_start, latency, probed_at, probe_error })
    }
}

impl Endpoint {
    /// What is known of it.
    pub(crate) fn known(&self) -> Known {
        let by_hand = self.weight_by_hand.load(Ordering::Relaxed);
        let configured = self.shown.configured_weight.load(Ordering::Relaxed);
        let standing = lock(&self.standing);
        Known {
            judged: Judged {
                is_draining: standing.draining,
                is_healthy: standing.active.is_healthy(),
                is_awaited: standing.active.is_awaited(),
                is_ejected: standing.ejection.is_ejected(),
                ejection: standing.ejection.course(),
                weight: (by_hand != NOT_SET).then_some((by_hand, configured)),
            },
            set: SetAgain::ALL,
            against: standing.active.against(),
            streak: self.streak.length(),
            slow_start: standing.slow_start,
            latency: self.latency.known(),
            probed_at: self.probed_at.load(Ordering::Relaxed),
            probe_error: lock(&self.probe_error).clone(),
        }
    }

    /// Goes on from what another process knew of it, as far as the rules here still judge it. A
    /// weight set by hand holds unless the configuration has given it another one since.
    pub(crate) fn recover(&self, known: &Known) {
        let judged = known.judged;
        let rules = self.cohort.rules();
        self.change(|standing| {
            if known.set.drain {
                standing.draining = judged.is_draining;
            }
            if rules.active.is_some() {
                let Judged { is_healthy, is_awaited, .. } = judged;
                standing.active = ActiveHealth::recovered(is_healthy, known.against, is_awaited);
            }
            if rules.passive.consecutive_failures > 0 {
                let (until, steps) = judged.ejection;
                standing.ejection = Ejection::recovered(judged.is_ejected, until, steps);
            }
            standing.slow_start = known.slow_start;
        });
        if known.set.weight {
            let configured = self.shown.configured_weight.load(Ordering::Relaxed);
            let by_hand = match judged.weight {
                Some((by_hand, of)) if of == configured => by_hand.min(WEIGHT_MAX),
                _ => NOT_SET,
            };
            self.weight_by_hand.store(by_hand, Ordering::Relaxed);
        }
        self.streak.recover(known.streak);
        self.latency.recover(known.latency);
        self.probed_at.fetch_max(known.probed_at, Ordering::Relaxed);
        lock(&self.probe_error).clone_from(&known.probe_error);
        self.cohort.mark_changed();
    }
}
