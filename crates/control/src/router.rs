//! Which operation a request is for: by path, method and custom method.
//!
//! Written out, since a custom method stands behind a name that may have colons of its own; the
//! list is short, and nothing here is on the path of traffic.

use std::sync::Arc;

use axum::http::Method;

use crate::error::ApiError;
use crate::operation::Operation;
use crate::query::unescape;

/// The operations, ready to be looked up.
pub(crate) struct Router(Vec<Arc<Operation>>);

/// What a request is for.
#[derive(Debug)]
pub(crate) struct Matched {
    pub(crate) operation: Arc<Operation>,
    /// What stands where its path has braces, unescaped.
    pub(crate) names: Vec<String>,
}

impl Router {
    pub(crate) fn new(operations: Vec<Operation>) -> Self {
        Self(operations.into_iter().map(Arc::new).collect())
    }

    /// Finds the operation of a request.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<Matched, ApiError> {
        // `HEAD` is `GET` whose body is left out.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let candidates: Vec<(&Arc<Operation>, Vec<&str>)> = self
            .0
            .iter()
            .filter_map(|operation| Some((operation, match_path(operation.split_verb().0, path)?)))
            .collect();
        let is_literal = |operation: &Operation| operation.split_verb().0 == path;
        // `/policies/default` stands before `/policies/{name}`.
        let has_literal = candidates.iter().any(|(operation, _)| is_literal(operation));
        let candidates: Vec<_> = candidates
            .into_iter()
            .filter(|(operation, _)| !has_literal || is_literal(operation))
            .collect();
        if candidates.is_empty() {
            return Err(ApiError::route_not_found());
        }
        let of_method = || candidates.iter().filter(|(operation, _)| operation.method == *method);
        let chosen = of_method()
            .find_map(|(operation, raw)| {
                let (_, verb) = operation.split_verb();
                let suffix = format!(":{}", verb?);
                let (last, rest) = raw.split_last()?;
                let name = last.strip_suffix(suffix.as_str())?;
                Some((*operation, rest.iter().copied().chain([name]).collect::<Vec<_>>()))
            })
            .or_else(|| {
                let plain = of_method().find(|(operation, _)| operation.split_verb().1.is_none());
                plain.map(|(operation, raw)| (*operation, raw.clone()))
            });
        let Some((operation, raw)) = chosen else {
            return Err(refusal(&candidates, method));
        };
        let names = raw.iter().map(|raw| unescape(raw, false)).collect::<Option<Vec<_>>>();
        // No database keeps a NUL, and nothing has one in its name.
        let names = names.filter(|names| !names.iter().any(|name| name.contains('\0')));
        let names = names.ok_or_else(ApiError::path_invalid)?;
        Ok(Matched { operation: Arc::clone(operation), names })
    }
}

/// Why nothing fits, though the path is known.
fn refusal(candidates: &[(&Arc<Operation>, Vec<&str>)], method: &Method) -> ApiError {
    let verbs: Vec<String> = candidates
        .iter()
        .filter(|(operation, _)| operation.method == *method)
        .filter_map(|(operation, _)| operation.split_verb().1.map(str::to_owned))
        .collect();
    let last = candidates.first().and_then(|(_, raw)| raw.last().copied()).unwrap_or_default();
    let asked = last.rsplit_once(':').map(|(_, verb)| verb).filter(|verb| is_verb(verb));
    if let (false, Some(asked)) = (verbs.is_empty(), asked) {
        return ApiError::action_not_found("this", &verbs, asked);
    }
    // Custom methods are not methods of the path itself.
    let plain = candidates.iter().filter(|(operation, _)| operation.split_verb().1.is_none());
    let mut methods: Vec<&str> = Vec::new();
    for (operation, _) in plain {
        methods.push(operation.method.as_str());
        if operation.method == Method::GET {
            methods.push("HEAD");
        }
    }
    ApiError::method_not_allowed(methods.join(","))
}

fn is_verb(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// What stands where `template` has braces, still escaped; `None` when it is another path.
fn match_path<'p>(template: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let mut names = Vec::new();
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            names.push(segment);
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router {
        let operation =
            |method: Method, path: &str, id: &str| Operation::new(method, path, id, async || "");
        Router::new(vec![
            operation(Method::GET, "/models", "list"),
            operation(Method::GET, "/models/{name}", "get"),
            operation(Method::PUT, "/models/{name}", "replace"),
            operation(Method::POST, "/models/{name}:ready", "ready"),
            operation(Method::GET, "/models/default", "default"),
            operation(Method::POST, "/config:reload", "reload"),
            operation(Method::DELETE, "/teams/{team}/members/{user}", "remove"),
        ])
    }

    fn find(method: Method, path: &str) -> String {
        match router().find(&method, path) {
            Ok(found) => format!("{} {}", found.operation.id, found.names.join(" ")),
            Err(error) => error.code().as_str().to_owned(),
        }
    }

    #[test]
    fn a_name_may_have_colons_and_escapes() {
        assert_eq!(find(Method::GET, "/models/a%2Fb:c"), "get a/b:c");
        assert_eq!(find(Method::HEAD, "/models/a"), "get a");
        assert_eq!(find(Method::POST, "/models/a%2Fb:c:ready"), "ready a/b:c");
        assert_eq!(find(Method::PUT, "/models/fast:ready"), "replace fast:ready");
        assert_eq!(find(Method::DELETE, "/teams/a/members/b"), "remove a b");
    }

    #[test]
    fn a_literal_goes_before_a_name() {
        assert_eq!(find(Method::GET, "/models/default"), "default ");
        assert_eq!(find(Method::POST, "/config:reload"), "reload ");
    }

    #[test]
    fn what_does_not_fit_is_told_apart() {
        assert_eq!(find(Method::GET, "/models/a/b"), "route_not_found");
        assert_eq!(find(Method::GET, "/models/"), "route_not_found");
        assert_eq!(find(Method::GET, "/models/%ff"), "path_invalid");
        assert_eq!(find(Method::POST, "/models/a:explode"), "action_not_found");
        assert_eq!(find(Method::POST, "/models/127.0.0.1:80"), "method_not_allowed");
        assert_eq!(find(Method::DELETE, "/models"), "method_not_allowed");
    }
}
