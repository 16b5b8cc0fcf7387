//! From one period to the next, with everybody at once and with clocks that step.

use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::*;

fn spend(account: &Arc<Account>, second: u64, tokens: u64) -> bool {
    let free = Prices::default();
    let reserved = account.try_reserve(at(1), wall(second), &ask(&free, tokens, Some(0)));
    reserved.map(|reservation| reservation.settle(spent(tokens))).is_ok()
}

#[test]
fn a_new_period_begins_at_nothing_and_late_settlements_belong_to_the_old_one() {
    let (account, free) = (account(&[tokens(1_000, Period::Minute)]), Prices::default());
    let late = account.try_reserve(at(1), wall(NOON + 59), &ask(&free, 500, Some(0))).unwrap();
    assert!(spend(&account, NOON + 59, 500));
    assert!(!spend(&account, NOON + 59, 1));
    assert_eq!(standing(&account, NOON + 60), (0, 0));
    late.settle(spent(900));
    assert_eq!(standing(&account, NOON + 60), (0, 0));
    assert!(spend(&account, NOON + 60, 1_000));
    assert!(!spend(&account, NOON + 119, 1));
}

#[test]
fn a_clock_that_steps_back_opens_no_budget_twice() {
    let account = account(&[tokens(1_000, Period::Minute)]);
    assert!(spend(&account, NOON, 1_000));
    assert!(spend(&account, NOON + 60, 700));
    assert!(spend(&account, NOON + 30, 300), "it goes on in the newer period");
    assert!(!spend(&account, NOON + 30, 1));
    assert!(!spend(&account, NOON + 60, 1));
    assert!(spend(&account, NOON + 120, 1));
}

#[test]
fn a_clock_that_was_far_ahead_takes_along_what_was_spent() {
    let account = account(&[tokens(1_000, Period::Day)]);
    let years_ahead = NOON + 10 * 365 * 86_400;
    assert!(spend(&account, years_ahead, 700));
    assert!(spend(&account, NOON, 300));
    assert!(!spend(&account, NOON, 1));
    assert!(spend(&account, NOON + 86_400, 1_000), "and the next day is a new one");
}

#[test]
fn every_token_is_in_one_period_and_none_has_more_than_the_budget_whoever_turns_the_page() {
    const LIMIT: u64 = 1_000;
    let account = account(&[tokens(LIMIT, Period::Minute)]);
    let (clock, passed) = (RwLock::new(NOON), AtomicU64::default());
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                loop {
                    // The clock stands while somebody spends by it: who is held up for minutes here
                    // would be so in no time that passes.
                    let now = clock.read().unwrap();
                    let second = *now;
                    if second >= NOON + 60 * 20 {
                        break;
                    }
                    let is_spent = spend(&account, second, 1);
                    drop(now);
                    if is_spent {
                        passed.fetch_add(1, Ordering::Relaxed);
                    } else {
                        // Somebody finds the period used up, and time goes on.
                        let mut now = clock.write().unwrap();
                        *now = (*now).max(second + 60);
                    }
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), 20 * LIMIT, "each period is used to the last token");
}
