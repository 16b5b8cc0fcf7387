//! Floor 4: the admin API: what an operator, the console and the command line see of the running
//! gateway and may change in it, and who they are.
//!
//! Requests come in parsed and answers go out whole, or piece by piece where somebody watches; the
//! socket is `net`'s, the wiring `server`'s.
//! Nothing here is on the path of traffic.

mod admin;
mod api;
mod call;
mod caller;
mod code;
mod console;
mod error;
mod etag;
mod gauges;
mod guard;
mod idempotency;
mod json;
mod judge;
mod oidc;
mod openapi;
mod operation;
mod page;
mod pages;
mod path;
mod permission;
mod platform;
mod query;
mod reply;
mod router;
mod routes;
mod setup_code;
mod stream;
mod texts;
mod time;
mod try_it;
mod usecase;

pub use api::{Api, BODY_BYTES_MAX, Command, Dependencies, OverTls, UsageDesk};
pub use gauges::expose_endpoints;
pub use operation::Surface;
pub use pages::{Page, pages};
pub use platform::Platform;
pub use setup_code::{
    SETUP_CODE_EXPIRES_AT, SETUP_CODE_HASH, SETUP_CODE_LETTERS, setup_code_digest,
};
pub use stream::Stream;
pub use time::parse_rfc3339;
pub use try_it::Try;
