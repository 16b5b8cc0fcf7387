//! `cors`: what browsers of other origins may do (the Fetch standard's CORS protocol).

use std::time::Duration;

/// The policy as validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Origins, exact; `*` alone for any; `https://*.example.com` for subdomains.
    pub origins: Vec<String>,
    /// Methods that a preflight may ask for.
    pub methods: Vec<String>,
    /// Request headers that a preflight may ask for, lower case; `*` alone for any.
    pub headers: Vec<String>,
    /// Response headers that scripts may read.
    pub expose: Vec<String>,
    /// Whether cookies and credentials are sent; refused together with origin `*`.
    pub credentials: bool,
    /// How long a preflight may be remembered.
    pub max_age: Duration,
}
