//! Watches the gateway file and the certificates, takes what has changed, and forgets what is gone.
//!
//! By looking once a second, not by the kernel's notifications: those miss files that are mounted,
//! linked or replaced by their directory, as orchestrators do.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::engine::{Engine, reload_changed_certificates};

const EVERY: Duration = Duration::from_secs(1);

/// What tells that a file is another one than before.
pub(crate) type Stamp = Option<(SystemTime, u64, u64)>;

/// Watches for as long as it is polled.
pub(crate) async fn watch(engine: Arc<Engine>) {
    let file = engine.options().config.clone();
    let mut seen = None;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        engine.forget_gone_endpoints();
        let gateway = Arc::clone(engine.gateway());
        // Files on a disk that hangs must not hang the control runtime with them.
        let file = file.clone();
        let look = tokio::task::spawn_blocking(move || {
            reload_changed_certificates(&gateway);
            stamp(&file)
        });
        let Ok(now) = look.await else { continue };
        // Taken when it has stood still for one look: an editor may still be writing.
        if now.is_some() && now == seen && !engine.has_read(now) {
            // The outcome is in the log, in the metrics and in `/readyz`.
            let _told = engine.reload("file changed").await;
        }
        seen = now;
    }
}

/// What a file looks like now; none when it cannot be seen.
pub(crate) fn stamp(file: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
