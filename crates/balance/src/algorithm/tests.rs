//! What each algorithm promises, checked with random upstreams and through the public face.

use std::time::Duration;

use architrave_config::{BalanceAlgorithm, EndpointSource};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::hashed::BOUND_MIN;
use crate::testing::{HASHING, SECOND, SPREADING, Stage, Traffic, address, upstream};
use crate::{Criteria, Load, Outcome, hash_key};

const MS: Duration = Duration::from_millis(1);

/// Shares of `total` by weight.
fn fair_shares(weights: &[u32], total: usize) -> Vec<f64> {
    let sum: u32 = weights.iter().sum();
    weights.iter().map(|&weight| total as f64 * f64::from(weight) / f64::from(sum)).collect()
}

fn assert_within(picks: &[usize], weights: &[u32], tolerance: f64, what: &str) {
    let fair = fair_shares(weights, picks.iter().sum());
    for (got, fair) in picks.iter().zip(&fair) {
        // Five standard deviations of a draw, and what the algorithm itself allows.
        let allowed = fair * tolerance + 5.0 * fair.sqrt() + 1.0;
        assert!((*got as f64 - fair).abs() <= allowed, "{what}: {picks:?}, fair is {fair:.0?}");
    }
}

fn algorithms() -> impl Strategy<Value = BalanceAlgorithm> {
    prop::sample::select(SPREADING.as_slice())
}

fn hashing() -> impl Strategy<Value = BalanceAlgorithm> {
    prop::sample::select(HASHING.as_slice())
}

fn weights() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(1_u32..=10, 2..8)
}

/// Where each of `count` keys goes.
fn homes(stage: &Stage, count: u32) -> Vec<u16> {
    (0..count).map(|key| stage.pick(hash_key(&key.to_be_bytes()))).collect()
}

/// How many keys moved although their home is not `except`.
fn moved(before: &[u16], after: &[u16], except: u16) -> usize {
    before.iter().zip(after).filter(|(old, new)| old != new && **old != except).count()
}

/// Statistics with tolerances may not be drawn anew at each run, or one run in many fails.
fn repeatable() -> ProptestConfig {
    ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(20_260_823),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn idle_endpoints_share_by_weight(balance in algorithms(), weights in weights()) {
        let stage = Stage::new(upstream(balance, &weights));
        let picks = stage.spread(5_000, weights.len());
        assert_within(&picks, &weights, 0.0, &format!("{balance:?}"));
    }

    #[test]
    fn equally_quick_endpoints_share_by_weight_at_low_load(
        balance in algorithms(),
        weights in weights(),
    ) {
        let mut stage = Stage::new(upstream(balance, &weights));
        let traffic = Traffic { every: 20 * MS, parallel: false, serve: &|_, _| (10 * MS, Outcome::Success) };
        let picks = traffic.flow(&mut stage, 60 * SECOND, weights.len());
        assert_within(&picks, &weights, 0.1, &format!("{balance:?}"));
    }

    #[test]
    fn loaded_endpoints_share_by_weight(balance in algorithms(), weights in weights()) {
        let mut stage = Stage::new(upstream(balance, &weights));
        // Servers as large as their weight says: four requests in flight per unit of weight.
        let every = 10 * MS / 4 / weights.iter().sum::<u32>();
        let serve = |_, _| (10 * MS, Outcome::Success);
        let traffic = Traffic { every, parallel: true, serve: &serve };
        let picks = traffic.flow(&mut stage, 2 * SECOND, weights.len());
        assert_within(&picks, &weights, 0.2, &format!("{balance:?}"));
    }

    #[test]
    fn hashed_keys_share_by_weight(balance in hashing(), weights in weights()) {
        let stage = Stage::new(upstream(balance, &weights));
        let mut picks = vec![0; weights.len()];
        for home in homes(&stage, 10_000) {
            picks[usize::from(home)] += 1;
        }
        // A light endpoint beside a heavy one has few points on the ring: five of their
        // standard deviations. A table of Maglev is even to a hundredth.
        let lightest = *weights.iter().min().expect("there are some");
        let heaviest = *weights.iter().max().expect("there are some");
        let tolerance = match balance {
            BalanceAlgorithm::RingHash => {
                5.0 / (160.0 * f64::from(lightest) / f64::from(heaviest)).sqrt()
            }
            _ => 0.01,
        };
        assert_within(&picks, &weights, tolerance, &format!("{balance:?}"));
    }

    #[test]
    fn an_endpoint_out_of_service_moves_its_own_keys_alone(
        balance in hashing(),
        count in 2_u16..20,
    ) {
        let mut stage = Stage::new(upstream(balance, &vec![1; usize::from(count)]));
        let before = homes(&stage, 2_000);
        stage.fail_until_ejected(0);
        for _ in 0..2 {
            let after = homes(&stage, 2_000);
            prop_assert_eq!(moved(&before, &after, 0), 0);
            prop_assert!(!after.contains(&0));
            stage.pass(SECOND);
        }
        stage.pass(60 * SECOND);
        prop_assert_eq!(homes(&stage, 2_000), before, "and they come back with it");
    }

    #[test]
    fn an_endpoint_taken_from_the_file_moves_little_else(
        balance in hashing(),
        count in 2_u16..20,
    ) {
        let config = upstream(balance, &vec![1; usize::from(count)]);
        let mut stage = Stage::new(config.clone());
        let before = homes(&stage, 4_000);
        let mut without = config;
        without.endpoints.remove(0);
        // The order of the file means nothing.
        without.endpoints.reverse();
        stage.reload(without);
        let strays = moved(&before, &homes(&stage, 4_000), 0);
        match balance {
            BalanceAlgorithm::RingHash => prop_assert_eq!(strays, 0),
            _ => prop_assert!(strays < 4_000 / 100, "{} of 4000 moved", strays),
        }
    }

    #[test]
    fn hashed_load_stays_within_its_bound(
        balance in hashing(),
        weights in weights(),
        keys in 1_u64..20,
        bound in 1.05_f64..3.0,
    ) {
        let mut config = upstream(balance, &weights);
        config.hash_bound = bound;
        let stage = Stage::new(config);
        let total: u32 = weights.iter().sum();
        let mut loads: Vec<Load> = Vec::new();
        for request in 1..=300_u64 {
            let hash = hash_key(&(request % keys).to_be_bytes());
            let endpoint = stage.select(&Criteria { hash, ..Criteria::default() });
            loads.push(endpoint.expect("somebody is available").begin(stage.now));
            let mean_per_weight = request as f64 / f64::from(total);
            for (number, &weight) in (0..).zip(&weights) {
                let ceiling = (bound * mean_per_weight * f64::from(weight)).ceil();
                let load = f64::from(stage.endpoint(number).in_flight());
                prop_assert!(load <= ceiling.max(BOUND_MIN), "{} of {}", load, ceiling);
            }
        }
    }

    #[test]
    fn a_key_stays_at_home_below_the_least_bound(
        balance in hashing(),
        weights in weights(),
        key in any::<u64>(),
        others in 0..BOUND_MIN as usize,
    ) {
        let stage = Stage::new(upstream(balance, &weights));
        let hash = hash_key(&key.to_be_bytes());
        let home = stage.pick(hash);
        // Nobody else has anything to do, so the fair share is as small as it can be.
        let loads: Vec<Load> = (0..others).map(|_| stage.begin(stage.pick(hash))).collect();
        prop_assert_eq!(stage.endpoint(home).in_flight() as usize, loads.len());
        prop_assert_eq!(stage.pick(hash), home);
    }
}

#[test]
fn a_hot_key_spills_over_at_the_least_bound() {
    for balance in HASHING {
        let stage = Stage::new(upstream(balance, &[1; 4]));
        let loads: Vec<Load> = (0..9).map(|_| stage.begin(stage.pick(5))).collect();
        let mut counts: Vec<u32> =
            stage.upstream.endpoints().iter().map(|endpoint| endpoint.in_flight()).collect();
        counts.sort_unstable();
        assert_eq!(counts, [0, 0, 1, 8], "{balance:?}: {}", loads.len());
    }
}

#[test]
fn the_bound_holds_among_those_that_are_in_service() {
    for balance in HASHING {
        let mut stage = Stage::new(upstream(balance, &[1; 8]));
        for number in 0..4 {
            stage.fail_until_ejected(number);
        }
        stage.pass(SECOND);
        let loads: Vec<Load> = (0..400).map(|_| stage.begin(stage.pick(5))).collect();
        let fullest = stage.upstream.endpoints().iter().map(|one| one.in_flight()).max();
        assert!(fullest <= Some(125), "{balance:?}: {fullest:?} of {}", loads.len());
    }
}

#[test]
fn without_pressure_a_key_stays_at_home() {
    for balance in HASHING {
        let stage = Stage::new(upstream(balance, &[1; 5]));
        let homes = homes(&stage, 500);
        assert_eq!(homes, self::homes(&stage, 500), "{balance:?}");
    }
}

#[test]
fn the_order_of_the_file_means_nothing_to_a_hash() {
    for balance in HASHING {
        let config = upstream(balance, &[1, 2, 3, 4, 5]);
        let mut reversed = config.clone();
        reversed.endpoints.reverse();
        let homes = |config| homes(&Stage::new(config), 5_000);
        assert_eq!(homes(config), homes(reversed), "{balance:?}");
    }
}

#[test]
fn keys_have_the_homes_they_always_had() {
    // A change here moves every client of every installation at the next upgrade.
    let homes_of = |balance| homes(&Stage::new(upstream(balance, &[1, 2, 1])), 16);
    assert_eq!(
        homes_of(BalanceAlgorithm::RingHash),
        [0, 0, 0, 1, 1, 2, 0, 2, 0, 2, 1, 2, 0, 1, 1, 0],
    );
    assert_eq!(
        homes_of(BalanceAlgorithm::Maglev),
        [1, 1, 1, 1, 1, 0, 2, 1, 1, 1, 0, 2, 1, 0, 1, 1],
    );
}

#[test]
fn no_endpoint_starves_when_it_was_slow() {
    for balance in SPREADING {
        let mut stage = Stage::new(upstream(balance, &[1; 3]));
        // The first endpoint is a hundred times slower for a minute, then well again.
        let recovers = stage.now + 60 * SECOND;
        let serve = move |number, now| {
            let slow = number == 0 && now < recovers;
            (if slow { 200 * MS } else { 2 * MS }, Outcome::Success)
        };
        let traffic = Traffic { every: 10 * MS, parallel: false, serve: &serve };
        traffic.flow(&mut stage, 61 * SECOND, 3);
        let picks = traffic.flow(&mut stage, 240 * SECOND, 3);
        let fair = picks.iter().sum::<usize>() / 3;
        assert!(picks[0] > fair / 2, "{balance:?}: {picks:?}");
    }
}

#[test]
fn no_endpoint_starves_when_it_was_failing() {
    for balance in SPREADING {
        let mut stage = Stage::new(upstream(balance, &[1; 3]));
        let recovers = stage.now + 60 * SECOND;
        let serve = move |number, now| {
            let fails = number == 0 && now < recovers;
            (2 * MS, if fails { Outcome::Failure } else { Outcome::Success })
        };
        let traffic = Traffic { every: 10 * MS, parallel: false, serve: &serve };
        traffic.flow(&mut stage, 61 * SECOND, 3);
        let picks = traffic.flow(&mut stage, 600 * SECOND, 3);
        let fair = picks.iter().sum::<usize>() / 3;
        assert!(picks[0] > fair / 2, "{balance:?}: {picks:?}");
    }
}

#[test]
fn nobody_among_a_thousand_starves() {
    for balance in SPREADING {
        let mut stage = Stage::new(upstream(balance, &[1; 1000]));
        let traffic =
            Traffic { every: MS / 10, parallel: false, serve: &|_, _| (5 * MS, Outcome::Success) };
        let picks = traffic.flow(&mut stage, 4 * SECOND, 1000);
        let fewest = picks.iter().min().copied();
        assert!(fewest >= Some(5), "{balance:?}: {fewest:?} of 40 on average");
    }
}

#[test]
fn latency_decides_for_ewma_and_load_for_least_request() {
    let share_of_the_slow = |balance| {
        let mut stage = Stage::new(upstream(balance, &[1; 3]));
        let serve = |number, _| (if number == 0 { 40 * MS } else { 4 * MS }, Outcome::Success);
        let traffic = Traffic { every: 4 * MS, parallel: false, serve: &serve };
        let picks = traffic.flow(&mut stage, 30 * SECOND, 3);
        picks[0] as f64 / picks.iter().sum::<usize>() as f64
    };
    assert!(share_of_the_slow(BalanceAlgorithm::RoundRobin) > 0.3);
    assert!(share_of_the_slow(BalanceAlgorithm::P2cLeastRequest) < 0.2);
    assert!(share_of_the_slow(BalanceAlgorithm::P2cEwma) < 0.05);
}

#[test]
fn an_endpoint_that_fails_at_once_does_not_draw_traffic() {
    let mut config = upstream(BalanceAlgorithm::P2cEwma, &[1; 3]);
    // Without ejection, so that the algorithm is on its own.
    config.health.passive.consecutive_failures = 0;
    let mut stage = Stage::new(config);
    let serve = |number, _| match number {
        0 => (MS / 10, Outcome::Failure),
        _ => (10 * MS, Outcome::Success),
    };
    let traffic = Traffic { every: 5 * MS, parallel: false, serve: &serve };
    let picks = traffic.flow(&mut stage, 60 * SECOND, 3);
    let share = picks[0] as f64 / picks.iter().sum::<usize>() as f64;
    assert!(share < 0.02, "{picks:?}");
}

#[test]
fn first_fills_in_the_order_written() {
    let mut config = upstream(BalanceAlgorithm::First, &[1, 9, 1]);
    config.limits.requests_per_endpoint_max = 2;
    let stage = Stage::new(config);
    let order: Vec<u16> = (0..5)
        .map(|_| {
            let number = stage.pick(0);
            std::mem::forget(stage.begin(number));
            number
        })
        .collect();
    assert_eq!(order, [0, 0, 1, 1, 2]);
}

#[test]
fn round_robin_turns_are_smooth() {
    let turns = |weights: &[u32], count: usize| {
        let stage = Stage::new(upstream(BalanceAlgorithm::RoundRobin, weights));
        (0..count).map(|_| char::from(b'a' + stage.pick(0) as u8)).collect::<String>()
    };
    assert_eq!(turns(&[1, 1, 1], 6), "abcabc");
    assert_eq!(turns(&[2, 1], 6), "aabaab");
    assert_eq!(turns(&[5, 1, 1], 7), "aaabaac");
    assert_eq!(turns(&[10, 10, 20], 8), "acbcacbc");
}

#[test]
fn weights_too_fine_for_a_schedule_are_rounded() {
    let mut config = upstream(BalanceAlgorithm::RoundRobin, &[]);
    let weights: Vec<u32> = (0..200).map(|number| 1 + number * 5).collect();
    config.endpoints = (0..)
        .zip(&weights)
        .map(|(number, &weight)| EndpointSource::Address {
            address: address(number),
            weight,
            priority: 0,
        })
        .collect();
    let stage = Stage::new(config);
    let picks = stage.spread(65_536 * 2, 200);
    assert!(picks[0] >= 1, "the lightest is not rounded away");
    assert_within(&picks, &weights, 0.02, "rounded");
}
