//! Drawing by weight in constant time: Walker's alias method, laid out as Vose does it.

use super::Candidate;
use crate::pick::Pick;

/// How often a draw is repeated when it met somebody who cannot be taken.
const DRAWS_MAX: usize = 8;

/// A layout to draw places from.
pub(super) enum Draw {
    /// All weights are equal: a place is a place.
    Even,
    /// Each slot is shared by two places.
    Weighted(Vec<Slot>),
}

/// A slot of the table: its own place below `threshold`, the other place from there on.
pub(super) struct Slot {
    /// Of 2^32.
    threshold: u64,
    other: usize,
}

impl Draw {
    pub(super) fn lay_out(candidates: &[Candidate]) -> Self {
        if candidates.windows(2).all(|pair| pair[0].weight == pair[1].weight) {
            return Self::Even;
        }
        let total: u64 = candidates.iter().map(|candidate| u64::from(candidate.weight)).sum();
        let count = candidates.len() as u64;
        // What each place has left to fill slots with; a slot holds `total`.
        let mut left: Vec<u64> =
            candidates.iter().map(|candidate| u64::from(candidate.weight) * count).collect();
        let mut slots: Vec<Slot> =
            (0..candidates.len()).map(|place| Slot { threshold: 1 << 32, other: place }).collect();
        let (mut short, mut long): (Vec<usize>, Vec<usize>) =
            (0..candidates.len()).partition(|&place| left[place] < total);
        while let (Some(needy), Some(&giver)) = (short.pop(), long.last()) {
            slots[needy] = Slot { threshold: (left[needy] << 32) / total, other: giver };
            left[giver] -= total - left[needy];
            if left[giver] < total {
                long.pop();
                short.push(giver);
            }
        }
        Self::Weighted(slots)
    }

    /// A place of `count`, by weight.
    #[inline]
    pub(super) fn place(&self, count: usize, random: &mut fastrand::Rng) -> usize {
        match self {
            Self::Even => random.usize(..count),
            Self::Weighted(slots) => {
                let place = random.usize(..slots.len());
                let slot = &slots[place];
                if u64::from(random.u32(..)) < slot.threshold { place } else { slot.other }
            }
        }
    }

    /// A place that `pick` accepts; `None` when a few draws met nobody.
    #[inline]
    pub(super) fn accepted(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        self.accepted_beside(usize::MAX, candidates, pick)
    }

    /// Two different places that `pick` accepts; the second is missing when a few draws met
    /// nobody else.
    #[inline]
    pub(super) fn two_accepted(
        &self,
        candidates: &[Candidate],
        pick: &mut Pick<'_>,
    ) -> Option<(usize, Option<usize>)> {
        let one = self.accepted(candidates, pick)?;
        let other = match candidates.len() {
            1 => None,
            // The only other place: a draw by weight could miss it again and again.
            2 => Some(1 - one).filter(|&place| pick.accepts(&candidates[place].endpoint)),
            _ => self.accepted_beside(one, candidates, pick),
        };
        Some((one, other))
    }

    #[inline]
    fn accepted_beside(
        &self,
        taken: usize,
        candidates: &[Candidate],
        pick: &mut Pick<'_>,
    ) -> Option<usize> {
        for _ in 0..DRAWS_MAX {
            let place = self.place(candidates.len(), pick.random);
            if place != taken && pick.accepts(&candidates[place].endpoint) {
                return Some(place);
            }
        }
        None
    }
}
