//! Two processes, one of which goes on where the other was.

use std::time::Duration;

use architrave_config::{self as config, BalanceAlgorithm, EndpointSource};
use proptest::prelude::*;

use super::*;
use crate::testing::{SECOND, Stage, active, address, discovered, upstream};
use crate::{EndpointStatus, Health, Outcome, Registry};

fn judged() -> config::Upstream {
    let mut config = upstream(BalanceAlgorithm::RoundRobin, &[1; 6]);
    config.health.active = active(2, 2);
    config.health.passive.max_ejected_percent = 100;
    config.slow_start = 30 * SECOND;
    config
}

/// A process that has been through something.
fn old() -> Stage {
    let mut stage = Stage::new(judged());
    stage.pass(100 * SECOND);
    stage.endpoint(0).drain();
    for _ in 0..2 {
        stage.endpoint(1).report_probe(false, stage.now);
    }
    stage.endpoint(1).note_probe_error(Some("no answer"));
    stage.fail_until_ejected(2);
    stage.endpoint(3).set_weight(7);
    stage.endpoint(3).report_probe(false, stage.now);
    stage.endpoint(4).drain();
    stage.pass(5 * SECOND);
    stage.endpoint(4).ready();
    let _turned = stage.begin(5).finish(Outcome::Success, stage.now + SECOND / 100);
    stage.upstream.add_endpoint(discovered(9), stage.now).unwrap();
    stage.pass(SECOND);
    stage
}

fn parcel_of(stage: &Stage, sent: &mut SentEndpoints) -> Vec<u8> {
    let mut parcel = Parcel::new();
    stage.upstream.pack(sent, &mut parcel);
    parcel.into_bytes()
}

fn recover(stage: &mut Stage, now: Moment, bytes: &[u8]) {
    stage.now = now;
    for mut block in ParcelReader::new(bytes).blocks() {
        assert_eq!(block.text(), Some("orders"));
        stage.upstream.unpack(block, now);
    }
}

/// What is shown of all endpoints, beside what was counted of requests.
fn shown(stage: &Stage) -> Vec<EndpointStatus> {
    let all = stage.upstream.status(stage.now).into_iter();
    all.map(|(_, status)| EndpointStatus { requests: 0, failures: 0, ejections: 0, ..status })
        .collect()
}

#[test]
fn what_one_process_knows_the_next_one_knows() {
    let old = old();
    let mut new = Stage::new(judged());
    recover(&mut new, old.now, &parcel_of(&old, &mut SentEndpoints::default()));
    assert_eq!(shown(&new), shown(&old));
    let health: Vec<_> = shown(&new).iter().map(|it| (it.health, it.is_draining)).collect();
    let (well, unwell) = (Health::Healthy, Health::Unhealthy);
    let expected = [
        (well, true),
        (unwell, false),
        (Health::Ejected, false),
        (well, false),
        (well, false),
        (well, false),
        (Health::Unprobed, false),
    ];
    assert_eq!(health, expected);
    assert_eq!(new.spread(300, 10)[..3], [0; 3], "at once, before any refresh");
    // Slow starts and ejections end when they would have; the failed probe counts.
    let mut old = old;
    for stage in [&mut old, &mut new] {
        stage.endpoint(3).report_probe(false, stage.now);
        stage.pass(23 * SECOND);
    }
    assert_eq!(shown(&new), shown(&old));
    assert_eq!(shown(&new)[3].health, Health::Unhealthy, "the second in a row");
    assert_eq!(shown(&new)[2].health, Health::Ejected);
    for stage in [&mut old, &mut new] {
        stage.pass(SECOND);
    }
    assert_eq!(shown(&new)[2].health, Health::Healthy);
    assert_eq!(shown(&new), shown(&old));
}

#[test]
fn what_has_not_changed_is_not_told_again() {
    let old = old();
    let mut sent = SentEndpoints::default();
    let mut new = Stage::new(judged());
    recover(&mut new, old.now, &parcel_of(&old, &mut sent));
    // The new process has found out something by itself, and was told other things.
    new.endpoint(0).ready();
    for _ in 0..2 {
        new.endpoint(5).report_probe(false, new.now);
    }
    new.upstream.add_endpoint(discovered(12), new.now).unwrap();
    old.endpoint(3).set_weight(2);
    let now = old.now;
    recover(&mut new, now, &parcel_of(&old, &mut sent));
    let told = shown(&new);
    assert!(!told[0].is_draining && told[5].health == Health::Unhealthy);
    assert_eq!((told.len(), new.endpoint(3).weight(1)), (8, 2));
    // And what was removed there is gone here.
    old.upstream.remove_endpoint(address(9), now).unwrap();
    recover(&mut new, now, &parcel_of(&old, &mut sent));
    assert!(new.upstream.endpoint(address(9)).is_none());
}

#[test]
fn what_operators_set_in_the_new_process_outlives_a_probe_that_turns_in_the_old_one() {
    let old = old();
    let mut sent = SentEndpoints::default();
    let mut new = Stage::new(judged());
    recover(&mut new, old.now, &parcel_of(&old, &mut sent));
    new.endpoint(0).ready();
    new.endpoint(3).set_weight(5);
    new.endpoint(4).set_weight(6);
    new.endpoint(5).drain();
    for number in [0, 3, 4, 5] {
        for _ in 0..2 {
            old.endpoint(number).report_probe(false, old.now);
        }
    }
    // Of one, the same was set here too, and later.
    old.endpoint(4).drain();
    recover(&mut new, old.now, &parcel_of(&old, &mut sent));
    let told: Vec<_> =
        shown(&new)[..6].iter().map(|it| (it.health, it.is_draining, it.weight)).collect();
    let unwell = Health::Unhealthy;
    assert_eq!(told[0], (unwell, false, 1));
    assert_eq!(told[3], (unwell, false, 5));
    assert_eq!(told[4], (unwell, true, 6));
    assert_eq!(told[5], (unwell, true, 1));
}

#[test]
fn what_the_new_configuration_does_not_judge_is_forgotten() {
    let old = old();
    let mut config = judged();
    config.health.active = None;
    config.health.passive.consecutive_failures = 0;
    if let EndpointSource::Address { weight, .. } = &mut config.endpoints[3] {
        *weight = 2;
    }
    config.endpoints.remove(5);
    let mut new = Stage::new(config);
    recover(&mut new, old.now, &parcel_of(&old, &mut SentEndpoints::default()));
    let told = shown(&new);
    assert!(told.iter().all(|it| it.health == Health::Healthy), "{told:?}");
    assert!(told[0].is_draining);
    assert_eq!(told[3].weight, 2, "a newer weight in the file wins over one set by hand");
    assert_eq!(told.len(), 6);
}

#[test]
fn answers_of_dns_are_found_again_by_what_was_asked() {
    let named = |weight| {
        let mut config = upstream(BalanceAlgorithm::RoundRobin, &[]);
        let name = String::from("orders.internal");
        config.endpoints.push(EndpointSource::Dns { name, port: 80, weight, priority: 0 });
        let name = String::from("_http._tcp.orders.internal");
        config.endpoints.push(EndpointSource::DnsSrv { name });
        config
    };
    let old = Stage::new(named(1));
    old.upstream.set_discovered(0, &[discovered(1), discovered(2)], old.now);
    old.upstream.set_discovered(1, &[discovered(3)], old.now);
    let bytes = parcel_of(&old, &mut SentEndpoints::default());
    let mut new = Stage::new(named(4));
    recover(&mut new, old.now, &bytes);
    let told = shown(&new);
    assert_eq!(told.iter().map(|it| it.weight).collect::<Vec<_>>(), [4, 4, 1]);
    assert_eq!(new.spread(90, 4), [0, 40, 40, 10], "nobody starts slowly");
    // What was looked up here already is newer.
    let mut asked = Stage::new(named(1));
    asked.upstream.set_discovered(0, &[discovered(5)], asked.now);
    recover(&mut asked, old.now, &bytes);
    let told: Vec<_> = shown(&asked).iter().map(|it| it.address).collect();
    assert_eq!(told, [address(5), address(3)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_is_told_breaks_anything(
        cut in 0_usize..4_000,
        changes in prop::collection::vec((0_usize..4_000, any::<u8>()), 0..4),
    ) {
        let old = old();
        let mut bytes = parcel_of(&old, &mut SentEndpoints::default());
        bytes.truncate(cut);
        for (place, byte) in changes {
            if let Some(old) = bytes.get_mut(place) {
                *old = byte;
            }
        }
        let registry = Registry::new();
        registry.replace([Arc::new(Stage::new(judged()).upstream)]);
        registry.unpack(ParcelReader::new(&bytes), old.now);
        registry.refresh(old.now + Duration::from_secs(3_600));
    }
}
