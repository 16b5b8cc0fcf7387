//! Reasoning in the two forms that compatible providers have agreed on: `reasoning_content`, plain
//! text, and `reasoning_details`, a list that keeps signatures.
//!
//! OpenAI itself has neither; a client that sends a whole assistant message back sends them, too,
//! and with them what Anthropic and Google want back.

use crate::chat::{Content, Maker, Part, ReasoningPart, Signature, Text};
use crate::json::{Cursor, JsonError, Writer};

/// What a message or a delta says of reasoning.
#[derive(Debug, Default)]
pub(super) struct Reasoning<'a> {
    /// `reasoning_content` or `reasoning`.
    pub(super) text: Option<Text<'a>>,
    /// `reasoning_details`, which say the text again.
    pub(super) details: Vec<ReasoningPart<'a>>,
}

impl<'a> Reasoning<'a> {
    /// Its parts; the details where there are any. In a stream the text comes beside the details,
    /// and clients send both back as they have put them together: then the text is the first one's.
    pub(super) fn into_parts(self) -> Vec<Part<'a>> {
        let text = self.text.filter(|text| !text.is_empty());
        let mut parts = self.details;
        if parts.iter().all(|part| part.text.is_empty()) {
            match (text, parts.first_mut()) {
                (Some(text), Some(first)) => first.text = text,
                (Some(text), None) => {
                    parts.push(ReasoningPart { text, ..ReasoningPart::default() })
                }
                (None, _) => {}
            }
        }
        parts.into_iter().map(|part| Content::Reasoning(part).into()).collect()
    }
}

pub(super) fn read_details<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<ReasoningPart<'a>>, JsonError> {
    cursor.list(read_detail)
}

fn read_detail<'a>(cursor: &mut Cursor<'a>) -> Result<ReasoningPart<'a>, JsonError> {
    let mut part = ReasoningPart::default();
    let (mut signature, mut encrypted, mut format) = (None, None, None);
    cursor.object(|cursor, name| {
        match name {
            "text" | "summary" => part.text = cursor.maybe(Cursor::text)?.unwrap_or_default(),
            "signature" => signature = cursor.maybe(Cursor::text)?,
            "data" => encrypted = cursor.maybe(Cursor::text)?,
            "id" => part.id = cursor.maybe(Cursor::text)?,
            "format" => format = cursor.maybe(Cursor::text)?,
            "type" | "index" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let maker = maker(format.as_deref().unwrap_or_default());
    part.signature = signature.map(|value| Signature { maker, value });
    part.encrypted = encrypted.map(|value| Signature { maker, value });
    Ok(part)
}

pub(super) fn write_details(parts: &[&ReasoningPart<'_>], writer: &mut Writer<'_>) {
    writer.array(|w| {
        for (index, part) in (0..).zip(parts) {
            write_detail(index, part, w);
        }
    });
}

pub(super) fn write_detail(index: u64, part: &ReasoningPart<'_>, writer: &mut Writer<'_>) {
    let ReasoningPart { text, signature, encrypted, id } = part;
    let kind = if encrypted.is_some() { "reasoning.encrypted" } else { "reasoning.text" };
    let opaque = encrypted.as_ref().or(signature.as_ref());
    writer.object(|w| {
        w.key("type").text(kind);
        w.text_field("text", Some(text.as_ref()).filter(|text| !text.is_empty()));
        w.text_field("data", encrypted.as_ref().map(|encrypted| encrypted.value.as_ref()));
        w.text_field("signature", signature.as_ref().map(|signature| signature.value.as_ref()));
        w.text_field("id", id.as_deref());
        w.text_field("format", opaque.and_then(|opaque| format(opaque.maker)));
        w.key("index").count(index);
    });
}

/// Whose signature it is, by OpenRouter's names of formats.
fn maker(format: &str) -> Maker {
    match format {
        "anthropic-claude-v1" => Maker::Anthropic,
        "google-gemini-v1" => Maker::Google,
        "openai-responses-v1" => Maker::Openai,
        _ => Maker::Other,
    }
}

fn format(maker: Maker) -> Option<&'static str> {
    match maker {
        Maker::Anthropic => Some("anthropic-claude-v1"),
        Maker::Google => Some("google-gemini-v1"),
        Maker::Openai => Some("openai-responses-v1"),
        Maker::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Message;
    use crate::dialect::{Address, Dialect};

    /// The thoughts that a client sends back, each with its signature.
    fn read(message: &str) -> Vec<(String, Option<String>)> {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"assistant",{message}}}]}}"#);
        let read = Dialect::OpenaiChat.read_request(&body, &Address::default());
        let (request, losses) = read.unwrap();
        assert!(losses.unknown.is_empty());
        let parts = request.messages.iter().flat_map(|Message { parts, .. }| parts);
        let thoughts = parts.filter_map(|part| match &part.content {
            Content::Reasoning(part) => {
                let opaque = part.signature.as_ref().or(part.encrypted.as_ref());
                let opaque = opaque.map(|opaque| opaque.value.clone().into_owned());
                Some((part.text.clone().into_owned(), opaque))
            }
            _ => None,
        });
        thoughts.collect()
    }

    #[test]
    fn a_thought_put_together_from_a_stream_has_its_text_and_its_signature() {
        let both = r#""content":"c","reasoning_content":"t","reasoning_details":["#;
        let of = |detail: &str| read(&format!("{both}{detail}]"));
        let thought = |text: &str, opaque: &str| (text.to_owned(), Some(opaque.to_owned()));
        let signed = r#"{"type":"reasoning.text","signature":"s","index":0}"#;
        assert_eq!(of(signed), [thought("t", "s")]);
        let encrypted = r#"{"type":"reasoning.encrypted","data":"e","index":0}"#;
        assert_eq!(of(encrypted), [thought("t", "e")]);
        let whole = r#"{"type":"reasoning.text","text":"t","signature":"s","index":0}"#;
        assert_eq!(of(whole), [thought("t", "s")]);
        assert_eq!(read(r#""content":"c","reasoning_content":"t""#), [(String::from("t"), None)]);
    }
}
