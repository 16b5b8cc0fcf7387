//! Floor 4: the admin API: what an operator sees of the running gateway and may change in it.
//!
//! Requests come in parsed and answers go out whole; the socket is `net`'s, the wiring `server`'s.
//! Nothing here is on the path of traffic.

mod admin;
mod api;
mod error;
mod gauges;
mod guard;
mod json;
mod path;
mod routes;

pub use api::{Api, BODY_BYTES_MAX, Dependencies};
pub use gauges::expose_endpoints;
