//! The state of endpoints as gauges in every scrape: `balance` and `telemetry` do not know each
//! other, so they are brought together here.

use std::sync::Arc;

use architrave_balance::{Health, Registry};
use architrave_core::Clock;
use architrave_core::metric::Metric;
use architrave_telemetry::{Metrics, SampleSink};

/// Adds health, in flight, weight and ejections of every endpoint to every scrape.
pub fn expose_endpoints(metrics: &Metrics, registry: Arc<Registry>, clock: Clock) {
    metrics.add_source(Box::new(move |sink| sample(&registry, &clock, sink)));
}

fn sample(registry: &Registry, clock: &Clock, sink: &mut SampleSink) {
    let now = clock.now();
    let live = registry.upstreams();
    let mut upstreams: Vec<_> = live.values().collect();
    upstreams.sort_by(|a, b| a.name().cmp(b.name()));
    for upstream in upstreams {
        let mut endpoints = upstream.status(now);
        endpoints.sort_by_key(|(_, endpoint)| endpoint.address);
        for (_, endpoint) in endpoints {
            let address = endpoint.address.to_string();
            let labels = &[upstream.name().as_str(), address.as_str()];
            let is_available = endpoint.health == Health::Healthy && !endpoint.is_draining;
            sink.count(Metric::EndpointAvailable, labels, is_available.into());
            sink.count(Metric::EndpointInFlight, labels, endpoint.in_flight.into());
            sink.count(Metric::EndpointWeight, labels, endpoint.weight.into());
            sink.count(Metric::EndpointEjections, labels, endpoint.ejections);
        }
    }
}
