//! The parts of the file that are read at start or seldom change: admin, keys, telemetry.

use std::net::SocketAddr;
use std::path::PathBuf;

use architrave_core::Secret;

/// The admin listener.
#[derive(Clone, Debug, PartialEq)]
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
    /// The bearer token that callers must present; required beyond loopback.
    pub token: Option<Secret>,
}

/// Where the root key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// A file with one key a line: the first signs, the first two are accepted.
    /// `None`: a random key, made at start.
    pub file: Option<PathBuf>,
}

/// Where the access log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessLogTarget {
    /// Nowhere.
    None,
    /// Standard output. The default.
    #[default]
    Stdout,
    /// A file, appended to; opened again on reload.
    File(PathBuf),
}
