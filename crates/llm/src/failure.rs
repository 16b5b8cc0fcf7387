//! A failure that is told with a status of success, as those do who pass on what other providers
//! say (OpenRouter), and OpenAI's Responses, whose failed answers are answers.

use crate::chat::ChatError;
use crate::dialect::Dialect;
use crate::json::{Cursor, JsonError, Kind};

/// A whole answer larger than this is one.
const BYTES_MAX: usize = 64 * 1024;
/// The status of a failure that says none: the provider's doing.
const BAD_GATEWAY: u16 = 502;

/// The failure that a whole answer with a status of success is, where it is one: it has an `error`
/// and nothing of an answer.
#[must_use]
pub fn in_reply(dialect: Dialect, body: &[u8]) -> Option<ChatError> {
    let may_fail = matches!(dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses);
    if !may_fail || body.len() > BYTES_MAX || !names_error(body) {
        return None;
    }
    let mut found = Found::default();
    found.read(&mut Cursor::new(std::str::from_utf8(body).ok()?)).ok()?;
    if !found.has_error || found.has_answer {
        return None;
    }
    let status = found.code.filter(|code| (400..600).contains(code)).unwrap_or(BAD_GATEWAY);
    Some(dialect.read_error(status, body))
}

/// Whether some member `error` is more than `null`: one look at the bytes, which nearly all answers
/// get no more than.
fn names_error(body: &[u8]) -> bool {
    const NAME: &[u8] = b"\"error\"";
    memchr::memmem::find_iter(body, NAME).any(|at| {
        let behind = body[at + NAME.len()..].iter();
        let value = behind.copied().find(|byte| !byte.is_ascii_whitespace() && *byte != b':');
        matches!(value, Some(b'{' | b'"'))
    })
}

#[derive(Default)]
struct Found {
    has_error: bool,
    has_answer: bool,
    code: Option<u16>,
}

impl Found {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        cursor.object(|cursor, name| match (name, cursor.kind()) {
            ("error", Kind::Object) => {
                self.has_error = true;
                cursor.object(|cursor, name| match (name, cursor.kind()) {
                    ("code", Kind::Scalar) => {
                        self.code = cursor.json()?.as_str().parse().ok();
                        Ok(())
                    }
                    _ => cursor.skip(),
                })
            }
            ("error", Kind::Text) => {
                self.has_error = true;
                cursor.skip()
            }
            ("choices" | "output", Kind::Array) => cursor.array(|cursor| {
                self.has_answer = true;
                cursor.skip()
            }),
            _ => cursor.skip(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ErrorKind;

    fn failure(body: &str) -> Option<(u16, ErrorKind)> {
        in_reply(Dialect::OpenaiChat, body.as_bytes()).map(|error| (error.status, error.kind))
    }

    #[test]
    fn what_has_an_error_and_no_answer_failed() {
        let told = r#"{"error":{"message":"Provider returned error","code":429},"user_id":"u"}"#;
        assert_eq!(failure(told), Some((429, ErrorKind::RateLimited)));
        let text = r#"{"id":"x","choices":[],"error" : "no worker is up"}"#;
        assert_eq!(failure(text), Some((502, ErrorKind::Internal)));
        let odd = r#"{"error":{"message":"x","code":7}}"#;
        assert_eq!(failure(odd), Some((502, ErrorKind::Internal)));
        let failed = r#"{"id":"resp_1","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"},"output":[]}"#;
        let error = in_reply(Dialect::OpenaiResponses, failed.as_bytes()).unwrap();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::RateLimited, "slow down"));
    }

    #[test]
    fn what_has_an_answer_is_one() {
        for body in [
            r#"{"id":"resp_1","status":"completed","error":null,"output":[{"type":"message"}]}"#,
            r#"{"choices":[{"message":{"content":"{\"error\":{\"code\":500}}"}}]}"#,
            r#"{"choices":[{"message":{"content":"cut"},"error":{"code":502}}]}"#,
            r#"{"choices":[{"message":{"content":"x"}}],"error":{"message":"late","code":502}}"#,
            r#"{"choices":[{"message":{"content":"x","extra":{"error":{"code":1}}}}]}"#,
            "not JSON \"error\":{",
        ] {
            assert_eq!(failure(body), None, "{body}");
        }
    }
}
