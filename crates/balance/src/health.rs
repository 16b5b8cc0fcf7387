//! Health as pure state machines: probes say that an endpoint is well, traffic says that it is
//! not. Neither knows of sockets, other endpoints or locks.

mod active;
mod ejection;

pub(crate) use active::ActiveHealth;
pub(crate) use ejection::{Ejection, FailureStreak};
