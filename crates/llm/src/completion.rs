//! Legacy completions: a text to be gone on with, asked of models that can only talk.
//!
//! Providers that have completions are sent them as they came. For all others the prompt becomes a
//! message of the user, and the answer is told as a completion, streamed or not. What is about the
//! text itself, and no wish about an answer, cannot be said to them and is refused.

mod logprobs;
mod read;
mod reply;
mod stream;

use crate::chat::{ChatError, ChatReply, ChatRequest, ErrorKind};
use crate::dialect::{Context, Dialect};
use crate::field::{Losses, ReplyField, Say};
use crate::json::{Cursor, Writer};
use crate::translate::TranslatedReply;

pub use stream::CompletionWriter;

/// Reads a request for a completion as one for chat; `model` is the one that the path names.
///
/// # Errors
/// The field that is wrong, or that no chat can say, in words for the client.
pub fn read_request<'a>(
    model: Option<&'a str>,
    body: &'a [u8],
) -> Result<(ChatRequest<'a>, Losses), ChatError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))?;
    let mut cursor = Cursor::new(text);
    let mut request = read::request(&mut cursor)?;
    cursor.end()?;
    if let Some(model) = model {
        request.model = model.into();
    }
    let mut losses = Losses::default();
    losses.add_unknown(cursor.take_unknown());
    Ok((request, losses))
}

/// Translates a provider's whole reply to a completion.
///
/// # Errors
/// That the provider's reply cannot be read, as a failure for the client.
pub fn reply(from: Dialect, body: &[u8], context: &Context) -> Result<TranslatedReply, ChatError> {
    let unreadable = || {
        let message = "the provider's reply cannot be read";
        ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
    };
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    let (reply, read) = from.read_reply(text, context).map_err(|_| unreadable())?;
    let mut body = Vec::with_capacity(text.len() + 128);
    let mut losses = write_reply(&reply, context, &mut body);
    losses.add_unknown((read.unknown, read.unknown_more));
    Ok(TranslatedReply { body, usage: reply.usage, losses })
}

/// Appends a reply as a completion, and tells what of it that cannot say.
pub fn write_reply(reply: &ChatReply<'_>, context: &Context, out: &mut Vec<u8>) -> Losses {
    reply::write(reply, context, &mut Writer::new(out));
    Losses::of_reply(reply, reply_says)
}

/// What a completion makes of a field of a reply.
#[must_use]
pub fn reply_says(field: ReplyField) -> Say {
    use ReplyField as F;
    match field {
        F::Reasoning | F::ReasoningSignature | F::ReasoningEncrypted => {
            Say::Dropped("a completion has no reasoning")
        }
        F::ToolCall | F::ToolCallSignature | F::ToolCallFreeForm => {
            Say::Dropped("a completion calls no tools")
        }
        F::Audio | F::Image | F::Citations | F::ProviderPart | F::ServiceClass => {
            Say::Dropped("a completion is text alone")
        }
        F::Refusal => Say::Near("as text"),
        F::FinishToolCalls | F::FinishRefusal => Say::Near("as stop"),
        field => Dialect::OpenaiChat.reply_says(field),
    }
}

#[cfg(test)]
mod tests;
