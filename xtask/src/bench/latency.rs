//! What a gateway adds to one request on an idle machine: latency through it minus latency without.
//!
//! Waking the other core dominates, so the figure only means something beside what nginx adds in
//! the same run.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Options;
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

/// Runs the bench.
pub(crate) fn run(options: &Options) -> Result<()> {
    let alone = |peer| Candidate::alone(peer, Work::Http, Load::wrk(1));
    let mut candidates: Vec<Candidate> = [Peer::Architrave, Peer::Nginx].map(alone).into();
    options.keep_wanted(&mut candidates)?;
    let peers: Vec<Peer> = candidates.iter().filter_map(|candidate| candidate.peer).collect();
    peers.iter().try_for_each(|peer| peer.install())?;
    let direct = Candidate { peer: None, ..alone(Peer::Nginx) }.named(DIRECT);
    candidates.insert(0, direct);

    // The origin makes no demands, since one of the candidates is the origin itself.
    let stand = Stand::start("latency", &[])?;
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
    report(&measured, &peers)
}

fn report(measured: &[(String, Latencies)], peers: &[Peer]) -> Result<()> {
    let mut report = Report::new("latency", "latency added at one connection, 300-byte reply");
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
            claim("p50 added / nginx's", ratio(|latencies| &latencies.p50), 1.1),
            claim("p99 added / nginx's", ratio(|latencies| &latencies.p99), 1.2),
        ]);
    }
    report.finish()
}

fn micros(latency: Duration) -> f64 {
    latency.as_secs_f64() * 1e6
}
