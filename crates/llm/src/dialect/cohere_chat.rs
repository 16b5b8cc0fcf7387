//! Cohere's chat, version 2.
//!
//! Documents stand beside the conversation, what the model says before it calls tools is its plan,
//! and citations tell where in the answer they belong.

mod assistant;
mod citation;
mod document;
pub(super) mod error;
mod logprobs;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod says;
pub(super) mod stream;
mod tool_call;
mod usage;
pub(super) mod wire;
