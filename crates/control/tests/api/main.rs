//! The admin API as its callers see it: the real router in memory, one file per path.
//!
//! Whole answers are kept as snapshots; read a new one before accepting it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod applying;
mod audit;
mod descriptions;
mod gateway;
mod guard;
mod healthz;
mod home;
mod identity;
mod life;
mod metrics;
mod moving;
mod objects;
mod pages;
mod people;
mod portal;
mod provider_tests;
mod readyz;
mod sign_in;
mod subscribing;
mod usage;
mod v1;
mod walk;
