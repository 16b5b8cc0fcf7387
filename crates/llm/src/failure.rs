//! A failure that is told with a status of success, as those do who pass on what other providers
//! say (OpenRouter), and OpenAI's Responses, whose failed answers are answers; and an answer of
//! which its end alone says that it failed.

use crate::chat::{ChatError, ChatReply, ErrorKind, Finish};
use crate::dialect::{Context, Dialect};
use crate::field::{ReplyField, Say};
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

/// An answer that failed and says nothing is no longer than this.
const EMPTY_BYTES_MAX: usize = 4 * 1024;

/// That an answer ended as one that failed.
#[must_use]
pub fn failed_answer() -> ChatError {
    let message = "the model failed to end its answer";
    ChatError { status: BAD_GATEWAY, ..ChatError::new(ErrorKind::Internal, message) }
}

/// Whether a whole answer says nothing but that it failed, so that somebody else may be asked.
#[must_use]
pub fn is_empty(dialect: Dialect, body: &[u8]) -> bool {
    let has = |mark: &str| memchr::memmem::find(body, mark.as_bytes()).is_some();
    let may_have_failed = body.len() <= EMPTY_BYTES_MAX
        && match dialect {
            // Of the many words some of which are still to come, these are no failure.
            Dialect::GeminiGenerateContent => {
                has("inishReason\"") && !has("\"STOP\"") && !has("\"MAX_TOKENS\"")
            }
            Dialect::CohereChat => has("\"ERROR\"") || has("\"TIMEOUT\""),
            Dialect::BedrockConverse => has("\"malformed_"),
            Dialect::OpenaiChat => has("\"error\""),
            // Its failed answers have an error, and Anthropic's are errors.
            Dialect::OpenaiResponses | Dialect::AnthropicMessages => false,
        };
    if !may_have_failed {
        return false;
    }
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let Ok((reply, _)) = dialect.read_reply(text, &Context::default()) else { return false };
    let mut choices = reply.choices.iter();
    !reply.choices.is_empty()
        && choices.all(|choice| choice.finish == Some(Finish::Failed) && choice.parts.is_empty())
}

/// Whether an answer failed and there is no way to say so of an answer in that dialect.
pub(crate) fn is_unsayable(reply: &ChatReply<'_>, to: Dialect) -> bool {
    let is_failed = reply.choices.first().is_some_and(|one| one.finish == Some(Finish::Failed));
    is_failed && to.reply_says(ReplyField::FinishFailed) != Say::Carried
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
    fn what_only_says_that_it_failed_is_empty() {
        let gemini = |reason: &str, parts: &str| {
            let body = format!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{parts}]}},"finishReason":"{reason}"}}],"usageMetadata":{{"promptTokenCount":9}}}}"#
            );
            is_empty(Dialect::GeminiGenerateContent, body.as_bytes())
        };
        for reason in ["MALFORMED_FUNCTION_CALL", "OTHER", "WORD_OF_TOMORROW"] {
            assert!(gemini(reason, ""), "{reason}");
            assert!(!gemini(reason, r#"{"text":"Four"}"#), "{reason}");
        }
        for reason in ["STOP", "MAX_TOKENS", "SAFETY"] {
            assert!(!gemini(reason, ""), "{reason}");
        }
        let cohere = |reason: &str, content: &str| {
            let body = format!(
                r#"{{"id":"x","finish_reason":"{reason}","message":{{"role":"assistant","content":[{content}]}}}}"#
            );
            is_empty(Dialect::CohereChat, body.as_bytes())
        };
        assert!(cohere("ERROR", "") && cohere("TIMEOUT", ""));
        assert!(!cohere("COMPLETE", "") && !cohere("ERROR", r#"{"type":"text","text":"a"}"#));
        let bedrock = r#"{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"malformed_tool_use"}"#;
        assert!(is_empty(Dialect::BedrockConverse, bedrock.as_bytes()));
        let openai =
            r#"{"choices":[{"index":0,"message":{"content":null},"finish_reason":"error"}]}"#;
        assert!(is_empty(Dialect::OpenaiChat, openai.as_bytes()));
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
