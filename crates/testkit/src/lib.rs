//! Development only: a gateway to start in a test, origins to put behind it, clients to put
//! before it, each strict about what it reads.
//!
//! Not a framework: plain blocking sockets and threads, so that a test reads from top to bottom.
//! Everything here fails by panicking with a sentence that says what was waited for.

pub mod abuse;
pub mod authority;
pub mod aws;
pub mod client;
pub mod config;
pub mod dialect;
pub mod gateway;
pub mod h2_client;
pub mod h2_origin;
pub mod heavy;
pub mod l4;
pub mod load;
pub mod mcp;
pub mod message;
pub mod name_server;
pub mod namespace;
pub mod nginx;
pub mod oidc;
pub mod origin;
pub mod postgres;
pub mod process;
pub mod python;
pub mod sdk;
pub mod sink;
pub mod terminal;
pub mod tools;
pub mod wait;
pub mod websocket;
pub mod wire;

pub use client::Client;
pub use config::Config;
pub use dialect::Dialect;
pub use gateway::{Gateway, GatewayOptions, Reloaded};
pub use load::{Load, LoadPlan, LoadReport};
pub use message::{Framing, Head, Request, Response};
pub use origin::{Exchange, Origin};
pub use postgres::Postgres;
pub use wait::{Gate, SOON, Stopwatch, eventually, unix_seconds};
pub use wire::{Wire, WireError};
