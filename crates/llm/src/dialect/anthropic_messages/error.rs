//! Errors of Anthropic: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

use crate::chat::{ChatError, ErrorKind};
use crate::dialect::more;
use crate::json::{Cursor, JsonError, Kind, Writer};

const KINDS: [(ErrorKind, &str); 10] = [
    (ErrorKind::InvalidRequest, "invalid_request_error"),
    (ErrorKind::Authentication, "authentication_error"),
    (ErrorKind::Payment, "billing_error"),
    (ErrorKind::Permission, "permission_error"),
    (ErrorKind::NotFound, "not_found_error"),
    (ErrorKind::TooLarge, "request_too_large"),
    (ErrorKind::RateLimited, "rate_limit_error"),
    (ErrorKind::Timeout, "timeout_error"),
    (ErrorKind::Overloaded, "overloaded_error"),
    (ErrorKind::Internal, "api_error"),
];

pub(in crate::dialect) fn read(
    cursor: &mut Cursor<'_>,
    status: u16,
) -> Result<ChatError, JsonError> {
    let mut error = ChatError::new(ErrorKind::of_status(status), "");
    let (mut has_error, mut details) = (false, None);
    cursor.object(|cursor, name| {
        match name {
            "error" => {
                has_error = true;
                read_inner(cursor, &mut error, &mut details)?;
            }
            "request_id" => error.request_id = cursor.maybe(Cursor::text)?.map(Into::into),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if !has_error {
        return Err(cursor.wrong("has no error"));
    }
    let known = KINDS.iter().find(|(_, word)| error.code.as_deref() == Some(word));
    error.kind = known.map_or(error.kind, |(kind, _)| *kind);
    let too_long = ["prompt is too long", "exceed context limit"];
    if too_long.iter().any(|words| error.message.contains(words)) {
        error.kind = ErrorKind::ContextTooLong;
    }
    if let Some(details) = details {
        more::add_json(&mut error.message, &details);
    }
    // In mid-stream there is no status but the one that the type would have had.
    error.status = if status >= 400 { status } else { error.kind.status() };
    Ok(error)
}

fn read_inner(
    cursor: &mut Cursor<'_>,
    error: &mut ChatError,
    details: &mut Option<String>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "details" if cursor.kind() == Kind::Object => {
                *details = Some(cursor.json()?.as_str().to_owned());
            }
            "type" => error.code = cursor.maybe(Cursor::text)?.map(Into::into),
            "message" => error.message = cursor.text()?.into_owned(),
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

pub(in crate::dialect) fn write(error: &ChatError, writer: &mut Writer<'_>) {
    let known = KINDS.iter().find(|(kind, _)| *kind == error.kind);
    writer.object(|w| {
        w.key("type").text("error");
        w.key("error").object(|w| {
            w.key("type").text(known.map_or("invalid_request_error", |(_, word)| word));
            w.key("message").text(&error.message);
        });
        w.text_field("request_id", error.request_id.as_deref());
    });
}
