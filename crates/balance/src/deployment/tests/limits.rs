//! The limits of deployments: never exceeded, given back, and no reason to refuse while another
//! deployment has room.

use std::sync::Arc;
use std::thread;

use architrave_config::{DeploymentLimits, ModelStrategy};
use architrave_core::units::Rate;

use super::stage::{DEMAND, SECOND, SPENT, STRATEGIES, Stage, deployment, key, place, weighted};
use crate::deployment::hindrance::Severity;
use crate::deployment::weigh::{Assessment, Contender};
use crate::deployment::{Demand, DeploymentSettings, End, Failure, Hindrance, RefusedReason};

fn per_minute(count: u64) -> Option<Rate> {
    Some(Rate { count, per: 60 * SECOND })
}

fn limited(limits: &DeploymentLimits) -> Vec<DeploymentSettings<'static>> {
    let mut deployments = weighted(&[1, 1]);
    deployments[0].limits = limits.clone();
    deployments
}

#[test]
fn what_one_may_not_take_the_other_takes() {
    let limits = DeploymentLimits { requests: per_minute(10), ..Default::default() };
    for strategy in STRATEGIES {
        let stage = Stage::new(strategy, &limited(&limits));
        assert_eq!(stage.spread(1_000, &DEMAND)[0], 10, "{strategy:?}");
        let choice = stage.chosen(&DEMAND);
        assert_eq!(choice.passed_over[0].hindrance, Hindrance::AtLimit);
    }
}

#[test]
fn when_nobody_has_room_the_refusal_says_when() {
    let limits = DeploymentLimits { requests: per_minute(10), ..Default::default() };
    let stage = Stage::new(ModelStrategy::Weighted, &limited(&limits)[..1]);
    assert_eq!(stage.spread(10, &DEMAND), [10]);
    let refused = stage.refused(&DEMAND);
    assert_eq!(refused.reason, RefusedReason::AtLimit);
    assert_eq!(refused.retry_at, Some(stage.now + 6 * SECOND));
}

#[test]
fn tokens_that_were_not_used_are_given_back() {
    let limits = DeploymentLimits { tokens: per_minute(3_000), ..Default::default() };
    let stage = Stage::new(ModelStrategy::Weighted, &limited(&limits)[..1]);
    let open = [stage.chosen(&DEMAND), stage.chosen(&DEMAND)];
    stage.refused(&DEMAND);
    let [one, other] = open;
    one.flight.finish(End::Failed(Failure::Broken), stage.now);
    let third = stage.chosen(&DEMAND);
    other.flight.finish(End::Answered(SPENT), stage.now);
    stage.refused(&DEMAND);
    drop(third);
    let small = Demand { prompt_tokens: 300, output_tokens_max: 500, ..DEMAND };
    stage.pick(&small);
}

#[test]
fn all_credentials_of_a_deployment_share_its_limits() {
    let limits = DeploymentLimits { parallel_max: Some(4), ..Default::default() };
    let credentials = vec![key("a", 1), key("b", 1)];
    let sole = DeploymentSettings { limits, credentials, ..deployment("cloud") };
    let stage = Stage::new(ModelStrategy::Weighted, &[sole]);
    let open: Vec<_> = (0..4).map(|_| stage.chosen(&DEMAND)).collect();
    let refused = stage.refused(&DEMAND);
    assert!(refused.passed_over.iter().all(|it| it.hindrance == Hindrance::Full));
    drop(open);
    stage.pick(&DEMAND);
}

#[test]
fn limits_hold_for_what_goes_to_a_named_lane_too() {
    let limits = DeploymentLimits { parallel_max: Some(1), ..Default::default() };
    let stage = Stage::new(ModelStrategy::Weighted, &limited(&limits));
    let open = stage.fleet.take(place(0), &DEMAND, stage.now);
    let refused = stage.fleet.take(place(0), &DEMAND, stage.now).expect_err("it is full");
    assert_eq!(refused.reason, RefusedReason::AtLimit);
    drop(open);
}

#[test]
fn used_limits_outlive_a_reload() {
    let limits = DeploymentLimits { requests: per_minute(10), ..Default::default() };
    let stage = Stage::new(ModelStrategy::Weighted, &limited(&limits)[..1]);
    stage.spread(10, &DEMAND);
    let larger = DeploymentLimits { requests: per_minute(20), ..Default::default() };
    let stage = stage.reloaded(&limited(&larger)[..1]);
    let more = std::iter::from_fn(|| stage.choose(&DEMAND).ok()).take(100).count();
    assert_eq!(more, 0, "a minute's worth is used, whatever the minute's worth is");
}

#[test]
fn a_limit_that_others_reach_meanwhile_leaves_the_rest_of_the_fleet() {
    let limits = DeploymentLimits { requests: per_minute(10), ..Default::default() };
    let stage = Stage::new(ModelStrategy::Weighted, &limited(&limits));
    let seats = &stage.fleet.seats;
    let size = DEMAND.size(100);
    let mut assessment = Assessment::new(seats, &DEMAND, size, stage.now);
    let full = (0..11).find_map(|_| seats[0].deployment.take(size, stage.now).err());
    assessment.shorten(0, full.expect("ten are a minute's worth"));
    assert_eq!(assessment.least_severity(), Some(Severity::NONE));
    let left = Contender::weigh(seats, &assessment, Severity::NONE, stage.now);
    assert_eq!(left.iter().map(|it| it.seat).collect::<Vec<_>>(), [1]);
    assert_eq!(assessment.refused().retry_at, Some(stage.now + 6 * SECOND));
}

#[test]
fn threads_that_choose_at_once_exceed_no_limit_and_lose_no_request() {
    let limits =
        DeploymentLimits { requests: per_minute(100), parallel_max: Some(3), ..Default::default() };
    for strategy in STRATEGIES {
        let stage = Stage::new(strategy, &limited(&limits));
        let (fleet, now) = (Arc::new(stage.fleet), stage.now);
        thread::scope(|scope| {
            for seed in 0..4 {
                let fleet = Arc::clone(&fleet);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    for request in 0..5_000_u32 {
                        let choice = fleet.choose(&DEMAND, now, &mut random);
                        let choice = choice.expect("the second one has no limits");
                        assert!(choice.flight.lane().requests_in_flight() <= 4);
                        let end = match request % 3 {
                            0 => End::Declined,
                            1 => End::Answered(SPENT),
                            _ => End::Abandoned(SPENT),
                        };
                        choice.flight.finish(end, now);
                    }
                });
            }
        });
        let status = fleet.status(now);
        assert!(status[0].requests <= 100, "{strategy:?}: {}", status[0].requests);
        assert_eq!(status[0].requests + status[1].requests, 20_000, "{strategy:?}");
        assert!(status.iter().all(|it| (it.requests_in_flight, it.tokens_in_flight) == (0, 0)));
    }
}
