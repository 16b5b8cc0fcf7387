//! How memory is shared out, and what the next process knows.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn tables_share_the_memory_and_each_has_its_due() {
    for (tables, bytes) in [
        (0, TABLE_BYTES_MAX),
        (1, TABLE_BYTES_MAX),
        (32, TABLE_BYTES_MAX),
        (33, TABLE_BYTES_MAX / 2),
        (1_000, 32 << 10),
        (1_000_000, TABLE_BYTES_MIN),
    ] {
        assert_eq!(sets_per_table(tables) * SET_BYTES, bytes, "{tables} tables");
    }
}

#[test]
fn what_nobody_uses_is_forgotten() {
    let limiters = RateLimiters::default();
    let rate = Rate { count: 1, per: std::time::Duration::from_secs(1) };
    let (limiter, in_flight) = (limiters.single("a", rate), limiters.parallel("a"));
    assert!(Arc::ptr_eq(&limiter, &limiters.single("a", rate)));
    assert!(Arc::ptr_eq(&in_flight, &limiters.parallel("a")));
    limiters.begin(&Snapshot::default());
    assert_eq!(limiters.counters().limiters.len(), 1);
    drop((limiter, in_flight));
    limiters.begin(&Snapshot::default());
    assert!(limiters.counters().limiters.is_empty() && limiters.counters().in_flight.is_empty());
}

fn config(count: u64, burst: u64) -> RateLimit {
    let rate = Rate { count, per: Duration::from_secs(3_600) };
    RateLimit { rate, burst, key: RateLimitKey::Address }
}

fn at(second: u64) -> Moment {
    Moment::from_nanos((100 + second) * 1_000_000_000)
}

/// How many of so many requests of a key pass.
fn passed(limiter: &Limiter, key: u64, requests: usize, now: Moment) -> usize {
    (0..requests).filter(|_| limiter.charge(key, now).is_allowed).count()
}

/// A process with one limit, and tables as if there were `tables` of them.
struct Process {
    limiters: RateLimiters,
    limiter: Arc<Limiter>,
}

impl Process {
    fn new(config: &RateLimit, tables: usize) -> Self {
        let limiters = RateLimiters::default();
        limiters.counters().sets = sets_per_table(tables);
        let limiter = limiters.keyed("routes/orders/rate_limit", config);
        Self { limiters, limiter }
    }

    fn tell(&self, sent: &mut SentRates, other: &Self, now: Moment) {
        let mut parcel = Parcel::new();
        self.limiters.pack(sent, now, &mut parcel);
        other.limiters.unpack(ParcelReader::new(&parcel.into_bytes()), now);
    }
}

#[test]
fn what_is_owed_is_owed_in_the_next_process_whatever_the_size_of_its_table() {
    let keys: Vec<u64> =
        (1..200_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    for (there, here) in [(1, 1), (1, 1_000), (1_000, 1)] {
        let (old, new) =
            (Process::new(&config(60, 10), there), Process::new(&config(60, 10), here));
        for (place, key) in keys.iter().enumerate() {
            passed(&old.limiter, *key, place % 10, at(0));
        }
        old.tell(&mut SentRates::default(), &new, at(60));
        // A minute has paid one of them back.
        for (place, key) in keys.iter().enumerate() {
            let left = 10 - (place % 10).saturating_sub(1);
            assert_eq!(passed(&new.limiter, *key, 20, at(60)), left, "{place} of {there} → {here}");
        }
    }
}

#[test]
fn both_processes_charge_and_nothing_is_charged_twice() {
    let (old, new) = (Process::new(&config(60, 10), 1), Process::new(&config(60, 10), 1));
    let mut sent = SentRates::default();
    assert_eq!(passed(&old.limiter, 7, 4, at(0)), 4);
    old.tell(&mut sent, &new, at(0));
    old.tell(&mut sent, &new, at(0));
    assert_eq!(passed(&new.limiter, 7, 2, at(0)), 2);
    assert_eq!(passed(&old.limiter, 7, 3, at(0)), 3);
    assert_eq!(passed(&old.limiter, 8, 1, at(0)), 1, "somebody new");
    old.tell(&mut sent, &new, at(0));
    assert_eq!(passed(&new.limiter, 7, 5, at(0)), 1, "seven there and two here");
    assert_eq!(passed(&new.limiter, 8, 20, at(0)), 9);
    // An hour later all is paid back, in both.
    assert_eq!(passed(&old.limiter, 7, 2, at(3_600)), 2);
    old.tell(&mut sent, &new, at(3_600));
    assert_eq!(passed(&new.limiter, 7, 20, at(3_600)), 8);
}

#[test]
fn more_than_the_burst_is_never_owed() {
    let (old, new) = (Process::new(&config(60, 10), 1), Process::new(&config(60, 10), 1));
    assert_eq!(passed(&old.limiter, 7, 20, at(0)), 10);
    assert_eq!(passed(&new.limiter, 7, 20, at(0)), 10);
    old.tell(&mut SentRates::default(), &new, at(0));
    assert_eq!(passed(&new.limiter, 7, 1, at(59)), 0);
    assert_eq!(passed(&new.limiter, 7, 2, at(60)), 1);
}

#[test]
fn under_another_limit_everybody_begins_afresh() {
    let old = Process::new(&config(60, 10), 1);
    passed(&old.limiter, 7, 10, at(0));
    let header = RateLimit { key: RateLimitKey::Header("x".into()), ..config(60, 10) };
    for other in [config(61, 10), config(60, 11), header] {
        let new = Process::new(&other, 1);
        old.tell(&mut SentRates::default(), &new, at(0));
        assert!(new.limiter.charge(7, at(0)).is_allowed, "{other:?}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_told_breaks_anything(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        sets in any::<u32>(),
        owed in prop::collection::vec(any::<(u32, u32, u64)>(), 0..20),
    ) {
        let process = Process::new(&config(60, 10), 1_000);
        process.limiters.unpack(ParcelReader::new(&bytes), at(0));
        let mut parcel = Parcel::new();
        parcel.block(|parcel| {
            parcel.text("routes/orders/rate_limit");
            parcel.text(&terms_of(&config(60, 10)));
            parcel.u32(sets);
            parcel.block(|parcel| for (set, tag, ticks) in owed {
                parcel.u32(set);
                parcel.u32(tag);
                parcel.u64(ticks);
            });
        });
        process.limiters.unpack(ParcelReader::new(&parcel.into_bytes()), at(0));
        prop_assert!(passed(&process.limiter, 7, 20, at(3_600)) >= 1);
    }
}
