//! The two ways to start a task: on the control runtime, or on the worker that one is on.
//!
//! A panic in a task is caught by the runtime and ends that task only; the panic hook that
//! `server` installs logs and counts it, so that it is never silent.

use std::future::Future;

use tokio::task::JoinHandle;

/// Starts a task on the current multi-thread runtime (probes, DNS, control plane).
#[expect(clippy::disallowed_methods, reason = "the one place that spawns on the control runtime")]
pub fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// Starts a task on the current worker; it never leaves that thread.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns on a worker")]
pub fn spawn_local<T: 'static>(work: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    tokio::task::spawn_local(work)
}
