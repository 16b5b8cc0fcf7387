//! Chat by a bare call of a model: Bedrock's `invoke` with a body in Anthropic's words.
//!
//! The path names the model and says whether a stream is wanted; the body says neither, but which
//! revision of the words it is in. A whole answer is a message of Anthropic's; of a stream, each event
//! stands as base64 in a message of AWS's framing, and failures are Bedrock's.

use crate::chat::{ChatError, ChatRequest, Text};
use crate::dialect::{Address, Dialect};
use crate::field::Losses;
use crate::json::{Cursor, Kind, Writer};

/// In whose words the body is.
pub const WORDS: Dialect = Dialect::AnthropicMessages;

/// The member that says the revision of the words; no other body of a bare call has it.
const VERSION: &str = "anthropic_version";

/// The member that says what the header `anthropic-beta` says elsewhere.
pub(crate) const BETA: &str = "anthropic_beta";

/// Whether the body of a bare call asks for chat in Anthropic's words.
#[must_use]
pub(crate) fn is_chat(body: &str) -> bool {
    let (mut has_version, mut has_messages) = (false, false);
    let read = Cursor::new(body).object(|cursor, name| {
        has_version |= name == VERSION && cursor.kind() == Kind::Text;
        has_messages |= name == "messages" && cursor.kind() == Kind::Array;
        cursor.skip()
    });
    read.is_ok() && has_version && has_messages
}

/// Whether a model of Bedrock's takes those words itself: any of Anthropic's, and one that goes by a
/// name of the account's own, which says nothing.
#[must_use]
pub(crate) fn is_taken_by(model: &str) -> bool {
    model.contains("anthropic.") || model.starts_with("arn:")
}

/// Reads a body as a request for chat.
///
/// # Errors
/// What is wrong with it, for the client.
pub fn read_request<'a>(
    address: &Address<'a>,
    body: &'a str,
) -> Result<(ChatRequest<'a>, Losses), ChatError> {
    let (mut request, losses) = WORDS.read_request(body, address)?;
    request.model = address.model.clone().unwrap_or(Text::Borrowed(""));
    request.stream = address.stream.unwrap_or(false);
    Ok((request, losses))
}

/// A body as a message is asked for at Anthropic itself; what else it says stands as it came.
///
/// # Errors
/// That it is no JSON object.
pub(crate) fn as_message(body: &str, address: &Address<'_>) -> Result<Vec<u8>, ChatError> {
    let own = [VERSION, BETA, "model", "stream"];
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut read = Ok(());
    Writer::new(&mut out).object(|w| {
        w.key("model").text(address.model.as_deref().unwrap_or_default());
        if address.stream == Some(true) {
            w.key("stream").truth(true);
        }
        read = Cursor::new(body).object(|cursor, name| {
            let value = cursor.json()?;
            if !own.contains(&name) {
                w.name(name).json(value.as_str());
            }
            Ok(())
        });
    });
    read?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_anthropics_words_is_known_by_its_version() {
        let chat = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[]}"#;
        assert!(is_chat(chat));
        for other in [
            r#"{"max_tokens":9,"messages":[]}"#,
            r#"{"anthropic_version":"bedrock-2023-05-31","prompt":"a"}"#,
            r#"{"anthropic_version":"x","messages":[]"#,
            "[]",
        ] {
            assert!(!is_chat(other), "{other}");
        }
    }

    #[test]
    fn what_the_path_says_is_in_the_request_and_the_version_is_no_loss() {
        let body = r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["x"],"max_tokens":9,"messages":[{"role":"user","content":"a"}]}"#;
        let address = Address { model: Some("m".into()), stream: Some(true), ..Address::default() };
        let (request, losses) = read_request(&address, body).unwrap();
        assert_eq!((&*request.model, request.stream), ("m", true));
        assert_eq!(
            (request.output.tokens_max, &*losses.unknown),
            (Some(9), &["anthropic_beta".to_owned()][..])
        );
    }

    #[test]
    fn models_of_anthropics_take_their_own_words() {
        for model in [
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "arn:aws:bedrock:eu-west-1:1:application-inference-profile/x",
        ] {
            assert!(is_taken_by(model), "{model}");
        }
        assert!(!is_taken_by("meta.llama3-70b-instruct-v1:0"));
    }
}
