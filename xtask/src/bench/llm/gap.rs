//! Whether one large body holds other exchanges of its worker up: streams at a pace, beside them a
//! body of 20 MiB over and over, and the longest gap between two chunks of a stream.
//!
//! The load generator has gaps of its own on a busy machine; they are measured without the large
//! body and shown beside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
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
use crate::{say, shell};

/// Bytes of the large body.
const LARGE_BYTES: usize = 20 * 1024 * 1024;
/// Streams that are watched.
const STREAMS: usize = 8;
/// The pace of the origin: a chunk each 10 ms.
const PACE: Duration = Duration::from_millis(10);

/// Runs the bench.
pub(super) fn run(options: &Options) -> Result<()> {
    Peer::Architrave.install()?;
    let stand = Stand::start("llm-gap", ORIGIN)?;
    let running = stand.up(candidate(Peer::Architrave, LlmWork::Chat, Script::Paced, 1)?)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        for (large, gaps) in [("without", &mut alone), ("with", &mut beside)] {
            let mut command = Command::new("taskset");
            command.args(["-c", LOAD_CORE]).arg(std::env::current_exe()?);
            command.args(["bench-llm-gap", &running.port.to_string(), large]);
            let said = shell::read(&mut command)?;
            let gap: f64 = said.trim().parse().context("the load says its longest gap")?;
            say::line(format_args!("   round {round} {large} the large body: {gap:.2} ms late"));
            gaps.push(gap);
        }
    }
    let mut report = Report::new(
        "llm-gap",
        "longest delay of a chunk of 8 paced streams beside a body of 20 MiB, one worker",
    );
    report.versions(&[Peer::Architrave])?;
    let row = |label: &str, gaps: &[f64]| {
        vec![label.to_owned(), format!("{:.2}", median(gaps)), spread(gaps)]
    };
    report.table(
        &["streams", "ms late, longest", "spread"],
        &[row("alone", &alone), row("beside the large body", &beside)],
    );
    report.claims(&[Claim {
        what: "ms late beside the large body".to_owned(),
        value: median(&beside),
        limit: 5.0,
        at_least: false,
    }]);
    report.finish()
}

/// The load: `bench-llm-gap PORT with|without`; prints the longest delay of a chunk in ms.
pub(crate) fn run_load(args: &[String]) -> Result<()> {
    let [port, large] = args else { anyhow::bail!("bench-llm-gap PORT with|without") };
    let port: u16 = port.parse().context("the port")?;
    let is_over = Arc::new(AtomicBool::new(false));
    let sender = (large == "with").then(|| {
        let is_over = Arc::clone(&is_over);
        std::thread::spawn(move || -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                send_large(port)?;
            }
            Ok(())
        })
    });
    let streams: Vec<_> =
        (0..STREAMS).map(|_| std::thread::spawn(move || longest_delay(port))).collect();
    let mut longest = Duration::ZERO;
    for stream in streams {
        longest = longest.max(stream.join().expect("a stream does not panic")?);
    }
    is_over.store(true, Ordering::Relaxed);
    if let Some(sender) = sender {
        sender.join().expect("the sender does not panic")?;
    }
    say::line(format_args!("{:.3}", longest.as_secs_f64() * 1e3));
    Ok(())
}

fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench.example\r\nauthorization: Bearer {API_KEY}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// Reads one paced stream; how much later than its pace a chunk came, at most.
fn longest_delay(port: u16) -> Result<Duration> {
    let clock = Clock::system();
    let body = Script::Paced.body();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(head(Script::Paced.path(), body.len()).as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut reader = BufReader::new(stream);
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
fn send_large(port: u16) -> Result<()> {
    let text = "What does a load balancer do, and why? ".repeat(LARGE_BYTES / 39);
    let body = format!(
        "{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}",
        crate::bench::llm_origin::MODEL
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(head("/v1/chat/completions", body.len()).as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"HTTP/1.1 200", "not a 200: {}", String::from_utf8_lossy(&answer));
    Ok(())
}
