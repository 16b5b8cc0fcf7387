//! `least_request`: the fewest requests in flight per weight.
//!
//! Looks at everybody while that is cheap, and at a window of them beyond: the least loaded of
//! 64 drawn from a thousand is among the least loaded few, at a fifteenth of the cost, and
//! workers that decide at the same time do not all run to the very same endpoint.

use super::{Balance, Candidate, least_loaded};
use crate::pick::Pick;

/// How many candidates one pick looks at.
const WINDOW: usize = 64;

/// Nothing needs to be laid out.
pub(crate) struct LeastRequest;

impl Balance for LeastRequest {
    fn lay_out(_: &[Candidate]) -> Self {
        Self
    }

    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        let start = match candidates.len() {
            0..=WINDOW => 0,
            count => pick.random.usize(..count),
        };
        let places = (start..candidates.len()).chain(0..start).take(WINDOW);
        least_loaded(places.map(|place| (place, &candidates[place])), pick)
    }
}
