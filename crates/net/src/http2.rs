//! HTTP/2 on both sides: the crate `h2` for frames and flow control, our own heads and limits.
//!
//! `h2` is used without hyper on top: the request path pushes bytes, and a body that is polled
//! from elsewhere would need a queue in between.

mod convert;
mod keep_alive;
mod reader;
mod settings;
mod watched;
mod writer;

pub use convert::{
    HeadError, read_interim_fields, read_request, read_response, write_request, write_response,
};
pub use keep_alive::{End, Heard, OpenStream, Traffic, run};
pub use reader::{H2Reader, Untaken};
pub use settings::{CONCURRENT_STREAMS_MAX, client, server};
pub use watched::WatchedStream;
pub use writer::H2Writer;
