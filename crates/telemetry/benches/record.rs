//! What recording one exchange costs: `cargo bench -p architrave-telemetry`.
//!
//! Not a test: it prints, and leaves the judgement to whoever reads it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use architrave_config::AccessLogTarget;
use architrave_core::Clock;
use architrave_core::name::{ListenerName, RouteName, UpstreamName};
use architrave_telemetry::{
    AccessEntry, AccessLog, EndpointMetrics, HttpEntry, LineForm, ListenerMetrics, Metrics,
    RouteMetrics, Timings, UpstreamMetrics,
};

/// The allocator of the product, as its figures are what counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: u32 = 5;
const EXCHANGES: u32 = 1_000_000;
const ROUTES: usize = 10_000;

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn main() {
    let clock = Clock::system();
    let each = |label: &str, work: &mut dyn FnMut(u32)| {
        for _round in 0..ROUNDS {
            let start = clock.now();
            (0..EXCHANGES).for_each(&mut *work);
            println!("{label}: {:.1?} per exchange", clock.now().since(start) / EXCHANGES);
        }
    };
    let counters = Counters::new();
    each("counters, one route", &mut |count| counters.record(0, count));
    each("counters, 10,000 routes", &mut |count| {
        counters.record(count.wrapping_mul(7_919) as usize % ROUTES, count);
    });
    let nowhere = AccessLogTarget::File("/dev/null".into());
    let log = AccessLog::open(&nowhere, LineForm::Json).expect("it opens");
    let mut worker = log.worker(0);
    let now = clock.wall();
    each("access log line", &mut |count| worker.write(&entry(now, count)));
    println!("written {}, dropped {}", log.lines_written(), log.lines_dropped());
    let mut scrape = String::new();
    let start = clock.now();
    counters.metrics.encode(&mut scrape);
    println!("scrape of {ROUTES} routes: {} bytes, {:?}", scrape.len(), clock.now().since(start));
}

/// Everything that one exchange touches.
struct Counters {
    metrics: Arc<Metrics>,
    routes: Vec<RouteMetrics>,
    listener: Arc<ListenerMetrics>,
    upstream: Arc<UpstreamMetrics>,
    endpoint: Arc<EndpointMetrics>,
}

impl Counters {
    fn new() -> Self {
        let metrics = Metrics::new(2);
        let upstream = UpstreamName::new("orders");
        let address = "127.0.0.1:9001".parse().expect("an address");
        Self {
            routes: (0..ROUTES)
                .map(|at| metrics.route(&RouteName::new(&format!("route-{at}"))))
                .collect(),
            listener: metrics.listener(&ListenerName::new("web")),
            endpoint: metrics.endpoint(&upstream, address),
            upstream: metrics.upstream(&upstream),
            metrics,
        }
    }

    fn record(&self, route: usize, count: u32) {
        let duration = Duration::from_nanos(u64::from(count & 0xf_ffff));
        self.listener.exchange_begun(0);
        self.upstream.attempted(0);
        self.endpoint.record(0, 200, duration);
        self.routes[route].record(0, 200, None, duration, 0, 1_024);
        self.listener.exchange_ended(0);
    }
}

fn entry(now: SystemTime, count: u32) -> AccessEntry<'static> {
    let client = SocketAddr::from(([203, 0, 113, 9], 50_000));
    AccessEntry {
        timings: Timings {
            total: Duration::from_nanos(u64::from(count)),
            request_read: Some(Duration::from_micros(12)),
            queue_wait: None,
            connect: None,
            first_byte: Some(Duration::from_micros(430)),
            response: Some(Duration::from_micros(20)),
        },
        http: Some(HttpEntry {
            method: b"GET",
            host: b"api.example.com",
            path: b"/orders/7/lines",
            query: Some(b"page=3"),
            status: Some(200),
            route: Some("orders"),
            service: Some("orders"),
            request_id: Some("0195f1c2-7a1b-7c3d-8e4f-5a6b7c8d9e0f"),
            user_agent: Some(b"curl/8.14.1"),
            ..HttpEntry::default()
        }),
        response_bytes: 1_024,
        upstream: Some("orders"),
        endpoint: Some(client),
        attempts: 1,
        ..AccessEntry::new(now, client, "web", "HTTP/1.1")
    }
}
