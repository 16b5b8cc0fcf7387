//! Watches the gateway file and the certificates, takes what has changed, and forgets what is gone.
//!
//! By looking once a second, not by the kernel's notifications: those miss files that are mounted,
//! linked or replaced by their directory, as orchestrators do.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cli::RunOptions;
use crate::engine::{Engine, reload_changed_certificates};

const EVERY: Duration = Duration::from_secs(1);

/// What tells that the gateway file, or the catalogue beside it, is another one than before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: Option<FileStamp>,
    catalog: Option<FileStamp>,
}

/// When it was written, how long it is, and which it is on the disk.
type FileStamp = (SystemTime, u64, u64);

/// Watches for as long as it is polled.
pub(crate) async fn watch(engine: Arc<Engine>) {
    let mut seen = Stamp::default();
    let mut is_gone = false;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        engine.forget_gone_endpoints();
        let gateway = Arc::clone(engine.gateway());
        // Files on a disk that hangs must not hang the control runtime with them.
        let options = engine.options().clone();
        let looking = Arc::clone(&engine);
        let look = tokio::task::spawn_blocking(move || {
            reload_changed_certificates(&gateway);
            looking.reload_admin_certificates();
            Stamp::of(&options)
        });
        let Ok(now) = look.await else { continue };
        // Taken when it has stood still for one look: an editor may still be writing.
        let has_settled = now == seen;
        let is_there = now.file.is_some() || engine.options().config.is_none();
        if has_settled && !is_there && !is_gone {
            engine.note_file_gone();
        }
        if has_settled {
            is_gone = !is_there;
        }
        if is_there && has_settled && !engine.has_read(now) {
            // The outcome is in the log, in the metrics and in `/readyz`.
            engine.reload_if_other().await;
        }
        seen = now;
    }
}

impl Stamp {
    /// Whether only the gateway file looks like another one than in `other`.
    pub(crate) fn has_same_catalog(&self, other: &Self) -> bool {
        self.catalog == other.catalog
    }

    /// What the files look like now.
    pub(crate) fn of(options: &RunOptions) -> Self {
        let file = options.config.as_deref().and_then(stamp);
        Self { file, catalog: stamp(options.catalog.path()) }
    }
}

/// What a file looks like now; none when it cannot be seen.
fn stamp(file: &Path) -> Option<FileStamp> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
