//! `p2c_ewma`: of two drawn by weight, the one where a request should take less time, judged by
//! its recent latency and by how many requests are already there.
//!
//! What a latency is made of, why a failure counts as a slow answer and why an endpoint that was
//! slow is tried again is in [`crate::latency`].

use super::candidate::loads;
use super::draw::Draw;
use super::{Balance, Candidate};
use crate::pick::Pick;

/// Costs that differ by less than this factor are a tie: chance decides by weight, instead of
/// noise deciding for the same endpoint again and again.
const TIE: f64 = 1.1;

/// What to draw from.
pub(crate) struct P2cEwma {
    draw: Draw,
}

impl Balance for P2cEwma {
    fn lay_out(candidates: &[Candidate]) -> Self {
        Self { draw: Draw::lay_out(candidates) }
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        let (one, other) = self.draw.two_accepted(candidates, pick)?;
        let Some(other) = other else { return Some(one) };
        let (cost_of_one, cost_of_other) = costs(&candidates[one], &candidates[other], pick);
        Some(if cost_of_other * TIE < cost_of_one { other } else { one })
    }
}

/// What a request would cost at either: latency times the requests it would share it with.
///
/// Where one has not answered yet, both count by load alone; otherwise an endpoint that nothing
/// is known of would look infinitely quick and draw everything until its first answer.
#[inline]
fn costs(one: &Candidate, other: &Candidate, pick: &Pick<'_>) -> (f64, f64) {
    let (mine, theirs) = loads(one, other);
    let (mine, theirs) = (mine as f64 + 1.0, theirs as f64 + 1.0);
    let latencies = (one.endpoint.latency.nanos(pick.now), other.endpoint.latency.nanos(pick.now));
    match latencies {
        (Some(my_latency), Some(their_latency)) => (my_latency * mine, their_latency * theirs),
        _ => (mine, theirs),
    }
}
