//! Hostile HTTP/2: messages that would mean something else in HTTP/1, and floods of every kind.

mod floods;
mod messages;
mod stalled;

use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::{Config, Gateway, Origin, Stopwatch};

/// How much one hostile connection may make the gateway grow.
const MEMORY: u64 = 24 << 20;

/// A gateway under attack, and what it weighed before.
struct Siege {
    gateway: Gateway,
    origin: Origin,
    rss: u64,
}

impl Siege {
    fn start() -> Self {
        let origin = Origin::named("a");
        let config = Config::new()
            .listener("web", "protocol: http\ntimeouts: { head: 2s, idle: 5s, write_stall: 2s }")
            .upstream("origin", &[origin.addr()], "")
            .route("all", "service: origin");
        let gateway = Gateway::start(config);
        assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
        let rss = gateway.rss();
        Self { gateway, origin, rss }
    }

    /// Wants the process to live, others to be answered at once, and memory to be bounded.
    #[track_caller]
    fn stands(&self, name: &str) {
        let watch = Stopwatch::start();
        assert_eq!(get(self.gateway.web(), "h", "/", &[]).status, 200, "{name}");
        assert!(
            watch.elapsed() < Duration::from_secs(2),
            "{name}: others wait {:?}",
            watch.elapsed()
        );
        let grown = self.gateway.rss().saturating_sub(self.rss);
        assert!(grown < MEMORY, "{name}: memory grew by {grown} bytes");
    }
}
