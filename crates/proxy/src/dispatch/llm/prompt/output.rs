//! What a caller gets: `{"output": …, "model": …, "usage": {…}}`.

use architrave_config::PromptService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ChatReply, Content, ErrorKind, Usage};
use architrave_llm::dialect::Context;
use architrave_llm::json::Writer;

use crate::dispatch::llm::missed::Missed;

/// Tells a whole answer of the model.
///
/// # Errors
/// That it does not have the form that was asked for.
pub(super) fn tell(service: &PromptService, reply: &[u8]) -> Result<Vec<u8>, Missed> {
    let text = std::str::from_utf8(reply).unwrap_or_default();
    let (reply, _losses) =
        super::DIALECT.read_reply(text, &Context::default()).map_err(|_unreadable| formless())?;
    let output = text_of(&reply);
    if !fits(service, &output) {
        return Err(formless());
    }
    let model = reply.model.as_deref().unwrap_or_default();
    Ok(written(service, &output, model, reply.usage.as_ref()))
}

/// Whether an answer of the model is one that can be told.
pub(in crate::dispatch::llm) fn has_form(service: &PromptService, reply: &[u8]) -> bool {
    service.output.is_none() || tell(service, reply).is_ok()
}

/// The body.
pub(super) fn written(
    service: &PromptService,
    output: &str,
    model: &str,
    usage: Option<&Usage>,
) -> Vec<u8> {
    let mut body = Vec::with_capacity(output.len() + 128);
    Writer::new(&mut body).object(|w| {
        match service.output {
            Some(_) => w.key("output").json(output),
            None => w.key("output").text(output),
        }
        w.key("model").text(model);
        if let Some(usage) = usage {
            w.key("usage").object(|w| {
                w.key("input_tokens").count(usage.input_total());
                w.key("output_tokens").count(usage.output_total());
            });
        }
    });
    body
}

/// The text of the first answer; a refusal is an answer, too.
fn text_of(reply: &ChatReply<'_>) -> String {
    let parts = reply.choices.first().map_or(&[][..], |choice| &choice.parts);
    parts.iter().fold(String::new(), |mut text, part| {
        match &part.content {
            Content::Text(part) => text.push_str(&part.text),
            Content::Refusal(refusal) => text.push_str(refusal),
            _ => {}
        }
        text
    })
}

/// Whether a text has the form that was asked for.
pub(super) fn fits(service: &PromptService, text: &str) -> bool {
    service.output.as_ref().is_none_or(|form| form.fits(text))
}

/// That the answer does not have the form that was asked for.
pub(super) fn formless() -> Missed {
    let message = "the model's answer does not have the form that was asked for";
    let error = ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) };
    Missed::provider(error, Reason::BadResponse)
}
