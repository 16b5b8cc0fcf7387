//! What was spent, where no lease says it, for the process that goes on in this one's place: tokens
//! per time, and budgets that end with the process. Budgets that are kept go by leases; see
//! [`handover`](super::handover).
//!
//! Every parcel says what was spent since the one before it, so that the two processes may spend at
//! once, and what was reserved and not used is given back when the old one has ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::units::Rate;
use architrave_core::{Moment, Parcel, ParcelReader};

use super::bucket::Bucket;
use super::lease::{Lease, LeaseKey};
use super::period::Period;
use super::{Ledger, Unit};

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
        let buckets: HashMap<_, _> = self.live_buckets().into_iter().collect();
        for mut block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            let bucket = block.text().and_then(|consumer| buckets.get(consumer));
            let (Some(bucket), Some(count), Some(per)) = (bucket, block.u64(), block.span()) else {
                continue;
            };
            if let (true, Some(taken)) = (bucket.rate() == Rate { count, per }, block.i64()) {
                bucket.add(taken, now);
            }
        }
        if self.is_kept() {
            return;
        }
        for block in parcel.block().into_iter().flat_map(ParcelReader::blocks) {
            if let Some((key, start_s, taken)) = unpack_count(block) {
                self.add(key, start_s, taken);
            }
        }
    }

    fn add(&self, key: LeaseKey, start_s: u64, taken: i64) {
        if let Some(counter) = self.known(&key) {
            counter.add(start_s, taken);
            return;
        }
        // A later configuration may have a budget for it again.
        self.recovered.rcu(|known| {
            let mut known = HashMap::clone(known);
            let fresh = Lease { key: key.clone(), start_s, up_to: 0 };
            let lease = known.entry(key.clone()).or_insert(fresh);
            if lease.start_s < start_s {
                (lease.start_s, lease.up_to) = (start_s, 0);
            }
            if lease.start_s == start_s {
                lease.up_to = lease.up_to.saturating_add_signed(taken);
            }
            known
        });
    }

    fn live_buckets(&self) -> Vec<(Arc<str>, Arc<Bucket>)> {
        let mut live = Vec::new();
        self.buckets.for_each(|consumer, bucket| {
            live.extend(bucket.upgrade().map(|bucket| (Arc::clone(consumer), bucket)));
        });
        live
    }
}

fn unpack_count(mut block: ParcelReader<'_>) -> Option<(LeaseKey, u64, i64)> {
    let consumer = block.text()?.into();
    let (unit, per) = (block.text()?, block.text()?);
    let unit = Unit::ALL.into_iter().find(|one| one.as_str() == unit)?;
    let per = Period::ALL.into_iter().find(|one| one.as_str() == per)?;
    Some((LeaseKey { consumer, unit, per }, block.u64()?, block.i64()?))
}
