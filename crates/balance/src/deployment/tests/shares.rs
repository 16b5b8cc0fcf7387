//! Who gets how much while everybody is well.

use architrave_config::ModelStrategy;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::stage::{DEMAND, MS, SECOND, SPENT, STRATEGIES, Stage, deployment, key, weighted};
use crate::deployment::{Demand, DeploymentSettings, End, Flight, Why};

/// Statistics with tolerances may not be drawn anew at each run, or one run in many fails.
fn repeatable() -> ProptestConfig {
    ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(20_260_901),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn weights() -> impl proptest::strategy::Strategy<Value = Vec<u32>> {
    prop::collection::vec(1_u32..=10, 2..8)
}

/// Asserts that everybody got a fair share, give or take `slack` requests.
fn assert_fair(picks: &[usize], weights: &[u32], slack: impl Fn(f64) -> f64, what: &str) {
    let total: usize = picks.iter().sum();
    let all: u32 = weights.iter().sum();
    for (&got, &weight) in picks.iter().zip(weights) {
        let fair = total as f64 * f64::from(weight) / f64::from(all);
        assert!((got as f64 - fair).abs() <= slack(fair), "{what}: {picks:?} by {weights:?}");
    }
}

/// Five standard deviations of a draw.
fn drawn(fair: f64) -> f64 {
    5.0 * fair.sqrt() + 1.0
}

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn idle_lanes_share_by_weight(weights in weights()) {
        for strategy in STRATEGIES {
            let stage = Stage::new(strategy, &weighted(&weights));
            let picks = stage.spread(3_000, &DEMAND);
            // `fastest` sends everybody one request to begin with, whatever its weight.
            assert_fair(&picks, &weights, |fair| drawn(fair) + 1.0, &format!("{strategy:?}"));
        }
    }

    #[test]
    fn turns_are_right_after_few(weights in weights(), count in 1_usize..500) {
        for strategy in [ModelStrategy::Weighted, ModelStrategy::Priority] {
            let stage = Stage::new(strategy, &weighted(&weights));
            let picks = stage.spread(count, &DEMAND);
            assert_fair(&picks, &weights, |_| 4.0, &format!("{strategy:?}"));
        }
    }

    #[test]
    fn busy_lanes_share_by_weight(weights in weights()) {
        // Requests of all sizes, each a second long: 20 in flight per weight.
        let mut stage = Stage::new(ModelStrategy::LeastBusy, &weighted(&weights));
        let all: u32 = weights.iter().sum();
        let mut open: std::collections::VecDeque<Flight> = Default::default();
        let mut tokens = vec![0_u64; weights.len()];
        for request in 0_u64..4_000 {
            let demand = Demand { prompt_tokens: 1 + request * 7919 % 5_000, ..DEMAND };
            let choice = stage.chosen(&demand);
            tokens[choice.place.deployment] += demand.prompt_tokens;
            open.push_back(choice.flight);
            if open.len() > 20 * all as usize {
                drop(open.pop_front());
            }
            stage.pass(MS);
        }
        let thousands: Vec<usize> = tokens.iter().map(|&tokens| tokens as usize / 1000).collect();
        assert_fair(&thousands, &weights, |fair| fair * 0.1 + 20.0, "tokens");
    }

    #[test]
    fn credentials_share_the_weight_of_their_deployment(
        shares in prop::collection::vec(1_u32..=10, 1..4),
        weight in 1_u32..=5,
    ) {
        let names = ["a", "b", "c"];
        let credentials = names.iter().zip(&shares).map(|(name, &share)| key(name, share)).collect();
        let several = DeploymentSettings { weight, credentials, ..deployment("several") };
        for strategy in [ModelStrategy::Weighted, ModelStrategy::LeastBusy, ModelStrategy::Cheapest] {
            let stage = Stage::new(strategy, &[deployment("sole"), several.clone()]);
            let picks = stage.spread(3_000, &DEMAND);
            assert_fair(&picks, &[1, weight], drawn, &format!("{strategy:?}"));
            let status = stage.fleet.status(stage.now);
            let requests: Vec<usize> =
                status[1..].iter().map(|status| status.requests as usize).collect();
            assert_fair(&requests, &shares, drawn, &format!("{strategy:?}"));
        }
    }
}

#[test]
fn least_busy_goes_by_tokens_and_not_by_requests() {
    let stage = Stage::new(ModelStrategy::LeastBusy, &weighted(&[1, 1]));
    let long = stage.chosen(&Demand { prompt_tokens: 100_000, ..DEMAND });
    let short: Vec<_> = (0..20).map(|_| stage.chosen(&DEMAND)).collect();
    let beside = short.iter().filter(|choice| choice.place == long.place).count();
    assert_eq!(beside, 0, "twenty short prompts weigh less than one long one");
    assert!(short.iter().all(|choice| choice.why == Why::LeastBusy));
}

#[test]
fn a_prompt_weighs_until_it_is_read_and_an_answer_until_it_ends() {
    let mut stage = Stage::new(ModelStrategy::LeastBusy, &weighted(&[1]));
    let mut flight = stage.chosen(&DEMAND).flight;
    let tokens = |stage: &Stage| stage.fleet.status(stage.now)[0].tokens_in_flight;
    assert_eq!(tokens(&stage), 1000 + 256);
    stage.pass(SECOND);
    flight.first_token(stage.now);
    flight.first_token(stage.now);
    assert_eq!(tokens(&stage), 256);
    flight.finish(End::Answered(SPENT), stage.now);
    assert_eq!(tokens(&stage), 0);
    assert_eq!(stage.fleet.status(stage.now)[0].requests_in_flight, 0);
}

#[test]
fn a_cancelled_attempt_leaves_nothing_behind() {
    for strategy in STRATEGIES {
        let stage = Stage::new(strategy, &weighted(&[1, 2]));
        drop((0..100).map(|_| stage.chosen(&DEMAND)).collect::<Vec<_>>());
        for status in stage.fleet.status(stage.now) {
            let left = (status.requests_in_flight, status.tokens_in_flight, status.failures);
            assert_eq!(left, (0, 0, 0), "{strategy:?}");
        }
    }
}

#[test]
fn the_cheapest_takes_all_and_equals_share() {
    let stage = Stage::new(ModelStrategy::Cheapest, &weighted(&[1, 1, 1, 1]));
    let prices = [Some(30), Some(20), None, Some(20)];
    let picks = stage.spread(1000, &Demand { prices: &prices, ..DEMAND });
    assert_eq!((picks[0], picks[2]), (0, 0));
    assert!(picks[1].abs_diff(picks[3]) < 200, "{picks:?}");
    let choice = stage.chosen(&Demand { prices: &prices, ..DEMAND });
    assert_eq!(choice.why, Why::Cheapest);
    let unknown = stage.pick(&Demand { prices: &prices, excluded: &[1, 3, 0], ..DEMAND });
    assert_eq!(unknown, 2, "an unknown price is no reason to refuse");
}

#[test]
fn the_lowest_priority_takes_all_while_it_can_where_priorities_count() {
    let ranked: Vec<_> = weighted(&[1, 5, 1])
        .into_iter()
        .zip([0, 1, 0])
        .map(|(deployment, priority)| DeploymentSettings { priority, ..deployment })
        .collect();
    for strategy in STRATEGIES {
        let stage = Stage::new(strategy, &ranked);
        let is_passed_over = stage.spread(200, &DEMAND)[1] == 0;
        assert_eq!(is_passed_over, strategy == ModelStrategy::Priority, "{strategy:?}");
        assert_eq!(stage.pick(&Demand { excluded: &[0, 2], ..DEMAND }), 1);
    }
}

#[test]
fn a_deployment_without_weight_is_only_taken_by_name() {
    let stage = Stage::new(ModelStrategy::Weighted, &weighted(&[0, 1]));
    assert_eq!(stage.spread(100, &DEMAND), [0, 100]);
    assert!(stage.fleet.take(super::stage::place(0), &DEMAND, stage.now).is_ok());
}

#[test]
fn a_reload_finds_lanes_again_with_all_that_was_learned() {
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1]));
    stage.stream(super::stage::place(0), SECOND, 10 * MS);
    let open = stage.chosen(&DEMAND);
    let renamed = crate::deployment::Fleet::new(
        "other",
        ModelStrategy::Weighted,
        &weighted(&[7, 7, 7]),
        &stage.lanes,
    );
    let status = &renamed.status(stage.now)[0];
    assert!(status.first_token.is_some());
    let in_flight: u32 = renamed.status(stage.now).iter().map(|it| it.requests_in_flight).sum();
    assert_eq!(in_flight, 1);
    drop(open);
}
