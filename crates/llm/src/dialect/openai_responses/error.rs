//! Errors of Responses: over HTTP those of all of OpenAI; in mid-stream an object within the
//! response, or an event.

pub(in crate::dialect) use crate::dialect::openai_chat::error::{read, write};

use crate::chat::{ChatError, ErrorKind};
use crate::json::{Cursor, JsonError, Writer};

/// Reads a failure in mid-stream, which has the status of its code or of its sort.
pub(super) fn read_late(cursor: &mut Cursor<'_>) -> Result<ChatError, JsonError> {
    read(cursor, 200)
}

/// Writes the object that a response that failed has.
pub(super) fn write_late(error: &ChatError, writer: &mut Writer<'_>) {
    writer.object(|w| write_members(error, w));
}

/// The members of the event `error`.
pub(super) fn write_event(error: &ChatError, writer: &mut Writer<'_>) {
    write_members(error, writer);
    match error.param.as_deref() {
        Some(param) => writer.key("param").text(param),
        None => writer.key("param").null(),
    }
}

fn write_members(error: &ChatError, writer: &mut Writer<'_>) {
    let code = error.code.as_deref().unwrap_or(match error.kind {
        ErrorKind::RateLimited => "rate_limit_exceeded",
        ErrorKind::ContextTooLong => "context_length_exceeded",
        ErrorKind::ContentRefused => "content_policy_violation",
        ErrorKind::Payment => "insufficient_quota",
        ErrorKind::InvalidRequest => "invalid_prompt",
        _ => "server_error",
    });
    writer.key("code").text(code);
    writer.key("message").text(&error.message);
}
