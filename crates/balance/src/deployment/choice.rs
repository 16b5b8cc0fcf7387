//! What comes of a choice: a lane with the reason for it, or the reason why there is none; and
//! in both cases who was passed over.

use architrave_core::Moment;

use super::allowance::Short;
use super::demand::Place;
use super::flight::Flight;
use super::hindrance::Hindrance;

/// A lane that was chosen. It is in flight from now on.
#[derive(Debug)]
pub struct Choice {
    /// Where.
    pub place: Place,
    /// Why there.
    pub why: Why,
    /// Who was passed over, and why. Who merely came second is not in it.
    pub passed_over: Vec<PassedOver>,
    /// The attempt that begins with it.
    pub flight: Flight,
}

/// A lane that was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Which one.
    pub place: Place,
    /// Why.
    pub hindrance: Hindrance,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)+) => {
        /// Why a lane was chosen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Why {
            $($(#[$doc])* $name),+
        }

        impl Why {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word for headers, logs and metrics.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word),+
                }
            }
        }
    };
}

reasons! {
    /// Nobody else could be used.
    Only = "only";
    /// It is the home of the affinity key.
    Affinity = "affinity";
    /// It was its turn, by weight.
    Weight = "weight";
    /// It had the fewest tokens in flight for its weight.
    LeastBusy = "least_busy";
    /// It should take the least time.
    Fastest = "fastest";
    /// To find out how quick it is.
    Probe = "probe";
    /// It costs the least.
    Cheapest = "cheapest";
    /// Everybody was hindered, it the least.
    LastResort = "last_resort";
    /// The caller named it.
    Named = "named";
}

/// That there is no lane to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// Why.
    pub reason: RefusedReason,
    /// When the first of those that only time hinders may be used again, if there is one: what
    /// `Retry-After` should say.
    pub retry_at: Option<Moment>,
    /// Everybody, and why.
    pub passed_over: Vec<PassedOver>,
}

/// Why there is no lane to be had: what stands between the request and the lane that is nearest
/// to being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RefusedReason {
    /// The limits of the deployments are reached.
    #[error("the deployments of the model are at their limits")]
    AtLimit,
    /// Whoever is left rests after a 429.
    #[error("the providers of the model take no more requests for now")]
    RateLimited,
    /// Every credential that is left was refused.
    #[error("the providers of the model refuse the credentials")]
    Denied,
    /// Everybody was tried.
    #[error("every deployment of the model was tried")]
    Exhausted,
    /// The context of everybody who is left is smaller than one that was too small.
    #[error("the prompt is too long for every deployment of the model")]
    TooLong,
    /// Nobody may take this request.
    #[error("no deployment of the model may take this request")]
    NoneAllowed,
}

impl Refused {
    /// That there is no such lane.
    pub(crate) fn nobody() -> Self {
        let reason = RefusedReason::NoneAllowed;
        Self { reason, retry_at: None, passed_over: Vec::new() }
    }

    /// That the deployment of the lane that was named is at its limits.
    pub(crate) fn short(place: Place, short: Short) -> Self {
        Self {
            reason: RefusedReason::AtLimit,
            retry_at: short.until,
            passed_over: vec![PassedOver { place, hindrance: short.hindrance }],
        }
    }
}
