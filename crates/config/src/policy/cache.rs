//! `cache`: answers of models that are given again to the very same request.
//!
//! Not a cache of the web's: it knows nothing of freshness, and keeps only what models said.

use std::time::Duration;

use crate::read::{Count, Size, Span, record};

/// Long enough for a page that is loaded again, short enough that nobody wonders about yesterday.
const TTL: Duration = Duration::from_secs(300);
/// As many questions as one service is asked over and over.
const ENTRIES_MAX: usize = 10_000;
/// Of answers of a few kilobytes, about as many as that.
const BYTES_MAX: u64 = 64 << 20;

record! {
    /// Answers of models that are given again to the very same request.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Cache {
        /// How long an answer is given again.
        "ttl": Span<1000> = TTL => pub ttl: Duration,
        /// Whether an answer to one consumer is given to others too. Callers that are not known
        /// count as one consumer.
        "shared": bool = false => pub shared: bool,
        /// Answers kept at once; the oldest make room.
        "entries_max": Count<usize, 1, 10_000_000> = ENTRIES_MAX => pub entries_max: usize,
        /// Bytes kept at once, requests included.
        "bytes_max": Size<u64, 1024> = BYTES_MAX => pub bytes_max: u64,
    }
}
