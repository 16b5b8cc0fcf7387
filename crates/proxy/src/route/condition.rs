//! What a route asks of a request beside a host and a path known beforehand: method, headers,
//! query, cookies, and a path that fits a regex.

use std::cmp::Reverse;

use architrave_config::{PathMatch, RouteMatch, ValueMatch};
use regex::Regex;

use crate::route::request_facts::RequestFacts;

/// How specific a match is; the greatest is tried first (Gateway API, `HTTPRouteRule.matches`):
/// a method, then more headers, then more query parameters, then more cookies, then the one that
/// stands first in the file.
pub(super) type Rank = (bool, usize, usize, usize, Reverse<usize>);

/// The conditions of one match.
#[derive(Debug)]
pub(super) struct Conditions {
    methods: Vec<String>,
    headers: Vec<(String, ValueMatch)>,
    query: Vec<(String, ValueMatch)>,
    cookies: Vec<(String, ValueMatch)>,
    path: Option<Regex>,
}

impl Conditions {
    pub(super) fn new(from: &RouteMatch) -> Self {
        Self {
            methods: from.methods.clone(),
            headers: from.headers.clone(),
            query: from.query.clone(),
            cookies: from.cookies.clone(),
            path: match &from.path {
                PathMatch::Regex(regex) => Some(regex.clone()),
                PathMatch::Exact(_) | PathMatch::Prefix(_) => None,
            },
        }
    }

    /// Whether every request fulfils them.
    pub(super) fn is_empty(&self) -> bool {
        let values = [&self.headers, &self.query, &self.cookies];
        self.methods.is_empty()
            && values.iter().all(|values| values.is_empty())
            && self.path.is_none()
    }

    pub(super) fn rank(&self, position: usize) -> Rank {
        (
            !self.methods.is_empty(),
            self.headers.len(),
            self.query.len(),
            self.cookies.len(),
            Reverse(position),
        )
    }

    pub(super) fn hold(&self, request: &RequestFacts<'_>) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|method| method == request.method()))
            && self.headers.iter().all(|(name, wanted)| {
                if request.announces(name) {
                    return !matches!(wanted, ValueMatch::Present(false));
                }
                holds_for_any(wanted, request.header(name).map(std::str::from_utf8))
            })
            && self.query.iter().all(|(name, wanted)| holds(wanted, request.query(name).as_deref()))
            && (self.cookies.iter().all(|(name, wanted)| holds(wanted, request.cookie(name)))
                || request.is_preflight())
            && self.path.as_ref().is_none_or(|regex| regex.is_match(request.path()))
    }
}

fn holds(wanted: &ValueMatch, value: Option<&str>) -> bool {
    match (wanted, value) {
        (ValueMatch::Present(expected), value) => value.is_some() == *expected,
        (_, None) => false,
        (ValueMatch::Exact(text), Some(value)) => value == text,
        (ValueMatch::Prefix(text), Some(value)) => value.starts_with(text.as_str()),
        (ValueMatch::Regex(regex), Some(value)) => regex.is_match(value),
    }
}

/// A header may come more than once: one value that fits is enough.
fn holds_for_any<'a>(
    wanted: &ValueMatch,
    values: impl Iterator<Item = Result<&'a str, std::str::Utf8Error>>,
) -> bool {
    let mut is_there = false;
    for value in values {
        is_there = true;
        // A value that is no text is there, and fits no pattern.
        if let Ok(value) = value
            && holds(wanted, Some(value))
        {
            return true;
        }
    }
    match wanted {
        ValueMatch::Present(expected) => is_there == *expected,
        _ => false,
    }
}
