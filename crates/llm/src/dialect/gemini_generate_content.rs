//! Gemini generateContent, at Google's Gemini API and at Vertex.
//!
//! The path says the model and whether to stream. Names in requests are read in camelCase and
//! snake_case, as Google does, and written in camelCase, as all of Google's replies are.

pub(super) mod error;
mod grounding;
mod logprobs;
mod media;
pub(super) mod reply;
pub(super) mod request;
mod response;
pub(super) mod says;
mod schema;
mod signature;
pub(super) mod stream;
mod text_so_far;
mod usage;
pub(super) mod wire;

#[cfg(test)]
mod tests;
