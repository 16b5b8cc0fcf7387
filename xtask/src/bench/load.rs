//! The load generators: how each is called and how its report is read.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::shell;

/// What load is put on an address.
#[derive(Clone)]
pub(crate) enum Load {
    /// wrk over HTTP/1.1, with a Lua script and extra header fields when given.
    Wrk { connections: u32, fields: Vec<String>, script: Option<PathBuf> },
    /// h2load over clear-text HTTP/2.
    H2 { connections: u32, streams: u32 },
    /// Our own sink for large replies, which is the origin too.
    Large { connections: u32, fields: &'static str },
}

/// What the load generator saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Requests completed with a 2xx.
    pub(crate) requests: u64,
    /// Bytes of bodies read; 0 when the generator does not say.
    pub(crate) bytes: u64,
    /// Median latency, when the generator says.
    pub(crate) p50: Option<Duration>,
    /// 99th percentile of latency, when the generator says.
    pub(crate) p99: Option<Duration>,
}

impl Seen {
    /// Adds what was seen in another turn. Percentiles cannot be added, and are not kept.
    pub(crate) fn add(&mut self, turn: Self) {
        self.requests += turn.requests;
        self.bytes += turn.bytes;
        (self.p50, self.p99) = (None, None);
    }
}

impl Load {
    /// A wrk load of so many connections and nothing special.
    pub(crate) fn wrk(connections: u32) -> Self {
        Self::Wrk { connections, fields: Vec::new(), script: None }
    }

    /// The command that puts this load on `port` for `seconds`, on `cores`; the gateway's origin
    /// is at the port `origin`.
    pub(crate) fn command(
        &self,
        origin: u16,
        port: u16,
        seconds: u32,
        cores: &str,
    ) -> Result<Command> {
        let mut command = Command::new("taskset");
        command.args(["-c", cores]);
        match self {
            Self::Wrk { connections, fields, script } => {
                command.args(["wrk", "--threads", "1", "--latency", "--timeout", "10s"]);
                command.arg(format!("--connections={connections}"));
                command.arg(format!("--duration={seconds}s"));
                for field in fields {
                    command.args(["--header", field]);
                }
                if let Some(script) = script {
                    command.arg("--script").arg(script);
                }
                command.arg(format!("http://127.0.0.1:{port}/"));
            }
            Self::H2 { connections, streams } => {
                command.args(["h2load", "--threads=1"]);
                command.arg(format!("--clients={connections}"));
                command.arg(format!("--max-concurrent-streams={streams}"));
                command.arg(format!("--duration={seconds}"));
                command.arg(format!("http://127.0.0.1:{port}/"));
            }
            Self::Large { connections, fields } => {
                command.arg(std::env::current_exe()?).arg("bench-load");
                command.arg(format!("127.0.0.1:{origin}")).arg(format!("127.0.0.1:{port}"));
                command.arg(connections.to_string()).arg(seconds.to_string()).arg(fields);
            }
        }
        Ok(command)
    }

    /// Puts the load on and waits for its end.
    ///
    /// # Errors
    /// When there was a socket error or an answer other than 2xx.
    pub(crate) fn run(&self, origin: u16, port: u16, seconds: u32, cores: &str) -> Result<Seen> {
        self.seen(&shell::read(&mut self.command(origin, port, seconds, cores)?)?)
    }

    /// Reads a report.
    pub(crate) fn seen(&self, report: &str) -> Result<Seen> {
        let seen = match self {
            Self::Wrk { .. } => read_wrk(report),
            Self::H2 { .. } => read_h2load(report),
            Self::Large { .. } => read_sink(report),
        };
        let seen =
            seen.with_context(|| format!("reading the load generator's report:\n{report}"))?;
        ensure!(seen.requests > 0, "no request was answered:\n{report}");
        Ok(seen)
    }
}

/// A script that has wrk send requests without a body in turn; the lines of a head are parted by
/// `\n`.
pub(crate) fn wrk_script(heads: impl Iterator<Item = String>) -> String {
    let mut text = String::from("local requests = {\n");
    for head in heads {
        let lines = head.replace('\n', "\\r\\n");
        writeln!(text, "  \"{lines}\\r\\n\\r\\n\",").expect("writing to a string cannot fail");
    }
    text.push_str("}\nlocal at, count = 0, #requests\nfunction request()\n");
    text.push_str("  at = at % count + 1\n  return requests[at]\nend\n");
    text
}

fn read_wrk(report: &str) -> Result<Seen> {
    let wrong = |line: &str| line.contains("Socket errors") || line.contains("Non-2xx");
    if let Some(line) = report.lines().find(|line| wrong(line)) {
        bail!("{}", line.trim());
    }
    let line = report.lines().find(|line| line.contains(" requests in ")).context("no total")?;
    let requests = line.split_whitespace().next().context("no total")?.parse()?;
    let percentile = |name: &str| {
        let line = report.lines().find(|line| line.trim_start().starts_with(name))?;
        wrk_duration(line.split_whitespace().nth(1)?)
    };
    Ok(Seen { requests, bytes: 0, p50: percentile("50%"), p99: percentile("99%") })
}

/// wrk writes `85.00us`, `1.23ms`, `1.00s`, `1.50m`.
fn wrk_duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let micros = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "m" => 60e6,
        _ => return None,
    };
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * micros / 1e6))
}

fn read_h2load(report: &str) -> Result<Seen> {
    let number_before = |line: &str, word: &str| -> Result<u64> {
        let (before, _) = line.split_once(word).with_context(|| format!("no {word}"))?;
        let number = before.split_whitespace().last().context("no number")?;
        number.parse().with_context(|| format!("reading {number}"))
    };
    let line = |start: &str| {
        report.lines().find(|line| line.starts_with(start)).with_context(|| format!("no {start}"))
    };
    let requests = line("requests:")?;
    let codes = line("status codes:")?;
    let answered = number_before(codes, " 2xx")?;
    for (line, word) in [(requests, " failed"), (requests, " errored"), (requests, " timeout")] {
        let count = number_before(line, word)?;
        ensure!(count == 0, "{count}{word}");
    }
    for word in [" 3xx", " 4xx", " 5xx"] {
        let count = number_before(codes, word)?;
        ensure!(count == 0, "{count} answers{word}");
    }
    Ok(Seen { requests: answered, ..Seen::default() })
}

fn read_sink(report: &str) -> Result<Seen> {
    let words: Vec<&str> = report.split_whitespace().collect();
    let ["requests", requests, "bytes", bytes] = words[..] else { bail!("not a report") };
    Ok(Seen { requests: requests.parse()?, bytes: bytes.parse()?, ..Seen::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRK: &str = "Running 5s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  \
        Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency     1.08ms  141.49us\n  \
        Latency Distribution\n     50%    1.07ms\n     75%    1.10ms\n     99%  850.00us\n  \
        290262 requests in 5.00s, 124.29MB read\nRequests/sec:  58029.40\n";

    #[test]
    fn a_wrk_report_gives_requests_and_percentiles() {
        let seen = Load::wrk(1).seen(WRK).unwrap();
        assert_eq!(seen.requests, 290_262);
        assert_eq!(seen.p50, Some(Duration::from_micros(1070)));
        assert_eq!(seen.p99, Some(Duration::from_micros(850)));
    }

    #[test]
    fn a_wrk_report_with_an_error_fails_the_round() {
        for line in [
            "  Socket errors: connect 0, read 1, write 0, timeout 0",
            "  Non-2xx or 3xx responses: 4",
        ] {
            assert!(Load::wrk(1).seen(&format!("{WRK}{line}\n")).is_err(), "{line}");
        }
    }

    #[test]
    fn an_h2load_report_gives_the_2xx_and_refuses_failures() {
        let load = Load::H2 { connections: 1, streams: 1 };
        let good = "requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, 0 errored, 0 timeout\n\
                    status codes: 10 2xx, 0 3xx, 0 4xx, 0 5xx\n";
        assert_eq!(load.seen(good).unwrap().requests, 10);
        assert!(load.seen(&good.replace("0 errored", "1 errored")).is_err());
        assert!(load.seen(&good.replace("0 5xx", "2 5xx")).is_err());
    }
}
