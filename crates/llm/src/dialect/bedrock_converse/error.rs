//! Errors of Bedrock: `{"message"}`, their sort being the word in the header `x-amzn-errortype`.
//!
//! The word may stand in the body as `__type`, too, where AWS's SDKs look for it as well; there we
//! write it, as a body is all that a dialect writes.

use crate::chat::{ChatError, ErrorKind};
use crate::json::{Cursor, JsonError, Writer};

/// The words for each sort; the first of a sort is the one that is written.
const KINDS: [(ErrorKind, &str); 20] = [
    (ErrorKind::InvalidRequest, "ValidationException"),
    (ErrorKind::Authentication, "UnrecognizedClientException"),
    (ErrorKind::Authentication, "InvalidSignatureException"),
    (ErrorKind::Authentication, "MissingAuthenticationTokenException"),
    (ErrorKind::Authentication, "IncompleteSignatureException"),
    (ErrorKind::Authentication, "ExpiredTokenException"),
    (ErrorKind::Permission, "AccessDeniedException"),
    (ErrorKind::Payment, "PaymentRequiredException"),
    (ErrorKind::NotFound, "ResourceNotFoundException"),
    (ErrorKind::TooLarge, "RequestEntityTooLargeException"),
    (ErrorKind::RateLimited, "ThrottlingException"),
    (ErrorKind::RateLimited, "ServiceQuotaExceededException"),
    (ErrorKind::RateLimited, "TooManyRequestsException"),
    (ErrorKind::Overloaded, "ServiceUnavailableException"),
    (ErrorKind::Overloaded, "ModelNotReadyException"),
    (ErrorKind::Timeout, "ModelTimeoutException"),
    (ErrorKind::Internal, "InternalServerException"),
    (ErrorKind::Internal, "InternalFailure"),
    (ErrorKind::Internal, "ModelErrorException"),
    (ErrorKind::Internal, "ModelStreamErrorException"),
];

pub(in crate::dialect) fn read(
    cursor: &mut Cursor<'_>,
    status: u16,
) -> Result<ChatError, JsonError> {
    let mut error = ChatError { status, ..ChatError::new(ErrorKind::of_status(status), "") };
    let mut word = None;
    cursor.object(|cursor, name| {
        match name {
            // What the front of AWS says has a capital.
            "message" | "Message" => {
                error.message = cursor.maybe(Cursor::text)?.unwrap_or_default().into_owned();
            }
            "__type" | "code" => word = cursor.maybe(Cursor::text)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if error.message.is_empty() && word.is_none() {
        return Err(cursor.wrong("has no message"));
    }
    sort(&mut error, word.as_deref());
    Ok(error)
}

/// Adds what the header `x-amzn-errortype` says to what the body said.
pub fn add_aws_error_type(error: &mut ChatError, header: &str) {
    sort(error, Some(header));
}

/// The value of the header `x-amzn-errortype` for a failure.
#[must_use]
pub fn aws_error_type(kind: ErrorKind) -> &'static str {
    let known = KINDS.iter().find(|(sort, _)| *sort == kind);
    known.map_or("ValidationException", |(_, word)| word)
}

fn sort(error: &mut ChatError, word: Option<&str>) {
    // `com.amazon.coral.service#Word:http://…`
    let bare = word.map(|word| word.rsplit('#').next().unwrap_or(word));
    let bare = bare.map(|word| word.split(':').next().unwrap_or(word));
    if let Some(bare) = bare.filter(|bare| !bare.is_empty()) {
        let known = KINDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(bare));
        error.kind = known.map_or(error.kind, |(kind, _)| *kind);
        error.code = Some(bare.to_owned());
        if error.message.is_empty() {
            bare.clone_into(&mut error.message);
        }
    }
    let too_long =
        ["too long", "maximum context length", "context window", "too many input tokens"];
    let message = error.message.to_ascii_lowercase();
    let is_long = too_long.iter().any(|words| message.contains(words));
    if error.kind == ErrorKind::InvalidRequest && is_long {
        error.kind = ErrorKind::ContextTooLong;
    }
}

/// A failure in mid-stream, named by its event.
pub(super) fn read_event(name: &str, data: &str) -> ChatError {
    let mut error = read(&mut Cursor::new(data), 200).unwrap_or_else(|_| {
        let message = "the provider failed in the middle of the stream";
        ChatError::new(ErrorKind::Internal, message)
    });
    sort(&mut error, Some(name));
    error.status = error.kind.status();
    error
}

/// The name of the event for a failure in mid-stream, of the few that there are.
pub(super) fn event_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited => "throttlingException",
        ErrorKind::Overloaded => "serviceUnavailableException",
        ErrorKind::Internal | ErrorKind::Timeout => "internalServerException",
        _ => "validationException",
    }
}

pub(in crate::dialect) fn write(error: &ChatError, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("__type").text(aws_error_type(error.kind));
        w.key("message").text(&error.message);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_the_body_does_not() {
        let body = r#"{"message":"The security token included in the request is invalid."}"#;
        let mut error = read(&mut Cursor::new(body), 403).unwrap();
        assert_eq!(error.kind, ErrorKind::Permission);
        add_aws_error_type(&mut error, "UnrecognizedClientException:http://internal.amazon.com/");
        assert_eq!(error.kind, ErrorKind::Authentication);
        assert_eq!(error.code.as_deref(), Some("UnrecognizedClientException"));
        add_aws_error_type(&mut error, "UnheardOfException");
        assert_eq!(error.kind, ErrorKind::Authentication);
    }

    #[test]
    fn a_long_prompt_is_told_by_its_words() {
        let body = r#"{"message":"Input is too long for requested model."}"#;
        let error = read(&mut Cursor::new(body), 400).unwrap();
        assert_eq!((error.kind, error.status), (ErrorKind::ContextTooLong, 400));
    }

    #[test]
    fn events_name_their_failure() {
        let error = read_event("throttlingException", r#"{"message":"slow down"}"#);
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, 429));
        assert_eq!(error.message, "slow down");
        assert_eq!(read_event("modelStreamErrorException", "").kind, ErrorKind::Internal);
    }
}
