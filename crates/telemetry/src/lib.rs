//! Floor 2: what the gateway shows of itself: metrics and the access log, bounded, never blocking.
//!
//! A worker writes counters that are its own and lines into a buffer that is its own; adding up
//! and writing out happen on other threads. No socket is opened here and nothing is read.

pub mod access_log;
pub mod metrics;
pub mod sample;
pub mod stamp;
mod tally;
pub mod termination;
pub mod usage;

pub use access_log::entry::{
    AccessEntry, AttemptEntry, Beside, HttpEntry, LlmEntry, McpEntry, PassedOver, PolicyEntry,
    Timings, TlsEntry,
};
pub use access_log::{AccessLog, LineForm, WorkerLog};
pub use metrics::consumer::ConsumerMetrics;
pub use metrics::endpoint::EndpointMetrics;
pub use metrics::fallback::FallbackMetrics;
pub use metrics::gateway::GatewayMetrics;
pub use metrics::listener::ListenerMetrics;
pub use metrics::mcp_server::McpServerMetrics;
pub use metrics::model::{DIRECT, ModelAnswer, ModelLabels, ModelMetrics, TOKEN_CLASSES};
pub use metrics::route::RouteMetrics;
pub use metrics::upstream::UpstreamMetrics;
pub use metrics::worker::WorkerMetrics;
pub use metrics::{Metrics, SampleSource};
pub use sample::{Format, SampleSink};
pub use termination::{Party, Phase, Termination};
pub use usage::{UsageQueue, WorkerUsage};
