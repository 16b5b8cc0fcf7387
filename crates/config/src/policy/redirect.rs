//! `redirect`: answers with another address instead of a service.

/// The policy as validated; what is `None` stays as the request had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `http` or `https`.
    pub scheme: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The path, with its query kept.
    pub path: Option<String>,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}
