//! A route: which requests it takes, what happens to them, and which service they go to.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::name::RouteName;
use regex::Regex;

use crate::PolicySet;
use crate::read::{
    CookieName, Count, HeaderName, List, Method, Pairs, PathText, Pattern, QueryName, Ratio, Ref,
    Text, choice, record,
};
use crate::snapshot::{ListenerIndex, ServiceIndex};

mod written;

pub(crate) use written::RouteWritten;

/// A route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub name: RouteName,
    /// The listeners it serves; resolved, so never empty.
    pub listeners: Vec<ListenerIndex>,
    /// The hosts it serves; empty for any.
    pub hosts: Vec<HostPattern>,
    /// Any of these; never empty (the default is the prefix `/`).
    pub matches: Vec<RouteMatch>,
    /// Policies of this route.
    pub policies: Arc<PolicySet>,
    /// To the response head; `None` for no limit beside the upstream's.
    pub timeout: Option<Duration>,
    /// Where it leads; empty only when a `redirect` policy answers.
    pub services: Vec<WeightedService>,
    /// Where a copy goes.
    pub mirror: Option<Mirror>,
    /// Whether llm, mcp and prompt services see the whole path.
    pub keep_prefix: bool,
    /// Lists that are written and have nothing in them, such as `match[0].methods`: they mean the same
    /// as if they were not written.
    pub empty_lists: Vec<String>,
    /// Whether endpoints see the path as it was spelled.
    pub keep_spelling: bool,
}

/// A host that a route serves, lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// `api.example.com`
    Exact(String),
    /// `*.example.com`, kept as `example.com`: one label or more before it.
    Wildcard(String),
}

/// A condition on the canonical path.
#[derive(Clone, Debug)]
pub enum PathMatch {
    /// The whole path.
    Exact(String),
    /// By element: `/a` takes `/a` and `/a/b`, not `/ab`. Kept without a trailing slash
    /// (`/` is kept as the empty string).
    Prefix(String),
    /// The whole path must match.
    Regex(Regex),
}

/// A condition on one value.
#[derive(Clone, Debug)]
pub enum ValueMatch {
    /// The value is this.
    Exact(String),
    /// The value begins with this.
    Prefix(String),
    /// The whole value matches.
    Regex(Regex),
    /// It is there (`true`) or is not (`false`).
    Present(bool),
}

record! {
    /// Conditions that must all hold.
    #[derive(Clone, Debug)]
    pub struct RouteMatch {
        /// On the canonical path.
        "path": PathMatch = PathMatch::Prefix(String::new()) => pub path: PathMatch,
        /// Methods; any by default.
        "methods": List<Method> = Vec::new() => pub methods: Vec<String>,
        /// On header values, by name.
        "headers": Pairs<HeaderName, ValueMatch> = Vec::new()
            => pub headers: Vec<(String, ValueMatch)>,
        /// On query parameters, by name.
        "query": Pairs<QueryName, ValueMatch> = Vec::new()
            => pub query: Vec<(String, ValueMatch)>,
        /// On cookies, by name.
        "cookies": Pairs<CookieName, ValueMatch> = Vec::new()
            => pub cookies: Vec<(String, ValueMatch)>,
    }
}

choice! {
    /// A condition on the canonical path.
    PathMatch {
        /// The whole path.
        "exact": PathText => PathMatch::Exact,
        /// By element: `/a` takes `/a` and `/a/b`, not `/ab`.
        "prefix": PathText => |prefix| PathMatch::Prefix(without_slash(prefix)),
        /// The whole path must match.
        "regex": Pattern => PathMatch::Regex,
    }
}

choice! {
    /// A condition on one value.
    ValueMatch {
        /// The value is this.
        "exact": Text => ValueMatch::Exact,
        /// The value begins with this.
        "prefix": Text => ValueMatch::Prefix,
        /// The whole value matches.
        "regex": Pattern => ValueMatch::Regex,
        /// It is there (`true`) or is not (`false`).
        "present": bool => ValueMatch::Present,
    }
}

record! {
    /// One of several services, by weight.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WeightedService {
        /// The service.
        "name": Ref<ServiceIndex> => pub service: ServiceIndex,
        /// Its share; 0 takes none.
        "weight": Count<u32, 0, 1_000_000> = 1 => pub weight: u32,
    }
}

record! {
    /// A copy of some requests, whose answers are thrown away.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Mirror {
        /// Where the copy goes. A request is copied when its whole body is no longer than
        /// `retry.body_max` of the upstream that it goes to itself.
        "service": Ref<ServiceIndex> => pub service: ServiceIndex,
        /// The share that is copied, over 0 and up to 100.
        "percent": Ratio<0, 100> = 100.0 => pub percent: f64,
    }
}

fn without_slash(path: String) -> String {
    path.strip_suffix('/').map(str::to_owned).unwrap_or(path)
}
