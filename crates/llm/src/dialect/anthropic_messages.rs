//! Anthropic Messages.
//!
//! Content is in blocks on both sides, and what the model thought must come back with its
//! signature, or not at all.

mod citation;
pub(super) mod error;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod says;
mod signature;
pub(super) mod stream;
mod usage;
pub(super) mod wire;
