//! `rewrite`: another path or host toward the service.
//!
//! Not `redirect`: the client does not see it.

use crate::read::{HostAndPort, PathText, Scope, record};

/// The policy as validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// What is done to the path.
    pub path: Option<PathRewrite>,
    /// The host that the service sees.
    pub host: Option<String>,
}

/// What is done to the path; the query is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathRewrite {
    /// A prefix, by element, taken away; `/` where nothing is left. Kept without a trailing
    /// slash.
    StripPrefix(String),
    /// The whole path replaced.
    Replace(String),
}

record! {
    /// Another path or host toward the service; the query is kept.
    #[derive(Debug)]
    pub(super) struct RewriteWritten => Rewrite by finish {
        /// A prefix, by element, that is taken away; `/` where nothing is left.
        "strip_prefix": Option<PathText> = None => strip_prefix: Option<String>,
        /// The whole path; not together with `strip_prefix`.
        "path": Option<PathText> = None => path: Option<String>,
        /// The host that the service sees.
        "host": Option<HostAndPort> = None => host: Option<String>,
    }
}

impl RewriteWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Rewrite> {
        if scope.has("strip_prefix") && scope.has("path") {
            scope.refuse_at("path", "`path` replaces all of it: leave out `strip_prefix`");
        }
        let strip = |prefix: String| {
            PathRewrite::StripPrefix(prefix.strip_suffix('/').unwrap_or(&prefix).to_owned())
        };
        let path = self.path.map(PathRewrite::Replace).or_else(|| self.strip_prefix.map(strip));
        Some(Rewrite { path, host: self.host })
    }
}
