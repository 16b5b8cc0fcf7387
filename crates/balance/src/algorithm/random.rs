//! `random`: drawn by weight, whatever the load. For upstreams that balance for themselves.

use super::draw::Draw;
use super::{Balance, Candidate};
use crate::pick::Pick;

/// What to draw from.
pub(crate) struct Random {
    draw: Draw,
}

impl Balance for Random {
    fn lay_out(candidates: &[Candidate]) -> Self {
        Self { draw: Draw::lay_out(candidates) }
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        self.draw.accepted(candidates, pick)
    }
}
