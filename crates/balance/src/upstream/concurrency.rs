//! One upstream used by many threads at once, while the control side changes it.

use std::sync::atomic::{AtomicBool, AtomicU32};
use std::thread;

use architrave_config::BalanceAlgorithm::{P2cLeastRequest, RoundRobin};

use super::*;
use crate::Outcome;
use crate::testing::{SECOND, active, address, discovered, every_algorithm, upstream};

const THREADS: u64 = 4;
const REQUESTS: usize = 20_000;

fn requests(upstream: &Upstream, seed: u64, now: Moment, outcome: impl Fn(usize) -> Outcome) {
    let mut random = fastrand::Rng::with_seed(seed);
    for request in 0..REQUESTS {
        let criteria = Criteria { hash: random.u64(..), ..Criteria::default() };
        let endpoint = upstream.select_endpoint(&criteria, now, &mut random);
        let endpoint = endpoint.expect("somebody is always left");
        endpoint.begin(now).finish(outcome(request), now);
    }
}

#[test]
fn all_workers_share_one_cursor() {
    let now = Moment::ZERO + SECOND;
    let upstream = Upstream::new(Arc::new(upstream(RoundRobin, &[2, 1, 1])), None, now);
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let upstream = &upstream;
            scope.spawn(move || requests(upstream, seed, now, |_| Outcome::Success));
        }
    });
    let all = THREADS * REQUESTS as u64;
    let picks: Vec<u64> = upstream.status(now).iter().map(|(_, status)| status.requests).collect();
    assert_eq!(picks, [all / 2, all / 4, all / 4]);
}

#[test]
fn no_two_workers_take_the_last_room_of_an_endpoint() {
    const LIMIT: u32 = 2;
    for balance in every_algorithm() {
        let now = Moment::ZERO + SECOND;
        let mut config = upstream(balance, &[1, 1]);
        config.limits.requests_per_endpoint_max = LIMIT;
        config.hash_bound = 100.0;
        let upstream = Upstream::new(Arc::new(config), None, now);
        let (most, taken) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for seed in 0..THREADS {
                let (upstream, most, taken) = (&upstream, &most, &taken);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    for _ in 0..REQUESTS / 4 {
                        let criteria = Criteria { hash: random.u64(..), ..Criteria::default() };
                        let reserved = upstream.reserve(&criteria, now, &mut random);
                        if let Ok(reserved) = reserved {
                            most.fetch_max(reserved.endpoint().in_flight(), Ordering::Relaxed);
                            taken.fetch_add(1, Ordering::Relaxed);
                            thread::yield_now();
                        }
                    }
                });
            }
        });
        assert!(most.into_inner() <= LIMIT, "{balance:?}");
        assert!(taken.into_inner() > 0, "{balance:?}");
        assert_eq!(upstream.in_flight(), 0, "{balance:?}");
    }
}

#[test]
fn requests_are_served_whatever_the_control_side_does_meanwhile() {
    for balance in every_algorithm() {
        let start = Moment::ZERO + SECOND;
        let mut config = upstream(balance, &[1, 2, 3, 4]);
        config.health.active = active(1, 1);
        config.slow_start = SECOND;
        let upstream = Upstream::new(Arc::new(config), None, start);
        let working = AtomicBool::new(true);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..THREADS)
                .map(|seed| {
                    let upstream = &upstream;
                    scope.spawn(move || {
                        requests(upstream, seed, start, |request| match request % 7 {
                            0..=2 => Outcome::Failure,
                            3 => Outcome::Neutral,
                            _ => Outcome::Success,
                        });
                    })
                })
                .collect();
            let (upstream, working) = (&upstream, &working);
            scope.spawn(move || disturb(upstream, working, start));
            for worker in workers {
                worker.join().expect("a worker was not served");
            }
            working.store(false, Ordering::Relaxed);
        });
        assert_eq!(upstream.in_flight(), 0, "{balance:?}");
        assert!(upstream.endpoints().iter().all(|endpoint| endpoint.in_flight() == 0));
        let available =
            upstream.endpoints().iter().filter(|endpoint| endpoint.is_available()).count();
        assert_eq!(upstream.cohort.census().available as usize, available, "{balance:?}");
    }
}

/// Changes everything there is to change, but leaves one endpoint alone.
fn disturb(upstream: &Upstream, working: &AtomicBool, start: Moment) {
    let mut now = start;
    let endpoint = |number| upstream.endpoint(address(number)).expect("a member");
    while working.load(Ordering::Relaxed) {
        now = now + SECOND / 10;
        endpoint(1).drain();
        endpoint(2).report_probe(false, now);
        endpoint(3).set_weight(7);
        let _ = upstream.add_endpoint(discovered(9), now);
        upstream.refresh(now);
        endpoint(1).ready();
        endpoint(2).report_probe(true, now);
        let _ = upstream.remove_endpoint(address(9), now);
        upstream.refresh(now);
        thread::yield_now();
    }
}

#[test]
fn threads_that_all_see_failures_leave_one_endpoint_in() {
    let now = Moment::ZERO + SECOND;
    for round in 0..50 {
        let mut config = upstream(P2cLeastRequest, &[1; 8]);
        config.health.passive.max_ejected_percent = 100;
        config.health.passive.consecutive_failures = 1;
        let upstream = Upstream::new(Arc::new(config), None, now);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for endpoint in upstream.endpoints() {
                        endpoint.begin(now).finish(Outcome::Failure, now);
                    }
                });
            }
        });
        let left = upstream.endpoints().iter().filter(|endpoint| endpoint.is_available()).count();
        assert_eq!(left, 1, "round {round}");
    }
}
