//! What was spent, where no lease says it, for the process that goes on in this one's place: tokens
//! per time, and budgets that end with the process. Budgets that are kept go by leases; see
//! [`handover`](super::handover).
//!
//! Every parcel says what was spent since the one before it, so that the two processes may spend at
//! once, and what was reserved and not used is given back when the old one has ended.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use architrave_core::units::Rate;
use architrave_core::{Moment, Parcel, ParcelReader};

use super::bucket::Bucket;
use super::lease::LeaseKey;
use super::period::Period;
use super::{Ledger, Unit};

/// How many debts may wait for somebody who makes a bucket: some 20 MiB of them.
const WAITING_MAX: usize = 1 << 17;

/// What another process knows of spending already, by what was put into parcels for it.
#[derive(Debug, Default)]
pub struct SentLedger {
    /// When all was to be paid back, and when that was seen.
    buckets: HashMap<(Arc<str>, u64, Duration), (u64, Moment)>,
    /// The period, and what was taken in it.
    counters: HashMap<LeaseKey, (u64, u64)>,
}

impl Ledger {
    /// Puts into a parcel what was spent since the last one.
    pub fn pack(&self, sent: &mut SentLedger, now: Moment, parcel: &mut Parcel) {
        parcel.block(|parcel| {
            for (consumer, bucket) in self.live_buckets() {
                let Rate { count, per } = bucket.rate();
                let key = (Arc::clone(&consumer), count, per);
                let before = sent.buckets.get(&key).copied().unwrap_or_default();
                let paid = bucket.paid();
                let taken = bucket.taken_since(before, now);
                sent.buckets.insert(key, (paid, now));
                if taken != 0 {
                    parcel.block(|parcel| {
                        parcel.text(&consumer);
                        parcel.u64(count);
                        parcel.span(per);
                        parcel.i64(taken);
                    });
                }
            }
        });
        parcel.block(|parcel| {
            // The leases tell it better, and outlive both processes.
            if self.is_kept() {
                return;
            }
            self.counters.for_each(|key, counter| {
                let (start_s, taken) = counter.taken();
                let before = sent.counters.insert(key.clone(), (start_s, taken));
                let before = before.filter(|(period, _)| *period == start_s);
                let more = i128::from(taken) - i128::from(before.map_or(0, |(_, taken)| taken));
                if more != 0 {
                    parcel.block(|parcel| {
                        parcel.text(&key.consumer);
                        parcel.text(key.unit.as_str());
                        parcel.text(key.per.as_str());
                        parcel.u64(start_s);
                        parcel.i64(i64::try_from(more).unwrap_or(i64::MAX));
                    });
                }
            });
        });
    }

    /// Counts what was spent in another process, under limits that are the same here.
    pub fn unpack(&self, mut parcel: ParcelReader<'_>, now: Moment) {
        if let Some(debts) = parcel.block() {
            self.unpack_debts(debts, now);
        }
        if self.is_kept() {
            return;
        }
        for block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            if let Some((key, start_s, taken)) = unpack_count(block) {
                self.add(&key, start_s, taken);
            }
        }
    }

    /// Charges what is owed under limits of tokens per time. Who makes its bucket only later, as an
    /// application does with its first request, finds one that was charged.
    fn unpack_debts(&self, debts: ParcelReader<'_>, now: Moment) {
        let mut waiting = self.waiting();
        for mut block in debts.blocks() {
            let (Some(consumer), Some(count), Some(per), Some(taken)) =
                (block.text(), block.u64(), block.span(), block.i64())
            else {
                continue;
            };
            let rate = Rate { count, per };
            let known = self.buckets.get(consumer).and_then(|bucket| bucket.upgrade());
            match (known, taken) {
                // A limit with other terms begins afresh.
                (Some(bucket), _) if bucket.rate() != rate => {}
                (Some(bucket), ..0) => bucket.give_back(taken.unsigned_abs()),
                (Some(bucket), _) => bucket.add(taken.unsigned_abs(), now),
                (None, 1..) if has_room(&mut waiting, now) => {
                    // Somebody may have made another one at this moment.
                    let made = self.made_now(consumer, rate);
                    if let Some(bucket) = made.filter(|bucket| bucket.rate() == rate) {
                        bucket.add(taken.unsigned_abs(), now);
                        waiting.push(bucket);
                    }
                }
                // Nothing of it is known that could be given back, or more is owed than may wait.
                (None, _) => {}
            }
        }
    }

    /// The bucket of a consumer that had none.
    fn made_now(&self, consumer: &str, rate: Rate) -> Option<Arc<Bucket>> {
        let new = Arc::new(Bucket::new(rate));
        let is_alive = |known: &Weak<Bucket>| known.strong_count() > 0;
        let make = || Arc::downgrade(&new);
        self.buckets.find_or_make(&consumer.into(), is_alive, make).upgrade()
    }

    /// Forgets debts that waited for somebody who has come, or until they were paid back.
    pub(super) fn forget_waiting(&self, now: Moment) {
        let mut waiting = self.waiting();
        waiting.retain(|bucket| is_waiting(bucket, now));
        waiting.shrink_to_fit();
    }

    /// Counts what was taken of a budget. Whoever comes later, by another configuration perhaps,
    /// finds the counter.
    fn add(&self, key: &LeaseKey, start_s: u64, taken: i64) {
        self.used(key).add(start_s, taken);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Bucket>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_buckets(&self) -> Vec<(Arc<str>, Arc<Bucket>)> {
        let mut live = Vec::new();
        self.buckets.for_each(|consumer, bucket| {
            live.extend(bucket.upgrade().map(|bucket| (Arc::clone(consumer), bucket)));
        });
        live
    }
}

/// Whether nobody but the ledger has it, and it says anything.
fn is_waiting(bucket: &Arc<Bucket>, now: Moment) -> bool {
    Arc::strong_count(bucket) == 1 && bucket.is_owed(now)
}

/// Whether one more debt may wait.
fn has_room(waiting: &mut Vec<Arc<Bucket>>, now: Moment) -> bool {
    if waiting.len() >= WAITING_MAX {
        waiting.retain(|bucket| is_waiting(bucket, now));
    }
    waiting.len() < WAITING_MAX
}

fn unpack_count(mut block: ParcelReader<'_>) -> Option<(LeaseKey, u64, i64)> {
    let consumer = block.text()?.into();
    let (unit, per) = (block.text()?, block.text()?);
    let unit = Unit::ALL.into_iter().find(|one| one.as_str() == unit)?;
    let per = Period::ALL.into_iter().find(|one| one.as_str() == per)?;
    Some((LeaseKey { consumer, unit, per }, block.u64()?, block.i64()?))
}
