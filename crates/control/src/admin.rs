//! The actions of the admin API, one file each: take apart, look up, do, answer.
//!
//! Which path leads to which is in `routes.rs`; who may call is in `guard.rs`.

pub(crate) mod config;
pub(crate) mod endpoints;
pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod readyz;
pub(crate) mod upstreams;
pub(crate) mod usage;
pub(crate) mod version;
