//! The simulated world: an open stream of requests, servers with queues, and virtual time.
//!
//! Open loop on purpose: requests come whether or not the earlier ones were answered, as they do
//! from many clients, so a bad choice shows as waiting and not as fewer requests.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use architrave_balance::{Criteria, Discovered, Endpoint, Load, Outcome, Upstream, hash_key};
use architrave_config::{self as config, NoSources};
use architrave_core::Moment;

use super::figures::Figures;
use super::scenario::{SLOTS, Scenario, Service};

/// When the world begins; the clock of a real gateway does not start at zero either.
pub(super) const START: Moment = Moment::from_nanos(1_000_000_000);
/// How often the control runtime refreshes an upstream.
const REFRESH_EVERY: Duration = Duration::from_millis(100);
/// How often the load of all servers is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Different keys that requests carry for the hash algorithms.
const KEYS: u32 = 100_000;

/// Runs one scenario with one algorithm and one seed, and adds what happened to `figures`.
pub(super) fn simulate(
    scenario: &Scenario,
    algorithm: &str,
    seed: u64,
    figures: &mut Figures,
) -> Result<()> {
    let upstream = Upstream::new(Arc::new(configure(scenario, algorithm)?), None, START);
    let mut world = World {
        scenario,
        upstream,
        now: START,
        events: BinaryHeap::new(),
        requests: Vec::new(),
        servers: (0..scenario.servers_in_all()).map(|_| Server::default()).collect(),
        random: fastrand::Rng::with_seed(seed),
        figures,
    };
    world.run();
    Ok(())
}

/// The upstream as the gateway would read it from its file, with every default that ships.
fn configure(scenario: &Scenario, algorithm: &str) -> Result<config::Upstream> {
    let endpoints: Vec<String> = (0..scenario.servers)
        .map(|server| format!("{{ address: \"{}\" }}", address(server)))
        .collect();
    // `first` balances nothing: it fills its servers one after the other up to a limit.
    let limit = if algorithm == "first" { 2 * SLOTS } else { 0 };
    let text = format!(
        "version: 1\nupstreams:\n  - name: simulated\n    balance: {algorithm}\n    \
         limits: {{ requests_per_endpoint: {limit} }}\n    endpoints: [{}]\n    {}\n",
        endpoints.join(", "),
        scenario.upstream,
    );
    let snapshot = config::load(&text, "simulated.yaml", &NoSources)
        .map_err(|errors| anyhow!("the simulated upstream is not valid: {errors:?}"))?;
    let upstream = snapshot.upstreams.first().ok_or_else(|| anyhow!("no upstream was read"))?;
    Ok(config::Upstream::clone(upstream))
}

fn address(server: u16) -> SocketAddr {
    let [high, low] = server.to_be_bytes();
    SocketAddr::from(([10, 0, high, low], 8080))
}

fn server_of(endpoint: &Endpoint) -> u16 {
    match endpoint.address() {
        SocketAddr::V4(address) => {
            let [_, _, high, low] = address.ip().octets();
            u16::from_be_bytes([high, low])
        }
        SocketAddr::V6(_) => unreachable!("simulated servers have IPv4 addresses"),
    }
}

/// What happens next. Ordered by time; ties by kind and number, so that runs are repeatable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A server is done with a request.
    Done(usize),
    /// A server joins.
    Join,
    /// The control runtime refreshes.
    Refresh,
    /// The load of all servers is looked at.
    Look,
    /// A request comes.
    Arrive,
}

/// A request at a server.
struct Request {
    came: Moment,
    server: u16,
    load: Option<Load>,
    outcome: Outcome,
}

/// A server: requests being worked on, and requests waiting.
#[derive(Default)]
struct Server {
    working: u32,
    waiting: VecDeque<usize>,
}

struct World<'a> {
    scenario: &'a Scenario,
    upstream: Upstream,
    now: Moment,
    events: BinaryHeap<Reverse<(Moment, Event)>>,
    requests: Vec<Request>,
    servers: Vec<Server>,
    random: fastrand::Rng,
    figures: &'a mut Figures,
}

impl World<'_> {
    fn run(&mut self) {
        self.figures.begin_run(self.servers.len());
        self.after(Duration::ZERO, Event::Arrive);
        self.after(REFRESH_EVERY, Event::Refresh);
        self.after(self.scenario.settled, Event::Look);
        if self.scenario.servers_in_all() > self.scenario.servers {
            self.after(self.scenario.settled, Event::Join);
        }
        let end = START + self.scenario.length;
        while let Some(Reverse((moment, event))) = self.events.pop() {
            if moment > end {
                break;
            }
            self.now = moment;
            self.happen(event);
        }
        self.figures.end_run(self.scenario.odd_one());
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Done(request) => self.finish(request),
            Event::Arrive => {
                let gap = self.exponential(self.scenario.mean_gap());
                self.after(gap, Event::Arrive);
                self.arrive();
            }
            Event::Refresh => {
                self.after(REFRESH_EVERY, Event::Refresh);
                self.upstream.refresh(self.now);
            }
            Event::Look => {
                self.after(LOOK_EVERY, Event::Look);
                let endpoints = self.upstream.endpoints();
                self.figures.saw_load(endpoints.iter().map(|endpoint| endpoint.in_flight()));
            }
            Event::Join => {
                let joining = Discovered {
                    address: address(self.scenario.servers),
                    weight: 1,
                    priority: 0,
                    server_name: None,
                };
                let joined = self.upstream.add_endpoint(joining, self.now);
                joined.expect("its address is new and the upstream is not full");
            }
        }
    }

    fn arrive(&mut self) {
        let hash = hash_key(&self.random.u32(..KEYS).to_be_bytes());
        let criteria = Criteria { hash, ..Criteria::default() };
        let Ok(endpoint) = self.upstream.select_endpoint(&criteria, self.now, &mut self.random)
        else {
            self.record(|figures| figures.refused());
            return;
        };
        let server = server_of(&endpoint);
        self.record(|figures| figures.picked(server));
        let load = Some(endpoint.begin(self.now));
        let request = self.requests.len();
        self.requests.push(Request { came: self.now, server, load, outcome: Outcome::Success });
        match self.scenario.service(server, self.now) {
            Service::Fails(after) => {
                self.requests[request].outcome = Outcome::Failure;
                self.after(after, Event::Done(request));
            }
            Service::Works(_) if self.servers[usize::from(server)].working < SLOTS => {
                self.work_on(request);
            }
            Service::Works(_) => self.servers[usize::from(server)].waiting.push_back(request),
        }
    }

    fn work_on(&mut self, request: usize) {
        let server = self.requests[request].server;
        if let Service::Works(mean) = self.scenario.service(server, self.now) {
            self.servers[usize::from(server)].working += 1;
            let service = self.exponential(mean.as_secs_f64());
            self.after(service, Event::Done(request));
        }
    }

    fn finish(&mut self, number: usize) {
        let request = &mut self.requests[number];
        let (came, outcome, server) = (request.came, request.outcome, request.server);
        if let Some(load) = request.load.take() {
            load.finish(outcome, self.now);
        }
        if outcome == Outcome::Success {
            let took = self.now.since(came);
            self.record(|figures| figures.answered(took));
            let place = &mut self.servers[usize::from(server)];
            place.working -= 1;
            if let Some(next) = place.waiting.pop_front() {
                self.work_on(next);
            }
        } else {
            self.record(|figures| figures.failed());
        }
    }

    fn record(&mut self, what: impl FnOnce(&mut Figures)) {
        if self.now >= START + self.scenario.settled {
            what(self.figures);
        }
    }

    fn after(&mut self, span: Duration, event: Event) {
        self.events.push(Reverse((self.now + span, event)));
    }

    /// A time drawn from the exponential distribution with this mean, in seconds.
    fn exponential(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(-mean * (1.0 - self.random.f64()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    fn short(name: &str, algorithm: &str, seed: u64) -> super::super::figures::Summary {
        let scenario = scenario::all().into_iter().find(|scenario| scenario.name == name);
        let scenario = scenario.expect("there is such a scenario");
        let length = Duration::from_secs(8);
        let mut figures = Figures::default();
        simulate(&Scenario { length, ..scenario }, algorithm, seed, &mut figures)
            .expect("the upstream is valid");
        figures.summary()
    }

    #[test]
    fn equal_seeds_give_equal_figures() {
        let runs = [1, 1, 2].map(|seed| short("equal", "p2c_ewma", seed));
        assert_eq!(runs[0].mean, runs[1].mean);
        assert_ne!(runs[0].mean, runs[2].mean);
    }

    #[test]
    fn looking_at_the_load_is_worth_it() {
        let [random, two, all] = ["random", "p2c_least_request", "least_request"]
            .map(|algorithm| short("equal", algorithm, 1).mean);
        assert!(all < two && two < random, "{all:?} {two:?} {random:?}");
    }

    #[test]
    fn only_ewma_sees_through_quick_failures() {
        assert!(short("one_failing_fast", "p2c_ewma", 1).lost_percent < 1.0);
        assert!(short("one_failing_fast", "p2c_least_request", 1).lost_percent > 10.0);
        assert!(short("one_failing_fast_ejected", "p2c_least_request", 1).lost_percent < 1.0);
    }
}
