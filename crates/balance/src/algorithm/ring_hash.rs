//! `ring_hash`: consistent hashing on a ring, with bounded load.
//!
//! Each candidate has points on a ring of all hashes, as many as its weight says; a key belongs
//! to the next point. A candidate's points depend on itself alone, so when one goes, only its
//! own keys move, each to whoever has the next point.

use super::hashed::{first_within_bound, identity};
use super::{Balance, Candidate};
use crate::hash::avalanche;
use crate::pick::Pick;

/// Points of the heaviest candidate: shares of equals then differ by about 8 %.
const POINTS: u64 = 160;

/// The ring.
pub(crate) struct RingHash {
    /// Where on the ring, and whose; in order.
    points: Vec<(u64, u16)>,
}

impl Balance for RingHash {
    fn lay_out(candidates: &[Candidate]) -> Self {
        let heaviest = candidates.iter().map(|candidate| u64::from(candidate.weight)).max();
        let heaviest = heaviest.unwrap_or(1);
        let mut points: Vec<(u64, u16)> = candidates
            .iter()
            .enumerate()
            .flat_map(|(place, candidate)| {
                let identity = identity(candidate.endpoint.address());
                let points = (u64::from(candidate.weight) * POINTS).div_ceil(heaviest);
                (0..points).map(move |point| (avalanche(identity ^ avalanche(point)), place as u16))
            })
            .collect();
        points.sort_unstable();
        Self { points }
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        let start = self.points.partition_point(|&(point, _)| point < pick.hash);
        let clockwise = self.points[start..].iter().chain(&self.points[..start]);
        let walk = clockwise.map(|&(_, place)| usize::from(place));
        first_within_bound(walk, candidates, pick)
    }
}
