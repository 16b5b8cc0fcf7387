//! Whether one large body holds other exchanges of its worker up: streams at a pace, beside them a
//! body of 20 MiB over and over, and the longest gap between two chunks of a stream.
//!
//! The gateway's worker has its core for itself, and the origin and those who watch the streams go
//! before whatever else the other core does; what they add all the same is measured without the
//! large body, and with it straight to the origin, and shown beside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use architrave_core::Clock;

use super::scripts::Script;
use super::{LlmWork, ORIGIN, candidate};
use crate::bench::Options;
use crate::bench::peer::{API_KEY, Peer};
use crate::bench::report::{Claim, Report, median, spread};
use crate::bench::stand::{LOAD_CORE, Stand};
use crate::bench::urgent::{self, Rank};
use crate::{say, shell};

/// Bytes of the large body.
const LARGE_BYTES: usize = 20 * 1024 * 1024;
/// So many of them at least go by while the streams last: two seconds.
const LARGE_BODIES_LEAST: u32 = 10;
/// As much of it is written at one go.
const WRITE_BYTES: usize = 64 * 1024;
/// Streams that are watched.
const STREAMS: usize = 8;
/// The pace of the origin: a chunk each 10 ms.
const PACE: Duration = Duration::from_millis(10);

/// Runs the bench.
pub(super) fn run(options: &Options) -> Result<()> {
    Peer::Architrave.install()?;
    let stand = Stand::start("llm-gap", ORIGIN)?;
    let running = stand.up(candidate(Peer::Architrave, LlmWork::Chat, Script::Paced, 1)?)?;
    let gateway = running.process.as_ref().context("the gateway is a program of its own")?;
    urgent::workers(gateway.pid(), Rank::Subject)?;
    urgent::thread(stand.origin_pid()?, Rank::Subject)?;
    let mut measured = [
        ("alone", running.port, Script::Paced, "without", Vec::new()),
        ("beside the large body", running.port, Script::Paced, "with", Vec::new()),
        ("beside it, without a gateway", stand.origin(), Script::PlainPaced, "with", Vec::new()),
    ];
    for round in 1..=options.rounds {
        for (label, port, script, large, gaps) in &mut measured {
            let program = std::env::current_exe()?;
            let mut command = urgent::command(Rank::Watch, LOAD_CORE, &program);
            command.args(["bench-llm-gap", &port.to_string(), script.path(), large]);
            let said = shell::read(&mut command)?;
            let gap: f64 = said.trim().parse().context("the load says its longest gap")?;
            say::line(format_args!("   round {round} {label}: {gap:.2} ms late"));
            gaps.push(gap);
        }
    }
    let mut report = Report::new(
        "llm-gap",
        "longest delay of a chunk of 8 paced streams beside a body of 20 MiB, one worker",
    );
    report.versions(&[Peer::Architrave])?;
    let rows: Vec<_> = measured
        .iter()
        .map(|(label, .., gaps)| {
            vec![(*label).to_owned(), format!("{:.2}", median(gaps)), spread(gaps)]
        })
        .collect();
    report.table(&["streams", "ms late, longest", "spread"], &rows);
    report.claims(&[Claim {
        what: "ms late beside the large body".to_owned(),
        value: median(&measured[1].4),
        limit: 5.0,
        at_least: false,
    }]);
    report.finish()
}

/// The load: `bench-llm-gap PORT PATH with|without`; prints the longest delay of a chunk in ms.
pub(crate) fn run_load(args: &[String]) -> Result<()> {
    let [port, path, large] = args else { anyhow::bail!("bench-llm-gap PORT PATH with|without") };
    let target = Target { port: port.parse().context("the port")?, path: path.clone() };
    let is_over = Arc::new(AtomicBool::new(false));
    let sender = (large == "with").then(|| {
        let (is_over, target) = (Arc::clone(&is_over), target.clone());
        std::thread::spawn(move || -> Result<u32> {
            // Those who read the streams, and the origin that paces them, share its core and are
            // not to wait for it.
            urgent::step_back()?;
            let body = large_body();
            let mut sent = 0;
            while !is_over.load(Ordering::Relaxed) {
                target.send_large(body.as_bytes())?;
                sent += 1;
            }
            Ok(sent)
        })
    });
    let streams: Vec<_> = (0..STREAMS)
        .map(|_| {
            let target = target.clone();
            std::thread::spawn(move || target.longest_delay())
        })
        .collect();
    let mut longest = Duration::ZERO;
    for stream in streams {
        longest = longest.max(stream.join().expect("a stream does not panic")?);
    }
    is_over.store(true, Ordering::Relaxed);
    if let Some(sender) = sender {
        let sent = sender.join().expect("the sender does not panic")?;
        ensure!(sent >= LARGE_BODIES_LEAST, "only {sent} large bodies went by beside the streams");
    }
    say::line(format_args!("{:.3}", longest.as_secs_f64() * 1e3));
    Ok(())
}

fn large_body() -> String {
    let text = "What does a load balancer do, and why? ".repeat(LARGE_BYTES / 39);
    format!(
        "{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}",
        crate::bench::llm_origin::MODEL
    )
}

/// Who is asked.
#[derive(Clone)]
struct Target {
    port: u16,
    path: String,
}

impl Target {
    /// A connection that a request was sent on.
    fn ask(&self, body: &[u8]) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: bench.example\r\nauthorization: Bearer {API_KEY}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.path,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        // Within one call the system lets nobody else have the core, however long the call takes.
        body.chunks(WRITE_BYTES).try_for_each(|piece| stream.write_all(piece))?;
        Ok(stream)
    }

    /// Reads one paced stream; how much later than its pace a chunk came, at most.
    fn longest_delay(&self) -> Result<Duration> {
        let clock = Clock::system();
        let mut reader = BufReader::new(self.ask(Script::Paced.body().as_bytes())?);
        let (mut line, mut last, mut longest) = (String::new(), None, Duration::ZERO);
        loop {
            line.clear();
            ensure!(reader.read_line(&mut line)? > 0, "the stream ended early");
            if line.starts_with("data: [DONE]") {
                return Ok(longest);
            }
            if line.starts_with("data: ") {
                let now = clock.now();
                if let Some(last) = last.replace(now) {
                    longest = longest.max(now.since(last).saturating_sub(PACE));
                }
            }
        }
    }

    /// Sends one large body and reads the answer.
    fn send_large(&self, body: &[u8]) -> Result<()> {
        let mut stream = self.ask(body)?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        ensure!(&answer == b"HTTP/1.1 200", "not a 200: {}", String::from_utf8_lossy(&answer));
        Ok(())
    }
}
