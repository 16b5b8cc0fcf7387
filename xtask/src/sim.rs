//! `cargo xtask sim`: the shipped balancing algorithms over virtual time.
//!
//! Not a model of the balancer: it drives `architrave-balance` itself, with simulated servers and
//! a simulated clock. Equal seeds give equal figures, on every machine.

mod figures;
mod fleet;
mod pick_cost;
mod report;
mod scenario;
mod world;

use anyhow::{Context, Result, bail, ensure};

use crate::say;
use figures::Figures;
use scenario::Scenario;

/// The algorithms in the order of the tables, by their names in the configuration.
const ALGORITHMS: [&str; 8] = [
    "round_robin",
    "least_request",
    "p2c_least_request",
    "p2c_ewma",
    "ring_hash",
    "maglev",
    "random",
    "first",
];

/// What is simulated, and how it is shown.
struct Options {
    /// Runs per algorithm and scenario, each with another seed.
    seeds: u64,
    /// The scenario to run, by name; all of them by default.
    scenario: Option<String>,
    /// Whether tables are printed as Markdown, for the documentation.
    markdown: bool,
    /// Whether the deployments of a model are balanced, instead of the endpoints of an upstream.
    models: bool,
    /// Whether the cost of a pick is measured, in real time, instead of simulating.
    pick_cost: bool,
}

impl Options {
    fn read(args: &[String]) -> Result<Self> {
        let mut options =
            Self { seeds: 3, scenario: None, markdown: false, models: false, pick_cost: false };
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let mut value = || args.next().with_context(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--seeds" => options.seeds = value()?.parse().context("--seeds takes a number")?,
                "--scenario" => options.scenario = Some(value()?.clone()),
                "--markdown" => options.markdown = true,
                "--models" => options.models = true,
                "--pick-cost" => options.pick_cost = true,
                _ => bail!("sim knows no {flag}"),
            }
        }
        ensure!(options.seeds > 0, "a simulation takes at least one seed");
        Ok(options)
    }
}

/// `cargo xtask sim [--models] [--seeds N] [--scenario NAME] [--markdown] [--pick-cost]`
pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::read(args)?;
    if options.pick_cost {
        pick_cost::run()?;
        fleet::choice_cost();
        return Ok(());
    }
    if options.models {
        return fleet::run(&options);
    }
    let mut scenarios = scenario::all();
    if let Some(wanted) = &options.scenario {
        scenarios.retain(|scenario| scenario.name == wanted);
        ensure!(!scenarios.is_empty(), "there is no scenario {wanted:?}");
    }
    for scenario in &scenarios {
        let rows = rows(scenario, options.seeds)?;
        say::line(report::table(scenario, &rows, options.markdown));
    }
    Ok(())
}

/// The figures of every algorithm in one scenario, over all seeds.
fn rows(scenario: &Scenario, seeds: u64) -> Result<Vec<(&'static str, Figures)>> {
    let row = |algorithm| {
        let mut figures = Figures::default();
        for seed in 1..=seeds {
            world::simulate(scenario, algorithm, seed, &mut figures)?;
        }
        Ok((algorithm, figures))
    };
    ALGORITHMS.into_iter().map(row).collect()
}
