//! Reloading ten thousand routes under load: how long until they are live, and who notices.
//!
//! Two phases, because on two cores a full load makes everything wait for a core: under full load
//! no request may fail; under a light one the slowest request during reloads, and the longest that
//! the worker says it was held up, stand beside those of as long a time without.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::Options;
use super::delays::{Delays, Worker};
use super::load::Load;
use super::peer::{Peer, Work};
use super::prober::{Light, Prober};
use super::report::{Claim, Report, median, spread};
use super::route_set;
use super::stand::{Candidate, LOAD_CORE, Running, Stand};
use crate::{say, tree};

const ROUTES: usize = 10_000;
const RELOADS_PER_ROUND: usize = 5;
const LOAD_SECONDS_LEAST: u32 = 12;
/// How long a reload may take before the bench gives up.
const LIVE_PATIENCE: Duration = Duration::from_secs(10);
/// Rest between two reloads, so that old snapshots are gone.
const REST: Duration = Duration::from_millis(300);

/// Runs the bench.
pub(crate) fn run(options: &Options) -> Result<()> {
    Peer::Architrave.install()?;
    let stand = Stand::start("reload", &["--require", "x-forwarded-for"])?;
    let script = stand.folder().join("routes.lua");
    tree::write(&script, &route_set::script(ROUTES))?;
    let load = Load::Wrk { connections: 32, fields: Vec::new(), script: Some(script) };
    // Both cores: the reload itself is the control side's work, not a worker's.
    let candidate = Candidate {
        cores: "0,1".to_owned(),
        ..Candidate::alone(Peer::Architrave, Work::Routes(ROUTES), load)
    };
    let mut running = stand.up(candidate)?;
    let mut reloads = Reloads::new(&stand, &running)?;

    let loaded = Loaded::measure(&stand, &mut running, &mut reloads, options)?;
    let calm = Calm::measure(&stand, &running, &mut reloads, options)?;
    report(&loaded, &calm)
}

/// What reloads cost under full load.
#[derive(Default)]
struct Loaded {
    /// Milliseconds until each was live.
    live: Vec<f64>,
    /// Requests that were answered meanwhile.
    requests: u64,
}

impl Loaded {
    fn measure(
        stand: &Stand,
        running: &mut Running,
        reloads: &mut Reloads,
        options: &Options,
    ) -> Result<Self> {
        let mut loaded = Self::default();
        for round in 1..=options.rounds {
            let before = loaded.live.len();
            loaded.requests += under_load(stand, running, reloads, options, &mut loaded.live)?;
            say::line(format_args!(
                "   round {round} live after {} ms under load, no request failed",
                spread(&loaded.live[before..])
            ));
        }
        Ok(loaded)
    }
}

/// What reloads cost under a light load, beside as long a time without any.
#[derive(Default)]
struct Calm {
    /// Milliseconds until each was live.
    live: Vec<f64>,
    /// Milliseconds of the slowest request, with reloads and without.
    slowest: Vec<f64>,
    slowest_without: Vec<f64>,
    /// How late the worker came to its timers.
    delays: Delays,
    delays_without: Delays,
}

impl Calm {
    fn measure(
        stand: &Stand,
        running: &Running,
        reloads: &mut Reloads,
        options: &Options,
    ) -> Result<Self> {
        let worker = Worker::of(running)?;
        let mut calm = Self::default();
        for round in 1..=options.rounds {
            let (slowest, delays, took) = seen_meanwhile(running, &worker, || {
                let start = stand.clock().now();
                for _ in 0..RELOADS_PER_ROUND {
                    calm.live.push(reloads.once(stand)?);
                }
                Ok(stand.clock().now().since(start))
            })?;
            calm.slowest.push(slowest);
            calm.delays.add(&delays);
            // What the old snapshots leave behind is not the quiet's.
            std::thread::sleep(REST);
            let (slowest_without, delays, ()) = seen_meanwhile(running, &worker, || {
                std::thread::sleep(took);
                Ok(())
            })?;
            calm.slowest_without.push(slowest_without);
            calm.delays_without.add(&delays);
            say::line(format_args!(
                "   round {round} slowest request {slowest:.2} ms with reloads, \
                 {slowest_without:.2} ms without"
            ));
        }
        Ok(calm)
    }
}

/// The milliseconds of the slowest request of a light load, and how late the worker came to its
/// timers, while something goes on; with what comes of that.
fn seen_meanwhile<T>(
    running: &Running,
    worker: &Worker,
    something: impl FnOnce() -> Result<T>,
) -> Result<(f64, Delays, T)> {
    let prober = Light::start(running.port)?;
    let before = worker.delays()?;
    let came = something()?;
    let delays = worker.delays()?.since(&before);
    Ok((millis(prober.slowest()?), delays, came))
}

/// Writes the report, and holds the figures to what is promised.
fn report(loaded: &Loaded, calm: &Calm) -> Result<()> {
    let mut report =
        Report::new("reload", "10,000 routes read again, from the new file to the new answer");
    report.versions(&[Peer::Architrave])?;
    let row = |what: &str, figures: &[f64]| {
        vec![what.to_owned(), format!("{:.2}", median(figures)), spread(figures)]
    };
    report.table(
        &["what", "median", "spread"],
        &[
            row("ms until live, under full load", &loaded.live),
            row("ms until live, under light load", &calm.live),
            row("ms of the slowest request, with reloads", &calm.slowest),
            row("ms of the slowest request, without", &calm.slowest_without),
        ],
    );
    report.table(
        &["how late the worker came to a timer", "samples", "over 1 ms", "longest, ms at most"],
        &[calm.delays.row("with reloads"), calm.delays_without.row("without")],
    );
    let requests = loaded.requests;
    report.line(&format!("{requests} requests during reloads under full load; none failed.\n"));
    let claim =
        |what: &str, value, limit| Claim { what: what.to_owned(), value, limit, at_least: false };
    let slowed = median(&calm.slowest) - median(&calm.slowest_without);
    let stopped = calm.delays.longest_ms() - calm.delays_without.longest_ms();
    report.claims(&[
        claim("ms until live, light load", median(&calm.live), 400.0),
        claim("ms that reloads add to the slowest request", slowed, 1.0),
        claim("ms that reloads add to the longest stop of a worker", stopped, 1.0),
    ]);
    report.finish()
}

/// Reloads while wrk hits every route; returns how many requests wrk had answered.
fn under_load(
    stand: &Stand,
    running: &mut Running,
    reloads: &mut Reloads,
    options: &Options,
    times: &mut Vec<f64>,
) -> Result<u64> {
    let load = running.candidate.load.clone();
    // Long enough for the reloads to end first, also on a busy machine.
    let seconds = options.seconds.max(LOAD_SECONDS_LEAST);
    let (origin, port) = (stand.origin(), running.port);
    let wrk = std::thread::spawn(move || load.run(origin, port, seconds, LOAD_CORE));
    for _ in 0..RELOADS_PER_ROUND {
        times.push(reloads.once(stand)?);
    }
    ensure!(!wrk.is_finished(), "the load ended before the reloads; give it more --seconds");
    let seen = wrk.join().expect("the load does not panic").context("a request failed")?;
    running.process.as_mut().context("a program")?.check_alive()?;
    Ok(seen.requests)
}

/// Writes one gateway file after another, each telling itself from the last by one redirect.
struct Reloads {
    config: std::path::PathBuf,
    text: String,
    pid: rustix::process::Pid,
    prober: Prober,
    count: u32,
}

impl Reloads {
    fn new(stand: &Stand, running: &Running) -> Result<Self> {
        let config = running.folder.join("gateway.yaml");
        let text = tree::read(&config)?;
        let pid = running.process.as_ref().context("a program")?.pid();
        let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
        let prober = Prober::connect(running.port)?;
        let mut reloads =
            Self { config, text, pid: pid.context("a process id")?, prober, count: 0 };
        reloads.once(stand).context("the first reload")?;
        Ok(reloads)
    }

    /// Writes the next file, reloads, and returns the milliseconds until it answers.
    fn once(&mut self, stand: &Stand) -> Result<f64> {
        std::thread::sleep(REST);
        self.count += 1;
        let host = format!("v{}.example", self.count);
        let marker = format!(
            "routes:\n  - {{ name: marker, hosts: [marker.example], policies: {{ redirect: {{ host: {host} }} }} }}\n"
        );
        let text = self.text.replacen("routes:\n", &marker, 1);
        ensure!(text != self.text, "the gateway file has no routes");
        replace(&self.config, &text)?;
        let start = stand.clock().now();
        rustix::process::kill_process(self.pid, Signal::HUP).context("asking for a reload")?;
        loop {
            let answer = self.prober.ask("marker.example")?;
            let waited = stand.clock().now().since(start);
            if answer.contains(&host) {
                return Ok(millis(waited));
            }
            ensure!(
                waited < LIVE_PATIENCE,
                "the new file does not go live; last answer:\n{answer}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Puts a whole file in the place of another at once, so that nobody reads half of it.
fn replace(path: &Path, text: &str) -> Result<()> {
    let next = path.with_extension("next");
    tree::write(&next, text)?;
    std::fs::rename(&next, path).with_context(|| format!("replacing {}", path.display()))
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
