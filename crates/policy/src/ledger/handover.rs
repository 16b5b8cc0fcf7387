//! How counts go on in another process while the old one still has exchanges to end.
//!
//! The old one writes its leases as they are and asks for no longer ones; the new one counts all of
//! them as spent, as after a crash, and goes on from there. What the old one does not use of them it
//! tells in the end, and that much is given back. So both may spend at once, nothing is forgotten
//! if the old one dies, and nothing is counted twice once it has ended.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::cell::Cell;
use super::keeper::LeaseKeeper;
use super::lease::{Lease, LeaseKey, LeaseStore};
use super::period::Period;
use super::{Ledger, Unit};

/// Leases that another process counts as spent, and that are still spent from here.
#[derive(Debug, Default)]
pub struct Yielded(Vec<(Arc<Cell>, Lease)>);

/// How much of a yielded lease was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// Which count it is about.
    pub key: LeaseKey,
    /// The first second of the period, since 1970.
    pub start_s: u64,
    /// What was not used; below zero where more was used than the lease said.
    pub unused: i64,
}

impl<S: LeaseStore> LeaseKeeper<S> {
    /// Lets another process go on from what the store says. The leases that there are can be spent
    /// here to their end; no longer one may be written any more, so this keeper is not to be used
    /// again.
    ///
    /// # Errors
    /// That they could not be written; then all is as it was.
    pub fn yield_leases(&mut self) -> io::Result<Yielded> {
        let held = self.ledger.held();
        let leases: Vec<_> = held.iter().map(|(_, lease)| lease.clone()).collect();
        if !leases.is_empty() {
            self.store.write(&leases)?;
        }
        Ok(Yielded(held))
    }
}

impl Yielded {
    /// What is left of them: for when the last exchange has ended.
    #[must_use]
    pub fn remainders(&self) -> Vec<Remainder> {
        let remainder = |(cell, lease): &(Arc<Cell>, Lease)| {
            let unused = i128::from(lease.up_to) - i128::from(cell.taken());
            let unused = i64::try_from(unused).unwrap_or_default();
            Remainder { key: lease.key.clone(), start_s: lease.start_s, unused }
        };
        self.0.iter().map(remainder).filter(|remainder| remainder.unused != 0).collect()
    }

    /// The other process came to nothing: what the store says beyond these leases, it may have
    /// spent, and counts.
    pub fn take_back(self, found: &[Lease]) {
        for (cell, lease) in self.0 {
            let same = |other: &&Lease| other.key == lease.key && other.start_s == lease.start_s;
            let up_to = found.iter().find(same).map_or(0, |other| other.up_to);
            cell.settle(0, up_to.saturating_sub(lease.up_to));
        }
    }
}

impl Ledger {
    /// Goes on where the leases say. To be called before anything is spent.
    pub fn recover(&self, leases: Vec<Lease>) {
        let mut recovered = HashMap::clone(&self.recovered.load());
        for lease in leases {
            match self.known(&lease.key) {
                Some(counter) => counter.recover(&lease),
                None => drop(recovered.insert(lease.key.clone(), lease)),
            }
        }
        self.recovered.store(Arc::new(recovered));
    }

    /// Gives back what an old process did not use of a lease that counts as spent here. Nothing
    /// where its period is over.
    pub fn give_back(&self, remainder: &Remainder) {
        let Remainder { key, start_s, unused } = remainder;
        let counter = self.known(key).or_else(|| {
            // Begun here, so that nobody can begin with what is about to be corrected.
            let recovered = self.recovered.load();
            recovered.contains_key(key).then(|| self.known_or_new(key))
        });
        if let Some(counter) = counter {
            counter.correct(*start_s, *unused);
        }
    }
}

impl Remainder {
    /// It as a line of text, without the line's end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let Self { key: LeaseKey { consumer, unit, per }, start_s, unused } = self;
        format!("{} {} {start_s} {unused} {consumer}", unit.as_str(), per.as_str())
    }

    /// What a line of text says; `None` where that is something else.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let mut words = line.splitn(5, ' ');
        let (unit, per) = (words.next()?, words.next()?);
        let (start_s, unused) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let consumer = words.next()?.into();
        let unit = Unit::ALL.into_iter().find(|one| one.as_str() == unit)?;
        let per = Period::ALL.into_iter().find(|one| one.as_str() == per)?;
        Some(Self { key: LeaseKey { consumer, unit, per }, start_s, unused })
    }
}
