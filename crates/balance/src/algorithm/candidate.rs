//! An endpoint with its weight, and the one comparison of loads that several algorithms share.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::pick::Pick;

/// An endpoint that can be chosen.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// The endpoint.
    pub(crate) endpoint: Arc<Endpoint>,
    /// Its weight times its share in percent; over 0.
    pub(crate) weight: u32,
}

impl Candidate {
    /// Compares the loads of two candidates: `Less` when this one is less loaded.
    #[inline]
    pub(crate) fn compare_load(&self, other: &Self) -> Ordering {
        let (mine, theirs) = loads(self, other);
        mine.cmp(&theirs)
    }
}

/// The loads of two candidates in flight, made comparable by weight.
///
/// One that is three times as heavy is seen as three servers of the lighter one's size, and its
/// load is that of the least loaded of the three. So it is as idle as the other until every one
/// of them is busy, which keeps the shares right at low load (where ties are decided by weight)
/// and at high load (where requests in flight per weight become equal).
#[inline]
pub(crate) fn loads(one: &Candidate, other: &Candidate) -> (u64, u64) {
    let (mine, theirs) =
        (u64::from(one.endpoint.in_flight()), u64::from(other.endpoint.in_flight()));
    match one.weight.cmp(&other.weight) {
        Ordering::Equal => (mine, theirs),
        Ordering::Less => (mine, theirs * u64::from(one.weight) / u64::from(other.weight)),
        Ordering::Greater => (mine * u64::from(other.weight) / u64::from(one.weight), theirs),
    }
}

/// The least loaded of `candidates` that `pick` accepts, as a place in the list. Ties are drawn
/// by weight, so that no endpoint is passed over for standing in the wrong place.
pub(crate) fn least_loaded<'a>(
    candidates: impl Iterator<Item = (usize, &'a Candidate)>,
    pick: &mut Pick<'_>,
) -> Option<usize> {
    let mut best: Option<(usize, &Candidate)> = None;
    let mut tied_weight = 0;
    for (place, candidate) in candidates {
        if !pick.accepts(&candidate.endpoint) {
            continue;
        }
        let weight = u64::from(candidate.weight);
        match best.map_or(Ordering::Less, |(_, best)| candidate.compare_load(best)) {
            Ordering::Less => {
                best = Some((place, candidate));
                tied_weight = weight;
            }
            Ordering::Equal => {
                tied_weight += weight;
                if pick.random.u64(..tied_weight) < weight {
                    best = Some((place, candidate));
                }
            }
            Ordering::Greater => {}
        }
    }
    best.map(|(place, _)| place)
}
