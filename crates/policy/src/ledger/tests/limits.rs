//! One request after the other: what is granted, refused, given back and told.

use super::*;
use crate::RateReport;

fn reserve(account: &Arc<Account>, ask: &Ask<'_>) -> Result<Reservation, Refused> {
    account.try_reserve(at(100), wall(NOON), ask)
}

#[test]
fn where_nothing_is_limited_there_is_no_account() {
    assert!(Ledger::in_memory().account("mobile", &Terms::default()).is_none());
}

#[test]
fn a_reservation_holds_prompt_and_output_until_it_settles_at_what_was_used() {
    let (account, free) = (account(&[tokens(10_000, Period::Day)]), Prices::default());
    let reservation = reserve(&account, &ask(&free, 100, Some(500))).unwrap();
    assert_eq!(reservation.output_tokens_granted(), None, "the body may stay as it is");
    assert_eq!(standing(&account, NOON), (0, 600));
    reservation.settle(spent(250));
    assert_eq!(standing(&account, NOON), (250, 0));
    // Above the reservation: it was used, so it counts.
    reserve(&account, &ask(&free, 100, Some(500))).unwrap().settle(spent(900));
    assert_eq!(standing(&account, NOON), (1_150, 0));
}

#[test]
fn what_comes_to_nothing_is_given_back_and_what_was_noted_is_paid() {
    let (account, free) = (account(&[tokens(10_000, Period::Day)]), Prices::default());
    drop(reserve(&account, &ask(&free, 100, Some(500))).unwrap());
    assert_eq!(standing(&account, NOON), (0, 0));
    let mut reservation = reserve(&account, &ask(&free, 100, Some(500))).unwrap();
    reservation.note(spent(103));
    reservation.note(spent(140));
    drop(reservation);
    assert_eq!(standing(&account, NOON), (140, 0));
}

#[test]
fn the_output_is_lowered_to_what_is_left_and_no_further_than_the_least() {
    let (account, free) = (account(&[tokens(1_000, Period::Day)]), Prices::default());
    let first = reserve(&account, &ask(&free, 300, Some(4_000))).unwrap();
    assert_eq!(first.output_tokens_granted(), Some(700));
    first.settle(spent(900));
    // 100 are left: the prompt alone passes them, and it is the last.
    let last = reserve(&account, &ask(&free, 400, Some(4_000))).unwrap();
    assert_eq!(last.output_tokens_granted(), Some(OUTPUT_TOKENS_MIN));
    last.settle(spent(416));
    assert_eq!(standing(&account, NOON), (1_316, 0));
    let refused = reserve(&account, &ask(&free, 1, Some(1))).unwrap_err();
    assert_eq!(refused.limit, Limit::Budget(Unit::Tokens, Period::Day, CountedFor::Caller));
    assert_eq!(refused.retry_after_s, 12 * 3_600);
}

#[test]
fn less_than_the_least_is_granted_only_to_who_asks_for_it() {
    let (account, free) = (account(&[tokens(10, Period::Day)]), Prices::default());
    assert!(reserve(&account, &ask(&free, 1, Some(11))).is_err());
    assert!(reserve(&account, &ask(&free, 1, None)).is_err());
    let reservation = reserve(&account, &ask(&free, 1, Some(9))).unwrap();
    assert_eq!(reservation.output_tokens_granted(), None);
    reservation.settle(spent(10));
    assert!(reserve(&account, &ask(&free, 0, Some(1))).is_err());
}

#[test]
fn a_body_without_a_limit_is_given_one_unless_all_that_the_model_can_answer_is_small_change() {
    let (account, free) = (account(&[tokens(10_000_000, Period::Day)]), Prices::default());
    let granted = |possible: Option<u64>| {
        let ask = Ask { output_tokens_possible: possible, ..ask(&free, 100, None) };
        reserve(&account, &ask).unwrap().output_tokens_granted()
    };
    assert_eq!(granted(None), Some(OUTPUT_TOKENS_DEFAULT), "nobody knows how long it gets");
    assert_eq!(granted(Some(1_000)), None, "the model ends by itself");
    assert_eq!(granted(Some(128_000)), None, "less than a 64th of what is left");
    assert_eq!(granted(Some(200_000)), Some(OUTPUT_TOKENS_DEFAULT));
    assert_eq!(standing(&account, NOON), (0, 0));
}

#[test]
fn every_answer_may_be_as_long_as_the_limit_says() {
    let (account, free) = (account(&[tokens(1_000, Period::Day)]), Prices::default());
    let ask = Ask { choices: 3, ..ask(&free, 100, Some(400)) };
    let reservation = reserve(&account, &ask).unwrap();
    assert_eq!(reservation.output_tokens_granted(), Some(300));
    assert_eq!(standing(&account, NOON), (0, 1_000));
}

#[test]
fn money_is_reserved_at_the_dearest_price_that_text_can_have() {
    let mut prices = prices("3", "15");
    prices.base.set(TokenClass::CacheWrite, Femtos::of_million("3.75").unwrap());
    prices.base.set(TokenClass::InputAudio, Femtos::of_million("40").unwrap());
    let account = account(&[money(1_000_000_000, Period::Month)]);
    let request = ask(&prices, 1_000, Some(100));
    let reservation = reserve(&account, &request).unwrap();
    assert_eq!(standing(&account, NOON), (0, 3_750_000 + 1_500_000));
    reservation.settle(Spent { tokens: 1_050, nano_usd: 3_750_000 });
    assert_eq!(standing(&account, NOON), (3_750_000, 0));
    let with_sound = Ask { has_media: true, ..request };
    let _held = reserve(&account, &with_sound).unwrap();
    assert_eq!(standing(&account, NOON), (3_750_000, 40_000_000 + 1_500_000));
}

#[test]
fn what_costs_nothing_is_served_when_the_money_is_gone() {
    let account = account(&[money(1_000, Period::Month)]);
    let (dear, free) = (prices("1", "1"), Prices::default());
    reserve(&account, &ask(&dear, 1, Some(0)))
        .unwrap()
        .settle(Spent { tokens: 1, nano_usd: 1_000 });
    assert!(reserve(&account, &ask(&dear, 1, Some(0))).is_err());
    assert!(reserve(&account, &ask(&free, 1_000, Some(1_000))).is_ok());
}

#[test]
fn the_tightest_limit_decides_and_the_others_hold_no_more_than_it_allows() {
    let budgets = [tokens(100_000, Period::Month), tokens(500, Period::Hour)];
    let (account, free) = (account(&budgets), Prices::default());
    let reservation = reserve(&account, &ask(&free, 100, Some(5_000))).unwrap();
    assert_eq!(reservation.output_tokens_granted(), Some(400));
    let reserved: Vec<_> = account.standings(wall(NOON)).iter().map(|one| one.reserved).collect();
    assert_eq!(reserved, [500, 500]);
    let refused = reserve(&account, &ask(&free, 1, Some(1))).unwrap_err();
    assert_eq!(refused.limit, Limit::Budget(Unit::Tokens, Period::Hour, CountedFor::Caller));
    assert_eq!(refused.retry_after_s, 1, "what is reserved mostly comes back");
    drop(reservation);
    let reserved: Vec<_> = account.standings(wall(NOON)).iter().map(|one| one.reserved).collect();
    assert_eq!(reserved, [0, 0], "a refusal leaves nothing behind");
}

#[test]
fn of_two_budgets_for_the_same_the_smaller_counts() {
    let budgets = [tokens(500, Period::Hour), tokens(300, Period::Hour)];
    let (account, free) = (account(&budgets), Prices::default());
    let reservation = reserve(&account, &ask(&free, 100, Some(5_000))).unwrap();
    assert_eq!(reservation.output_tokens_granted(), Some(200));
    assert_eq!(account.standings(wall(NOON)).len(), 1);
}

#[test]
fn a_token_limit_fills_evenly() {
    let rate = Rate { count: 6_000, per: Duration::from_secs(60) };
    let terms = Terms { tokens: Some(rate), budgets: Vec::new() };
    let account = Ledger::in_memory().account("mobile", &terms).unwrap();
    let free = Prices::default();
    let reserve = |second: u64, prompt, output| {
        account.try_reserve(at(second), wall(NOON), &ask(&free, prompt, Some(output)))
    };
    let all = reserve(100, 5_000, 4_000).unwrap();
    assert_eq!(all.output_tokens_granted(), Some(1_000), "a whole period's may come at once");
    all.settle(spent(6_000));
    let refused = reserve(100, 1, 50).unwrap_err();
    assert_eq!((refused.limit, refused.retry_after_s), (Limit::TokenRate, 1));
    assert_eq!(refused.report.unwrap().remaining, 0);
    // Ten seconds later a thousand have come in.
    let some = reserve(110, 400, 4_000).unwrap();
    assert_eq!(some.output_tokens_granted(), Some(600));
    some.settle(spent(500));
    let rest = reserve(110, 400, 4_000).unwrap();
    assert_eq!(rest.output_tokens_granted(), Some(100));
    rest.settle(spent(1_100));
    let refused = reserve(110, 1, 16).unwrap_err();
    assert_eq!(refused.retry_after_s, 7, "six hundred are owed, and sixteen are needed");
}

#[test]
fn what_time_has_paid_back_is_not_given_back_again() {
    let rate = Rate { count: 6_000, per: Duration::from_secs(60) };
    let terms = Terms { tokens: Some(rate), budgets: Vec::new() };
    let account = Ledger::in_memory().account("mobile", &terms).unwrap();
    let free = Prices::default();
    let reserve =
        |second: u64| account.try_reserve(at(second), wall(NOON), &ask(&free, 0, Some(6_000)));
    let slow = reserve(100).unwrap();
    let whole = reserve(160).unwrap();
    assert_eq!(whole.output_tokens_granted(), None);
    drop(slow);
    assert!(reserve(160).is_err(), "the second one still holds all of it");
    drop(whole);
    assert!(reserve(160).is_ok());
}

#[test]
fn clients_are_told_of_the_limit_with_the_least_of_its_whole_left() {
    let rate = Rate { count: 1_000_000, per: Duration::from_secs(60) };
    let budgets = vec![money(2_000_000, Period::Day), tokens(50_000, Period::Hour)];
    let terms = Terms { tokens: Some(rate), budgets };
    let account = Ledger::in_memory().account("mobile", &terms).unwrap();
    let prices = prices("1", "1");
    let report = reserve(&account, &ask(&prices, 500, Some(500))).unwrap().report().unwrap();
    let expected = RateReport {
        name: "budget",
        unit: Some("usd-micros"),
        quota: 2_000,
        window_s: 86_400,
        remaining: 1_000,
        reset_s: 43_200,
    };
    assert_eq!(report, expected);
}

#[test]
fn a_refusal_is_a_429_that_says_when_to_come_back() {
    let (account, free) = (account(&[tokens(10, Period::Minute)]), Prices::default());
    reserve(&account, &ask(&free, 10, Some(0))).unwrap().settle(spent(10));
    let reply = reserve(&account, &ask(&free, 10, Some(0))).unwrap_err().reply();
    assert_eq!(reply.status, 429);
    assert_eq!(crate::exercise::lines(&reply.fields), ["retry-after: 60"]);
}

#[test]
fn counts_are_found_again_under_other_terms_and_a_changed_rate_starts_afresh() {
    let ledger = Ledger::in_memory();
    let rate = |count| Some(Rate { count, per: Duration::from_secs(60) });
    let terms =
        |count, limit| Terms { tokens: rate(count), budgets: vec![tokens(limit, Period::Day)] };
    let free = Prices::default();
    let first = ledger.account("mobile", &terms(1_000, 1_000)).unwrap();
    reserve(&first, &ask(&free, 800, Some(0))).unwrap().settle(spent(800));
    let same = ledger.account("mobile", &terms(1_000, 2_000)).unwrap();
    assert_eq!(standing(&same, NOON), (800, 0));
    let left = reserve(&same, &ask(&free, 0, Some(1_000))).unwrap().output_tokens_granted();
    assert_eq!(left, Some(200), "the same rate goes on");
    let other = ledger.account("mobile", &terms(500, 2_000)).unwrap();
    let left = reserve(&other, &ask(&free, 0, Some(1_000))).unwrap().output_tokens_granted();
    assert_eq!(left, Some(500));
    let nobody = ledger.account("desk", &terms(500, 2_000)).unwrap();
    assert_eq!(standing(&nobody, NOON), (0, 0));
}

#[test]
fn counts_of_consumers_that_are_gone_are_forgotten_when_their_period_is_over() {
    let ledger = Ledger::in_memory();
    let free = Prices::default();
    let account = ledger.account("mobile", &terms(&[tokens(1_000, Period::Day)])).unwrap();
    reserve(&account, &ask(&free, 800, Some(0))).unwrap().settle(spent(800));
    drop(account);
    ledger.forget(at(0), wall(NOON));
    let back = ledger.account("mobile", &terms(&[tokens(1_000, Period::Day)])).unwrap();
    assert_eq!(standing(&back, NOON), (800, 0));
    drop(back);
    ledger.forget(at(86_400), wall(NOON + 86_400));
    assert_eq!(ledger.counters.len(), 0);
}

#[test]
fn what_is_let_go_while_others_begin_is_never_counted_twice() {
    const BUDGET: u64 = 1_000_000;
    let ledger = Ledger::in_memory();
    let free = Prices::default();
    let day = |number: u64| NOON + number * 86_400;
    // Some come and go, the last one of them in the middle of a day, while others forget.
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (ledger, free, is_over) = (&ledger, &free, &is_over);
        let forgetting = scope.spawn(move || {
            let mut second = day(0);
            while !is_over.load(std::sync::atomic::Ordering::Acquire) {
                ledger.forget(at(0), wall(second));
                second = if second == day(0) { day(1) } else { day(0) };
            }
        });
        let spenders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        let terms = terms(&[tokens(BUDGET, Period::Day)]);
                        let account = ledger.account("mobile", &terms).unwrap();
                        let ask = ask(free, 1, Some(0));
                        let held = account.try_reserve(at(1), wall(day(2)), &ask).unwrap();
                        held.settle(spent(1));
                    }
                })
            })
            .collect();
        spenders.into_iter().for_each(|spender| spender.join().unwrap());
        is_over.store(true, std::sync::atomic::Ordering::Release);
        forgetting.join().unwrap();
    });
    let account = ledger.account("mobile", &terms(&[tokens(BUDGET, Period::Day)])).unwrap();
    assert_eq!(standing(&account, day(2)), (8_000, 0));
}

#[test]
fn what_is_no_token_is_reserved_and_what_is_to_be_made_must_fit() {
    let free = prices("0", "0");
    let account = account(&[money(1_000, Period::Day)]);
    let asked = |input: u128, output: u128| Ask {
        beside_tokens: Charge { input: input * 1_000_000, output: output * 1_000_000 },
        ..ask(&free, 0, Some(0))
    };
    assert_eq!(asked(300, 100).nano_usd(), 400);
    let held = account.try_reserve(at(1), wall(NOON), &asked(300, 100)).unwrap();
    assert_eq!(standing(&account, NOON), (0, 400));
    // Images that cannot be paid for are not made.
    assert!(account.try_reserve(at(1), wall(NOON), &asked(0, 601)).is_err());
    // A prompt that is larger than what is left is the last one.
    let last = account.try_reserve(at(1), wall(NOON), &asked(700, 0)).unwrap();
    assert!(account.try_reserve(at(1), wall(NOON), &asked(1, 0)).is_err());
    held.settle(Spent { tokens: 0, nano_usd: 400 });
    last.settle(Spent { tokens: 0, nano_usd: 700 });
    assert_eq!(standing(&account, NOON), (1_100, 0));
    let searches = Prices { request: Femtos(2_000_000), ..Prices::default() };
    let ranked = Ask { requests: 3, ..ask(&searches, 0, Some(0)) };
    assert_eq!(ranked.nano_usd(), 6);
}

#[test]
fn a_client_is_told_what_is_left_once_its_request_is_counted() {
    let terms = Terms {
        tokens: Some(Rate { count: 1_000, per: Duration::from_mins(1) }),
        budgets: vec![tokens(2_000, Period::Day)],
    };
    let account = Ledger::in_memory().account("mobile", &terms).unwrap();
    let free = Prices::default();
    // The prompt is larger than what there is: the last one, and it overdraws.
    let reservation = reserve(&account, &ask(&free, 4_000, Some(500))).unwrap();
    let told = reservation.settle_and_tell(spent(4_010), at(1), wall(NOON)).unwrap();
    assert_eq!(told.remaining, 0);
    assert_eq!(standing(&account, NOON), (4_010, 0));
}

#[test]
fn what_nobody_was_asked_for_is_counted_all_the_same() {
    let ledger = Ledger::in_memory();
    let rate = Rate { count: 1_000, per: Duration::from_secs(60) };
    let terms = Terms { tokens: Some(rate), budgets: vec![tokens(100, Period::Day)] };
    let account = ledger.account("mobile", &terms).unwrap();
    account.charge(at(100), wall(NOON), spent(250));
    assert_eq!(standing(&account, NOON), (250, 0), "beyond what is left");
    assert_eq!(account.token_limit(at(100)).map(|report| report.remaining), Some(750));
}
