//! Resident memory of a gateway of models: idle, while many streams are open, and after 10,000.

use std::time::Duration;

use anyhow::{Context, Result};

use super::scripts::Script;
use super::{LlmWork, ORIGIN, candidate};
use crate::bench::Options;
use crate::bench::peer::Peer;
use crate::bench::report::{Claim, Report};
use crate::bench::stand::Stand;
use crate::say;

/// Streams in all.
const STREAMS: u64 = 10_000;
/// Streams at once: as many as the other benches have, and very many, of which the allocator keeps
/// more. The promise is made for both.
const AT_ONCE: [u32; 2] = [64, 500];
/// Between two looks at what is resident after the load.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks that show no less than before when it has settled.
const SETTLED_LOOKS: u32 = 6;
/// Seconds of one turn of load: a paced stream takes two.
const TURN_SECONDS: u32 = 10;

/// Runs the bench.
pub(super) fn run(_options: &Options) -> Result<()> {
    Peer::Architrave.install()?;
    let title = format!("resident memory, one worker, idle and after {STREAMS} streams");
    let mut report = Report::new("llm-memory", &title);
    report.versions(&[Peer::Architrave])?;
    let (mut rows, mut claims) = (Vec::new(), Vec::new());
    for at_once in AT_ONCE {
        let seen = after_streams(at_once)?;
        rows.push(vec![
            at_once.to_string(),
            format!("{:.1}", seen.idle),
            seen.streams.to_string(),
            format!("{:.1}", seen.after),
        ]);
        let claim = |what: &str, value, limit| Claim {
            what: format!("{what}, {at_once} at once"),
            value,
            limit,
            at_least: false,
        };
        claims.push(claim("MiB resident idle", seen.idle, 20.0));
        claims.push(claim("MiB more after the streams", seen.after - seen.idle, 10.0));
    }
    report.table(&["at once", "MiB idle", "streams", "MiB after"], &rows);
    report.claims(&claims);
    report.finish()
}

/// What is resident, in MiB.
struct Seen {
    idle: f64,
    streams: u64,
    after: f64,
}

/// The resident memory once it falls no more: an allocator gives back what was free for a while.
fn settled(resident: impl Fn() -> Result<f64>) -> Result<f64> {
    let mut least = f64::INFINITY;
    let mut looks_since = 0;
    while looks_since < SETTLED_LOOKS {
        std::thread::sleep(LOOK_EVERY);
        let now = resident()?;
        looks_since = if now < least { 0 } else { looks_since + 1 };
        least = least.min(now);
    }
    Ok(least)
}

/// Runs a fresh gateway through that many streams.
fn after_streams(at_once: u32) -> Result<Seen> {
    let stand = Stand::start("llm-memory", ORIGIN)?;
    let mut running =
        stand.up(candidate(Peer::Architrave, LlmWork::Governed, Script::Burst, at_once)?)?;
    let resident = |running: &crate::bench::stand::Running| -> Result<f64> {
        let kib = running.process.as_ref().context("a program")?.resident_kib()?;
        Ok(kib as f64 / 1024.0)
    };
    let idle = resident(&running)?;
    let mut streams = 0;
    while streams < STREAMS {
        streams += stand.measure(&mut running, TURN_SECONDS)?.seen.requests;
    }
    let after = settled(|| resident(&running))?;
    say::line(format_args!("   {streams} streams, {at_once} at once: {after:.1} MiB"));
    Ok(Seen { idle, streams, after })
}
