//! AWS Bedrock Converse and ConverseStream.
//!
//! The model stands in the path, every value is an object with one field that says what it is, and
//! what only some models understand goes beside the dialect in `additionalModelRequestFields`.

mod citation;
pub(super) mod error;
mod media;
mod redacted;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod says;
pub(super) mod stream;
mod usage;
pub(super) mod wire;
