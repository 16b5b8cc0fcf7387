//! `body_limit`: the largest request body that is let through.

/// The policy as validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit {
    /// Bytes of request body.
    pub request_bytes_max: u64,
}
