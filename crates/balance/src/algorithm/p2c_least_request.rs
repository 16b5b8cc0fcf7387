//! `p2c_least_request`, the default: the less loaded of two drawn by weight.
//!
//! The power of two choices: nearly as even as looking at everybody, at the cost of looking at
//! two; and workers that know nothing of each other's picks do not herd.

use std::cmp::Ordering;

use super::draw::Draw;
use super::{Balance, Candidate};
use crate::pick::Pick;

/// What to draw from.
pub(crate) struct P2cLeastRequest {
    draw: Draw,
}

impl Balance for P2cLeastRequest {
    fn lay_out(candidates: &[Candidate]) -> Self {
        Self { draw: Draw::lay_out(candidates) }
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        let (one, other) = self.draw.two_accepted(candidates, pick)?;
        let Some(other) = other else { return Some(one) };
        // On a tie the first drawn stays: it was drawn by weight, the second by what was left.
        match candidates[other].compare_load(&candidates[one]) {
            Ordering::Less => Some(other),
            Ordering::Equal | Ordering::Greater => Some(one),
        }
    }
}
