//! Streams at a pace: 64 of them, a chunk each 10 ms. Nobody is kept busy by that; what counts is
//! the CPU time of each chunk.
//!
//! Chunks are counted where they come from. A count of streams that ended would miss those that
//! the end of a turn cuts off, and of streams that begin together it cuts all or none: a third of
//! the chunks, or nothing.

use anyhow::Result;

use super::scripts::Script;
use super::{LlmWork, ORIGIN, candidate};
use crate::bench::Options;
use crate::bench::llm_origin::chunks_sent;
use crate::bench::peer::Peer;
use crate::bench::report::{Claim, Report, median, spread};
use crate::bench::stand::{LOAD_CORE, Running, Stand};
use crate::say;

/// Streams at once.
const STREAMS: u32 = 64;
/// Seconds measured in a round at least.
const SECONDS_MIN: u32 = 12;
/// Seconds of a candidate's turn: a stream takes two, and of those that are begun one must end for
/// the load generator to have seen an answer.
const TURN_SECONDS: u32 = 4;

/// Runs the bench.
pub(super) fn run(options: &Options) -> Result<()> {
    let mut candidates = vec![
        candidate(Peer::Architrave, LlmWork::Chat, Script::Paced, STREAMS)?,
        candidate(Peer::Nginx, LlmWork::Chat, Script::PlainPaced, STREAMS)?,
    ];
    options.keep_wanted(&mut candidates)?;
    let peers: Vec<Peer> = candidates.iter().filter_map(|candidate| candidate.peer).collect();
    peers.iter().try_for_each(|peer| peer.install())?;
    let stand = Stand::start("llm-paced", ORIGIN)?;
    let mut running: Vec<(Running, Vec<f64>)> = Vec::new();
    for candidate in candidates {
        running.push((stand.up(candidate)?, Vec::new()));
    }
    for (candidate, _) in &mut running {
        stand.warm_up(candidate, LOAD_CORE)?;
    }
    let turns = options.seconds.max(SECONDS_MIN) / TURN_SECONDS;
    for round in 1..=options.rounds {
        let mut spent = vec![(0.0, 0); running.len()];
        for _ in 0..turns {
            for ((candidate, _), (micros, chunks)) in running.iter_mut().zip(&mut spent) {
                let before = chunks_sent(stand.origin())?;
                let sample = stand.turn(candidate, TURN_SECONDS, LOAD_CORE)?;
                *chunks += chunks_sent(stand.origin())? - before;
                *micros += sample.cpu.as_secs_f64() * 1e6;
            }
        }
        for ((candidate, costs), (micros, chunks)) in running.iter_mut().zip(&spent) {
            let cost = micros / *chunks as f64;
            say::line(format_args!(
                "   round {round} {:<12} {cost:.2} CPU µs/chunk, {chunks} chunks",
                candidate.candidate.label
            ));
            costs.push(cost);
        }
    }
    let title =
        "streamed chat completion, 200 chunks at 10 ms, 64 streams; nginx with buffering off";
    let mut report = Report::new("llm-paced", title);
    report.versions(&peers)?;
    let rows: Vec<Vec<String>> = running
        .iter()
        .map(|(running, costs)| {
            vec![running.candidate.label.clone(), format!("{:.2}", median(costs)), spread(costs)]
        })
        .collect();
    report.table(&["candidate", "CPU µs/chunk", "spread"], &rows);
    if let [(_, ours), (_, nginx)] = running.as_slice() {
        let ratios: Vec<f64> = ours.iter().zip(nginx).map(|(ours, nginx)| ours / nginx).collect();
        report.claims(&[Claim {
            what: "architrave / nginx, CPU µs/chunk".to_owned(),
            value: median(&ratios),
            limit: 1.15,
            at_least: false,
        }]);
    }
    report.finish()
}
