//! Errors of Cohere: `{"message", "id"}`; the status says of what sort they are.

use crate::chat::{ChatError, ErrorKind};
use crate::json::{Cursor, JsonError, Writer};

pub(in crate::dialect) fn read(
    cursor: &mut Cursor<'_>,
    status: u16,
) -> Result<ChatError, JsonError> {
    let (mut message, mut id) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "message" => message = cursor.maybe(Cursor::text)?,
            "id" => id = cursor.maybe(Cursor::text)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let message = message.ok_or_else(|| cursor.wrong("has no message"))?;
    let kind = sort(status, &message);
    let request_id = id.map(Into::into);
    Ok(ChatError { status, request_id, ..ChatError::new(kind, message) })
}

fn sort(status: u16, message: &str) -> ErrorKind {
    let too_long = ["too many tokens", "maximum context length", "context window"];
    match status {
        // The token is one that was taken back.
        498 => ErrorKind::Authentication,
        400 | 422 if too_long.iter().any(|words| message.contains(words)) => {
            ErrorKind::ContextTooLong
        }
        _ => ErrorKind::of_status(status),
    }
}

pub(in crate::dialect) fn write(error: &ChatError, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.text_field("id", error.request_id.as_deref());
        w.key("message").text(&error.message);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_prompt_is_told_by_its_words() {
        let body = r#"{"id":"7","message":"too many tokens: size limit exceeded by 12 tokens"}"#;
        let error = read(&mut Cursor::new(body), 400).unwrap();
        assert_eq!(
            (error.kind, error.request_id.as_deref()),
            (ErrorKind::ContextTooLong, Some("7"))
        );
        let body = r#"{"message":"invalid api token"}"#;
        assert_eq!(read(&mut Cursor::new(body), 498).unwrap().kind, ErrorKind::Authentication);
    }
}
