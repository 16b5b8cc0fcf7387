//! For how long workers stood still, as they measure it themselves: the histogram of
//! `architrave_worker_delay_seconds`, read from the admin listener.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::stand::Running;
use crate::tree;

const BUCKET: &str = "architrave_worker_delay_seconds_bucket{le=\"";

/// The admin listener of a gateway that is being measured.
pub(super) struct Worker(SocketAddr);

/// Samples so far, by the upper bound of their bucket in microseconds; none is beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delays(BTreeMap<u64, u64>);

impl Worker {
    /// Finds it by the line that says where everything listens.
    pub(super) fn of(running: &Running) -> Result<Self> {
        let log = tree::read(&running.folder.join("log"))?;
        let mut ready = log.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            line["admin"].as_str()?.parse().ok()
        });
        Ok(Self(ready.next().context("the gateway does not say where its admin listener is")?))
    }

    /// What was measured until now.
    pub(super) fn delays(&self) -> Result<Delays> {
        let mut stream = TcpStream::connect(self.0).context("connecting to the admin listener")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.0)?;
        let mut page = String::new();
        stream.read_to_string(&mut page).context("reading the metrics")?;
        let delays = Delays::read(&page);
        ensure!(!delays.0.is_empty(), "the gateway does not say how late its workers come");
        Ok(delays)
    }
}

impl Delays {
    fn read(page: &str) -> Self {
        let mut below = 0;
        let buckets = page.lines().filter_map(|line| {
            let (bound, count) = line.strip_prefix(BUCKET)?.split_once("\"} ")?;
            let (bound, count) = (bound.parse::<f64>().ok()?, count.parse::<u64>().ok()?);
            let own = count - below;
            below = count;
            let micros = if bound.is_finite() { (bound * 1e6).round() as u64 } else { u64::MAX };
            Some((micros, own))
        });
        Self(buckets.collect())
    }

    /// What came after `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        let was = |bound: &u64| before.0.get(bound).copied().unwrap_or_default();
        Self(self.0.iter().map(|(bound, count)| (*bound, count - was(bound))).collect())
    }

    /// Adds others of the same buckets.
    pub(super) fn add(&mut self, others: &Self) {
        for (bound, count) in &others.0 {
            *self.0.entry(*bound).or_default() += count;
        }
    }

    /// No sample was later than this; infinite when only that is known.
    pub(super) fn longest_ms(&self) -> f64 {
        let longest = self.0.iter().rfind(|(_, count)| **count > 0).map_or(0, |(bound, _)| *bound);
        if longest == u64::MAX { f64::INFINITY } else { longest as f64 / 1e3 }
    }

    /// A row of the report: samples, how many were later than a millisecond, the longest.
    pub(super) fn row(&self, what: &str) -> Vec<String> {
        let late: u64 = self.0.range(1_001..).map(|(_, count)| count).sum();
        let all: u64 = self.0.values().sum();
        vec![what.to_owned(), all.to_string(), late.to_string(), format!("{}", self.longest_ms())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(counts: [u64; 3]) -> String {
        let lines = ["0.001", "0.0015", "+Inf"].iter().zip(counts);
        lines.map(|(bound, count)| format!("{BUCKET}{bound}\"}} {count}\n")).collect()
    }

    #[test]
    fn the_longest_of_a_while_is_that_of_its_own_samples() {
        let (first, second) = (Delays::read(&page([5, 6, 7])), Delays::read(&page([9, 11, 12])));
        let mut between = second.since(&first);
        assert_eq!(between.row("x"), ["x", "5", "1", "1.5"]);
        between.add(&between.clone());
        assert_eq!(between.row("x"), ["x", "10", "2", "1.5"]);
        assert!(first.longest_ms().is_infinite());
        assert!((Delays::default().longest_ms() - 0.0).abs() < 1e-9);
    }
}
