//! The parts of the file that are read at start or seldom change: admin, keys, telemetry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use architrave_core::Secret;
use ipnet::IpNet;

use crate::listener::ListenerTls;
use crate::read::{
    BaseUrl, Cidr, Count, Days, FilePath, List, Nothing, Number, Scope, Size, SocketAddress,
    choice, empty, is_visible_ascii, record, words,
};
use crate::redact::{Redact, RedactWritten};

record! {
    /// The admin listener: `/metrics`, `/healthz`, `/readyz` and the admin API.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Admin => Admin by finish {
        /// Where it listens. Another address than loopback needs `token`.
        "address": SocketAddress => pub address: SocketAddr,
        /// The bearer token that callers must present; required beyond loopback.
        "token": Option<Secret> = None => pub token: Option<Secret>,
        /// Where browsers reach it, where that is another place than its address, such as behind a
        /// proxy that ends TLS: its host is answered to, and with `https` cookies are for TLS alone.
        "public_url": Option<BaseUrl> = None => pub public_url: Option<String>,
        /// Certificates; with them it speaks TLS alone.
        "tls": Option<ListenerTls> = None => pub tls: Option<ListenerTls>,
        /// Whose `X-Forwarded-For` says who calls; nobody's by default.
        "trusted_proxies": List<Cidr> = Vec::new() => pub trusted_proxies: Vec<IpNet>,
        /// The audit log.
        "audit": AuditLog = AuditLog::default() => pub audit: AuditLog,
    }
}

record! {
    /// The audit log of the database.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AuditLog {
        /// How long its rows are kept, in days; from `30d` to `3650d`.
        "keep": Days<30, 3650> = AUDIT_KEEP => pub keep: Duration,
    }
}

/// A year and a month: what was done before the last yearly review can still be looked at in this one.
const AUDIT_KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Default for AuditLog {
    fn default() -> Self {
        Self { keep: AUDIT_KEEP }
    }
}

impl Admin {
    /// One that listens there, and nothing more.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        let (trusted_proxies, audit) = (Vec::new(), AuditLog::default());
        Self { address, token: None, public_url: None, tls: None, trusted_proxies, audit }
    }

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
    /// The portal listener: what is for those who subscribe and call, and nothing of admin.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Portal {
        /// Where it listens.
        "address": SocketAddress => pub address: SocketAddr,
        /// Where browsers reach it; by default `http://` or `https://` and the host they came by.
        "public_url": Option<BaseUrl> = None => pub public_url: Option<String>,
        /// Certificates; with them it speaks TLS alone.
        "tls": Option<ListenerTls> = None => pub tls: Option<ListenerTls>,
        /// Whose `X-Forwarded-For` says who calls; nobody's by default.
        "trusted_proxies": List<Cidr> = Vec::new() => pub trusted_proxies: Vec<IpNet>,
    }
}

impl Portal {
    /// The same as a listener of the API, which has no token: people alone sign in there.
    #[must_use]
    pub fn as_listener(&self) -> Admin {
        Admin {
            address: self.address,
            token: None,
            public_url: self.public_url.clone(),
            tls: self.tls.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            audit: AuditLog::default(),
        }
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
        /// What is kept of the use of the gateway; only with a database.
        "usage": Usage = Usage::default() => pub(crate) usage: Usage,
    }
    later "audit_log", "events", "logs", "metrics", "otlp", "traces", "tracing";
}

/// A share that shows what is usual and costs next to nothing.
const SAMPLE_PERCENT: f64 = 1.0;
/// As long as one looks for what went wrong.
const MINUTES_DAYS: u32 = 7;
/// A quarter, to compare weeks.
const HOURS_DAYS: u32 = 90;
/// Three years, to compare years.
const DAYS_DAYS: u32 = 1_095;
/// As minutes are.
const REQUESTS_DAYS: u32 = 7;
/// Some hundred MiB.
const REQUESTS_MAX: u64 = 200_000;
/// Room for a thousand services with a hundred callers each.
const BYTES_MAX: u64 = 4 << 30;
/// Below that there would be nothing to look at.
const BYTES_MIN: u64 = 16 << 20;

record! {
    /// What is kept of the use of the gateway; only with a database.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Usage {
        /// Whether anything is.
        "enabled": bool = true => pub is_enabled: bool,
        /// How many percent of the exchanges that went well are in the request log; errors are,
        /// always.
        "sample_percent": Number<0, 100> = SAMPLE_PERCENT => pub sample_percent: f64,
        /// Whether the request log has the addresses of clients.
        "client_address": bool = false => pub has_client_address: bool,
        /// What the request log never has.
        "redact": RedactWritten = Redact::default() => pub redact: Redact,
        /// How many days things are kept.
        "keep_days": UsageKeepDays = empty::<UsageKeepDays>() => pub keep_days: UsageKeepDays,
        /// Exchanges that the request log has at most; the oldest make room.
        "requests_max": Count<u64, 0, 100_000_000> = REQUESTS_MAX => pub requests_max: u64,
        /// Bytes that all of it takes at most; the oldest makes room, the request log first.
        "bytes_max": Size<u64, BYTES_MIN> = BYTES_MAX => pub bytes_max: u64,
    }
}

impl Default for Usage {
    fn default() -> Self {
        empty::<Self>()
    }
}

record! {
    /// How many days things are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct UsageKeepDays {
        /// Sums of minutes.
        "minutes": Count<u32, 1, 3650> = MINUTES_DAYS => pub minutes: u32,
        /// Sums of hours.
        "hours": Count<u32, 1, 3650> = HOURS_DAYS => pub hours: u32,
        /// Sums of days.
        "days": Count<u32, 1, 3650> = DAYS_DAYS => pub days: u32,
        /// The request log.
        "requests": Count<u32, 1, 3650> = REQUESTS_DAYS => pub requests: u32,
    }
}
