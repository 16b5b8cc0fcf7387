//! What one pick costs in real time: select, begin and finish, on one thread. Not a simulation;
//! run it from a release build (`cargo run --release -p xtask -- sim --pick-cost`).

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use architrave_balance::{Criteria, Outcome, Upstream};
use architrave_config::{self as config, NoSources};
use architrave_core::Clock;

use super::ALGORITHMS;
use crate::say;

const PICKS: u64 = 2_000_000;

/// Prints nanoseconds per pick for each algorithm with 3, 100 and 1,000 endpoints.
pub(super) fn run() -> Result<()> {
    if cfg!(debug_assertions) {
        say::line("this is a debug build: the figures say nothing");
    }
    say::line(format_args!("{:<18}{:>9}{:>9}{:>9}", "ns per pick with", 3, 100, 1000));
    for algorithm in ALGORITHMS {
        let costs = [3, 100, 1000].map(|endpoints| cost(algorithm, endpoints));
        let [small, middle, large] = costs;
        let (small, middle, large) = (small?, middle?, large?);
        say::line(format_args!("{algorithm:<18}{small:>9.1}{middle:>9.1}{large:>9.1}"));
    }
    Ok(())
}

/// Nanoseconds per pick, the least of five rounds.
fn cost(algorithm: &str, endpoints: u16) -> Result<f64> {
    let addresses: Vec<String> = (0..endpoints)
        .map(|number| format!("{{ address: \"10.0.{}.{}:80\" }}", number >> 8, number & 255))
        .collect();
    let text = format!(
        "version: 1\nupstreams:\n  - {{ name: x, balance: {algorithm}, endpoints: [{}] }}\n",
        addresses.join(", ")
    );
    let snapshot = config::load(&text, "pick_cost.yaml", &NoSources)
        .map_err(|errors| anyhow!("the upstream is not valid: {errors:?}"))?;
    let clock = Clock::system();
    let upstream = Upstream::new(Arc::clone(&snapshot.upstreams[0]), None, clock.now());
    let mut random = fastrand::Rng::with_seed(1);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = clock.now();
        for pick in 0..PICKS {
            // The time is read once per request anyway, by whoever serves it.
            let now = start + std::time::Duration::from_nanos(pick * 100);
            let criteria = Criteria { hash: random.u64(..), ..Criteria::default() };
            let endpoint = upstream.select_endpoint(&criteria, now, &mut random)?;
            black_box(endpoint.begin(now).finish(Outcome::Success, now));
        }
        best = best.min(clock.now().since(start).as_secs_f64() * 1e9 / PICKS as f64);
    }
    Ok(best)
}
