//! Black-box tests: the real binary over real sockets, one file per feature.
//!
//! They know the gateway by its contract alone: the file, the command line and the wire.

mod balancing;
mod fleet;
mod forwarding;
mod health;
mod hostile;
mod http2;
mod limits;
mod persistence;
mod policies;
mod retries;
mod routing;
mod tls;
mod websocket;
