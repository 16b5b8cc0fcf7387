//! What a gateway adds to one request on an idle machine: latency through it minus latency without.
//!
//! Waking the other core dominates, so the figure only means something beside what nginx adds in
//! the same run.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Options;
use super::llm::scripts::Script;
use super::llm::{self, LlmWork};
use super::load::Load;
use super::peer::{Peer, Work};
use super::report::{Claim, Report, median, spread};
use super::stand::{Candidate, Stand};
use crate::say;

const DIRECT: &str = "direct";

/// Latencies of one candidate, one per round, in microseconds.
#[derive(Default)]
struct Latencies {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

/// What is measured.
struct Bench {
    name: &'static str,
    title: &'static str,
    /// What the origin demands: nothing, since one of the candidates is the origin itself.
    demands: &'static [&'static str],
    direct: Candidate,
    candidates: Vec<Candidate>,
    /// The bounds of p50 and p99, as multiples of what nginx adds.
    bounds: [f64; 2],
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> Result<()> {
    let alone = |peer| Candidate::alone(peer, Work::Http, Load::wrk(1));
    let bench = Bench {
        name: "latency",
        title: "latency added at one connection, 300-byte reply",
        demands: &[],
        direct: alone(Peer::Nginx),
        candidates: [Peer::Architrave, Peer::Nginx].map(alone).into(),
        bounds: [1.1, 1.2],
    };
    bench.run(options)
}

/// The same for chat with a model.
pub(crate) fn run_llm(options: &Options) -> Result<()> {
    let plain = || llm::candidate(Peer::Nginx, LlmWork::Chat, Script::Plain, 1);
    let bench = Bench {
        name: "llm-latency",
        title: "latency added to a chat completion at one connection",
        demands: &["llm"],
        direct: plain()?,
        candidates: vec![
            llm::candidate(Peer::Architrave, LlmWork::Chat, Script::Chat, 1)?,
            plain()?,
        ],
        bounds: [1.2, 1.3],
    };
    bench.run(options)
}

impl Bench {
    fn run(self, options: &Options) -> Result<()> {
        let mut candidates = self.candidates;
        options.keep_wanted(&mut candidates)?;
        let peers: Vec<Peer> = candidates.iter().filter_map(|candidate| candidate.peer).collect();
        peers.iter().try_for_each(|peer| peer.install())?;
        let direct = Candidate { peer: None, ..self.direct }.named(DIRECT);
        candidates.insert(0, direct);
        let stand = Stand::start(self.name, self.demands)?;
        let mut running = Vec::new();
        for candidate in candidates {
            running.push((stand.up(candidate)?, Latencies::default()));
        }
        for round in 1..=options.rounds {
            for (candidate, latencies) in &mut running {
                let seen = stand.measure(candidate, options.seconds)?.seen;
                let (p50, p99) = seen.p50.zip(seen.p99).context("wrk says no latency")?;
                say::line(format_args!(
                    "   round {round} {:<12} p50 {p50:?} p99 {p99:?}",
                    candidate.candidate.label
                ));
                latencies.p50.push(micros(p50));
                latencies.p99.push(micros(p99));
            }
        }
        let measured: Vec<(String, Latencies)> = running
            .into_iter()
            .map(|(running, latencies)| (running.candidate.label, latencies))
            .collect();
        report((self.name, self.title, self.bounds), &measured, &peers)
    }
}

fn report(
    (name, title, bounds): (&str, &str, [f64; 2]),
    measured: &[(String, Latencies)],
    peers: &[Peer],
) -> Result<()> {
    let mut report = Report::new(name, title);
    report.versions(peers)?;
    let (_, direct) = &measured[0];
    let added = |of: &[f64], direct: &[f64]| -> Vec<f64> {
        of.iter().zip(direct).map(|(of, direct)| of - direct).collect()
    };
    let mut rows = Vec::new();
    for (label, latencies) in measured {
        let (p50, p99) = (added(&latencies.p50, &direct.p50), added(&latencies.p99, &direct.p99));
        rows.push(vec![
            label.clone(),
            format!("{:.0}", median(&latencies.p50)),
            format!("{:.0}", median(&p50)),
            spread(&p50),
            format!("{:.0}", median(&latencies.p99)),
            format!("{:.0}", median(&p99)),
            spread(&p99),
        ]);
    }
    report.table(
        &["candidate", "p50 µs", "p50 added", "spread", "p99 µs", "p99 added", "spread"],
        &rows,
    );
    let of = |name: &str| measured.iter().find(|(label, _)| label == name).map(|(_, l)| l);
    if let Some((ours, nginx)) = of("architrave").zip(of("nginx")) {
        let ratio = |pick: fn(&Latencies) -> &[f64]| {
            let ours = median(&added(pick(ours), pick(direct)));
            ours / median(&added(pick(nginx), pick(direct)))
        };
        let claim = |what: &str, value, limit| Claim {
            what: what.to_owned(),
            value,
            limit,
            at_least: false,
        };
        report.claims(&[
            claim("p50 added / nginx's", ratio(|latencies| &latencies.p50), bounds[0]),
            claim("p99 added / nginx's", ratio(|latencies| &latencies.p99), bounds[1]),
        ]);
    }
    report.finish()
}

fn micros(latency: Duration) -> f64 {
    latency.as_secs_f64() * 1e6
}
