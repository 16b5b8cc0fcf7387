//! Anthropic Messages.
//!
//! Content is in blocks on both sides, and what the model thought must come back with its
//! signature, or not at all.

mod citation;
pub(super) mod error;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod says;
pub(super) mod stream;
pub(super) mod thinking;
mod usage;
pub(super) mod wire;

#[cfg(test)]
mod tests;
