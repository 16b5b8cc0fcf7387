//! Between requests and the keeper of leases: requests ring, the keeper answers to all at once.

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Rung for longer leases.
#[derive(Debug, Default)]
pub(super) struct Bell {
    asked: Notify,
    answered: Notify,
}

impl Bell {
    /// Asks the keeper for another look. Never waits; rings that come while it works are one.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Resolves when somebody asks, or has asked since the last time.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Tells all who wait that the leases have been looked at.
    pub(super) fn answer(&self) {
        self.answered.notify_waiters();
    }

    /// Resolves at the next answer after this call.
    pub(super) fn answered(&self) -> Notified<'_> {
        self.answered.notified()
    }
}
