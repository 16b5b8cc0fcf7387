//! Many at once against a small budget.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::*;

const THREADS: u64 = 200;

/// The largest prompt that is asked for, as estimated.
const PROMPT_MAX: u64 = 400;

/// A small generator, so that a run can be told by its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Asks until the budget is used up for good; what was spent of it, in tokens and nano-USD.
fn spend(account: &Arc<Account>, prices: &Prices, dice: &mut Dice, in_all: &AtomicU64) {
    loop {
        let prompt = 1 + dice.below(PROMPT_MAX);
        let stated = [None, Some(16 + dice.below(8_000)), Some(1 + dice.below(100))];
        let request = Ask { choices: 1, ..ask(prices, prompt, stated[dice.below(3) as usize]) };
        let mut reservation = match account.try_reserve(at(1), wall(NOON), &request) {
            Ok(reservation) => reservation,
            Err(refused) if refused.retry_after_s == 1 => {
                thread::yield_now();
                continue;
            }
            Err(_) => return,
        };
        let limit = reservation.output_tokens_granted().or(request.output_tokens_max).unwrap();
        let output = dice.below(limit.min(700) + 1);
        let tokens = dice.below(prompt) + 1 + output;
        let spent = Spent { tokens, nano_usd: tokens * 1_000 };
        match dice.below(10) {
            // It came to nothing: the provider failed before the first byte.
            0 => continue,
            // The client went away.
            1 => reservation.note(spent),
            _ => reservation.settle(spent),
        }
        in_all.fetch_add(tokens, Ordering::Relaxed);
    }
}

fn race(budget: Budget, seed: u64) -> (u64, u64) {
    let (account, prices, in_all) = (account(&[budget]), prices("1", "1"), AtomicU64::default());
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (account, prices, in_all) = (&account, &prices, &in_all);
            let seed = (seed << 32 | number) * 2 + 1;
            scope.spawn(move || spend(account, prices, &mut Dice(seed), in_all));
        }
    });
    let (spent, reserved) = standing(&account, NOON);
    assert_eq!(reserved, 0);
    (in_all.into_inner(), spent)
}

#[test]
fn two_hundred_at_once_use_up_a_budget_of_tokens_and_pass_it_by_less_than_a_prompt() {
    for seed in 1..=3 {
        let limit = 100_000;
        let (used, counted) = race(tokens(limit, Period::Month), seed);
        assert_eq!(used, counted, "seed {seed}");
        assert!(used <= limit + PROMPT_MAX, "{used} of {limit}, seed {seed}");
        assert!(used * 100 >= limit * 95, "{used} of {limit}, seed {seed}");
    }
}

#[test]
fn two_hundred_at_once_use_up_a_budget_of_money_and_pass_it_by_less_than_a_prompt() {
    for seed in 4..=6 {
        let limit = 100_000_000;
        let (used, counted) = race(money(limit, Period::Month), seed);
        assert_eq!(used * 1_000, counted, "seed {seed}");
        assert!(counted <= limit + PROMPT_MAX * 1_000, "{counted} of {limit}, seed {seed}");
        assert!(counted * 100 >= limit * 95, "{counted} of {limit}, seed {seed}");
    }
}

#[test]
fn a_token_limit_gives_no_more_than_it_holds_to_two_hundred_at_once() {
    let rate = Rate { count: 50_000, per: Duration::from_secs(3_600) };
    let terms = Terms { tokens: Some(rate), budgets: Vec::new() };
    let account = Ledger::in_memory().account("mobile", &terms).unwrap();
    let (free, used) = (Prices::default(), AtomicU64::default());
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (account, free, used) = (&account, &free, &used);
            scope.spawn(move || {
                let mut dice = Dice(number * 2 + 1);
                // The clock stands still, so nothing is paid back.
                for _ in 0..200 {
                    let request = ask(free, 1 + dice.below(PROMPT_MAX), Some(dice.below(2_000)));
                    let Ok(reservation) = account.try_reserve(at(1), wall(NOON), &request) else {
                        continue;
                    };
                    let tokens = request.prompt_tokens + dice.below(16);
                    used.fetch_add(tokens, Ordering::Relaxed);
                    reservation.settle(spent(tokens));
                }
            });
        }
    });
    let used = used.into_inner();
    assert!(used <= rate.count + PROMPT_MAX, "{used}");
    assert!(used * 100 >= rate.count * 95, "{used}");
}
