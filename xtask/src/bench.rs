//! `cargo xtask bench`: what a request costs, beside the programs that people use today.
//!
//! No absolute time is stable on a small shared machine, so every figure is a ratio to a peer
//! measured in the same run, or CPU time per request. See `bench/README.md` for the method.

mod applications;
mod cost;
mod delays;
mod latency;
mod llm;
pub(crate) mod llm_origin;
mod load;
mod memory;
pub(crate) mod origin;
mod peer;
mod platform;
mod prober;
mod process;
mod reload;
mod report;
mod route_set;
mod scale;
pub(crate) mod sink;
mod stand;
mod urgent;

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{packages, say, shell};
use cost::CostBench;
pub(crate) use llm::run_gap_load;
use stand::Candidate;
pub(crate) use stand::free_port;

const NAMES: &[&str] = &[
    "http1", "policies", "h2", "large", "tcp", "scale", "latency", "routes", "usage", "keys",
    "reload", "memory", "platform",
];

/// How a bench is run.
pub(crate) struct Options {
    /// Rounds per candidate.
    pub(crate) rounds: u32,
    /// Seconds measured per round.
    pub(crate) seconds: u32,
    /// The candidates to keep, by label; empty keeps all.
    pub(crate) only: Vec<String>,
}

impl Options {
    fn read(args: &[String]) -> Result<Self> {
        let mut options = Self { rounds: 3, seconds: 6, only: Vec::new() };
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let value = args.next().with_context(|| format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--rounds" => options.rounds = value.parse().context("--rounds takes a number")?,
                "--seconds" => {
                    options.seconds = value.parse().context("--seconds takes a number")?
                }
                "--only" => options.only = value.split(',').map(str::to_owned).collect(),
                _ => bail!("bench knows no {flag}"),
            }
        }
        ensure!(options.rounds > 0 && options.seconds > 0, "a bench takes at least one round");
        Ok(options)
    }

    /// Drops the candidates that were not asked for.
    fn keep_wanted(&self, candidates: &mut Vec<Candidate>) -> Result<()> {
        if !self.only.is_empty() {
            candidates.retain(|candidate| self.only.contains(&candidate.label));
        }
        ensure!(!candidates.is_empty(), "--only leaves no candidate");
        Ok(())
    }
}

/// Runs one bench, or all.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (name, rest) = args.split_first().map_or(("list", &[][..]), |(n, r)| (n.as_str(), r));
    if name == "list" {
        say::line(format_args!("benches: {} {}", NAMES.join(" "), llm::NAMES.join(" ")));
        return Ok(());
    }
    let options = Options::read(rest)?;
    install_generators()?;
    ensure!(shell::has("git"), "git names the commit in the results, and is not there");
    if name != "all" {
        return run_one(name, &options);
    }
    NAMES.iter().chain(llm::NAMES).try_for_each(|name| run_one(name, &options))
}

/// Makes sure that the load generators are there.
pub(crate) fn install_generators() -> Result<()> {
    packages::debian(&[
        ("/usr/bin/taskset", "util-linux"),
        ("/usr/bin/wrk", "wrk"),
        ("/usr/bin/h2load", "nghttp2-client"),
    ])
}

/// Puts Architrave alone under the load of a bench, once, and writes no results: `bench-train NAME`.
pub(crate) fn train(args: &[String]) -> Result<()> {
    let [name] = args else { bail!("bench-train takes the name of a bench") };
    let bench = CostBench::named(name)?.with_context(|| format!("{name} does not train"))?;
    bench.train()
}

/// Benches of CPU time alone. They go before every other program of the machine, with all that
/// they start: caches that others have used meanwhile cost more than what is to be told apart. The
/// rest measures times as well, and whoever goes before all others stands still for a twentieth of
/// each second, by the kernel's own rule.
const OF_CPU_ALONE: &[&str] = &[
    "http1",
    "policies",
    "h2",
    "large",
    "tcp",
    "routes",
    "usage",
    "keys",
    "llm",
    "llm-burst",
    "llm-prompt",
    "llm-peers",
];

/// Of CPU time as well, but gateway and load share their cores and must make room for each other:
/// they have much the larger share of them, and no more.
const ON_SHARED_CORES: &[&str] = &["scale"];

fn take_precedence(name: &str) {
    let own = std::process::id().to_string();
    let (policy, priority) =
        if OF_CPU_ALONE.contains(&name) { ("--rr", "1") } else { ("--other", "0") };
    let nice = if ON_SHARED_CORES.contains(&name) { "-20" } else { "0" };
    let commands = [
        vec!["chrt", policy, "--pid", priority, &own],
        vec!["renice", "--priority", nice, "--pid", &own],
    ];
    for command in commands {
        if shell::read(Command::new(command[0]).args(&command[1..])).is_err() {
            say::line("not allowed to go before others: figures will spread");
        }
    }
}

fn run_one(name: &str, options: &Options) -> Result<()> {
    take_precedence(name);
    say::step(format_args!("bench {name}: {} rounds of {} s", options.rounds, options.seconds));
    if let Some(bench) = CostBench::named(name)? {
        return bench.run(options);
    }
    match name {
        "scale" => scale::run(options),
        "latency" => latency::run(options),
        "reload" => reload::run(options),
        "memory" => memory::run(options),
        "platform" => platform::run(options),
        _ if llm::NAMES.contains(&name) => llm::run(name, options),
        _ => bail!("no bench {name}; there are {}", NAMES.join(" ")),
    }
}
