//! Errors of Google: `{"error": {"code", "message", "status", "details"}}`, in an array where a
//! stream of an array was asked for.

use crate::chat::{ChatError, ErrorKind, Text};
use crate::dialect::more;
use crate::json::{Cursor, JsonError, Kind, Writer};

/// The words of status that say more than HTTP's number, the first of a kind being written.
const WORDS: [(ErrorKind, &str); 16] = [
    (ErrorKind::InvalidRequest, "INVALID_ARGUMENT"),
    (ErrorKind::ContextTooLong, "INVALID_ARGUMENT"),
    (ErrorKind::ContentRefused, "INVALID_ARGUMENT"),
    (ErrorKind::TooLarge, "INVALID_ARGUMENT"),
    (ErrorKind::InvalidRequest, "OUT_OF_RANGE"),
    (ErrorKind::Payment, "FAILED_PRECONDITION"),
    (ErrorKind::Authentication, "UNAUTHENTICATED"),
    (ErrorKind::Permission, "PERMISSION_DENIED"),
    (ErrorKind::NotFound, "NOT_FOUND"),
    (ErrorKind::RateLimited, "RESOURCE_EXHAUSTED"),
    (ErrorKind::Overloaded, "UNAVAILABLE"),
    (ErrorKind::Timeout, "DEADLINE_EXCEEDED"),
    (ErrorKind::Internal, "INTERNAL"),
    (ErrorKind::Internal, "UNKNOWN"),
    (ErrorKind::Internal, "ABORTED"),
    (ErrorKind::Internal, "DATA_LOSS"),
];

/// The word and the number of an error.
#[derive(Default)]
struct Said {
    word: Option<String>,
    code: Option<u16>,
}

pub(in crate::dialect) fn read(
    cursor: &mut Cursor<'_>,
    status: u16,
) -> Result<ChatError, JsonError> {
    let mut error = ChatError::new(ErrorKind::of_status(status), "");
    let (mut said, mut beside) = (Said::default(), Vec::new());
    if cursor.kind() == Kind::Array {
        cursor.array(|cursor| read_body(cursor, &mut error, &mut said, &mut beside))?;
    } else {
        read_body(cursor, &mut error, &mut said, &mut beside)?;
    }
    let Said { word, code } = said;
    if error.message.is_empty() {
        return Err(cursor.wrong("has no message"));
    }
    // In mid-stream there is no status but the one that is told, or that its sort would have had.
    let said = code.filter(|code| (400..600).contains(code));
    let said = if status >= 400 { Some(status) } else { said };
    error.kind = sort(said.unwrap_or(status), word.as_deref(), &error);
    error.status = said.unwrap_or(error.kind.status());
    // Google answers a wrong key with 400, which nobody else would take for one.
    if error.kind == ErrorKind::Authentication {
        error.status = error.kind.status();
    }
    error.code = error.code.filter(|code| !code.is_empty()).or(word);
    beside.iter().for_each(|told| more::add(&mut error.message, told));
    Ok(error)
}

fn read_body(
    cursor: &mut Cursor<'_>,
    error: &mut ChatError,
    said: &mut Said,
    beside: &mut Vec<String>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("error", Kind::Object) => read_body(cursor, error, said, beside)?,
            ("message", Kind::Text) => error.message = cursor.text()?.into_owned(),
            ("status", Kind::Text) => said.word = Some(cursor.text()?.into_owned()),
            ("code", Kind::Scalar) => said.code = u16::try_from(cursor.count()?).ok(),
            ("details", Kind::Array) => {
                cursor.array(|cursor| read_detail(cursor, error, beside))?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

/// `RetryInfo`, `ErrorInfo`, `QuotaFailure` or `BadRequest`: no two of them have a field in common.
fn read_detail(
    cursor: &mut Cursor<'_>,
    error: &mut ChatError,
    beside: &mut Vec<String>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("retryDelay", Kind::Text) => error.retry_after_ms = milliseconds(&cursor.text()?),
            ("reason", Kind::Text) => error.code = Some(cursor.text()?.into_owned()),
            ("requestId", Kind::Text) => error.request_id = Some(cursor.text()?.into()),
            ("violations", Kind::Array) => cursor.array(|cursor| read_violation(cursor, error))?,
            ("fieldViolations", Kind::Array) => {
                cursor.array(|cursor| read_field(cursor, error, beside))?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

/// A field that is wrong, and what is wrong with it.
fn read_field(
    cursor: &mut Cursor<'_>,
    error: &mut ChatError,
    beside: &mut Vec<String>,
) -> Result<(), JsonError> {
    let mut why = None;
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("field", Kind::Text) => error.param = Some(cursor.text()?.into_owned()),
            ("description", Kind::Text) => why = Some(cursor.text()?.into_owned()),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    beside.extend(why);
    Ok(())
}

/// A limit that was reached, known by its name: those that are not per model are of all of them.
fn read_violation(cursor: &mut Cursor<'_>, error: &mut ChatError) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("quotaId", Kind::Text) => error.is_of_account |= !cursor.text()?.contains("PerModel"),
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

/// A duration as `12.5s`, rounded up.
fn milliseconds(text: &str) -> Option<u64> {
    let seconds = text.strip_suffix('s')?;
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole: u64 = whole.parse().ok()?;
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    let more = part.bytes().skip(3).any(|digit| digit != b'0');
    let thousandths = digits.parse::<u64>().ok()?.saturating_add(u64::from(more));
    Some(whole.saturating_mul(1_000).saturating_add(thousandths))
}

/// What sort it is: by words where they say more than the status.
fn sort(status: u16, word: Option<&str>, error: &ChatError) -> ErrorKind {
    let says = |words: &str| error.message.contains(words);
    let kind = match WORDS.iter().find(|(_, known)| word == Some(known)) {
        Some((ErrorKind::Payment, _)) if !says("billing") => ErrorKind::InvalidRequest,
        Some((kind, _)) => *kind,
        None => ErrorKind::of_status(status),
    };
    let is_about_key = matches!(error.code.as_deref(), Some("API_KEY_INVALID" | "API_KEY_EXPIRED"));
    match kind {
        ErrorKind::InvalidRequest if is_about_key => ErrorKind::Authentication,
        ErrorKind::InvalidRequest if status == 413 || says("payload size exceeds") => {
            ErrorKind::TooLarge
        }
        ErrorKind::InvalidRequest if says("token count") && says("exceeds the maximum") => {
            ErrorKind::ContextTooLong
        }
        kind => kind,
    }
}

pub(in crate::dialect) fn write(error: &ChatError, writer: &mut Writer<'_>) {
    let ChatError {
        kind,
        status,
        message,
        code: _,
        param,
        retry_after_ms,
        request_id,
        is_of_account: _,
        said: _,
    } = error;
    let word = WORDS.iter().find(|(known, _)| known == kind).map(|(_, word)| *word);
    let has_details = param.is_some() || retry_after_ms.is_some() || request_id.is_some();
    writer.object(|w| {
        w.key("error").object(|w| {
            w.key("code").count(u64::from(*status));
            w.key("message").text(message);
            w.key("status").text(word.unwrap_or("UNKNOWN"));
            if has_details {
                w.key("details").array(|w| write_details(error, w));
            }
        });
    });
}

fn write_details(error: &ChatError, w: &mut Writer<'_>) {
    let mut detail = |kind: &str, body: &dyn Fn(&mut Writer<'_>)| {
        w.object(|w| {
            w.key("@type").texts(&["type.googleapis.com/google.rpc.", kind]);
            body(w);
        });
    };
    if let Some(wait) = error.retry_after_ms {
        let delay = Text::from(format!("{}.{:03}s", wait / 1_000, wait % 1_000));
        let delay = delay.replace(".000s", "s");
        detail("RetryInfo", &|w| w.text_field("retryDelay", Some(&delay)));
    }
    if let Some(param) = &error.param {
        detail("BadRequest", &|w| {
            w.key("fieldViolations").array(|w| {
                w.object(|w| {
                    w.text_field("field", Some(param));
                    w.text_field("description", Some(&error.message));
                });
            });
        });
    }
    if let Some(id) = &error.request_id {
        detail("RequestInfo", &|w| w.text_field("requestId", Some(id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str, status: u16) -> ChatError {
        read(&mut Cursor::new(text), status).unwrap()
    }

    #[test]
    fn details_are_read_and_written() {
        let text = r#"[{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED",
            "details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7.0305s"},
            {"@type":"x","violations":[{"quotaMetric":"m","quotaId":"PerModelPerDay"}]}]}}]"#;
        let error = read_text(text, 429);
        assert_eq!((error.kind, error.retry_after_ms), (ErrorKind::RateLimited, Some(7_031)));
        assert!(!error.is_of_account);
        assert!(read_text(&text.replace("PerModel", ""), 429).is_of_account);
        let mut out = Vec::new();
        write(&error, &mut Writer::new(&mut out));
        assert_eq!(read_text(std::str::from_utf8(&out).unwrap(), 429), error);
    }

    #[test]
    fn what_is_wrong_with_a_field_stands_behind_the_message() {
        let text = r#"{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT",
            "details":[{"@type":"type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations":[{"field":"contents[0].role","description":"must be user or model"}]}]}}"#;
        let error = read_text(text, 400);
        assert_eq!(error.param.as_deref(), Some("contents[0].role"));
        let told = "Request contains an invalid argument. must be user or model";
        assert_eq!(error.message, told);
        let mut out = Vec::new();
        write(&error, &mut Writer::new(&mut out));
        assert_eq!(read_text(std::str::from_utf8(&out).unwrap(), 400), error);
    }

    #[test]
    fn sorts_are_told_by_words() {
        for (status, word, reason, message, kind) in [
            (400, "INVALID_ARGUMENT", "API_KEY_INVALID", "no", ErrorKind::Authentication),
            (400, "FAILED_PRECONDITION", "", "enable billing on", ErrorKind::Payment),
            (400, "FAILED_PRECONDITION", "", "not here", ErrorKind::InvalidRequest),
            (200, "UNAVAILABLE", "", "overloaded", ErrorKind::Overloaded),
            (
                400,
                "INVALID_ARGUMENT",
                "",
                "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                ErrorKind::ContextTooLong,
            ),
        ] {
            let text = format!(
                r#"{{"error":{{"code":503,"message":"{message}","status":"{word}","details":[{{"reason":"{reason}"}}]}}}}"#
            );
            assert_eq!(read_text(&text, status).kind, kind, "{message}");
        }
    }

    #[test]
    fn a_failure_in_mid_stream_has_the_status_that_is_told_or_that_of_its_sort() {
        for (told, status) in [
            (r#""code":503"#, 503),
            (r#""code":8,"status":"RESOURCE_EXHAUSTED""#, 429),
            (r#""status":"UNAVAILABLE""#, 503),
            (r#""code":200"#, 500),
        ] {
            let text = format!(r#"{{"error":{{"message":"x",{told}}}}}"#);
            assert_eq!(read_text(&text, 200).status, status, "{told}");
        }
    }
}
