//! OpenAI Responses: a conversation of items, and streams that tell all of it twice.
//!
//! What the model thought, said and wants called are items of their own, in a row; a message of
//! the form is a run of them. What lives at the provider (earlier answers, conversations, prompts)
//! stays with it: other dialects refuse it.

mod annotation;
pub(super) mod error;
mod item;
mod opaque;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod says;
pub(super) mod stream;
mod usage;
pub(super) mod wire;
