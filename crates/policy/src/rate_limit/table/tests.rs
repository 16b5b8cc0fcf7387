//! The table under many keys and many threads: it may refuse early, it never hands out more.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use architrave_core::Clock;
use architrave_core::units::Rate;
use proptest::prelude::*;

use super::*;

const INTERVAL: u64 = 1_000_000;

/// A thousand a second, so that an interval is a millisecond.
fn gcra(burst: u64) -> Gcra {
    Gcra::new(Rate { count: 1_000, per: Duration::from_secs(1) }, burst)
}

fn at(intervals: u64) -> Moment {
    Moment::from_nanos(1_000_000_000 + intervals * INTERVAL)
}

/// Keys of one set, told apart by their tags.
fn key(number: u64) -> u64 {
    (number + 1) << TIME_BITS
}

#[test]
fn a_set_is_one_cache_line() {
    assert_eq!((size_of::<Set>(), align_of::<Set>()), (SET_BYTES, 64));
}

#[test]
fn keys_do_not_feel_each_other_while_there_is_room() {
    let (table, gcra) = (Table::new(1), gcra(2));
    for number in 0..SLOTS as u64 {
        let passed = (0..5).filter(|_| table.charge(key(number), &gcra, at(0)).is_allowed).count();
        assert_eq!(passed, 2, "key {number}");
    }
}

#[test]
fn paid_back_slots_are_given_away() {
    let (table, gcra) = (Table::new(1), gcra(2));
    for round in 0..100 {
        let now = at(round * 10);
        for number in 0..SLOTS as u64 {
            let decision = table.charge(key(round * 10 + number), &gcra, now);
            assert!(decision.is_allowed && gcra.remaining(decision) == 1);
        }
    }
}

#[test]
fn rotating_keys_win_nothing() {
    let (table, gcra) = (Table::new(1), gcra(3));
    let passed =
        (0..10_000).filter(|number| table.charge(key(*number), &gcra, at(0)).is_allowed).count();
    assert_eq!(passed, SLOTS * 3, "a full table lets through what its slots are worth");
}

#[test]
fn a_key_that_was_pushed_out_comes_back_with_its_debt() {
    let (table, gcra) = (Table::new(1), gcra(4));
    for number in 0..SLOTS as u64 {
        while table.charge(key(number), &gcra, at(0)).is_allowed {}
    }
    let newcomers = (100..200).filter(|number| table.charge(key(*number), &gcra, at(0)).is_allowed);
    assert_eq!(newcomers.count(), 0);
    assert!(!table.charge(key(0), &gcra, at(0)).is_allowed);
    // Two intervals later the key has earned two more, and may get fewer but never a third.
    let passed = (0..10).filter(|_| table.charge(key(0), &gcra, at(2)).is_allowed).count();
    assert!(passed <= 2);
}

proptest! {
    #[test]
    fn no_key_gets_more_than_its_limit_however_full_the_table(
        runs in prop::collection::vec((0_u64..12, 1_usize..8, 0_u64..3), 1..200),
        burst in 1_u64..6,
    ) {
        let (table, gcra) = (Table::new(1), gcra(burst));
        let mut now = 0;
        let mut passed: HashMap<u64, Vec<u64>> = HashMap::new();
        for (number, requests, gap) in runs {
            now += gap;
            let allowed = |_: &usize| table.charge(key(number), &gcra, at(now)).is_allowed;
            let times = (0..requests).filter(allowed).map(|_| now);
            passed.entry(number).or_default().extend(times);
        }
        for times in passed.values() {
            for (first, from) in times.iter().enumerate() {
                for (last, to) in times.iter().enumerate().skip(first) {
                    prop_assert!((last - first + 1) as u64 <= burst + (to - from));
                }
            }
        }
    }
}

/// Runs `work` on four threads at once.
fn on_four_threads(work: impl Fn(u64) + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
}

/// A full set whose slots are paid back one after the other, the last one first: threads whose
/// clocks read a little apart would each give a new key another slot.
fn staggered(gcra: &Gcra) -> Table {
    let table = Table::new(1);
    for slot in 0..SLOTS as u64 {
        let decision = table.charge(key(slot), gcra, a_little_after(0, SLOTS as u64 - 1 - slot));
        assert!(decision.is_allowed);
    }
    table
}

/// Steps of a sixteenth of an interval: a few of them do not earn anyone a request.
fn a_little_after(intervals: u64, steps: u64) -> Moment {
    at(intervals) + Duration::from_nanos(steps * INTERVAL / 16)
}

#[test]
fn threads_that_meet_a_new_key_together_share_one_slot() {
    const ROUNDS: usize = 20_000;
    let gcra = gcra(5);
    let tables: Vec<Table> = (0..ROUNDS).map(|_| staggered(&gcra)).collect();
    let passed: Vec<AtomicUsize> = (0..ROUNDS).map(|_| AtomicUsize::new(0)).collect();
    let arrived = AtomicUsize::new(0);
    let meet = |thread: u64| {
        for round in 0..ROUNDS {
            arrived.fetch_add(1, Ordering::AcqRel);
            // Spinning, so that both set off within the same few instructions; giving way now and
            // then, so that it also ends where there is one core.
            let mut spins = 0_u32;
            while arrived.load(Ordering::Acquire) < (round + 1) * 2 {
                spins += 1;
                if spins.is_multiple_of(4_096) {
                    std::thread::yield_now();
                }
                std::hint::spin_loop();
            }
            for _ in 0..5 {
                let now = a_little_after(1, thread * 3);
                let is_allowed = tables[round].charge(key(99), &gcra, now).is_allowed;
                passed[round].fetch_add(usize::from(is_allowed), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| meet(0));
        scope.spawn(|| meet(1));
    });
    for passed in passed {
        assert_eq!(passed.into_inner(), 5);
    }
}

#[test]
fn threads_together_get_no_more_than_one_would() {
    let (table, gcra, clock) = (Table::new(1), gcra(50), Clock::manual());
    let start = clock.now();
    let passed: Vec<AtomicUsize> = (0..12).map(|_| AtomicUsize::new(0)).collect();
    on_four_threads(|thread| {
        for step in 0..30_000_u64 {
            if thread == 0 && step % 16 == 0 {
                clock.advance(Duration::from_nanos(INTERVAL / 4));
            }
            // More keys than slots, so that slots keep changing hands.
            let number = (step.wrapping_mul(thread * 2 + 7) >> 2) % 12;
            let is_allowed = table.charge(key(number), &gcra, clock.now()).is_allowed;
            passed[number as usize].fetch_add(usize::from(is_allowed), Ordering::Relaxed);
        }
    });
    let intervals = clock.now().since(start).as_nanos() as usize / INTERVAL as usize;
    for (number, passed) in passed.iter().enumerate() {
        let passed = passed.load(Ordering::Relaxed);
        assert!(passed <= 50 + intervals + 1, "key {number}: {passed} in {intervals} intervals");
        assert!(passed > 0);
    }
}
