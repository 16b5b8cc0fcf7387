//! Finds positions in a list by hash, through one array of slots.
//!
//! Not a map: it holds no keys and no values, so that a look reads one cache line of its own;
//! whoever asks says whether a position is the right one. What it indexes never changes.

/// Positions in a list, by hash.
#[derive(Debug)]
pub(super) struct FlatIndex {
    /// A power of two, and at least half of them free, so that every look comes to an end soon.
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The upper half of the hash; the lower one says where to begin looking.
    tag: u32,
    position: u32,
}

const FREE: Slot = Slot { tag: 0, position: u32::MAX };

impl FlatIndex {
    /// An index of `positions` with their hashes; each position is below `u32::MAX`.
    pub(super) fn new(positions: &[(u64, u32)]) -> Self {
        let count = (positions.len() * 2).next_power_of_two();
        let mut index = Self { slots: vec![FREE; count].into() };
        for (hash, position) in positions.iter().copied() {
            let mut at = index.start(hash);
            while index.slots[at].position != FREE.position {
                at = index.after(at);
            }
            index.slots[at] = Slot { tag: tag(hash), position };
        }
        index
    }

    /// The position under `hash` that `is_it` takes.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.start(hash);
        loop {
            let Slot { tag: tag_there, position } = self.slots[at];
            if position == FREE.position {
                return None;
            }
            if tag_there == tag(hash) && is_it(position) {
                return Some(position);
            }
            at = self.after(at);
        }
    }

    fn start(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}

const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_found_however_the_hashes_fall() {
        for hash_of in [|n: u32| u64::from(n), |_| 7, |n| u64::from(n) << 32, |_| u64::MAX] {
            for count in [0, 1, 2, 3, 100] {
                let index =
                    FlatIndex::new(&(0..count).map(|n| (hash_of(n), n)).collect::<Vec<_>>());
                for n in 0..count {
                    assert_eq!(index.find(hash_of(n), |position| position == n), Some(n));
                }
                assert_eq!(index.find(hash_of(count), |position| position == count), None);
                assert_eq!(index.find(99 << 40, |_| true), None);
            }
        }
    }
}
