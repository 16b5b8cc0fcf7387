//! `body_limit`: the largest request body that is let through.
//!
//! Not a limit on responses: those are streamed and never held.

use crate::read::{Size, record};

record! {
    /// The largest request body that is let through.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BodyLimit {
        /// Bytes of request body.
        "request": Size<u64> => pub request_bytes_max: u64,
    }
}
