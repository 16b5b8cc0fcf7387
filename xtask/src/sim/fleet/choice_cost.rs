//! What one choice of a lane costs in real time: choose, first token and finish, on one thread.

use std::hint::black_box;
use std::time::Duration;

use architrave_balance::deployment::{Demand, End, Spent};
use architrave_config::ModelStrategy;
use architrave_core::Clock;

use super::STRATEGIES;
use super::world::fleet;
use crate::say;

const CHOICES: u64 = 200_000;

/// Prints nanoseconds per choice for each strategy with 1, 4, 16 and 64 lanes.
pub(in crate::sim) fn run() {
    say::line(format_args!("{:<18}{:>9}{:>9}{:>9}{:>9}", "ns per choice with", 1, 4, 16, 64));
    for (name, strategy) in STRATEGIES {
        let [one, few, some, many] = [1, 4, 16, 64].map(|lanes| cost(strategy, lanes));
        say::line(format_args!("{name:<18}{one:>9.1}{few:>9.1}{some:>9.1}{many:>9.1}"));
    }
}

/// Nanoseconds per choice, the least of five rounds.
fn cost(strategy: ModelStrategy, lanes: usize) -> f64 {
    let clock = Clock::system();
    let fleet = fleet(strategy, lanes);
    let mut random = fastrand::Rng::with_seed(1);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = clock.now();
        for choice in 0..CHOICES {
            let now = start + Duration::from_nanos(choice * 100);
            let demand = Demand {
                prompt_tokens: 1_000,
                output_tokens_max: 1_000,
                affinity: (choice % 2 == 0).then(|| random.u64(..)),
                ..Demand::default()
            };
            let Ok(mut choice) = fleet.choose(&demand, now, &mut random) else { return f64::NAN };
            choice.flight.first_token(now + Duration::from_millis(300));
            let spent = Spent { prompt_tokens: 1_000, output_tokens: 200 };
            black_box(choice.flight.finish(End::Answered(spent), now + Duration::from_secs(4)));
        }
        best = best.min(clock.now().since(start).as_secs_f64() * 1e9 / CHOICES as f64);
    }
    best
}
