//! Two workers on two cores against one: whether shared state binds them.
//!
//! On two cores the load generator needs one itself, so requests per second cannot double; what
//! can be compared is CPU per request, under the same load on the same two cores. nginx with two
//! processes, which share nothing, says what the cores themselves cost each other.

use anyhow::Result;

use super::Options;
use super::load::{Load, Seen};
use super::peer::{Peer, Work};
use super::report::{Claim, Report, median, spread};
use super::stand::{Candidate, Stand};
use crate::say;

/// Both cores, for the gateway as for its load.
const BOTH: &str = "0,1";

struct Measured {
    label: &'static str,
    peer: Peer,
    workers: u32,
    costs: Vec<f64>,
    rates: Vec<f64>,
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> Result<()> {
    let measured = |label, peer, workers| Measured {
        label,
        peer,
        workers,
        costs: Vec::new(),
        rates: Vec::new(),
    };
    let mut all = vec![
        measured("architrave, 1 worker", Peer::Architrave, 1),
        measured("architrave, 2 workers", Peer::Architrave, 2),
        measured("nginx, 1 worker", Peer::Nginx, 1),
        measured("nginx, 2 workers", Peer::Nginx, 2),
    ];
    if !options.only.is_empty() {
        all.retain(|one| options.only.iter().any(|name| name == one.peer.name()));
    }
    let mut peers: Vec<Peer> = all.iter().map(|one| one.peer).collect();
    peers.dedup();
    peers.iter().try_for_each(|peer| peer.install())?;
    let stand = Stand::start("scale", &["--require", "x-forwarded-for"])?;
    let mut running = Vec::new();
    for one in &all {
        let candidate = Candidate {
            workers: one.workers,
            cores: BOTH.to_owned(),
            ..Candidate::alone(one.peer, Work::Http, Load::wrk(64))
        };
        running.push(stand.up(candidate.named(one.label))?);
    }
    // The load may use both cores too, so that no worker shares its core with all of it.
    for candidate in &mut running {
        stand.warm_up(candidate, BOTH)?;
    }
    for round in 1..=options.rounds {
        let measured = stand.round(&mut running, options.seconds, BOTH)?;
        for (one, sample) in all.iter_mut().zip(measured) {
            let Seen { requests, .. } = sample.seen;
            let rate = requests as f64 / sample.wall.as_secs_f64();
            let cost = sample.cpu.as_secs_f64() * 1e6 / requests as f64;
            say::line(format_args!(
                "   round {round} {:<22} {cost:>7.2} CPU µs/request {rate:>8.0} requests/s",
                one.label
            ));
            one.costs.push(cost);
            one.rates.push(rate);
        }
    }
    report(&all, &peers)
}

fn report(all: &[Measured], peers: &[Peer]) -> Result<()> {
    let mut report = Report::new("scale", "two workers on two cores against one, http1's load");
    report.versions(peers)?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            vec![
                one.label.to_owned(),
                format!("{:.2}", median(&one.costs)),
                spread(&one.costs),
                format!("{:.0}", median(&one.rates)),
            ]
        })
        .collect();
    report.table(&["candidate", "CPU µs/request", "spread", "requests/s"], &rows);
    let mut claims = Vec::new();
    for pair in all.chunks(2) {
        let [one, two] = pair else { continue };
        let paired: Vec<f64> =
            two.costs.iter().zip(&one.costs).map(|(two, one)| two / one).collect();
        claims.push(Claim {
            what: format!("{} / {}, CPU per request", two.label, one.label),
            value: median(&paired),
            limit: 1.05,
            at_least: false,
        });
    }
    report.claims(&claims);
    report.finish()
}
