//! What keys owe, in a bounded table that all workers share without waiting for each other.
//!
//! A key's hash leads to one set of seven slots, a cache line. A slot is one word: a tag of the
//! key and the time by which it has paid back. A known key is charged by one compare-and-swap.
//!
//! A new key takes over the slot with the least debt in its set, **together with that debt**. So
//! empty and paid-back slots are given away freely (debt 0, nothing is forgotten), and when more
//! keys are active than the table holds, the newcomer starts with what someone else owes. A key
//! that was pushed out owed the least in its set, and what its set owes least only grows by
//! charges, so on its return it takes over at least what it owed. That makes the table strict:
//! no key ever gets more than its limit, however many addresses an attacker rotates through; the
//! price is that under such a flood newcomers may be refused early, once the flood as a whole
//! exceeds the rate times the number of slots. (It is the "space saving" of Metwally et al.)

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use architrave_core::Moment;

use super::gcra::{Decision, Gcra, TIME_BITS, Tick};

/// Slots in a set: with the flag, one cache line.
pub(super) const SLOTS: usize = 7;

/// Bytes of a set.
pub(super) const SET_BYTES: usize = 64;

/// What keys owe.
#[derive(Debug)]
pub(super) struct Table(Box<[Set]>);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Set {
    /// Held for the few instructions in which a slot changes hands, so that two workers that meet
    /// the same new key do not give it two slots. Charging a known key never looks at it.
    is_changing: AtomicBool,
    /// 24 bits of tag, 40 of time; 0 is empty.
    slots: [AtomicU64; SLOTS],
}

/// A slot and what was read from it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    slot: &'a AtomicU64,
    word: u64,
}

impl Table {
    /// A table of `sets` sets, rounded up to a power of two.
    pub(super) fn new(sets: usize) -> Self {
        Self((0..sets.max(1).next_power_of_two()).map(|_| Set::default()).collect())
    }

    /// Counts one request of `key`, or refuses it.
    pub(super) fn charge(&self, key: u64, gcra: &Gcra, now: Moment) -> Decision {
        let set = &self.0[key as usize & (self.0.len() - 1)];
        let tag = tag_of(key);
        let now = gcra.tick(now);
        loop {
            let Some(seen) = set.find(tag) else {
                set.give_slot(tag, gcra, now);
                continue;
            };
            let decision = gcra.decide(gcra.debt(Tick::from_low_bits(seen.word), now));
            let paid = now.after(decision.debt());
            // A failed swap means that another worker charged this slot or took it over.
            if !decision.is_allowed || seen.replace(word_of(tag, paid)) {
                return decision;
            }
        }
    }
}

impl Table {
    /// What a key owes, which it does whether or not anybody looks.
    pub(super) fn standing(&self, key: u64, gcra: &Gcra, now: Moment) -> Decision {
        let set = &self.0[key as usize & (self.0.len() - 1)];
        let owed = |seen: Seen<'_>| gcra.debt(Tick::from_low_bits(seen.word), gcra.tick(now));
        gcra.standing(set.find(tag_of(key)).map_or(0, owed))
    }

    /// How many sets it has.
    pub(super) fn sets(&self) -> usize {
        self.0.len()
    }

    /// All words, set by set.
    pub(super) fn words(&self) -> Vec<u64> {
        let slots = self.0.iter().flat_map(|set| &set.slots);
        slots.map(|slot| slot.load(Ordering::Acquire)).collect()
    }

    /// Charges a key with what it owes elsewhere, whether it may owe that much or not. `set` is where
    /// the key is in a table of `sets` sets; in a larger one it may be in several.
    pub(super) fn add(&self, owed: Owed, sets: usize, gcra: &Gcra, now: Moment) {
        if owed.tag == 0 || owed.tag >> (u64::BITS - TIME_BITS) != 0 {
            return;
        }
        let now = gcra.tick(now);
        let step = sets.clamp(1, self.0.len());
        for place in (owed.set & (self.0.len() - 1)..self.0.len()).step_by(step) {
            self.0[place].add(owed, gcra, now);
        }
    }
}

/// What a key owes, without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    /// Where it is counted.
    pub(super) set: usize,
    /// What it is known by there.
    pub(super) tag: u64,
    /// How much, in ticks.
    pub(super) ticks: u64,
}

impl Owed {
    /// What was charged to each key between two looks at one table, at moments `then` and `now`.
    pub(super) fn between(
        gcra: &Gcra,
        (before, then): (&[u64], Option<Moment>),
        (after, now): (&[u64], Moment),
    ) -> Vec<Self> {
        let (then, now) = (then.map(|then| gcra.tick(then)), gcra.tick(now));
        let charged = after.iter().enumerate().filter_map(|(place, &word)| {
            let tag = word >> TIME_BITS;
            let paid = Tick::from_low_bits(word);
            let debt = gcra.debt(paid, now);
            let known = before.get(place).copied().filter(|known| known >> TIME_BITS == tag);
            let ticks = match (known, then) {
                // Of what it owes now, what it owed then and has not paid since is known there.
                (Some(known), Some(then)) => {
                    let owed = gcra.debt(Tick::from_low_bits(known), then);
                    let from = if owed == 0 { then } else { Tick::from_low_bits(known) };
                    debt.min(paid.since(from))
                }
                _ => debt,
            };
            (tag != 0 && ticks > 0).then_some(Self { set: place / SLOTS, tag, ticks })
        });
        charged.collect()
    }
}

impl Set {
    fn add(&self, owed: Owed, gcra: &Gcra, now: Tick) {
        loop {
            let Some(seen) = self.find(owed.tag) else {
                self.give_slot(owed.tag, gcra, now);
                continue;
            };
            let debt = gcra.debt(Tick::from_low_bits(seen.word), now);
            let debt = gcra.capped(debt.saturating_add(owed.ticks));
            if seen.replace(word_of(owed.tag, now.after(debt))) {
                return;
            }
        }
    }

    fn find(&self, tag: u64) -> Option<Seen<'_>> {
        self.seen().find(|seen| seen.word >> TIME_BITS == tag)
    }

    fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.slots.iter().map(|slot| Seen { slot, word: slot.load(Ordering::Acquire) })
    }

    /// Gives a new key the slot with the least debt, and the debt with it.
    fn give_slot(&self, tag: u64, gcra: &Gcra, now: Tick) {
        while self.is_changing.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
        let owed = |seen: &Seen<'_>| gcra.debt(Tick::from_low_bits(seen.word), now);
        while self.find(tag).is_none() {
            let Some(victim) = self.seen().min_by_key(owed) else { break };
            victim.replace(word_of(tag, now.after(owed(&victim))));
        }
        self.is_changing.store(false, Ordering::Release);
    }
}

impl Seen<'_> {
    /// Writes the slot, if it still holds what was seen.
    fn replace(self, word: u64) -> bool {
        self.slot.compare_exchange(self.word, word, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// The high bits of the key, which do not choose the set; never 0, which marks empty slots.
fn tag_of(key: u64) -> u64 {
    (key >> TIME_BITS).max(1)
}

const fn word_of(tag: u64, paid: Tick) -> u64 {
    tag << TIME_BITS | paid.low_bits()
}

#[cfg(test)]
mod tests;
