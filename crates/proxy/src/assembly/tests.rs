//! What stays the same from assembly to assembly, and what never comes again.

use architrave_config::Files;
use architrave_core::Clock;

use super::*;

fn parts() -> Parts {
    Parts { metrics: Arc::new(Metrics::new(1)), limiters: Arc::new(RateLimiters::new(1)) }
}
