//! Floor 0: texts as they are on the wire, for all who read and write them: bytes in, bytes out.
//!
//! - [`json`]: a reader that walks a text once and borrows, and a writer that appends.
//! - [`keys`]: the names of all open objects, to refuse a second one.
//! - [`edit`]: changing a few bytes of a text while all others go on as they came.
//! - [`sse`]: server-sent events in and out.
//! - [`strict`]: the whole grammar held, doubled names refused.
//!
//! It knows no protocol: what a text means is said on the floors above.

pub mod edit;
pub mod json;
pub mod keys;
pub mod sse;
pub mod strict;
