//! Keys stay where they are at home, and few move.

use architrave_config::ModelStrategy;

use super::stage::{DEMAND, SECOND, STRATEGIES, Stage, deployment, key, place, weighted};
use crate::deployment::{Demand, DeploymentSettings, Failure, Hindrance, Place, Scope, Why};
use crate::hash_key;

fn keys(count: u32) -> impl Iterator<Item = u64> {
    (0..count).map(|key| hash_key(&key.to_be_bytes()))
}

/// Where each key goes.
fn homes(stage: &Stage, count: u32) -> Vec<Place> {
    let home = |key| stage.chosen(&Demand { affinity: Some(key), ..DEMAND }).place;
    keys(count).map(home).collect()
}

fn moved(before: &[Place], after: &[Place]) -> usize {
    before.iter().zip(after).filter(|(before, after)| before != after).count()
}

#[test]
fn a_key_goes_to_the_same_lane_whatever_the_strategy() {
    for strategy in STRATEGIES {
        let mut stage = Stage::new(strategy, &weighted(&[1, 2, 3]));
        for number in 0..3 {
            stage.stream(place(number), SECOND, SECOND / 100);
        }
        let before = homes(&stage, 200);
        assert_eq!(moved(&before, &homes(&stage, 200)), 0, "{strategy:?}");
        let restarted = Stage::new(ModelStrategy::Weighted, &weighted(&[1, 2, 3]));
        assert_eq!(moved(&before, &homes(&restarted, 200)), 0, "{strategy:?}");
    }
}

#[test]
fn keys_share_by_weight() {
    let stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1, 3]));
    let heavy = homes(&stage, 4_000).iter().filter(|&&home| home == place(1)).count();
    assert!((2_850..3_150).contains(&heavy), "{heavy}");
}

#[test]
fn a_lane_that_rests_moves_its_own_keys_alone_and_they_come_back() {
    let mut stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1, 1, 1, 1]));
    let before = homes(&stage, 1_000);
    let retry_after = Some(10 * SECOND);
    stage.fail(place(2), Failure::RateLimited { scope: Scope::Lane, retry_after });
    let meanwhile = homes(&stage, 1_000);
    for (before, meanwhile) in before.iter().zip(&meanwhile) {
        assert_ne!(*meanwhile, place(2));
        assert!(before == meanwhile || *before == place(2));
    }
    stage.pass(11 * SECOND);
    stage.attempt(place(2), crate::deployment::End::Declined);
    assert_eq!(moved(&before, &homes(&stage, 1_000)), 0);
}

#[test]
fn a_new_lane_takes_its_share_of_keys_and_moves_no_others() {
    let stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1, 1, 1]));
    let before = homes(&stage, 2_000);
    let stage = stage.reloaded(&weighted(&[1, 1, 1, 1]));
    let after = homes(&stage, 2_000);
    let moved: Vec<_> = before.iter().zip(&after).filter(|(old, new)| old != new).collect();
    assert!(moved.iter().all(|(_, new)| **new == place(3)));
    assert!((400..600).contains(&moved.len()), "{}", moved.len());
}

#[test]
fn a_key_keeps_its_credential_too() {
    let credentials = vec![key("a", 1), key("b", 1), key("c", 1)];
    let several = DeploymentSettings { credentials, ..deployment("cloud") };
    let stage = Stage::new(ModelStrategy::LeastBusy, &[several]);
    let before = homes(&stage, 300);
    assert_eq!(moved(&before, &homes(&stage, 300)), 0);
    let mut counts = [0; 3];
    before.iter().for_each(|home| counts[home.credential.unwrap_or_default()] += 1);
    assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
}

#[test]
fn one_hot_key_overflows_instead_of_making_a_queue() {
    let stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1, 1, 1, 1]));
    let demand = Demand { affinity: Some(42), ..DEMAND };
    let open: Vec<_> = (0..100).map(|_| stage.chosen(&demand)).collect();
    let home = open[0].place;
    assert!(open[..8].iter().all(|choice| choice.place == home), "eight are nobody's crowd");
    let at_home = open.iter().filter(|choice| choice.place == home).count();
    assert!((25..=34).contains(&at_home), "{at_home} of 100 at a bound of 1.25 fair shares");
    let away = open.iter().find(|choice| choice.place != home).expect("some overflow");
    assert_eq!(away.why, Why::Affinity);
    assert_eq!(away.passed_over[0].hindrance, Hindrance::Crowded);
}

#[test]
fn a_key_does_not_stay_where_it_is_slow_or_dear() {
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1]));
    for _ in 0..5 {
        stage.stream(place(0), SECOND / 5, SECOND / 100);
        stage.stream(place(1), 5 * SECOND, SECOND / 100);
    }
    assert!(homes(&stage, 50).iter().all(|&home| home == place(0)));
    let prices = [Some(2), Some(1)];
    let stage = Stage::new(ModelStrategy::Cheapest, &weighted(&[1, 1]));
    for key in keys(50) {
        let demand = Demand { affinity: Some(key), prices: &prices, ..DEMAND };
        assert_eq!(stage.pick(&demand), 1);
    }
}
