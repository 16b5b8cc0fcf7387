//! The actions of the admin API, one file each: take apart, look up, do, answer.
//!
//! Which path leads to which is in `routes.rs`; who may call is in `judge.rs`.

pub(crate) mod applications;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod config;
pub(crate) mod endpoints;
pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod objects;
pub(crate) mod openapi;
pub(crate) mod providers;
pub(crate) mod readyz;
pub(crate) mod requests;
pub(crate) mod service_accounts;
pub(crate) mod services;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod subscriptions;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod upstreams;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod version;
