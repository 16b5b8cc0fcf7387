//! What would keep a valid configuration from being served on this machine.

use std::sync::Arc;

use architrave_config::{AccessLogTarget, Snapshot};
use architrave_core::Clock;
use architrave_llm::catalog::Catalog;
use architrave_proxy::{Assembly, Parts};
use architrave_telemetry::Metrics;

use crate::keys;

/// What keeps a valid configuration from being served here, as far as it can be told without
/// doing so: certificates and keys that cannot be read or used.
pub(crate) fn obstacles(snapshot: &Arc<Snapshot>, catalog: Arc<Catalog>) -> Vec<String> {
    let parts = Parts { catalog, ..Parts::new(Metrics::new(1)) };
    let built = Assembly::build(Arc::clone(snapshot), None, &parts, Clock::system().now());
    let errors = built.err().unwrap_or_default();
    let keys = keys::load_in(&snapshot.keys, None).err().map(|error| format!("{error:#}"));
    let log = log_obstacle(&snapshot.access_log);
    errors.iter().map(ToString::to_string).chain(keys).chain(log).collect()
}

/// What keeps the access log from being written.
fn log_obstacle(to: &AccessLogTarget) -> Option<String> {
    let AccessLogTarget::File(file) = to else { return None };
    if file.is_dir() {
        return Some(format!("the access log: {} is a folder", file.display()));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let is_there = folder.is_dir();
    (!is_there).then(|| format!("the access log: there is no folder {}", folder.display()))
}
