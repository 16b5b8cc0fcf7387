//! Resident memory: idle, and per idle keep-alive connection at 5,000 of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Options;
use super::load::Load;
use super::peer::{Peer, Work};
use super::report::{Claim, Report};
use super::stand::{Candidate, Stand};

/// Idle connections that are opened.
const CONNECTIONS: usize = 5_000;
/// Bytes of the origin's answer through a gateway are at least this many.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// Runs the bench.
pub(crate) fn run(options: &Options) -> Result<()> {
    let alone = |peer| Candidate::alone(peer, Work::Http, Load::wrk(64));
    let mut candidates: Vec<Candidate> = [Peer::Architrave, Peer::Nginx].map(alone).into();
    options.keep_wanted(&mut candidates)?;
    let peers: Vec<Peer> = candidates.iter().filter_map(|candidate| candidate.peer).collect();
    peers.iter().try_for_each(|peer| peer.install())?;
    let stand = Stand::start("memory", &["--require", "x-forwarded-for"])?;
    let mut report = Report::new("memory", "resident memory, one worker");
    report.versions(&peers)?;
    let (mut rows, mut claims) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let label = candidate.label.clone();
        let mut running = stand.up(candidate)?;
        let resident = |running: &super::stand::Running| {
            running.process.as_ref().context("a program")?.resident_kib()
        };
        let idle = resident(&running)?;
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for count in 0..CONNECTIONS {
            let stream =
                one_request(running.port).with_context(|| format!("connection {count}"))?;
            connections.push(stream);
        }
        let held = resident(&running)?;
        drop(connections);
        stand.measure(&mut running, options.seconds)?;
        let after = resident(&running)?;
        let each = (held.saturating_sub(idle)) as f64 / CONNECTIONS as f64;
        rows.push(vec![
            label.clone(),
            format!("{:.1}", idle as f64 / 1024.0),
            format!("{each:.2}"),
            format!("{:.1}", held as f64 / 1024.0),
            format!("{:.1}", after as f64 / 1024.0),
        ]);
        if label == Peer::Architrave.name() {
            let claim = |what: &str, value, limit| Claim {
                what: what.to_owned(),
                value,
                limit,
                at_least: false,
            };
            claims.push(claim("MiB resident idle", idle as f64 / 1024.0, 12.0));
            claims.push(claim("KiB per idle connection", each, 8.0));
        }
    }
    report.table(
        &["candidate", "MiB idle", "KiB per connection", "MiB at 5,000", "MiB after load"],
        &rows,
    );
    report.claims(&claims);
    report.finish()
}

/// Opens a connection, has one request answered on it and keeps it open.
fn one_request(port: u16) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"xxx") {
        let read = stream.read(&mut buffer)?;
        ensure!(read > 0, "the gateway closed the connection");
        answer.extend_from_slice(&buffer[..read]);
    }
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "not a 200");
    Ok(stream)
}
