//! Bodies in the request log, where a service asks for them: their beginnings, without what is
//! secret in them.

use crate::read::{List, Size, Text, record};

/// What is kept of a body where nothing is said: enough to see what was asked for and answered.
const BYTES_MAX: usize = 4 * 1024;

/// The most that can be kept of one: bodies wait in memory until they are written.
const BYTES_CAP: u64 = 16 * 1024;

record! {
    /// What the request log has of the bodies of a service's exchanges.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct LogBodies {
        /// How much of each body is kept, from its beginning.
        "max": Size<usize, 1, BYTES_CAP> = BYTES_MAX => pub bytes_max: usize,
        /// Members of JSON and fields of forms whose values are never kept, beside those that look
        /// like secrets, such as `password`. Case, `-` and `_` do not matter.
        "redact": List<Text> = Vec::new() => pub redact: Vec<String>,
    }
}
