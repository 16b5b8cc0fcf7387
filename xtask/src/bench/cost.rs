//! Benches of one shape: CPU per request, or per GiB, of candidates beside each other.

use std::path::Path;

use anyhow::Result;

use super::load::Load;
use super::peer::{Peer, Work};
use super::report::{Claim, Report, median, spread};
use super::stand::{Candidate, LOAD_CORE, Running, Sample, Stand};
use super::{Options, applications, route_set};
use crate::{say, tree};

/// What the cost is counted in.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// CPU microseconds per request.
    Request,
    /// CPU microseconds of the workers per request; what the whole process had is told beside it.
    WorkersRequest,
    /// CPU milliseconds per GiB of body.
    Gibibyte,
}

/// A ratio that is promised: `of` costs at most `limit` times what `to` costs.
pub(crate) struct Bound {
    pub(crate) of: &'static str,
    pub(crate) to: &'static str,
    pub(crate) limit: f64,
}

/// A bench of this shape.
pub(crate) struct CostBench {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// A sentence on what is measured.
    pub(crate) title: &'static str,
    /// What the origin demands of every request, as `bench-origin` takes it.
    pub(crate) demands: &'static [&'static str],
    pub(crate) unit: Unit,
    pub(crate) candidates: Vec<Candidate>,
    /// The candidate that the column of ratios compares with.
    pub(crate) unit_of: &'static str,
    pub(crate) bounds: Vec<Bound>,
}

/// Below this share of the core the measurement was disturbed.
const QUIET_SHARE_PERCENT: f64 = 85.0;
/// Applications that are few and many.
const FEW: usize = 10;
const MANY: usize = 100_000;

const FORWARDED: &[&str] = &["--require", "x-forwarded-for"];

/// Seconds of load per candidate in training, after the warm-up.
const TRAINING_SECONDS: u32 = 4;

impl CostBench {
    /// The bench of this name, when it is of this shape.
    pub(crate) fn named(name: &str) -> Result<Option<Self>> {
        Ok(Some(match name {
            "http1" => Self::http1(),
            "policies" => Self::policies(),
            "h2" => Self::h2(),
            "large" => Self::large(),
            "tcp" => Self::tcp(),
            "routes" => Self::routes()?,
            "usage" => Self::usage()?,
            "keys" => Self::keys()?,
            _ => return super::llm::of_cost(name),
        }))
    }

    /// HTTP/1.1 in and out, small replies.
    fn http1() -> Self {
        let alone = |peer| Candidate::alone(peer, Work::Http, Load::wrk(64));
        let bound = |to, limit| Bound { of: "architrave", to, limit };
        Self {
            name: "http1",
            title: "HTTP/1.1 proxy, 300-byte reply, 64 connections, X-Forwarded-For, metrics on",
            demands: FORWARDED,
            unit: Unit::Request,
            candidates: [Peer::Architrave, Peer::Nginx, Peer::Haproxy, Peer::Envoy]
                .map(alone)
                .into(),
            unit_of: "nginx",
            bounds: vec![bound("nginx", 0.95), bound("haproxy", 0.9), bound("envoy", 0.35)],
        }
    }

    /// An API key checked and a rate limit counted, against nginx without either.
    fn policies() -> Self {
        let fields = vec![format!("x-api-key: {}", super::peer::API_KEY)];
        let load = Load::Wrk { connections: 64, fields, script: None };
        Self {
            name: "policies",
            title: "http1 with key_auth and rate_limit on, against nginx without them",
            demands: FORWARDED,
            unit: Unit::Request,
            candidates: vec![
                Candidate::alone(Peer::Architrave, Work::Policies, load.clone())
                    .named("architrave with policies"),
                Candidate::alone(Peer::Architrave, Work::Http, load.clone()),
                Candidate::alone(Peer::Nginx, Work::Http, load),
            ],
            unit_of: "nginx",
            bounds: vec![Bound { of: "architrave with policies", to: "nginx", limit: 1.15 }],
        }
    }

    /// Keys, a plan and its limit from the database with what is used kept, against the same from a
    /// file, of which nothing is kept.
    fn usage() -> Result<Self> {
        Ok(Self {
            name: "usage",
            title: "keys, a plan and its limit from the database with usage kept, against the same \
                    from a file",
            demands: FORWARDED,
            unit: Unit::WorkersRequest,
            candidates: vec![
                of_applications(Work::Stored(FEW), FEW, "database with usage")?,
                of_applications(Work::Plans(FEW), FEW, "file without")?,
            ],
            unit_of: "file without",
            bounds: vec![Bound { of: "database with usage", to: "file without", limit: 1.10 }],
        })
    }

    /// Ten keys and a hundred thousand, every key shown in turn.
    fn keys() -> Result<Self> {
        Ok(Self {
            name: "keys",
            title: "10 and 100,000 applications in the database, every key shown in turn",
            demands: FORWARDED,
            unit: Unit::WorkersRequest,
            candidates: vec![
                of_applications(Work::Stored(FEW), FEW, "10 keys")?,
                of_applications(Work::Stored(MANY), MANY, "100000 keys")?,
            ],
            unit_of: "10 keys",
            bounds: vec![Bound { of: "100000 keys", to: "10 keys", limit: 1.10 }],
        })
    }

    /// HTTP/2 in, HTTP/1.1 out.
    fn h2() -> Self {
        let load = Load::H2 { connections: 16, streams: 8 };
        let alone = |peer| Candidate::alone(peer, Work::Http2, load.clone());
        Self {
            name: "h2",
            title: "HTTP/2 in (clear text), HTTP/1.1 out, 300-byte reply, 16 connections of 8 streams",
            demands: FORWARDED,
            unit: Unit::Request,
            candidates: [Peer::Architrave, Peer::Nginx].map(alone).into(),
            unit_of: "nginx",
            bounds: vec![Bound { of: "architrave", to: "nginx", limit: 1.0 }],
        }
    }

    /// Large replies over HTTP/1.1.
    fn large() -> Self {
        let load = Load::Large { connections: 16, fields: "forwarded" };
        let alone = |peer| Candidate::alone(peer, Work::Http, load.clone());
        let mut candidates = [Peer::Architrave, Peer::Nginx, Peer::Haproxy].map(alone).to_vec();
        candidates.push(
            Candidate::alone(Peer::Nginx, Work::BigBuffers, load.clone())
                .named("nginx, 64 KiB buffers"),
        );
        Self {
            name: "large",
            title: "HTTP/1.1 proxy, 1 MiB replies, 16 connections",
            demands: FORWARDED,
            unit: Unit::Gibibyte,
            candidates,
            unit_of: "nginx",
            bounds: vec![Bound { of: "architrave", to: "nginx", limit: 0.8 }],
        }
    }

    /// Bytes passed on at layer 4.
    fn tcp() -> Self {
        let load = Load::Large { connections: 16, fields: "plain" };
        let alone = |peer| Candidate::alone(peer, Work::Tcp, load.clone());
        let bound = |to, limit| Bound { of: "architrave", to, limit };
        let mut candidates = [Peer::Architrave, Peer::Nginx, Peer::Haproxy].map(alone).to_vec();
        candidates.push(
            Candidate::alone(Peer::Haproxy, Work::BigPipes, load.clone())
                .named("haproxy, 1 MiB pipes"),
        );
        Self {
            name: "tcp",
            title: "TCP relay of 1 MiB replies, 16 connections; HAProxy with splice",
            demands: &[],
            unit: Unit::Gibibyte,
            candidates,
            unit_of: "nginx",
            bounds: vec![bound("haproxy", 0.85), bound("nginx", 1.0)],
        }
    }

    /// Ten routes and ten thousand, every route hit in turn.
    fn routes() -> Result<Self> {
        let candidate = |count: usize, label: &str| -> Result<Candidate> {
            let script = tree::target()?.join(format!("bench/routes/{count}.lua"));
            tree::write(&script, &route_set::script(count))?;
            let load = Load::Wrk { connections: 64, fields: Vec::new(), script: Some(script) };
            Ok(Candidate::alone(Peer::Architrave, Work::Routes(count), load).named(label))
        };
        Ok(Self {
            name: "routes",
            title: "HTTP/1.1 proxy, a fifth wildcard hosts, a tenth regexes, every route hit in turn",
            demands: FORWARDED,
            unit: Unit::Request,
            candidates: vec![candidate(10, "10 routes")?, candidate(10_000, "10000 routes")?],
            unit_of: "10 routes",
            bounds: vec![Bound { of: "10000 routes", to: "10 routes", limit: 1.15 }],
        })
    }

    /// Runs all rounds, candidates interleaved, and reports.
    pub(crate) fn run(mut self, options: &Options) -> Result<()> {
        options.keep_wanted(&mut self.candidates)?;
        let peers: Vec<Peer> = self.candidates.iter().filter_map(|c| c.peer).collect();
        for peer in &peers {
            peer.install()?;
        }
        let stand = self.stand()?;
        let mut running = Vec::new();
        for candidate in &self.candidates {
            running.push(stand.up(candidate.clone())?);
        }
        let mut rounds: Vec<Vec<Sample>> = vec![Vec::new(); running.len()];
        for candidate in &mut running {
            stand.warm_up(candidate, LOAD_CORE)?;
        }
        for round in 1..=options.rounds {
            let measured = stand.round_busy(&mut running, options.seconds)?;
            for ((candidate, samples), sample) in running.iter().zip(&mut rounds).zip(measured) {
                self.say(round, candidate, &sample);
                samples.push(sample);
            }
        }
        self.report(&rounds, &peers)
    }

    /// Puts our own candidates under their loads, and ends them.
    pub(crate) fn train(mut self) -> Result<()> {
        self.candidates.retain(|candidate| candidate.peer == Some(Peer::Architrave));
        let stand = self.stand()?;
        for candidate in &self.candidates {
            let mut running = stand.up(candidate.clone())?;
            stand.measure(&mut running, TRAINING_SECONDS)?;
        }
        Ok(())
    }

    fn stand(&self) -> Result<Stand> {
        let stand = Stand::start(self.name, self.demands)?;
        Ok(if matches!(self.unit, Unit::Gibibyte) { stand.without_origin() } else { stand })
    }

    fn say(&self, round: u32, candidate: &Running, sample: &Sample) {
        say::line(format_args!(
            "   round {round} {:<26} {:>9.2} {} (core {:.0} % busy, {:.0} % of it ours)",
            candidate.candidate.label,
            self.unit.cost(sample),
            self.unit.name(),
            sample.busy() * 100.0,
            sample.share() * 100.0,
        ));
    }

    fn report(&self, rounds: &[Vec<Sample>], peers: &[Peer]) -> Result<()> {
        let mut report = Report::new(self.name, self.title);
        report.versions(peers)?;
        if matches!(self.unit, Unit::Gibibyte) {
            let file = Path::new("/proc/sys/net/ipv4/tcp_congestion_control");
            report.line(&format!(
                "Congestion control of the kernel: {}.\n",
                tree::read(file)?.trim()
            ));
        }
        if matches!(self.unit, Unit::WorkersRequest) {
            for (candidate, samples) in self.candidates.iter().zip(rounds) {
                let whole: Vec<f64> =
                    samples.iter().map(|sample| Unit::Request.cost(sample)).collect();
                report.line(&format!(
                    "{}: {:.2} {} of the whole process ({}).\n",
                    candidate.label,
                    median(&whole),
                    Unit::Request.name(),
                    spread(&whole)
                ));
            }
        }
        let costs: Vec<Vec<f64>> = rounds
            .iter()
            .map(|samples| samples.iter().map(|sample| self.unit.cost(sample)).collect())
            .collect();
        let labels: Vec<&str> = self.candidates.iter().map(|c| c.label.as_str()).collect();
        let ratios = |of: &str, to: &str| ratios(&labels, &costs, of, to);
        let (mut rows, mut least_share) = (Vec::new(), 100.0_f64);
        for ((label, costs), samples) in labels.iter().zip(&costs).zip(rounds) {
            let paired = ratios(label, self.unit_of);
            let busy: Vec<f64> = samples.iter().map(|sample| sample.busy() * 100.0).collect();
            let share: Vec<f64> = samples.iter().map(|sample| sample.share() * 100.0).collect();
            least_share = least_share.min(median(&share));
            rows.push(vec![
                (*label).to_owned(),
                format!("{:.2}", median(costs)),
                spread(costs),
                paired.as_ref().map_or("–".to_owned(), |paired| format!("{:.3}", median(paired))),
                paired.as_ref().map_or("–".to_owned(), |paired| spread(paired)),
                format!("{:.0}", median(&busy)),
                format!("{:.0}", median(&share)),
                costs.iter().map(|cost| format!("{cost:.2}")).collect::<Vec<_>>().join(" "),
            ]);
        }
        let (unit, beside) = (self.unit.name(), format!("× {}", self.unit_of));
        let head = ["candidate", unit, "spread", &beside, "spread", "busy %", "had %", "raw"];
        report.table(&head, &rows);
        if least_share < QUIET_SHARE_PERCENT {
            report.line(
                "Other programs used the gateway's core meanwhile (column `had %`), so caches were \
                 cold: measure again on a quiet machine before you believe a small difference.\n",
            );
        }
        let mut claims = Vec::new();
        for bound in &self.bounds {
            if let Some(paired) = ratios(bound.of, bound.to) {
                claims.push(Claim {
                    what: format!("{} / {}, {unit}", bound.of, bound.to),
                    value: median(&paired),
                    limit: bound.limit,
                    at_least: false,
                });
            }
        }
        report.claims(&claims);
        report.finish()
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Request => "CPU µs/request",
            Self::WorkersRequest => "CPU µs/request of the workers",
            Self::Gibibyte => "CPU ms/GiB",
        }
    }

    fn cost(self, sample: &Sample) -> f64 {
        let cpu = sample.cpu.as_secs_f64();
        match self {
            Self::Request => cpu * 1e6 / sample.seen.requests as f64,
            Self::WorkersRequest => {
                sample.workers.as_secs_f64() * 1e6 / sample.seen.requests as f64
            }
            Self::Gibibyte => cpu * 1e3 / (sample.seen.bytes as f64 / f64::from(1 << 30)),
        }
    }
}

/// A candidate with so many applications, whose load shows all their keys.
fn of_applications(work: Work, count: usize, label: &str) -> Result<Candidate> {
    let script = tree::target()?.join(format!("bench/applications/{count}.lua"));
    tree::write(&script, &applications::script(count))?;
    let load = Load::Wrk { connections: 64, fields: Vec::new(), script: Some(script) };
    Ok(Candidate::alone(Peer::Architrave, work, load).named(label))
}

/// The costs of one candidate over those of another, round by round.
fn ratios(labels: &[&str], costs: &[Vec<f64>], of: &str, to: &str) -> Option<Vec<f64>> {
    let costs_of = |name: &str| labels.iter().position(|label| *label == name).map(|at| &costs[at]);
    let (of, to) = (costs_of(of)?, costs_of(to)?);
    Some(of.iter().zip(to).map(|(of, to)| of / to).collect())
}
