//! The behaviour of a live upstream, seen through its public face.

use std::sync::atomic::AtomicU32;

use architrave_config::BalanceAlgorithm::{self, P2cLeastRequest, RoundRobin};
use architrave_config::EndpointSource;

use super::*;
use crate::testing::{
    SECOND, SPREADING, Stage, active, address, discovered, every_algorithm, number, upstream,
};
use crate::{Health, Outcome};

fn with_priorities(balance: BalanceAlgorithm, priorities: &[u8]) -> config::Upstream {
    let mut config = upstream(balance, &vec![1; priorities.len()]);
    for (source, &wanted) in config.endpoints.iter_mut().zip(priorities) {
        if let EndpointSource::Address { priority, .. } = source {
            *priority = wanted;
        }
    }
    config
}

#[test]
fn priority_1_serves_only_when_priority_0_has_nobody() {
    for balance in every_algorithm() {
        let mut config = with_priorities(balance, &[0, 0, 1, 1]);
        config.health.active = active(1, 1);
        let mut stage = Stage::new(config);
        assert_eq!(stage.spread(100, 4)[2..], [0, 0], "{balance:?}");
        stage.endpoint(0).report_probe(false, stage.now);
        assert_eq!(stage.spread(100, 4)[1..], [100, 0, 0], "{balance:?}");
        stage.endpoint(1).report_probe(false, stage.now);
        assert_eq!(stage.spread(100, 4)[..2], [0, 0], "{balance:?}: at once");
        stage.pass(SECOND);
        assert_eq!(stage.spread(100, 4)[..2], [0, 0], "{balance:?}: after a refresh");
        stage.endpoint(1).report_probe(true, stage.now);
        stage.pass(SECOND);
        assert_eq!(stage.spread(100, 4)[1], 100, "{balance:?}: back");
    }
}

#[test]
fn an_ejection_acts_at_once_and_ends_in_time() {
    for balance in every_algorithm() {
        let mut stage = Stage::new(upstream(balance, &[1, 1, 1]));
        let ejected = stage.fail_until_ejected(0);
        assert_eq!(ejected, Some(Transition::Ejected { length: 30 * SECOND }), "{balance:?}");
        assert_eq!(stage.endpoint(0).status(stage.now).health, Health::Ejected);
        assert_eq!(stage.spread(300, 3)[0], 0, "{balance:?}");
        stage.pass(29 * SECOND);
        assert_eq!(stage.spread(300, 3)[0], 0, "{balance:?}");
        stage.now = stage.now + SECOND;
        let returned = stage.upstream.refresh(stage.now);
        assert_eq!(returned.len(), 1);
        assert_eq!(returned[0].transition, Transition::Returned);
        assert!(stage.spread(300, 3)[0] > 0, "{balance:?}");
    }
}

#[test]
fn the_last_available_endpoint_is_never_ejected() {
    let mut config = upstream(P2cLeastRequest, &[1, 1, 1]);
    config.health.passive.max_ejected_percent = 100;
    let stage = Stage::new(config);
    let ejected: Vec<bool> =
        (0..3).map(|number| stage.fail_until_ejected(number).is_some()).collect();
    assert_eq!(ejected, [true, true, false]);
    assert_eq!(stage.spread(10, 3), [0, 0, 10]);
}

#[test]
fn no_more_than_the_share_is_ejected_at_once() {
    let stage = Stage::new(upstream(RoundRobin, &[1; 10]));
    let ejected = (0..10).filter(|&number| stage.fail_until_ejected(number).is_some()).count();
    assert_eq!(ejected, 5);
}

#[test]
fn a_success_in_between_keeps_an_endpoint_in() {
    let stage = Stage::new(upstream(RoundRobin, &[1, 1]));
    for _ in 0..10 {
        for _ in 0..4 {
            assert_eq!(stage.attempt(0, Outcome::Failure), None);
        }
        stage.attempt(0, Outcome::Success);
    }
    assert!(stage.endpoint(0).is_available());
}

#[test]
fn an_ejected_endpoint_serves_when_probes_took_everybody_else() {
    for balance in every_algorithm() {
        let mut config = upstream(balance, &[1, 1]);
        config.health.active = active(1, 1);
        let mut stage = Stage::new(config);
        stage.fail_until_ejected(0);
        stage.endpoint(1).report_probe(false, stage.now);
        assert_eq!(stage.pick(1), 0, "{balance:?}: at once");
        stage.pass(SECOND);
        assert_eq!(stage.pick(1), 0, "{balance:?}: after a refresh");
    }
}

#[test]
fn nobody_healthy_is_said_so() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.health.active = active(1, 1);
    let mut stage = Stage::new(config);
    for number in 0..2 {
        stage.endpoint(number).report_probe(false, stage.now);
    }
    for _ in 0..2 {
        let refused = stage.select(&Criteria::default()).map(|endpoint| number(&endpoint));
        assert_eq!(refused, Err(Unavailable::NoneHealthy));
        stage.pass(SECOND);
    }
}

#[test]
fn below_the_panic_threshold_all_are_used_but_drained_ones() {
    for balance in SPREADING {
        let mut config = upstream(balance, &[1; 4]);
        config.health.active = active(1, 1);
        config.panic_threshold_percent = 50;
        let mut stage = Stage::new(config);
        let used = |stage: &Stage| stage.spread(400, 4).iter().filter(|&&n| n > 0).count();
        for (failing, expected) in [(0, 3), (1, 2), (2, 4), (3, 4)] {
            stage.endpoint(failing).report_probe(false, stage.now);
            stage.pass(SECOND);
            assert_eq!(used(&stage), expected, "{balance:?} with {} failing", failing + 1);
        }
        stage.endpoint(3).drain();
        assert_eq!(used(&stage), 3, "{balance:?}");
    }
}

#[test]
fn panic_helps_at_once_when_the_last_one_fails() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.health.active = active(1, 1);
    config.panic_threshold_percent = 1;
    let stage = Stage::new(config);
    for number in 0..2 {
        stage.endpoint(number).report_probe(false, stage.now);
    }
    assert!(stage.select(&Criteria::default()).is_ok());
}

#[test]
fn a_drained_endpoint_gets_nobody_new_not_even_its_own_clients() {
    for balance in every_algorithm() {
        let mut stage = Stage::new(upstream(balance, &[1, 1]));
        stage.endpoint(0).drain();
        let pinned = Criteria { pinned: Some(address(0)), ..Criteria::default() };
        assert_eq!(number(&stage.select(&pinned).expect("one is left")), 1, "{balance:?}");
        assert_eq!(stage.spread(100, 2), [0, 100], "{balance:?}");
        stage.endpoint(0).ready();
        stage.pass(SECOND);
        assert!(stage.spread(100, 2)[0] > 0, "{balance:?}");
    }
}

#[test]
fn a_pinned_endpoint_is_kept_while_it_is_available() {
    let stage = Stage::new(with_priorities(RoundRobin, &[0, 0, 1]));
    let pinned = Criteria { pinned: Some(address(2)), ..Criteria::default() };
    assert_eq!(stage.select(&pinned).map(|endpoint| number(&endpoint)), Ok(2));
    let tried = Criteria { tried: &[address(2)], ..pinned };
    assert_ne!(stage.select(&tried).map(|endpoint| number(&endpoint)), Ok(2));
    stage.fail_until_ejected(2);
    assert_ne!(stage.select(&pinned).map(|endpoint| number(&endpoint)), Ok(2));
    let gone = Criteria { pinned: Some(address(77)), ..Criteria::default() };
    assert!(stage.select(&gone).is_ok());
}

#[test]
fn weight_0_keeps_pinned_clients_and_gets_no_others() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1]));
    stage.endpoint(0).set_weight(0);
    stage.pass(SECOND);
    assert_eq!(stage.spread(100, 2), [0, 100]);
    let pinned = Criteria { pinned: Some(address(0)), ..Criteria::default() };
    assert_eq!(stage.select(&pinned).map(|endpoint| number(&endpoint)), Ok(0));
}

#[test]
fn tried_endpoints_are_avoided_while_there_is_another() {
    for balance in every_algorithm() {
        let stage = Stage::new(with_priorities(balance, &[0, 0, 0, 1]));
        let mut tried = Vec::new();
        for attempt in 0..4 {
            let criteria = Criteria { hash: 5, tried: &tried, ..Criteria::default() };
            let endpoint = stage.select(&criteria).expect("one is left").address();
            assert!(!tried.contains(&endpoint), "{balance:?}, attempt {attempt}");
            tried.push(endpoint);
        }
        assert_eq!(tried[3], address(3), "{balance:?}: the other priority comes last");
        let criteria = Criteria { hash: 5, tried: &tried, ..Criteria::default() };
        assert!(stage.select(&criteria).is_ok(), "{balance:?}: nothing else is left");
    }
}

#[test]
fn full_endpoints_are_passed_over_until_all_are_full() {
    for balance in every_algorithm() {
        let mut config = upstream(balance, &[1, 1, 1]);
        config.limits.requests_per_endpoint_max = 2;
        config.hash_bound = 100.0;
        let stage = Stage::new(config);
        let select = || stage.select(&Criteria { hash: 5, ..Criteria::default() });
        let loads: Vec<_> =
            (0..6).map(|_| select().expect("there is room").begin(stage.now)).collect();
        assert!(stage.upstream.endpoints().iter().all(|endpoint| endpoint.in_flight() == 2));
        assert_eq!(select().map(|_| ()), Err(Unavailable::AtLimit), "{balance:?}");
        drop(loads);
        assert!(select().is_ok(), "{balance:?}");
    }
}

#[test]
fn who_waits_hears_of_endpoints_that_come_back() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.health.active = active(1, 1);
    let mut stage = Stage::new(config.clone());
    let told = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&told);
    stage.upstream.on_layout(move || {
        counts.fetch_add(1, Ordering::Relaxed);
    });
    let hears = |stage: &Stage| {
        stage.upstream.refresh(stage.now);
        told.swap(0, Ordering::Relaxed) > 0
    };
    hears(&stage);
    assert!(!hears(&stage), "nothing happened");
    stage.endpoint(0).report_probe(false, stage.now);
    assert!(hears(&stage));
    stage.endpoint(0).report_probe(true, stage.now);
    assert!(hears(&stage), "it is healthy again");
    stage.endpoint(1).drain();
    hears(&stage);
    stage.endpoint(1).ready();
    assert!(hears(&stage), "it is ready again");
    stage.upstream.add_endpoint(discovered(9), stage.now).expect("there is room");
    assert!(hears(&stage), "somebody has come");
    stage.reload(config);
    stage.endpoint(1).set_weight(7);
    assert!(hears(&stage), "also after a reload");
}

#[test]
fn one_that_joins_others_is_left_out_until_it_was_probed() {
    for balance in every_algorithm() {
        let mut config = upstream(balance, &[1, 1]);
        config.health.active = active(2, 3);
        config.panic_threshold_percent = 60;
        let mut stage = Stage::new(config.clone());
        assert_eq!(stage.spread(100, 3)[2], 0, "{balance:?}: those it begins with serve at once");
        config = upstream(balance, &[1, 1, 1, 1]);
        config.health.active = active(2, 3);
        config.panic_threshold_percent = 60;
        stage.reload(config);
        stage.upstream.refresh(stage.now);
        assert_eq!(stage.endpoint(2).status(stage.now).health, Health::Unprobed);
        assert_eq!(stage.spread(100, 4)[2..], [0, 0], "{balance:?}: and it is no panic");
        assert!(stage.endpoint(2).report_probe(true, stage.now).is_some());
        assert!(stage.endpoint(3).report_probe(false, stage.now).is_some());
        stage.upstream.refresh(stage.now);
        let spread = stage.spread(300, 4);
        assert_eq!(spread[3], 0, "{balance:?}: {spread:?}");
        assert!(spread[2] > 0 || !SPREADING.contains(&balance), "{balance:?}: {spread:?}");
        assert_eq!(stage.endpoint(3).status(stage.now).health, Health::Unhealthy);
    }
}

#[test]
fn newcomers_serve_where_there_is_nobody_else_or_nobody_probes() {
    let mut config = upstream(RoundRobin, &[1]);
    config.health.active = active(1, 1);
    let stage = Stage::new(config);
    stage.upstream.add_endpoint(discovered(1), stage.now).expect("there is room");
    stage.endpoint(0).report_probe(false, stage.now);
    stage.upstream.refresh(stage.now);
    assert_eq!(stage.spread(10, 2), [0, 10], "the one that is known to be ill is worse");
    stage.endpoint(0).report_probe(true, stage.now);
    stage.upstream.refresh(stage.now);
    assert_eq!(stage.spread(10, 2), [10, 0]);
    stage.endpoint(1).cannot_be_probed();
    stage.upstream.refresh(stage.now);
    assert_eq!(stage.spread(10, 2), [5, 5]);
    let stage = Stage::new(upstream(RoundRobin, &[1]));
    stage.upstream.add_endpoint(discovered(1), stage.now).expect("there is room");
    assert_eq!(stage.spread(10, 2), [5, 5]);
}

#[test]
fn a_full_house_does_not_send_requests_to_ejected_endpoints() {
    let mut config = upstream(P2cLeastRequest, &[1, 1]);
    config.limits.requests_per_endpoint_max = 1;
    let stage = Stage::new(config);
    stage.fail_until_ejected(0);
    let _load = stage.begin(1);
    assert_eq!(stage.select(&Criteria::default()).map(|_| ()), Err(Unavailable::AtLimit));
}

#[test]
fn endpoints_live_on_through_a_reload() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1, 1]));
    let before = stage.endpoint(1);
    let load = before.begin(stage.now);
    before.set_weight(9);
    stage.endpoint(2).drain();
    stage.fail_until_ejected(0);
    stage.reload(upstream(P2cLeastRequest, &[1, 1, 1, 1]));
    assert!(Arc::ptr_eq(&before, &stage.endpoint(1)));
    assert_eq!(stage.upstream.in_flight(), 1);
    assert_eq!(stage.endpoint(1).status(stage.now).weight, 9);
    assert!(stage.endpoint(2).status(stage.now).is_draining);
    assert_eq!(stage.endpoint(0).status(stage.now).health, Health::Ejected);
    drop(load);
    assert_eq!(stage.upstream.in_flight(), 0);
}

#[test]
fn a_new_weight_in_the_file_wins_over_one_set_by_hand() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1]));
    stage.endpoint(0).set_weight(0);
    stage.reload(upstream(RoundRobin, &[3, 1]));
    assert_eq!(stage.spread(400, 2), [300, 100]);
}

#[test]
fn a_new_weight_counts_from_the_first_request_on() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1]));
    stage.endpoint(0).set_weight(9);
    let config = Arc::new(upstream(RoundRobin, &[3, 1]));
    stage.upstream = Upstream::new(config, Some(&stage.upstream), stage.now);
    assert_eq!(stage.spread(400, 2), [300, 100], "before any refresh");
}

#[test]
fn a_reload_that_is_given_up_has_changed_nothing() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1]));
    let mut other = upstream(RoundRobin, &[7]);
    other.health.passive.consecutive_failures = 0;
    drop(Upstream::new(Arc::new(other), Some(&stage.upstream), stage.now));
    stage.pass(SECOND);
    assert_eq!(stage.spread(100, 2), [50, 50]);
    assert!(stage.fail_until_ejected(0).is_some());
    assert!(stage.fail_until_ejected(1).is_none());
}

#[test]
fn endpoints_that_left_no_longer_count_as_somebody_else() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1, 1]));
    stage.reload(upstream(RoundRobin, &[1]));
    assert!(stage.fail_until_ejected(0).is_none());
    stage.reload(upstream(RoundRobin, &[1, 1]));
    assert!(stage.fail_until_ejected(0).is_some());
}

#[test]
fn judgements_end_with_the_rules_that_made_them() {
    let mut config = upstream(RoundRobin, &[1, 1, 1]);
    config.health.active = active(1, 1);
    let mut stage = Stage::new(config);
    stage.fail_until_ejected(0);
    stage.endpoint(1).report_probe(false, stage.now);
    let mut config = upstream(RoundRobin, &[1, 1, 1]);
    config.health.passive.consecutive_failures = 0;
    stage.reload(config);
    assert_eq!(stage.spread(300, 3), [100, 100, 100]);
    assert_eq!(stage.endpoint(1).report_probe(false, stage.now), None);
}

#[test]
fn what_dns_answers_replaces_what_it_answered_before() {
    let mut config = upstream(RoundRobin, &[1]);
    let dns = |weight| EndpointSource::Dns {
        name: "orders.internal".to_owned(),
        port: 8080,
        weight,
        priority: 0,
    };
    config.endpoints.push(dns(1));
    let mut stage = Stage::new(config);
    stage.upstream.set_discovered(1, &[discovered(1), discovered(2)], stage.now);
    let kept = stage.endpoint(2);
    assert_eq!(stage.spread(300, 3), [100, 100, 100]);
    stage.upstream.set_discovered(1, &[discovered(2), discovered(3)], stage.now);
    assert!(Arc::ptr_eq(&kept, &stage.endpoint(2)));
    assert_eq!(stage.spread(300, 4), [100, 0, 100, 100]);
    // The last answer survives a reload, with the weight that the file gives it now.
    let mut config = upstream(RoundRobin, &[1]);
    config.endpoints.insert(0, dns(2));
    stage.reload(config);
    assert_eq!(stage.spread(500, 4), [100, 0, 200, 200]);
}

#[test]
fn one_address_is_one_endpoint_however_many_sources_name_it() {
    let mut config = upstream(RoundRobin, &[2, 1]);
    config.endpoints.push(EndpointSource::DnsSrv { name: "_http._tcp.x".to_owned() });
    let stage = Stage::new(config);
    stage.upstream.set_discovered(2, &[discovered(0)], stage.now);
    assert_eq!(stage.upstream.endpoints().len(), 2);
    assert_eq!(stage.spread(300, 2), [200, 100]);
}

#[test]
fn endpoints_added_by_hand_stay_until_removed_by_hand() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1]));
    let now = stage.now;
    assert_eq!(stage.upstream.add_endpoint(discovered(5), now), Ok(()));
    assert_eq!(stage.upstream.add_endpoint(discovered(5), now), Err(MembershipError::Exists));
    stage.reload(upstream(RoundRobin, &[1, 1]));
    assert_eq!(stage.spread(300, 6), [100, 100, 0, 0, 0, 100]);
    let remove = |stage: &Stage, number| stage.upstream.remove_endpoint(address(number), now);
    assert_eq!(remove(&stage, 0), Err(MembershipError::Configured));
    assert_eq!(remove(&stage, 9), Err(MembershipError::NotFound));
    assert_eq!(remove(&stage, 5), Ok(()));
    assert_eq!(stage.spread(300, 6), [150, 150, 0, 0, 0, 0]);
}

#[test]
fn a_joining_endpoint_starts_slowly_and_the_first_ones_do_not() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.slow_start = 20 * SECOND;
    let mut stage = Stage::new(config.clone());
    assert_eq!(stage.spread(100, 2), [50, 50]);
    config.endpoints.push(EndpointSource::Address { address: address(2), weight: 1, priority: 0 });
    stage.reload(config);
    let share = |stage: &Stage| stage.spread(2_100, 3)[2];
    assert_eq!(share(&stage), 100, "a tenth of the weight of each of two others");
    stage.pass(10 * SECOND);
    assert_eq!(share(&stage), 420, "half of it");
    stage.pass(10 * SECOND);
    assert_eq!(share(&stage), 700, "all of it");
}

#[test]
fn an_endpoint_that_returns_starts_slowly_too() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.slow_start = 20 * SECOND;
    let mut stage = Stage::new(config);
    stage.fail_until_ejected(0);
    stage.pass(SECOND);
    stage.pass(30 * SECOND);
    assert_eq!(stage.endpoint(0).status(stage.now).share_percent, 10);
    assert_eq!(stage.spread(110, 2), [10, 100]);
}

#[test]
fn an_endpoint_that_is_back_before_anybody_looked_starts_slowly_too() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.slow_start = 20 * SECOND;
    let mut stage = Stage::new(config);
    assert_eq!(stage.spread(100, 2), [50, 50]);
    stage.endpoint(0).drain();
    stage.endpoint(0).ready();
    stage.pass(SECOND);
    assert_eq!(stage.endpoint(0).status(stage.now).share_percent, 10);
}

#[test]
fn reloads_that_follow_each_other_without_a_refresh_lose_nobody() {
    let mut stage = Stage::new(upstream(RoundRobin, &[1, 1, 1]));
    let reloaded = |stage: &Stage, weights: &[u32]| {
        Upstream::new(Arc::new(upstream(RoundRobin, weights)), Some(&stage.upstream), stage.now)
    };
    stage.upstream = reloaded(&stage, &[1, 1]);
    stage.upstream = reloaded(&stage, &[1]);
    stage.pass(SECOND);
    assert_eq!(stage.upstream.cohort.census().members, 1);
    assert!(stage.fail_until_ejected(0).is_none(), "it is the last one");
}

#[test]
fn an_endpoint_found_by_another_name_is_another_endpoint() {
    let mut config = upstream(RoundRobin, &[1]);
    config.endpoints.push(EndpointSource::DnsSrv { name: "_http._tcp.x".to_owned() });
    let stage = Stage::new(config);
    let named = |name: &str| Discovered { server_name: Some(name.to_owned()), ..discovered(1) };
    stage.upstream.set_discovered(1, &[named("a.internal")], stage.now);
    stage.endpoint(1).drain();
    stage.upstream.set_discovered(1, &[named("b.internal")], stage.now);
    assert_eq!(stage.endpoint(1).server_name(), Some("b.internal"));
    assert!(stage.endpoint(1).is_available());
    assert_eq!(stage.upstream.cohort.census().members, 2);
}

#[test]
fn slow_starts_lay_out_a_view_only_when_a_share_moves() {
    let mut config = upstream(RoundRobin, &[1, 1]);
    config.slow_start = 100 * SECOND;
    let mut stage = Stage::new(config);
    stage.upstream.add_endpoint(discovered(2), stage.now).expect("there is room");
    stage.pass(SECOND);
    let before = stage.upstream.view.load_full();
    for _ in 0..4 {
        stage.pass(SECOND);
    }
    assert!(Arc::ptr_eq(&before, &stage.upstream.view.load_full()));
    stage.pass(50 * SECOND);
    assert_eq!(stage.endpoint(2).status(stage.now).share_percent, 55);
    assert!(!Arc::ptr_eq(&before, &stage.upstream.view.load_full()));
}
