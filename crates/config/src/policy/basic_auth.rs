//! `basic_auth`: callers prove themselves by name and password (RFC 7617).

/// The policy as validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicAuth {
    /// Shown to people by browsers; no quotes or control characters.
    pub realm: String,
    /// Whether the credential is passed on to the service.
    pub forward: bool,
}
