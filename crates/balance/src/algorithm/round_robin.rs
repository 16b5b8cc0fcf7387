//! `round_robin`: smooth weighted turns, one cursor for all workers.
//!
//! The turns are laid out once as a schedule in which every candidate stands as often as its
//! weight says, evenly spread; a pick reads the next slot. Not nginx's running sums: those are
//! O(candidates) at every pick and need a lock.

use super::{Balance, Candidate};
use crate::pick::Pick;

/// The longest schedule. Finer weights are rounded to it, and everybody keeps at least one turn.
const SLOTS_MAX: u64 = 65_536;
/// How many slots are looked at past the one whose turn it is.
const LOOK_AHEAD: usize = 64;

/// The schedule: a place per turn.
pub(crate) struct RoundRobin {
    schedule: Vec<u16>,
}

impl Balance for RoundRobin {
    fn lay_out(candidates: &[Candidate]) -> Self {
        let turns = turns(candidates);
        let count = candidates.len();
        // A candidate with k turns has them at (j + phase) / k of the round. Phases differ from
        // one to the next, so that equals follow each other instead of coming all at once.
        let mut slots: Vec<(f64, u16)> = turns
            .iter()
            .enumerate()
            .flat_map(|(place, &turns)| {
                let phase = (place as f64 + 0.5) / count as f64;
                (0..turns).map(move |turn| ((turn as f64 + phase) / turns as f64, place as u16))
            })
            .collect();
        slots.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        Self { schedule: slots.into_iter().map(|(_, place)| place).collect() }
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        let slots = self.schedule.len();
        let start = (pick.next_turn() % slots as u64) as usize;
        let in_order = self.schedule[start..].iter().chain(&self.schedule[..start]);
        in_order
            .take(LOOK_AHEAD)
            .map(|&place| usize::from(place))
            .find(|&place| pick.accepts(&candidates[place].endpoint))
    }
}

/// How many turns of a round each candidate has.
fn turns(candidates: &[Candidate]) -> Vec<u64> {
    let weights = || candidates.iter().map(|candidate| u64::from(candidate.weight));
    let divisor = weights().fold(0, greatest_common_divisor);
    let total: u64 = weights().sum::<u64>() / divisor;
    if total <= SLOTS_MAX {
        return weights().map(|weight| weight / divisor).collect();
    }
    weights().map(|weight| (weight / divisor * SLOTS_MAX / total).max(1)).collect()
}

const fn greatest_common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}
