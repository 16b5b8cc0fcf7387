//! The scenarios: which servers there are, how they behave, and how many requests come.

use std::time::Duration;

use architrave_core::Moment;

/// Requests that one server works on at once; others wait in its queue.
pub(super) const SLOTS: u32 = 4;
/// The mean time a well server works on a request; drawn from an exponential distribution.
pub(super) const SERVICE: Duration = Duration::from_millis(10);

/// One scenario.
pub(super) struct Scenario {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What happens in it, as a sentence.
    pub(super) about: &'static str,
    /// Servers at the start. The first one is the odd one, unless somebody joins.
    pub(super) servers: u16,
    /// Requests that come, as a share of what this many well servers could do.
    pub(super) utilisation: f64,
    /// How long it lasts.
    pub(super) length: Duration,
    /// Nothing is recorded before this; also when a server joins, in a scenario where one does.
    pub(super) settled: Duration,
    /// What is odd.
    pub(super) oddity: Oddity,
    /// Keys of the upstream, as YAML, beside `name`, `balance` and `endpoints`.
    pub(super) upstream: &'static str,
}

/// What is odd about one of the servers.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Oddity {
    /// Nothing.
    Nothing,
    /// The first is this much slower than the others.
    Slow(u32),
    /// The first fails every request at once.
    FailsAtOnce,
    /// One more joins, this much slower at first and well after half a minute.
    JoinsCold(u32),
}

/// How a server serves one request.
pub(super) enum Service {
    /// It works on it for this long on average.
    Works(Duration),
    /// It fails it after this long, without queueing.
    Fails(Duration),
}

impl Scenario {
    /// The server that is looked at in particular.
    pub(super) fn odd_one(&self) -> Option<u16> {
        match self.oddity {
            Oddity::Nothing => None,
            Oddity::Slow(_) | Oddity::FailsAtOnce => Some(0),
            Oddity::JoinsCold(_) => Some(self.servers),
        }
    }

    /// Servers at the end.
    pub(super) fn servers_in_all(&self) -> u16 {
        self.servers + u16::from(matches!(self.oddity, Oddity::JoinsCold(_)))
    }

    /// The mean time between two requests, in seconds.
    pub(super) fn mean_gap(&self) -> f64 {
        let capacity = f64::from(self.servers) * f64::from(SLOTS) / SERVICE.as_secs_f64();
        1.0 / (capacity * self.utilisation)
    }

    /// How `server` serves a request that it begins with at `now`.
    pub(super) fn service(&self, server: u16, now: Moment) -> Service {
        let is_odd = self.odd_one() == Some(server);
        match self.oddity {
            Oddity::Slow(factor) if is_odd => Service::Works(SERVICE * factor),
            Oddity::FailsAtOnce if is_odd => Service::Fails(SERVICE / 20),
            Oddity::JoinsCold(factor) if is_odd => {
                let warm = now.since(super::world::START + self.settled).as_secs_f64() / 30.0;
                let slowness = 1.0 + (f64::from(factor) - 1.0) * (1.0 - warm.min(1.0));
                Service::Works(SERVICE.mul_f64(slowness))
            }
            _ => Service::Works(SERVICE),
        }
    }
}

/// All scenarios, in the order of the documentation.
pub(super) fn all() -> Vec<Scenario> {
    let seconds = Duration::from_secs;
    let base = Scenario {
        name: "equal",
        about: "10 equal servers, 80 % busy.",
        servers: 10,
        utilisation: 0.8,
        length: seconds(65),
        settled: seconds(5),
        oddity: Oddity::Nothing,
        upstream: "",
    };
    vec![
        Scenario { ..base },
        Scenario {
            name: "one_slow",
            about: "10 servers at 60 %, one of them five times slower than the others.",
            utilisation: 0.6,
            oddity: Oddity::Slow(5),
            ..base
        },
        Scenario {
            name: "one_failing_fast",
            about: "10 servers at 60 %, one of them fails each request after half a millisecond; \
                    passive ejection and retries are off, so the algorithm is on its own.",
            utilisation: 0.6,
            oddity: Oddity::FailsAtOnce,
            upstream: "health: { passive: { consecutive_failures: 0 } }",
            ..base
        },
        Scenario {
            name: "one_failing_fast_ejected",
            about: "The same with passive ejection as it is by default.",
            utilisation: 0.6,
            oddity: Oddity::FailsAtOnce,
            ..base
        },
        Scenario {
            name: "one_joining",
            about: "10 servers at 80 %; an eleventh joins cold, ten times slower at first and \
                    well after 30 s. Recorded from its joining on, for those 30 s.",
            length: seconds(35),
            oddity: Oddity::JoinsCold(10),
            ..base
        },
        Scenario {
            name: "one_joining_slow_start",
            about: "The same with `health: { slow_start: 30s }`.",
            length: seconds(35),
            oddity: Oddity::JoinsCold(10),
            upstream: "health: { slow_start: 30s }",
            ..base
        },
        Scenario {
            name: "thousand",
            about: "1,000 equal servers, 80 % busy.",
            servers: 1000,
            length: seconds(3),
            settled: seconds(1),
            ..base
        },
    ]
}
