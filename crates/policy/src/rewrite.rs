//! `rewrite`: another path or host toward the service. The query is kept.
//!
//! It works on the canonical path and leaves a canonical path: nothing that was resolved or
//! refused before routing can come back by taking a prefix away.

use std::borrow::Cow;

use architrave_config::policy as config;
use architrave_config::policy::rewrite::PathRewrite;
use architrave_net::path::canonicalize;

use crate::registry::{Build, RequestPolicy, Site};
use crate::verdict::Verdict;
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Debug)]
pub struct Rewrite {
    path: Option<PathRewrite>,
    host: Option<String>,
}

impl Build<config::Rewrite> for Rewrite {
    fn build(config: &config::Rewrite, _site: &Site<'_>) -> Self {
        let path = config.path.as_ref().map(|path| match path {
            PathRewrite::StripPrefix(prefix) => PathRewrite::StripPrefix(canonical(prefix)),
            PathRewrite::Replace(path) => PathRewrite::Replace(canonical(path)),
        });
        Self { path, host: config.host.clone() }
    }
}

impl Rewrite {
    /// The path that it makes of another.
    pub(crate) fn path_of<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match &self.path {
            None => Cow::Borrowed(path),
            Some(PathRewrite::Replace(path)) => Cow::Owned(path.clone()),
            Some(PathRewrite::StripPrefix(prefix)) => {
                let mut path = path.to_owned();
                strip_prefix(&mut path, prefix);
                Cow::Owned(path)
            }
        }
    }
}

impl RequestPolicy for Rewrite {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        match &self.path {
            Some(PathRewrite::StripPrefix(prefix)) => {
                let length = view.path.len();
                strip_prefix(view.path, prefix);
                view.admission.is_rewritten |= view.path.len() != length;
            }
            Some(PathRewrite::Replace(path)) => {
                path.clone_into(view.path);
                view.admission.is_rewritten = true;
            }
            None => {}
        }
        if let Some(host) = &self.host {
            host.clone_into(&mut view.head.authority);
            view.admission.is_rewritten = true;
        }
        Verdict::Continue
    }
}

/// What was written, in the spelling in which requests come here.
fn canonical(written: &str) -> String {
    let mut path = String::new();
    match canonicalize(written, &mut path) {
        Ok(()) => path,
        Err(_) => written.to_owned(),
    }
}

/// Takes `prefix` away where it ends with an element; leaves other paths as they are.
fn strip_prefix(path: &mut String, prefix: &str) {
    let prefix = prefix.trim_end_matches('/');
    let Some(rest) = path.strip_prefix(prefix) else { return };
    if !rest.is_empty() && !rest.starts_with('/') {
        return;
    }
    // One slash stays. With two, the service could read what follows as a host.
    let elements = rest.trim_start_matches('/').len();
    path.replace_range(..path.len() - elements, "/");
}

#[cfg(test)]
mod tests;
