//! `maglev`: consistent hashing by the lookup table of Google's Maglev, with bounded load.
//!
//! Candidates fill a table of prime size in turns, each in an order of its own. A pick is one
//! read, and shares are more even than on a ring; when one candidate is taken out for good, a few
//! keys of others move too. While one is merely out of service the table stays as it is, and its
//! keys go to whoever stands next in the table: then only its own keys move.

use super::hashed::{first_within_bound, identity};
use super::{Balance, Candidate};
use crate::hash::avalanche;
use crate::pick::Pick;

/// Slots of the table: a prime, as Maglev needs. Over 60 for each of 1,000 candidates.
const SLOTS: usize = 65_537;
/// A slot that nobody has taken yet.
const EMPTY: u16 = u16::MAX;

/// The table.
pub(crate) struct Maglev {
    slots: Vec<u16>,
}

/// One candidate while the table fills: the order in which it wants the slots.
struct Filler {
    identity: u64,
    place: u16,
    weight: u64,
    next: usize,
    skip: usize,
    taken: u64,
}

impl Balance for Maglev {
    fn lay_out(candidates: &[Candidate]) -> Self {
        let mut fillers: Vec<Filler> = candidates
            .iter()
            .enumerate()
            .map(|(place, candidate)| Filler::new(place as u16, candidate))
            .collect();
        // The table must not depend on the order of the file.
        fillers.sort_unstable_by_key(|filler| filler.identity);
        Self { slots: fill(&mut fillers) }
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        let start = (pick.hash % SLOTS as u64) as usize;
        let onward = self.slots[start..].iter().chain(&self.slots[..start]);
        let walk = onward.map(|&place| usize::from(place));
        first_within_bound(walk, candidates, pick)
    }
}

impl Filler {
    fn new(place: u16, candidate: &Candidate) -> Self {
        let identity = identity(candidate.endpoint.address());
        Self {
            identity,
            place,
            weight: u64::from(candidate.weight),
            next: (identity % SLOTS as u64) as usize,
            skip: (avalanche(identity) % (SLOTS as u64 - 1) + 1) as usize,
            taken: 0,
        }
    }

    /// Takes the next free slot in its own order.
    fn take(&mut self, slots: &mut [u16]) {
        while slots[self.next] != EMPTY {
            self.next = (self.next + self.skip) % SLOTS;
        }
        slots[self.next] = self.place;
        self.taken += 1;
    }
}

/// Lets everybody take slots in turns: the heaviest in each round, a candidate with half its
/// weight in every other round.
fn fill(fillers: &mut [Filler]) -> Vec<u16> {
    let mut slots = vec![EMPTY; SLOTS];
    let heaviest = fillers.iter().map(|filler| filler.weight).max().unwrap_or(1);
    let mut free = SLOTS;
    for round in 0.. {
        for filler in fillers.iter_mut() {
            if free == 0 {
                return slots;
            }
            if filler.taken * heaviest <= round * filler.weight {
                filler.take(&mut slots);
                free -= 1;
            }
        }
    }
    slots
}
