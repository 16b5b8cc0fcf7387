//! Errors of OpenAI Chat: `{"error": {"message", "type", "param", "code"}}`, and what compatible
//! providers make of that.

use crate::chat::{ChatError, ErrorKind};
use crate::dialect::more;
use crate::json::{Cursor, JsonError, Kind, Writer};

pub(in crate::dialect) fn read(
    cursor: &mut Cursor<'_>,
    status: u16,
) -> Result<ChatError, JsonError> {
    let mut error = ChatError { status, ..ChatError::new(ErrorKind::Internal, "") };
    let (mut kind, mut beside) = (None, Vec::new());
    read_body(cursor, &mut error, &mut kind, &mut beside)?;
    if error.message.is_empty() {
        if error.code.is_none() && kind.is_none() {
            return Err(cursor.wrong("has no message"));
        }
        error.message = "the provider failed and did not say why".to_owned();
    }
    // In mid-stream there is no status but that of the code, where that is one of HTTP's, or the
    // one that the sort would have had.
    let said = error.code.as_deref().and_then(status_of).filter(|_| status < 400);
    error.kind = sort(said.unwrap_or(status), kind.as_deref(), &error);
    if status < 400 {
        error.status = said.unwrap_or(error.kind.status());
    }
    beside.iter().for_each(|told| more::add(&mut error.message, told));
    Ok(error)
}

/// The status of a failure that a code is, where it is one.
fn status_of(code: &str) -> Option<u16> {
    code.parse().ok().filter(|status| (400..600).contains(status))
}

/// The error itself, or the object that holds it; Mistral and FastAPI servers have it bare.
fn read_body(
    cursor: &mut Cursor<'_>,
    error: &mut ChatError,
    kind: &mut Option<String>,
    beside: &mut Vec<String>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("error", Kind::Object) => read_body(cursor, error, kind, beside)?,
            ("innererror", Kind::Object) => read_inner(cursor, beside)?,
            ("metadata", Kind::Object) => read_metadata(cursor, beside)?,
            ("error" | "message" | "detail", Kind::Text) => {
                error.message = cursor.text()?.into_owned();
            }
            ("type", Kind::Text) => *kind = Some(cursor.text()?.into_owned()),
            ("code", Kind::Text) => error.code = Some(cursor.text()?.into_owned()),
            ("code", Kind::Scalar) => error.code = Some(cursor.json()?.as_str().to_owned()),
            ("param", Kind::Text) => error.param = Some(cursor.text()?.into_owned()),
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

/// What Azure's filters found.
fn read_inner(cursor: &mut Cursor<'_>, beside: &mut Vec<String>) -> Result<(), JsonError> {
    let mut found = Vec::new();
    cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("content_filter_result" | "content_filter_results", Kind::Object) => {
            cursor.object(|cursor, name| {
                let (mut is_found, mut how) = (false, None);
                if cursor.kind() != Kind::Object {
                    return cursor.skip();
                }
                cursor.object(|cursor, name| {
                    match (name, cursor.kind()) {
                        ("filtered", Kind::Scalar) => is_found = cursor.json()?.as_str() == "true",
                        ("severity", Kind::Text) => how = Some(cursor.text()?.into_owned()),
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
                let how = how.map_or_else(String::new, |how| format!(" ({how})"));
                found.extend(is_found.then(|| format!("{name}{how}")));
                Ok(())
            })
        }
        _ => cursor.skip(),
    })?;
    beside.extend((!found.is_empty()).then(|| format!("filtered: {}", found.join(", "))));
    Ok(())
}

/// Whom OpenRouter asked, and what it heard: its own message says hardly more than that it failed.
fn read_metadata(cursor: &mut Cursor<'_>, beside: &mut Vec<String>) -> Result<(), JsonError> {
    let (mut name_of, mut raw, mut reasons) = (None, None, Vec::new());
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("provider_name", Kind::Text) => name_of = Some(cursor.text()?.into_owned()),
            ("raw", Kind::Text) => raw = Some(cursor.text()?.into_owned()),
            ("raw", Kind::Object) => raw = Some(cursor.json()?.as_str().to_owned()),
            ("reasons", Kind::Array) => {
                reasons = cursor.list(|cursor| Ok(cursor.text()?.into_owned()))?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    // What it heard is an error itself, mostly in these words.
    let heard = raw.map(|raw| {
        let mut error = ChatError::new(ErrorKind::Internal, "");
        let read = read_body(&mut Cursor::new(&raw), &mut error, &mut None, &mut Vec::new());
        if read.is_ok() && !error.message.is_empty() { error.message } else { raw }
    });
    let who = name_of.as_deref().unwrap_or("the provider");
    beside.extend(heard.map(|heard| format!("{who} said: {heard}")));
    beside.extend((!reasons.is_empty()).then(|| format!("reasons: {}", reasons.join(", "))));
    Ok(())
}

/// What sort it is: by code and type where they say more than the status.
fn sort(status: u16, kind: Option<&str>, error: &ChatError) -> ErrorKind {
    let words = [error.code.as_deref(), kind];
    let says = |word: &str| words.contains(&Some(word));
    if says("context_length_exceeded") || says("string_above_max_length") {
        ErrorKind::ContextTooLong
    } else if says("content_filter") || says("content_policy_violation") {
        ErrorKind::ContentRefused
    } else if says("insufficient_quota") || says("billing_hard_limit_reached") {
        ErrorKind::Payment
    } else if says("rate_limit_exceeded") || says("rate_limit_error") {
        ErrorKind::RateLimited
    } else if says("overloaded_error") {
        ErrorKind::Overloaded
    } else if status < 400 && says("invalid_request_error") {
        ErrorKind::InvalidRequest
    } else if status == 400 && is_about_length(&error.message) {
        ErrorKind::ContextTooLong
    } else {
        ErrorKind::of_status(status)
    }
}

/// Engines without codes say it in words.
fn is_about_length(message: &str) -> bool {
    let about = ["maximum context length", "context size", "context window", "prompt is too long"];
    about.iter().any(|words| message.contains(words))
}

pub(in crate::dialect) fn write(error: &ChatError, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("error").object(|w| {
            w.key("message").text(&error.message);
            w.key("type").text(word(error.kind));
            match &error.param {
                Some(param) => w.key("param").text(param),
                None => w.key("param").null(),
            }
            match error.code.as_deref().or_else(|| code(error.kind)) {
                Some(code) => w.key("code").text(code),
                None => w.key("code").null(),
            }
        });
    });
}

fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::ContextTooLong | ErrorKind::ContentRefused => {
            "invalid_request_error"
        }
        ErrorKind::NotFound | ErrorKind::TooLarge => "invalid_request_error",
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::Permission => "permission_error",
        ErrorKind::Payment => "insufficient_quota",
        ErrorKind::RateLimited => "rate_limit_error",
        ErrorKind::Overloaded | ErrorKind::Timeout | ErrorKind::Internal => "server_error",
    }
}

/// The code where the provider had none: the few that SDKs act on.
fn code(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::ContextTooLong => Some("context_length_exceeded"),
        ErrorKind::ContentRefused => Some("content_policy_violation"),
        ErrorKind::Payment => Some("insufficient_quota"),
        ErrorKind::RateLimited => Some("rate_limit_exceeded"),
        ErrorKind::Authentication => Some("invalid_api_key"),
        ErrorKind::NotFound => Some("model_not_found"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_late(body: &str) -> (u16, ErrorKind) {
        let error = read(&mut Cursor::new(body), 200).unwrap();
        (error.status, error.kind)
    }

    #[test]
    fn a_failure_in_mid_stream_has_the_status_of_its_code_or_of_its_sort() {
        for (told, status, kind) in [
            (r#""code":429"#, 429, ErrorKind::RateLimited),
            (r#""code":"429""#, 429, ErrorKind::RateLimited),
            (r#""code":502"#, 502, ErrorKind::Internal),
            (r#""code":503"#, 503, ErrorKind::Overloaded),
            (r#""code":400,"type":"BadRequestError""#, 400, ErrorKind::InvalidRequest),
            (r#""code":"server_error""#, 500, ErrorKind::Internal),
            (r#""code":7"#, 500, ErrorKind::Internal),
            (r#""code":200"#, 500, ErrorKind::Internal),
            (r#""code":"rate_limit_exceeded","type":"tokens""#, 429, ErrorKind::RateLimited),
            (r#""type":"invalid_request_error""#, 400, ErrorKind::InvalidRequest),
            (r#""code":"insufficient_quota""#, 402, ErrorKind::Payment),
        ] {
            let body = format!(r#"{{"error":{{"message":"x",{told}}}}}"#);
            assert_eq!(read_late(&body), (status, kind), "{body}");
        }
    }

    #[test]
    fn what_others_have_no_place_for_stands_behind_the_message() {
        let read = |body: &str| read(&mut Cursor::new(body), 400).unwrap();
        let azure = r#"{"error":{"message":"It was filtered.","code":"content_filter","status":400,"innererror":{
            "code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"},
            "violence":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":true,"detected":true},"custom":null}}}}"#;
        let error = read(azure);
        assert_eq!(error.kind, ErrorKind::ContentRefused);
        assert_eq!(error.message, "It was filtered. filtered: hate (high), jailbreak");
        let router = |raw: &str| {
            format!(
                r#"{{"error":{{"message":"Provider returned error","code":400,"metadata":{{"raw":{raw},"provider_name":"Lab"}}}}}}"#
            )
        };
        let told = "Provider returned error; Lab said: no such tool";
        for raw in [r#""no such tool""#, r#""{\"error\":{\"message\":\"no such tool\"}}""#] {
            assert_eq!(read(&router(raw)).message, told);
        }
        assert_eq!(read(&router(r#"{"message":"no such tool","user_id":"u"}"#)).message, told);
        let flagged = r#"{"error":{"message":"flagged","code":403,"metadata":{"reasons":["violence"],"flagged_input":"x"}}}"#;
        assert_eq!(read(flagged).message, "flagged; reasons: violence");
    }

    #[test]
    fn a_failure_without_words_is_one() {
        assert_eq!(read_late(r#"{"error":{"code":502}}"#), (502, ErrorKind::Internal));
        assert!(read(&mut Cursor::new(r#"{"id":"x","error":{}}"#), 200).is_err());
    }
}
