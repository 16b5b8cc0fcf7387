//! The rests of a lane, of a credential or of a provider: one of each kind, since the reasons have
//! nothing to do with each other.

use std::time::Duration;

use architrave_core::{Moment, Parcel, ParcelReader};

use super::failure::{DENIED, FAILING, Failure, OVERLOADED, RATE_LIMITED};
use super::hindrance::Hindrance;
use super::rest::{Hold, Rest};

/// One rest of each kind.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    denied: Rest,
    rate_limited: Rest,
    failing: Rest,
    overloaded: Rest,
}

impl Rests {
    /// What keeps requests away now, and until when; the worst, if there are several.
    #[inline]
    pub(crate) fn hold(&self, now: Moment) -> Option<(Hindrance, Moment)> {
        let kinds = [
            (Hindrance::Denied, &DENIED, &self.denied),
            (Hindrance::RateLimited, &RATE_LIMITED, &self.rate_limited),
            (Hindrance::Failing, &FAILING, &self.failing),
            (Hindrance::Overloaded, &OVERLOADED, &self.overloaded),
        ];
        let mut trial = None;
        for (hindrance, rule, rest) in kinds {
            match rest.hold(rule, now) {
                Some(Hold::Resting(until)) => return Some((hindrance, until)),
                Some(Hold::OnTrial) => trial = Some((Hindrance::OnTrial, now)),
                None => {}
            }
        }
        trial
    }

    /// Begins the rest that a failure asks for; says how long it is. See [`Rest::begin`].
    pub(crate) fn begin(&self, failure: Failure, began: Moment, now: Moment) -> Duration {
        match failure {
            Failure::RateLimited { retry_after, .. } => {
                self.rate_limited.begin(&RATE_LIMITED, retry_after, began, now)
            }
            Failure::Overloaded { retry_after, .. } => {
                self.overloaded.begin(&OVERLOADED, retry_after, began, now)
            }
            Failure::Denied { .. } => self.denied.begin(&DENIED, None, began, now),
            Failure::NotFound | Failure::Broken | Failure::TimedOut => {
                self.failing.begin(&FAILING, None, began, now)
            }
            Failure::TooLong => Duration::ZERO,
        }
    }

    /// Takes in that a request goes there.
    #[inline]
    pub(crate) fn begun(&self, now: Moment) {
        self.all().into_iter().for_each(|rest| rest.begun(now));
    }

    /// Takes in a success of a request that began at `began`.
    #[inline]
    pub(crate) fn succeeded(&self, began: Moment) {
        self.all().into_iter().for_each(|rest| rest.succeeded(began));
    }

    /// Ends them all.
    pub(crate) fn end(&self) {
        self.all().into_iter().for_each(Rest::end);
    }

    /// Whether any of them is not forgotten.
    pub(crate) fn has_any(&self) -> bool {
        self.all().into_iter().any(|rest| rest.steps() > 0)
    }

    /// Puts them into a parcel.
    pub(crate) fn pack(&self, parcel: &mut Parcel) {
        self.all().into_iter().for_each(|rest| rest.pack(parcel));
    }

    /// Goes on from what another process left.
    pub(crate) fn unpack(&self, parcel: &mut ParcelReader<'_>) -> Option<()> {
        self.all().into_iter().try_for_each(|rest| rest.unpack(parcel))
    }

    const fn all(&self) -> [&Rest; 4] {
        [&self.denied, &self.rate_limited, &self.failing, &self.overloaded]
    }
}
