//! From one dialect to another: requests, replies, streams, errors.
//!
//! It only joins readers and writers. Same-dialect traffic does not come here; see `pass`.

mod assembly;
mod owned;
mod replay;
mod stream;

use crate::chat::{ChatError, ChatRequest, ErrorKind, Usage};
use crate::dialect::{Address, Context, Dialect, Quirks};
use crate::failure;
use crate::field::Losses;

pub use assembly::Assembly;
pub(crate) use owned::own_event;
pub use replay::replay;
pub(crate) use stream::broken;
pub use stream::{EventFilter, StreamTranslation};

/// A request in the dialect of a provider.
#[derive(Debug)]
pub struct TranslatedRequest {
    /// Path and query under the provider's base URL.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
    /// What could not be said.
    pub losses: Losses,
}

/// A reply in the dialect of the client.
#[derive(Debug)]
pub struct TranslatedReply {
    /// The body.
    pub body: Vec<u8>,
    /// What was used, where the provider says it.
    pub usage: Option<Usage>,
    /// What could not be said.
    pub losses: Losses,
}

/// Reads a body of a client; what it borrows is the body.
///
/// # Errors
/// What is wrong with it, for the client.
pub fn read_request<'a>(
    from: Dialect,
    address: &Address<'a>,
    body: &'a [u8],
) -> Result<(ChatRequest<'a>, Losses), ChatError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))?;
    from.read_request(text, address)
}

/// Writes a request for a provider's dialect. `request` has the model and the limits that it is to
/// be sent with; `read` is what reading it lost.
///
/// # Errors
/// The field without which the request would mean something else there.
pub fn write_request(
    (to, quirks): (Dialect, &Quirks),
    request: &ChatRequest<'_>,
    read: &Losses,
) -> Result<TranslatedRequest, ChatError> {
    let mut body = Vec::with_capacity(1024);
    let mut losses = to.write_request(request, quirks, &mut body)?;
    losses.add_unknown((read.unknown.clone(), read.unknown_more));
    let address = Address {
        model: Some(request.model.clone()),
        stream: Some(request.stream),
        framing: Some(to.framing()),
    };
    Ok(TranslatedRequest { path: to.path(&address), body, losses })
}

/// Translates a provider's whole reply for the client.
///
/// # Errors
/// That the provider's reply cannot be read, or that it failed and the client's dialect has no such
/// reply, as a failure for the client.
pub fn reply(
    from: Dialect,
    to: Dialect,
    body: &[u8],
    context: &Context,
) -> Result<TranslatedReply, ChatError> {
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    let (reply, read) = from.read_reply(text, context).map_err(|_| unreadable())?;
    if failure::is_unsayable(&reply, to) {
        return Err(failure::failed_answer());
    }
    let mut body = Vec::with_capacity(text.len() + 256);
    let mut losses = to.write_reply(&reply, context, &mut body);
    losses.add_unknown((read.unknown, read.unknown_more));
    Ok(TranslatedReply { body, usage: reply.usage, losses })
}

/// Translates a provider's failure for the client; the status to answer with is in the error.
#[must_use]
pub fn error(from: Dialect, to: Dialect, status: u16, body: &[u8]) -> (ChatError, Vec<u8>) {
    let error = from.read_error(status, body);
    let mut body = Vec::new();
    to.write_error(&error, &mut body);
    (error, body)
}

fn unreadable() -> ChatError {
    let message = "the provider's reply cannot be read";
    ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
}
