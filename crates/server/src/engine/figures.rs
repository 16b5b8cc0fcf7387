//! What every scrape asks the running gateway for: how models and consumers stand, and what
//! guardrails found.

use std::sync::Arc;

use architrave_core::metric::Metric;
use architrave_policy::RateLimiters;
use architrave_proxy::Gateway;
use architrave_telemetry::SampleSink;

/// Shows how the lanes of models do, what consumers have left and what guardrails found.
pub(super) fn expose(gateway: &Arc<Gateway>, limiters: &Arc<RateLimiters>) {
    let weak = Arc::downgrade(gateway);
    let limiters = Arc::clone(limiters);
    gateway.metrics.add_source(Box::new(move |sink| {
        let Some(gateway) = weak.upgrade() else { return };
        let (now, wall) = (gateway.clock.now(), gateway.clock.wall());
        gateway.assembly.load().sample_models(now, wall, sink);
        sample_findings(&limiters, sink);
    }));
}

fn sample_findings(limiters: &RateLimiters, sink: &mut SampleSink) {
    for found in limiters.guardrail_findings() {
        for (action, count) in [("masked", found.masked), ("refused", found.refused)] {
            if count > 0 {
                sink.count(Metric::GuardrailFindings, &[&found.object, action], count);
            }
        }
    }
}
