//! Resident memory of a gateway of models: idle, while many streams are open, and after 10,000.

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
/// Streams at once.
const AT_ONCE: u32 = 500;
/// Seconds of one turn of load: a paced stream takes two.
const TURN_SECONDS: u32 = 10;

/// Runs the bench.
pub(super) fn run(_options: &Options) -> Result<()> {
    Peer::Architrave.install()?;
    let stand = Stand::start("llm-memory", ORIGIN)?;
    let mut running =
        stand.up(candidate(Peer::Architrave, LlmWork::Governed, Script::Burst, AT_ONCE)?)?;
    let resident = |running: &crate::bench::stand::Running| -> Result<f64> {
        let kib = running.process.as_ref().context("a program")?.resident_kib()?;
        Ok(kib as f64 / 1024.0)
    };
    let idle = resident(&running)?;
    let mut streams = 0;
    while streams < STREAMS {
        streams += stand.measure(&mut running, TURN_SECONDS)?.seen.requests;
        say::line(format_args!("   {streams} streams: {:.1} MiB", resident(&running)?));
    }
    let after = resident(&running)?;
    let title = format!("resident memory, one worker, {AT_ONCE} streams at once until {STREAMS}");
    let mut report = Report::new("llm-memory", &title);
    report.versions(&[Peer::Architrave])?;
    let row = vec![
        "architrave".to_owned(),
        format!("{idle:.1}"),
        streams.to_string(),
        format!("{after:.1}"),
    ];
    report.table(&["candidate", "MiB idle", "streams", "MiB after"], &[row]);
    let claim =
        |what: &str, value, limit| Claim { what: what.to_owned(), value, limit, at_least: false };
    report.claims(&[
        claim("MiB resident idle", idle, 20.0),
        claim("MiB more after the streams", after - idle, 10.0),
    ]);
    report.finish()
}
