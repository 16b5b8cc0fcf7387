//! What a fleet as a whole can do with a request, however its lanes fare: what decides whether the
//! model is asked at all while another may be.

use super::demand::Demand;
use super::fleet::{Fleet, Seat};

/// What those of a model's deployments can do with a request that can do the most; the less the
/// further behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fitness {
    /// One can do what is asked, and the request fits into its context.
    Able,
    /// One can do what is asked, and by all estimates the request is too long for its context.
    TooSmall,
    /// None can do what is asked, or none may take it.
    Unable,
}

impl Fleet {
    /// What its deployments can do with a request. Neither rests nor limits count here: those pass.
    #[must_use]
    pub fn fitness(&self, demand: &Demand<'_>) -> Fitness {
        let size = demand.size(0);
        let may_take = |seat: &&Seat| {
            seat.home_weight > 0.0 && !demand.excluded.contains(&seat.place.deployment)
        };
        let seats = self.seats.iter().map(|seat| &**seat).filter(may_take);
        let each = seats.map(|seat| match (seat.is_able(demand), seat.fits(size)) {
            (true, true) => Fitness::Able,
            (true, false) => Fitness::TooSmall,
            (false, _) => Fitness::Unable,
        });
        each.min().unwrap_or(Fitness::Unable)
    }
}
