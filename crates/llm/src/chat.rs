//! The form in the middle: what all chat dialects say, said once.
//!
//! A dialect's reader makes it, another's writer takes it apart. It borrows from the body that was
//! read. It is no dialect of its own and has no wire format: what only one provider can say is
//! either a field here that others cannot say (`field` lists them), or [`ProviderOnly`], kept as
//! it came for its own dialect alone.

mod error;
mod event;
mod media;
mod message;
mod options;
mod reply;
mod request;
mod service_class;
mod text;
mod tool;
mod usage;

pub use error::{ChatError, ErrorKind};
pub use event::{ChatEvent, Delta, PartKind};
pub use media::{Media, MediaKind, Source};
pub use message::{
    CacheMark, CacheTime, Citation, Content, Message, Part, ProviderOnly, ReasoningPart, Role,
    Signature, SpanUnit, TextPart, ToolCall, ToolResult,
};
pub use options::{
    Account, AudioOutput, Caching, Effort, Output, OutputFormat, ReasoningOptions, ReasoningShown,
    Sampling,
};
pub use reply::{ChatReply, Choice, Finish, TokenLogprob};
pub use request::ChatRequest;
pub use service_class::ServiceClass;
pub use text::{Json, Maker, Text};
pub use tool::{Tool, ToolChoice, ToolKind, Tooling};
pub use usage::{TokenClass, Usage};
