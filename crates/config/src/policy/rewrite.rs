//! `rewrite`: another path or host toward the service.

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
    /// A prefix, by element, taken away; `/` where nothing is left.
    StripPrefix(String),
    /// The whole path replaced.
    Replace(String),
}
