//! The children of one program: how many there are, and whether it may be started at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::mind::mind;
use super::rest::Rest;
use super::{Cause, Child, ChildEnd, ChildError, ChildLimits, Program, Supervisor};

/// Starts children of one program; cheap to clone.
#[derive(Clone, Debug)]
pub struct Launcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    supervisor: Supervisor,
    program: Program,
    limits: ChildLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    rest: Rest,
}

/// One of those that may run.
struct Place(Arc<Inner>);

impl Launcher {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(supervisor: Supervisor, program: Program, limits: ChildLimits) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Inner { supervisor, program, limits, state }))
    }

    /// How many run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.state().running
    }

    /// Starts one. It may be called on any runtime; the child is minded on that of the supervisor.
    ///
    /// # Errors
    /// [`ChildError`], and nothing runs.
    pub async fn launch(&self) -> Result<Child, ChildError> {
        let inner = &self.0;
        let place = {
            let mut state = inner.state();
            if state.running >= inner.limits.processes_max {
                return Err(ChildError::TooMany(inner.limits.processes_max));
            }
            if let Some(left) = state.rest.left(Instant::now()) {
                return Err(ChildError::Resting(left));
            }
            state.running += 1;
            Place(Arc::clone(inner))
        };
        let starting = async move {
            let started = place.0.supervisor.start(&place.0.program).await;
            let (program, limits) = (place.0.program.clone(), place.0.limits);
            let failed =
                |why: String| ChildError::NotStarted { command: program.command.clone(), why };
            match started {
                Ok(started) => {
                    let ended = |end, lived| place.ended(end, lived);
                    let minded = mind(started, &program, limits, ended).await;
                    minded.map_err(|error| failed(error.to_string()))
                }
                Err(error) => {
                    place.0.state().rest.failed(Duration::ZERO, Instant::now());
                    Err(error)
                }
            }
        };
        // Whoever asked may go away meanwhile; then the child is not wanted, and ends.
        let starting = inner.supervisor.runtime().spawn(starting);
        starting.await.unwrap_or_else(|error| Err(ChildError::NoSupervisor(error.to_string())))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn ended(self, end: ChildEnd, lived: Duration) {
        let mut state = self.0.state();
        match end.cause {
            Cause::Itself => state.rest.failed(lived, Instant::now()),
            Cause::Dropped | Cause::Idle | Cause::Age => state.rest.served(),
            // It is not its fault.
            Cause::Unwatched => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}
