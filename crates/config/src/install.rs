//! The parts of the file that are read at start or seldom change: admin, keys, telemetry.

use std::net::SocketAddr;
use std::path::PathBuf;

use architrave_core::Secret;

use crate::read::{
    FilePath, Nothing, Scope, SocketAddress, choice, empty, is_visible_ascii, record, words,
};

record! {
    /// The admin listener: `/metrics`, `/healthz`, `/readyz` and the admin API.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Admin => Admin by finish {
        /// Where it listens. Another address than loopback needs `token`.
        "address": SocketAddress => pub address: SocketAddr,
        /// The bearer token that callers must present; required beyond loopback.
        "token": Option<Secret> = None => pub token: Option<Secret>,
    }
}

impl Admin {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        if !self.address.ip().is_loopback() && !scope.has("token") {
            let message = "beyond loopback, the admin listener needs a `token`";
            scope.refuse_at("address", message);
        }
        if let Some(token) = &self.token
            && !is_visible_ascii(token.expose())
        {
            scope.refuse_at("token", "a token is of visible ASCII without spaces");
        }
        Some(self)
    }
}

record! {
    /// Where the root key comes from.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Keys {
        /// A file with one key a line: the first signs, the first two are accepted. Without it, a
        /// random key is made at start.
        "file": Option<FilePath> = None => pub file: Option<PathBuf>,
    }
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

choice! {
    /// Where the access log goes.
    AccessLogTarget {
        /// Nowhere.
        "none": Nothing => |_| AccessLogTarget::None,
        /// To standard output. The default.
        "stdout": Nothing => |_| AccessLogTarget::Stdout,
        /// To a file.
        "file": LogFile => |file| AccessLogTarget::File(file.path),
    }
}

words! {
    /// How lines of the access log are written.
    pub enum AccessLogFormat {
        /// A JSON object with everything, for programs.
        Json = "json",
        /// A short line for people.
        Text = "text",
    }
}

record! {
    /// A file, appended to; opened again on reload.
    #[derive(Debug)]
    struct LogFile {
        /// Its path.
        "path": FilePath => path: PathBuf,
    }
}

record! {
    /// One line per exchange.
    #[derive(Debug)]
    pub(crate) struct AccessLog {
        /// Where it goes; by default to standard output.
        "to": AccessLogTarget = AccessLogTarget::Stdout => pub(crate) to: AccessLogTarget,
        /// How it is written; by default as `text` where it goes to a terminal, and else as `json`.
        "format": Option<AccessLogFormat> = None => pub(crate) format: Option<AccessLogFormat>,
    }
}

record! {
    /// What the gateway says about its work.
    #[derive(Debug)]
    pub(crate) struct Telemetry {
        /// One line per exchange.
        "access_log": AccessLog = empty::<AccessLog>() => pub(crate) access_log: AccessLog,
    }
    later "audit_log", "events", "logs", "metrics", "otlp", "traces", "tracing", "usage";
}
