//! The HTTP/1.1 codec, for both roles: bytes in, facts out; heads and framing in, bytes out.
//!
//! No sockets, no clock, no tasks: whoever owns a connection feeds it, so the same code is driven
//! by the workers, by property tests and by fuzzing. httparse splits tokens; what a message *is*
//! (framing, authority, persistence) is decided here, strictly and without switches, because
//! every leniency is a second reading of the same bytes, and two readings are how requests are
//! smuggled.
//!
//! - [`HeadParser`] reads heads, [`BodyDecoder`] reads bodies.
//! - [`write_request`], [`write_response`] and the chunk writers make bytes. Received framing and
//!   hop-by-hop fields are never copied: they are written anew from what was understood.
//!
//! What is accepted, beyond the grammar of RFC 9110 and RFC 9112:
//! - one empty line before a request line; a status line without reason phrase;
//! - fields of requests with `_` in their names are read and dropped: origins that turn `-` into
//!   `_` (CGI and its heirs) could not tell them from the fields that the gateway vouches for. So
//!   are names that imitate those of framing fields (`Content.Length`), in responses as well: no
//!   route, policy or endpoint sees them.

mod authority;
pub mod chunk;
pub mod decode;
pub mod encode;
pub mod error;
mod facts;
pub mod parse;
mod reader;
mod request;
mod response;
mod status;
mod target;
mod trailer;
mod writer;

pub use authority::is_authority;
pub use chunk::ChunkLimits;
pub use decode::{BodyDecoder, BodyStep};
pub use encode::{
    CHUNK_END, Persist, RequestOptions, write_chunk_head, write_last_chunk, write_request,
    write_response, write_response_to_head,
};
pub use error::ParseError;
pub(crate) use facts::{imitates_framing, is_deceptive};
pub use parse::{HeadLimits, HeadParser};
pub use reader::{Gone, H1Reader, into_stream};
pub use request::RequestPrelude;
pub(crate) use request::check_method;
pub use response::ResponsePrelude;
pub(crate) use trailer::is_allowed as is_allowed_in_trailers;
pub use writer::H1Writer;

#[cfg(test)]
mod tests;
