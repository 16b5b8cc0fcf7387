//! One measuring stand: an origin, the candidates in front of it, and the rounds over them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use architrave_core::Clock;

use super::load::{Load, Seen};
use super::peer::{Peer, Setup, Work};
use super::process::{Process, core_idle};
use crate::{say, tree};

/// How long a program may take until it accepts connections: one in Python loads for ten seconds
/// before.
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// The core that the gateway has for itself.
pub(crate) const GATEWAY_CORE: u32 = 0;
/// The core that the origin and the load generator share.
pub(crate) const LOAD_CORE: &str = "1";
/// A round counts only when the gateway's core was at least this busy.
pub(crate) const BUSY_LEAST: f64 = 0.9;
const WARM_UP_SECONDS: u32 = 3;
/// What the names of our workers' threads begin with.
const WORKER: &str = "worker-";
/// How long a candidate is measured before the next has its turn. Where cores of a virtual machine
/// are placed, and what its neighbours leave of a cache, changes every ten seconds or so: what is
/// compared must lie closer together than that.
const TURN_SECONDS: u32 = 2;

/// One thing to be measured.
#[derive(Clone)]
pub(crate) struct Candidate {
    /// The name in the table.
    pub(crate) label: String,
    /// The program; `None` loads the origin itself.
    pub(crate) peer: Option<Peer>,
    /// What it is set up for.
    pub(crate) work: Work,
    /// Its workers.
    pub(crate) workers: u32,
    /// The cores it may use, as taskset writes them.
    pub(crate) cores: String,
    /// The load it is put under.
    pub(crate) load: Load,
}

impl Candidate {
    /// A candidate with one worker, alone on the gateway's core.
    pub(crate) fn alone(peer: Peer, work: Work, load: Load) -> Self {
        Self {
            label: peer.name().to_owned(),
            peer: Some(peer),
            work,
            workers: 1,
            cores: GATEWAY_CORE.to_string(),
            load,
        }
    }

    /// The same under another name.
    pub(crate) fn named(mut self, label: &str) -> Self {
        label.clone_into(&mut self.label);
        self
    }
}

/// A candidate that is up.
pub(crate) struct Running {
    /// What it is.
    pub(crate) candidate: Candidate,
    /// The port that takes its load.
    pub(crate) port: u16,
    /// The program; `None` when the origin itself is loaded.
    pub(crate) process: Option<Process>,
    /// Where its configuration lies.
    pub(crate) folder: PathBuf,
}

impl Running {
    /// What a failure of it is told with: what was done, and what the program says.
    pub(crate) fn told(&self, done: &str) -> String {
        let label = &self.candidate.label;
        match self.process.as_ref().map(Process::last_words).filter(|words| !words.is_empty()) {
            Some(words) => format!("{done} {label}, which says:\n{words}\n"),
            None => format!("{done} {label}"),
        }
    }
}

/// What one round of one candidate showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// CPU time of the candidate.
    pub(crate) cpu: Duration,
    /// What of it its workers had, where it is ours.
    pub(crate) workers: Duration,
    /// How long the load was on.
    pub(crate) wall: Duration,
    /// How long the gateway's core had nothing to do meanwhile.
    pub(crate) idle: Duration,
    /// What the load generator saw.
    pub(crate) seen: Seen,
}

impl Sample {
    /// How much of the gateway's core the candidate kept busy of what others left of it, 0 to 1.
    pub(crate) fn busy(&self) -> f64 {
        self.cpu.as_secs_f64() / (self.cpu + self.idle).as_secs_f64().max(1e-9)
    }

    /// Adds what another turn of the same round showed.
    fn add(&mut self, turn: Self) {
        self.cpu += turn.cpu;
        self.workers += turn.workers;
        self.wall += turn.wall;
        self.idle += turn.idle;
        self.seen.add(turn.seen);
    }

    /// How much of the gateway's core the candidate had, 0 to 1; the rest was idle or others'.
    pub(crate) fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// The origin and a folder to work in.
pub(crate) struct Stand {
    folder: PathBuf,
    clock: Clock,
    origin: u16,
    // Ended when the stand is dropped; none when the load brings its own.
    origin_process: Option<Process>,
}

impl Stand {
    /// Starts the origin, which demands and refuses fields as told; by the demand `llm`, the one of
    /// models.
    pub(crate) fn start(bench: &str, demands: &[&str]) -> Result<Self> {
        let folder = tree::target()?.join("bench").join(bench);
        std::fs::create_dir_all(&folder)?;
        let clock = Clock::system();
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        let (program, demands) = match demands {
            ["llm"] => ("bench-llm-origin", &[][..]),
            demands => ("bench-origin", demands),
        };
        command.args([program, &format!("127.0.0.1:{port}")]).args(demands);
        let log = folder.join("origin.log");
        let mut process = Process::start("the origin", LOAD_CORE, &command, &log)?;
        wait_until_ready(&clock, &mut process, port)?;
        Ok(Self { folder, clock, origin: port, origin_process: Some(process) })
    }

    /// Leaves the origin's port to the load generator.
    pub(crate) fn without_origin(mut self) -> Self {
        self.origin_process = None;
        self
    }

    /// The folder for scratch files of this bench.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The real clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The origin's port.
    pub(crate) fn origin(&self) -> u16 {
        self.origin
    }

    /// The process of the origin.
    pub(crate) fn origin_pid(&self) -> Result<u32> {
        Ok(self.origin_process.as_ref().context("the load brings its own origin")?.pid())
    }

    /// Starts a candidate, and sends it one request to see that its answer is the origin's.
    pub(crate) fn up(&self, candidate: Candidate) -> Result<Running> {
        let Some(peer) = candidate.peer else {
            let folder = self.folder.clone();
            return Ok(Running { candidate, port: self.origin, process: None, folder });
        };
        let folder = self.folder.join(candidate.label.replace([' ', ',', '/'], "-"));
        std::fs::create_dir_all(&folder)?;
        let setup = Setup {
            folder,
            port: free_port()?,
            origin: self.origin,
            work: candidate.work,
            workers: candidate.workers,
        };
        let command = peer.command(&setup)?;
        let log = setup.folder.join("log");
        let mut process = Process::start(&candidate.label, &candidate.cores, &command, &log)?;
        wait_until_ready(&self.clock, &mut process, setup.port)
            .with_context(|| format!("{} cannot be measured", candidate.label))?;
        if matches!(candidate.work, Work::Http) && self.origin_process.is_some() {
            let answer = first_answer(setup.port);
            let answer = answer.with_context(|| format!("the first request to {peer:?}"))?;
            ensure!(
                answer.starts_with("HTTP/1.1 200") && answer.ends_with("xxx"),
                "{peer:?} does not pass on the origin's answer:\n{answer}"
            );
        }
        if matches!(candidate.work, Work::Policies | Work::Plans(_) | Work::Stored(_)) {
            let answer = first_answer(setup.port)?;
            ensure!(
                answer.starts_with("HTTP/1.1 401"),
                "a request without a key is let through:\n{answer}"
            );
        }
        let Setup { folder, port, .. } = setup;
        Ok(Running { candidate, port, process: Some(process), folder })
    }

    /// Warms a candidate up and measures it once, the load coming from its own core.
    pub(crate) fn measure(&self, running: &mut Running, seconds: u32) -> Result<Sample> {
        self.warm_up(running, LOAD_CORE)?;
        self.turn(running, seconds, LOAD_CORE)
    }

    /// Warms a candidate up, the load coming from `cores`.
    pub(crate) fn warm_up(&self, running: &mut Running, cores: &str) -> Result<()> {
        let load = &running.candidate.load;
        let warmed = load.run(self.origin, running.port, WARM_UP_SECONDS, cores);
        warmed.map(drop).with_context(|| running.told("warming up"))
    }

    /// One round over all candidates, who take turns of [`TURN_SECONDS`] until each has had
    /// `seconds`.
    pub(crate) fn round(
        &self,
        all: &mut [Running],
        seconds: u32,
        cores: &str,
    ) -> Result<Vec<Sample>> {
        let mut samples = vec![Sample::default(); all.len()];
        let mut left = seconds;
        while left > 0 {
            let turn = left.min(TURN_SECONDS);
            left -= turn;
            for (running, sample) in all.iter_mut().zip(&mut samples) {
                sample.add(self.turn(running, turn, cores)?);
            }
        }
        Ok(samples)
    }

    /// Rounds until one counts, that is, until every candidate was kept busy.
    pub(crate) fn round_busy(&self, all: &mut [Running], seconds: u32) -> Result<Vec<Sample>> {
        let mut idlest = String::new();
        for _ in 0..4 {
            let samples = self.round(all, seconds, LOAD_CORE)?;
            let busy = all.iter().zip(&samples).map(|(running, sample)| (sample.busy(), running));
            let (busy, idler) = busy
                .min_by(|(one, _), (other, _)| one.total_cmp(other))
                .context("nobody is measured")?;
            if busy >= BUSY_LEAST {
                return Ok(samples);
            }
            idlest = format!("{} no more than {:.0} %", idler.candidate.label, busy * 100.0);
            say::line(format_args!("   the load kept {idlest} busy; the round does not count"));
        }
        bail!("the load generator kept {idlest} busy, so it would be measured itself")
    }

    /// Puts the load on a candidate for one turn.
    pub(crate) fn turn(&self, running: &mut Running, seconds: u32, cores: &str) -> Result<Sample> {
        let load = &running.candidate.load;
        let cpu =
            |process: &Option<Process>| process.as_ref().map_or(Ok(Duration::ZERO), Process::cpu);
        let of_workers = |process: &Option<Process>| {
            let process = process.as_ref();
            process.map_or(Ok(Duration::ZERO), |process| process.cpu_of_threads(WORKER))
        };
        let workers = of_workers(&running.process)?;
        let (idle, before, start) =
            (core_idle(GATEWAY_CORE)?, cpu(&running.process)?, self.clock.now());
        let seen = load
            .run(self.origin, running.port, seconds, cores)
            .with_context(|| running.told("measuring"))?;
        let wall = self.clock.now().since(start);
        let cpu = cpu(&running.process)? - before;
        let idle = core_idle(GATEWAY_CORE)?.saturating_sub(idle);
        if let Some(process) = running.process.as_mut() {
            process.check_alive()?;
        }
        let workers = of_workers(&running.process)?.saturating_sub(workers);
        Ok(Sample { cpu, workers, wall, idle, seen })
    }
}

/// A port of 127.0.0.1 that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

fn wait_until_ready(clock: &Clock, process: &mut Process, port: u16) -> Result<()> {
    let deadline = clock.now() + READY_PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        process.check_alive()?;
        ensure!(clock.now() < deadline, "port {port} does not open:\n{}", process.output());
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// The answer to one request without any credential. The origin answers with an error when the
/// gateway did not send on what it should have.
fn first_answer(port: u16) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
