//! `redirect`: answers with another address instead of a service.
//!
//! Not `rewrite`: the client sees the new address and asks again.

use crate::read::{Count, Host, PathText, Reader, Scope, Shape, Written, record, words};
use crate::tree::Node;

/// Permanent, and the method is kept.
const STATUS: u16 = 308;

words! {
    /// The schemes that a redirect can lead to.
    enum Scheme {
        /// Without TLS.
        Http = "http",
        /// With TLS.
        Https = "https",
    }
}

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

record! {
    /// Answers with another address; what is not written stays as the request had it.
    #[derive(Debug)]
    pub(super) struct RedirectWritten => Redirect by finish {
        /// `http` or `https`.
        "scheme": Option<Scheme> = None => scheme: Option<Scheme>,
        /// The host.
        "host": Option<Host> = None => host: Option<String>,
        /// The port.
        "port": Option<Count<u16, 1, 65_535>> = None => port: Option<u16>,
        /// The path, with its query kept.
        "path": Option<PathText> = None => path: Option<String>,
        /// 301, 302, 303, 307 or 308.
        "status": RedirectStatus = STATUS => status: u16,
    }
}

impl RedirectWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Redirect> {
        if !["scheme", "host", "port", "path"].iter().any(|key| scope.has(key)) {
            scope.refuse("needs one of `scheme`, `host`, `port` and `path` to lead elsewhere");
        }
        Some(Redirect {
            scheme: self.scheme.map(|scheme| scheme.as_str().to_owned()),
            host: self.host,
            port: self.port,
            path: self.path,
            status: self.status,
        })
    }
}

/// A status that leads elsewhere.
struct RedirectStatus;

impl Written for RedirectStatus {
    type Value = u16;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u16> {
        let status = match node.text() {
            Some("301") => Some(301),
            Some("302") => Some(302),
            Some("303") => Some(303),
            Some("307") => Some(307),
            Some("308") => Some(308),
            _ => None,
        };
        if status.is_none() {
            reader.refuse_type(node, "one of `301`, `302`, `303`, `307`, `308`");
        }
        status
    }

    fn shape() -> Shape {
        Shape::Integer { min: 301, max: 308 }
    }

    fn show(value: &u16) -> Option<serde_json::Value> {
        Some((*value).into())
    }
}
