//! The one signal that everything long-lived listens to: run, drain, end.

use tokio::sync::watch;

/// Where the process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// Serving.
    Running,
    /// No new work is sought; work in hand is finished.
    Draining,
    /// The time for draining is over: whatever is left is dropped.
    Ended,
}

/// The side that decides.
#[derive(Debug)]
pub struct Shutdown(watch::Sender<Life>);

/// The side that listens; cheap to clone.
#[derive(Clone, Debug)]
pub struct ShutdownSignal(watch::Receiver<Life>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(Life::Running))
    }
}

impl Shutdown {
    /// A signal to hand to tasks.
    #[must_use]
    pub fn signal(&self) -> ShutdownSignal {
        ShutdownSignal(self.0.subscribe())
    }

    /// Begins draining; later calls change nothing.
    pub fn drain(&self) {
        self.advance(Life::Draining);
    }

    /// Ends what is left.
    pub fn end(&self) {
        self.advance(Life::Ended);
    }

    fn advance(&self, to: Life) {
        self.0.send_if_modified(|life| {
            let forward = *life < to;
            if forward {
                *life = to;
            }
            forward
        });
    }
}

impl ShutdownSignal {
    /// Where the process is now.
    #[must_use]
    pub fn life(&self) -> Life {
        *self.0.borrow()
    }

    /// Whether new work should still be sought.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.life() == Life::Running
    }

    /// Resolves when draining begins (or has begun, or the deciding side is gone).
    pub async fn draining(&mut self) {
        let _gone = self.0.wait_for(|life| *life >= Life::Draining).await;
    }

    /// Resolves when the time for draining is over.
    pub async fn ended(&mut self) {
        let _gone = self.0.wait_for(|life| *life >= Life::Ended).await;
    }
}
