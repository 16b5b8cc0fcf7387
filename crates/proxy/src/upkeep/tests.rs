//! Upkeep on a real runtime: origins that turn, names that move, upstreams that come and go.
//!
//! Waiting is always for a condition.

use std::sync::Weak;
use std::sync::atomic::{AtomicU16, Ordering};

use architrave_balance::{Endpoint, Outcome};
use architrave_config::{self as config, EndpointSource, HealthCheck};
use architrave_core::shutdown::Shutdown;
use architrave_testkit::name_server::{NameServer, Record, RecordType};
use architrave_testkit::{Origin, SOON, eventually};

use super::*;

const TICK: Duration = Duration::from_millis(20);

fn upstream(name: &str, endpoints: Vec<EndpointSource>) -> config::Upstream {
    config::Upstream {
        name: UpstreamName::new(name),
        balance: config::BalanceAlgorithm::RoundRobin,
        hash_on: config::HashOn::SourceAddress,
        hash_bound: 1.25,
        endpoints,
        protocol: config::UpstreamProtocol::Auto,
        send_proxy_protocol: config::SendProxyProtocol::Off,
        tls: None,
        health: config::Health::default(),
        slow_start: Duration::ZERO,
        panic_threshold_percent: 0,
        persistence: None,
        limits: config::UpstreamLimits::default(),
        timeouts: config::UpstreamTimeouts::default(),
        retry: config::Retry::default(),
        hedge: None,
        egress: architrave_config::Egress::Anywhere,
    }
}

fn at(origin: &Origin) -> EndpointSource {
    EndpointSource::Address { address: origin.addr(), weight: 1, priority: 0 }
}

fn probed(mut upstream: config::Upstream) -> config::Upstream {
    upstream.health.active = Some(config::ActiveHealth {
        check: HealthCheck::Http { path: "/healthz".into(), expect: vec![(200, 299)] },
        interval: TICK,
        timeout: SOON,
        rise: 2,
        fall: 2,
    });
    upstream
}

fn dns(name: &str, weight: u32) -> EndpointSource {
    EndpointSource::Dns { name: name.into(), port: 8080, weight, priority: 3 }
}

/// Everything that upkeep needs, and the upkeep itself.
struct House {
    registry: Arc<Registry>,
    clock: Clock,
    names: NameServer,
    shutdown: Shutdown,
    upkeep: Upkeep,
}

impl House {
    fn new() -> Self {
        let registry = Arc::new(Registry::new());
        let clock = Clock::manual();
        let names = NameServer::start();
        let resolver = Arc::new(Resolver::with_name_server(names.address()));
        let shutdown = Shutdown::default();
        let upkeep =
            Upkeep::start(Arc::clone(&registry), resolver, clock.clone(), shutdown.signal());
        Self { registry, clock, names, shutdown, upkeep }
    }

    /// Puts these upstreams in charge, as a reload does, and gives the first.
    fn reload(&self, configs: Vec<config::Upstream>) -> Arc<Upstream> {
        let live = configs.into_iter().map(|config| {
            let previous = self.registry.get(&config.name);
            Arc::new(Upstream::new(Arc::new(config), previous.as_deref(), self.clock.now()))
        });
        let live: Vec<_> = live.collect();
        self.registry.replace(live.iter().cloned());
        Arc::clone(&live[0])
    }

    /// Waits until the upstream has endpoints as described: address, weight and priority.
    fn expect_endpoints(&self, upstream: &Upstream, expect: &[(&str, u32, u32)]) {
        let mut seen = Vec::new();
        eventually(&format!("endpoints {expect:?}"), SOON, || {
            let status = upstream.status(self.clock.now());
            seen = status
                .into_iter()
                .map(|(_, one)| (one.address.to_string(), one.weight, one.priority))
                .collect();
            let is_same =
                seen.iter().map(|(a, w, p)| (a.as_str(), *w, *p)).eq(expect.iter().copied());
            is_same.then_some(())
        });
    }
}

fn a(ttl: u32, last: u8) -> Record {
    Record::A(ttl, [192, 0, 2, last].into())
}

/// An origin whose health can be switched.
fn switchable() -> (Origin, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let origin = Origin::start({
        let status = Arc::clone(&status);
        move |exchange| exchange.reply(status.load(Ordering::Relaxed), &[], "")
    });
    (origin, status)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_take_an_endpoint_out_and_bring_it_back() {
    let house = House::new();
    let (sick, status) = switchable();
    let (well, _) = switchable();
    let live = house.reload(vec![probed(upstream("orders", vec![at(&sick), at(&well)]))]);
    let endpoints = live.endpoints();
    let availability = |expect: [bool; 2]| {
        eventually(&format!("availability {expect:?}"), SOON, || {
            let is: Vec<_> = endpoints.iter().map(|one| one.is_available()).collect();
            (is == expect).then_some(())
        });
    };
    eventually("both are probed", SOON, || (sick.count() > 2 && well.count() > 2).then_some(()));
    availability([true, true]);
    status.store(503, Ordering::Relaxed);
    availability([false, true]);
    status.store(204, Ordering::Relaxed);
    availability([true, true]);
    assert_eq!(sick.last().target, "/healthz");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_disturbs_only_what_it_changes() {
    let (first, _) = switchable();
    let (second, _) = switchable();
    let tools = Tools {
        resolver: Arc::new(Resolver::with_name_server(([127, 0, 0, 1], 9).into())),
        clock: Clock::system(),
    };
    let before = probed(upstream("orders", vec![at(&first), at(&second)]));
    let live = Upstream::new(Arc::new(before.clone()), None, tools.clock.now());
    let mut probing = Probing::new(tools.clone());
    probing.follow(&live);
    let tasks = probing.task_ids();
    assert_eq!(tasks.len(), 2);
    probing.follow(&live);
    assert_eq!(probing.task_ids(), tasks);

    let mut lighter = before.clone();
    lighter.slow_start = SOON;
    lighter.endpoints.pop();
    let live = Upstream::new(Arc::new(lighter), Some(&live), tools.clock.now());
    probing.follow(&live);
    let kept = probing.task_ids();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept.get(&first.addr()), tasks.get(&first.addr()));

    let mut slower = before.clone();
    slower.health.active.as_mut().unwrap().interval = SOON;
    let live = Upstream::new(Arc::new(slower), Some(&live), tools.clock.now());
    probing.follow(&live);
    assert_ne!(probing.task_ids().get(&first.addr()), tasks.get(&first.addr()));

    let unprobed = upstream("orders", before.endpoints);
    probing.follow(&Upstream::new(Arc::new(unprobed), Some(&live), tools.clock.now()));
    assert!(probing.task_ids().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_cannot_be_set_up_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let authority = architrave_testkit::authority::Authority::new();
    let ca_file = authority.write(folder.path());
    std::fs::remove_file(&ca_file).unwrap();
    let (origin, _) = switchable();
    let clock = Clock::system();
    let resolver = Arc::new(Resolver::with_name_server(([127, 0, 0, 1], 9).into()));
    let mut over_tls = probed(upstream("orders", vec![at(&origin)]));
    over_tls.tls =
        Some(config::UpstreamTls { ca_file: Some(ca_file), ..config::UpstreamTls::default() });
    let live = Upstream::new(Arc::new(over_tls), None, clock.now());
    let mut probing = Probing::new(Tools { resolver, clock });
    probing.follow(&live);
    assert!(probing.task_ids().is_empty());
    assert!(authority.write(folder.path()).exists());
    probing.follow(&live);
    assert_eq!(probing.task_ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upstreams_that_are_gone_are_left_alone() {
    let house = House::new();
    let (origin, _) = switchable();
    let live = house.reload(vec![probed(upstream("orders", vec![at(&origin)]))]);
    eventually("it is probed", SOON, || (origin.count() > 1).then_some(()));
    let endpoint: Weak<Endpoint> = Arc::downgrade(&live.endpoints()[0]);
    drop(live);
    drop(house.registry.replace([]));
    eventually("nobody holds the endpoint", SOON, || endpoint.upgrade().is_none().then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_follow_the_name_and_outlast_its_failures() {
    let house = House::new();
    house.names.set("orders.internal", &[a(1, 1), a(1, 2)]);
    let live = house.reload(vec![upstream("orders", vec![dns("orders.internal", 7)])]);
    house.expect_endpoints(&live, &[("192.0.2.1:8080", 7, 3), ("192.0.2.2:8080", 7, 3)]);
    assert_eq!(live.endpoints()[0].server_name(), Some("orders.internal"));

    house.names.set("orders.internal", &[a(1, 2), a(1, 3)]);
    house.expect_endpoints(&live, &[("192.0.2.2:8080", 7, 3), ("192.0.2.3:8080", 7, 3)]);

    for kind in [RecordType::A, RecordType::Aaaa] {
        house.names.fail("orders.internal", kind);
    }
    let asked = house.names.asked("orders.internal");
    eventually("it is asked in vain", SOON, || {
        (house.names.asked("orders.internal") > asked + 4).then_some(())
    });
    house.expect_endpoints(&live, &[("192.0.2.2:8080", 7, 3), ("192.0.2.3:8080", 7, 3)]);

    house.names.set("orders.internal", &[a(1, 4)]);
    house.expect_endpoints(&live, &[("192.0.2.4:8080", 7, 3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_records_bring_their_own_weights() {
    let house = House::new();
    let name = "_http._tcp.internal";
    house.names.set(
        name,
        &[Record::Srv(60, 5, 9, 81, "a.internal"), Record::Srv(60, 6, 0, 82, "b.internal")],
    );
    house.names.set("a.internal", &[a(60, 1)]);
    house.names.set("b.internal", &[a(60, 2)]);
    let source = EndpointSource::DnsSrv { name: name.into() };
    let live = house.reload(vec![upstream("orders", vec![source])]);
    house.expect_endpoints(&live, &[("192.0.2.1:81", 9, 5), ("192.0.2.2:82", 1, 6)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_told_to_every_place_that_asks_for_it_and_not_asked_for_again() {
    let house = House::new();
    house.names.set("orders.internal", &[a(300, 1)]);
    let live = house.reload(vec![upstream("orders", vec![dns("orders.internal", 1)])]);
    house.expect_endpoints(&live, &[("192.0.2.1:8080", 1, 3)]);
    let asked = house.names.asked("orders.internal");
    // An upstream that knows nothing of the one before still learns what is known.
    let moved = vec![dns("other.internal", 1), dns("orders.internal", 5)];
    let fresh = Upstream::new(Arc::new(upstream("orders", moved)), None, house.clock.now());
    let fresh = Arc::new(fresh);
    house.registry.replace([Arc::clone(&fresh)]);
    house.expect_endpoints(&fresh, &[("192.0.2.1:8080", 5, 3)]);
    eventually("the other name is asked for", SOON, || {
        (house.names.asked("other.internal") > 0).then_some(())
    });
    assert_eq!(house.names.asked("orders.internal"), asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ejections_end_by_themselves() {
    let house = House::new();
    let (first, _) = switchable();
    let (second, _) = switchable();
    let live = house.reload(vec![upstream("orders", vec![at(&first), at(&second)])]);
    let endpoint = Arc::clone(&live.endpoints()[0]);
    for _ in 0..5 {
        let _turned = endpoint.begin(house.clock.now()).finish(Outcome::Failure, house.clock.now());
    }
    assert!(!endpoint.is_available());
    house.clock.advance(Duration::from_secs(600));
    eventually("it is back", SOON, || endpoint.is_available().then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_does_not_end_it_and_the_end_does() {
    let house = House::new();
    let (origin, _) = switchable();
    let live = house.reload(vec![probed(upstream("orders", vec![at(&origin)]))]);
    house.shutdown.drain();
    let count = origin.count();
    eventually("it is still probed", SOON, || (origin.count() > count + 3).then_some(()));
    house.shutdown.end();
    house.upkeep.stopped().await;
    let endpoint = Arc::downgrade(&live.endpoints()[0]);
    drop(house.registry.replace([]));
    drop(live);
    eventually("no probe is left", SOON, || endpoint.upgrade().is_none().then_some(()));
}
