//! What we tell the other side of an HTTP/2 connection, and how much of it we bear.

use crate::h1::HeadLimits;

/// Streams open at once on one connection.
pub const CONCURRENT_STREAMS_MAX: u32 = 128;

/// Bytes that may be on their way on one stream, and on one connection.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// So many bodies that nobody takes leave room in a connection's window for others.
pub(super) const UNTAKEN_BESIDE_MAX: usize =
    (CONNECTION_WINDOW_BYTES / STREAM_WINDOW_BYTES - 1) as usize;

/// Streams that a client may open and reset before they were even looked at (rapid reset).
const PENDING_RESETS_MAX: usize = 20;

/// Resets that a client's own errors may make us send (MadeYouReset).
const LOCAL_ERROR_RESETS_MAX: usize = 64;

/// Bytes of a response held for a client whose window is closed; times the streams, 4 MiB for a
/// client that takes nothing on any of them.
const RESPONSE_BUFFER_BYTES: usize = 32 * 1024;

/// Bytes of a request held for an endpoint whose window is closed.
const REQUEST_BUFFER_BYTES: usize = 64 * 1024;

/// The settings of an accepting side.
#[must_use]
pub fn server(limits: &HeadLimits) -> h2::server::Builder {
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(CONCURRENT_STREAMS_MAX)
        .max_header_list_size(header_list_bytes(limits))
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(Some(LOCAL_ERROR_RESETS_MAX))
        .max_concurrent_reset_streams(CONCURRENT_STREAMS_MAX as usize)
        .max_send_buffer_size(RESPONSE_BUFFER_BYTES);
    builder
}

/// The settings of a dialling side.
#[must_use]
pub fn client(limits: &HeadLimits) -> h2::client::Builder {
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(4 * CONNECTION_WINDOW_BYTES)
        .initial_max_send_streams(CONCURRENT_STREAMS_MAX as usize)
        .max_header_list_size(header_list_bytes(limits))
        .max_send_buffer_size(REQUEST_BUFFER_BYTES);
    builder
}

/// The list size counts 32 for each field (RFC 9113 §6.5.2).
fn header_list_bytes(limits: &HeadLimits) -> u32 {
    u32::try_from(limits.head_bytes_max + 32 * limits.headers_max.min(1024)).unwrap_or(u32::MAX)
}
