//! Black-box tests: the real binary over real sockets, one file per feature.
//!
//! They know the gateway by its contract alone: the file, the command line and the wire.

mod forwarding;
mod hostile;
mod routing;
