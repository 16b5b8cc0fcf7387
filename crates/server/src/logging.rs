//! Our own log, to stderr, and the panic hook that makes every panic heard and counted.

use std::io::IsTerminal;
use std::sync::Arc;

use architrave_telemetry::Metrics;
use tracing_subscriber::EnvFilter;

/// Starts the log: level from `ARCHITRAVE_LOG`, `info` by default.
pub(crate) fn start(is_json: bool) {
    let filter = EnvFilter::try_from_env("ARCHITRAVE_LOG").unwrap_or_else(|_| "info".into());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    if is_json {
        builder.json().flatten_event(true).init();
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).compact().init();
    }
}

/// Makes panics count and show in the log, wherever they happen; the task that panicked ends
/// alone.
pub(crate) fn watch_panics(metrics: Arc<Metrics>) {
    std::panic::set_hook(Box::new(move |panic| {
        metrics.gateway().panicked();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let what = (payload.downcast_ref::<&str>().copied())
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without words");
        tracing::error!(place, what, "panic");
    }));
}
