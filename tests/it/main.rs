//! Black-box tests: the real binary over real sockets, one file per feature.
//!
//! They know the gateway by its contract alone: the file, the command line and the wire.

mod access_log;
mod admin;
mod balancing;
mod cli;
mod fleet;
mod forwarding;
mod health;
mod hostile;
mod hostile_h2;
mod http2;
mod limits;
mod persistence;
mod policies;
mod reload;
mod retries;
mod routing;
mod shutdown;
mod tls;
mod upgrade;
mod websocket;
