//! `cargo xtask sim --models`: the choice among the deployments of a model over virtual time.
//!
//! As with endpoints it drives the shipped code. What is simulated are providers: machines that
//! read prompts one after the other, write many answers side by side, and refuse in their own ways.

mod choice_cost;
mod figures;
mod provider;
mod scenario;
mod world;

use anyhow::{Result, ensure};
use architrave_config::ModelStrategy;

pub(super) use choice_cost::run as choice_cost;

use super::Options;
use super::report;
use crate::say;
use figures::Figures;
use scenario::Scenario;

/// The strategies in the order of the tables, by their names in the configuration.
const STRATEGIES: [(&str, ModelStrategy); 4] = [
    ("weighted", ModelStrategy::Weighted),
    ("least_busy", ModelStrategy::LeastBusy),
    ("fastest", ModelStrategy::Fastest),
    ("cheapest", ModelStrategy::Cheapest),
];

const HEADINGS: [&str; 8] = [
    "strategy",
    "first token",
    "p99",
    "whole answer",
    "lost",
    "tries",
    "read from cache",
    "odd one",
];

/// Runs the scenarios that are asked for, and prints a table of each.
pub(super) fn run(options: &Options) -> Result<()> {
    let mut scenarios = scenario::all();
    if let Some(wanted) = &options.scenario {
        scenarios.retain(|scenario| scenario.name == wanted);
        ensure!(!scenarios.is_empty(), "there is no scenario {wanted:?} of models");
    }
    for scenario in &scenarios {
        let rows = STRATEGIES
            .map(|(name, strategy)| row(name, &figures(scenario, strategy, options.seeds)));
        let title = (scenario.name, scenario.about);
        say::line(report::layout(title, &HEADINGS, &rows, options.markdown));
    }
    Ok(())
}

fn figures(scenario: &Scenario, strategy: ModelStrategy, seeds: u64) -> Figures {
    let mut figures = Figures::default();
    for seed in 1..=seeds {
        world::simulate(scenario, strategy, seed, &mut figures);
    }
    figures
}

fn row(strategy: &str, figures: &Figures) -> Vec<String> {
    let summary = figures.summary();
    let seconds = |seconds: f64| format!("{seconds:.2} s");
    vec![
        strategy.to_owned(),
        seconds(summary.first_token_mean),
        seconds(summary.first_token_p99),
        seconds(summary.whole_mean),
        format!("{:.2} %", summary.lost_percent),
        format!("{:.3}", summary.tries),
        format!("{:.0} %", summary.cached_percent),
        format!("{:.2}", summary.odd_share),
    ]
}
