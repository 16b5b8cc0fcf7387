//! What the next process knows of lanes.

use std::time::Duration;

use architrave_config::{DeploymentLimits, ModelStrategy};
use architrave_core::units::Rate;
use architrave_core::{Parcel, ParcelReader};

use super::super::failure::Scope;
use super::super::lanes::SentLanes;
use super::super::{DeploymentSettings, End, Failure, QuotaKind, QuotaSeen};
use super::stage::{DEMAND, Stage, place, weighted};

const MINUTE: Duration = Duration::from_secs(60);

fn limited(deployments: &[DeploymentSettings<'static>]) -> Vec<DeploymentSettings<'static>> {
    let requests = Some(Rate { count: 4, per: 60 * MINUTE });
    let limits = DeploymentLimits { requests, ..DeploymentLimits::default() };
    deployments
        .iter()
        .map(|it| DeploymentSettings { limits: limits.clone(), ..it.clone() })
        .collect()
}

fn tell(old: &Stage, sent: &mut SentLanes, new: &mut Stage) {
    let mut parcel = Parcel::new();
    old.lanes.pack(sent, old.now, &mut parcel);
    new.now = old.now;
    new.lanes.unpack(ParcelReader::new(&parcel.into_bytes()), new.now);
}

#[test]
fn who_rests_rests_in_the_next_process_and_is_as_quick_as_it_was() {
    let all = weighted(&[1, 1, 1]);
    let mut old = Stage::new(ModelStrategy::Fastest, &all);
    let retry_after = Some(MINUTE);
    old.fail(place(0), Failure::RateLimited { scope: Scope::Credential, retry_after });
    old.stream(place(1), MINUTE / 120, MINUTE / 6_000);
    old.stream(place(2), MINUTE / 30, MINUTE / 600);
    let mut new = Stage::new(ModelStrategy::Fastest, &all);
    tell(&old, &mut SentLanes::default(), &mut new);
    let states = |stage: &Stage| {
        let lanes = stage.fleet.status(stage.now).into_iter();
        lanes.map(|it| (it.hindrance, it.first_token, it.tokens_per_second)).collect::<Vec<_>>()
    };
    assert_eq!(states(&new), states(&old));
    assert_eq!(new.spread(50, &DEMAND), [0, 50, 0]);
    // The rest ends when it would have.
    new.pass(MINUTE);
    assert_eq!(new.hindrance(place(0)), None);
}

#[test]
fn what_was_used_of_limits_is_used_in_both_and_told_as_it_comes() {
    let all = limited(&weighted(&[1]));
    let (old, mut new) =
        (Stage::new(ModelStrategy::Weighted, &all), Stage::new(ModelStrategy::Weighted, &all));
    let mut sent = SentLanes::default();
    old.pick(&DEMAND);
    old.pick(&DEMAND);
    tell(&old, &mut sent, &mut new);
    new.pick(&DEMAND);
    old.pick(&DEMAND);
    tell(&old, &mut sent, &mut new);
    assert!(new.choose(&DEMAND).is_err(), "three there and one here are four");
    tell(&old, &mut sent, &mut new);
    new.pass(15 * MINUTE);
    new.pick(&DEMAND);
    assert!(new.choose(&DEMAND).is_err(), "nothing was counted twice");
}

#[test]
fn quotas_that_providers_told_are_known() {
    let all = weighted(&[1, 1]);
    let old = Stage::new(ModelStrategy::Weighted, &all);
    let flight = old.fleet.take(place(0), &DEMAND, old.now).unwrap().flight;
    let kind = QuotaKind::Requests;
    let seen = QuotaSeen { kind, limit: Some(10), remaining: 0, reset_after: Some(MINUTE) };
    flight.see_quota(&[seen], old.now);
    flight.finish(End::Declined, old.now);
    let mut new = Stage::new(ModelStrategy::Weighted, &all);
    tell(&old, &mut SentLanes::default(), &mut new);
    assert_eq!(new.hindrance(place(0)), old.hindrance(place(0)));
    assert_eq!(new.spread(20, &DEMAND), [0, 20]);
}

#[test]
fn nonsense_is_passed_over() {
    let mut parcel = Parcel::new();
    for _ in 0..4 {
        parcel.block(|parcel| {
            for name in ["", "p", "a\nb", "a\nb\nc", "a\nb\n7\nmodel"] {
                parcel.block(|parcel| {
                    parcel.text(name);
                    parcel.u64(u64::MAX);
                });
            }
        });
    }
    let stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1]));
    stage.lanes.unpack(ParcelReader::new(&parcel.into_bytes()), stage.now);
    assert_eq!(stage.spread(3, &DEMAND), [3]);
}
