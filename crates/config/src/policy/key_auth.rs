//! `key_auth`: callers prove themselves by an API key of a consumer.

/// The policy as validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAuth {
    /// Headers in which a key is looked for, lower case; in `authorization` after `Bearer `.
    pub headers: Vec<String>,
    /// Query parameters in which a key is looked for.
    pub query: Vec<String>,
    /// Whether the key is passed on to the service.
    pub forward: bool,
}
