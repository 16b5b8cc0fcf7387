//! What a pace says after what it has seen.

use super::*;

fn at(millis: u64) -> Moment {
    Moment::from_nanos(1_000_000_000) + Duration::from_millis(millis)
}

fn seconds(span: f64) -> Duration {
    Duration::from_secs_f64(span)
}

/// A lane that needs `start` seconds and `per_token` for each token, seen 200 times with prompts
/// of `sizes`, one a second.
fn seen(start: f64, per_token: f64, sizes: &[u64]) -> Pace {
    let pace = Pace::default();
    for (second, &tokens) in (0..200).zip(sizes.iter().cycle()) {
        pace.first_token(tokens, seconds(start + per_token * tokens as f64), at(second * 1000));
    }
    pace
}

fn check(pace: &Pace, tokens: u64, expected: f64, within_percent: f64) {
    let foretold = pace.first_token_seconds(tokens).expect("something was seen");
    let off = (foretold - expected).abs() / expected * 100.0;
    assert!(off <= within_percent, "{tokens} tokens: {foretold} s, not {expected} s");
}

#[test]
fn nothing_is_known_before_the_first_token() {
    let pace = Pace::default();
    assert_eq!(pace.first_token_seconds(100), None);
    assert_eq!(pace.seconds(100, 100.0, at(0)), None);
}

#[test]
fn sizes_that_vary_show_what_a_prompt_costs_and_what_a_request_costs() {
    let pace = seen(0.4, 0.000_1, &[100, 20_000, 1_000, 5_000, 50_000]);
    check(&pace, 10, 0.4, 30.0);
    check(&pace, 10_000, 1.4, 10.0);
    check(&pace, 100_000, 10.4, 15.0);
}

#[test]
fn a_size_that_does_not_vary_is_foretold_exactly_and_others_without_nonsense() {
    let pace = seen(1.0, 0.0, &[1000]);
    check(&pace, 1000, 1.0, 0.1);
    let (small, large) = (pace.first_token_seconds(10), pace.first_token_seconds(100_000));
    assert!(small < large && small > Some(0.3), "{small:?} {large:?}");
}

#[test]
fn longer_prompts_are_never_foretold_to_be_quicker() {
    // By chance the long prompts met a quick hour.
    let pace = Pace::default();
    for second in 0..50 {
        pace.first_token(10_000, seconds(0.1), at(second * 2000));
        pace.first_token(100, seconds(3.0), at(second * 2000 + 1000));
    }
    assert!(pace.first_token_seconds(100_000) >= pace.first_token_seconds(100));
}

#[test]
fn a_lane_that_turned_slow_is_known_to_be_slow_within_a_minute() {
    let pace = seen(0.2, 0.0, &[1000]);
    for second in 200..260 {
        pace.first_token(1000, seconds(2.0), at(second * 1000));
    }
    assert!(pace.first_token_seconds(1000) > Some(1.2));
}

#[test]
fn the_rate_is_that_of_the_tokens_after_the_first() {
    let pace = Pace::default();
    for second in 0..100 {
        pace.output(101, seconds(2.0), at(second * 1000));
    }
    assert!((pace.seconds_per_output().expect("seen") - 0.02).abs() < 1e-9);
    assert!((pace.output_tokens().expect("seen") - 101.0).abs() < 1e-9);
    pace.output(1, seconds(0.0), at(100_000));
    assert!((pace.seconds_per_output().expect("seen") - 0.02).abs() < 1e-9, "one token: no rate");
}

#[test]
fn answers_in_one_piece_are_foretold_as_a_whole() {
    let pace = Pace::default();
    pace.first_token(1000, seconds(1.0), at(0));
    pace.output(101, seconds(1.0), at(0));
    for second in 1..100 {
        // Twice as slow as it was; nobody can tell in which part.
        pace.whole(1000, 101, seconds(4.0), at(second * 1000));
    }
    let foretold = pace.seconds(1000, 100.0, at(99_000)).expect("seen");
    assert!((foretold - 4.0).abs() < 0.2, "{foretold}");
    assert!(pace.first_token_seconds(1000) > Some(1.1), "both parts became slower");
    assert!(pace.seconds_per_output() > Some(0.011), "both parts became slower");
}

#[test]
fn failing_at_once_looks_slower_than_answering_slowly() {
    let (failing, slow) = (seen(0.1, 0.0, &[1000]), seen(3.0, 0.0, &[1000]));
    for request in 0..10 {
        failing.failed(at(200_000 + request));
    }
    let now = at(201_000);
    assert!(failing.seconds(1000, 0.0, now) > slow.seconds(1000, 0.0, now));
}

#[test]
fn a_failure_in_a_hundred_is_felt_and_forgiven() {
    let pace = seen(1.0, 0.0, &[1000]);
    for request in 0..1000 {
        let now = at(200_000 + request * 100);
        if request % 100 == 50 { pace.failed(now) } else { pace.succeeded(now) }
    }
    let felt = pace.seconds(1000, 0.0, at(300_000)).expect("seen");
    assert!((1.0..1.05).contains(&felt), "{felt}");
}

#[test]
fn failures_fade_without_any_answer() {
    let pace = seen(1.0, 0.0, &[1000]);
    for request in 0..100 {
        pace.failed(at(200_000 + request));
    }
    assert!(pace.seconds(1000, 0.0, at(200_100)) > Some(50.0));
    assert!(pace.seconds(1000, 0.0, at(800_100)) < Some(1.1));
}

#[test]
fn an_abandoned_request_counts_only_when_it_waited_longer_than_usual() {
    let pace = seen(1.0, 0.0, &[1000]);
    pace.abandoned(1000, seconds(0.5), at(200_000));
    check(&pace, 1000, 1.0, 0.1);
    pace.abandoned(1000, seconds(60.0), at(260_000));
    assert!(pace.first_token_seconds(1000) > Some(20.0));
}
