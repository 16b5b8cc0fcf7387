//! What a caller gets: `{"output": …, "model": …, "usage": {…}}`.

use architrave_config::PromptService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ChatReply, Choice, Content, ErrorKind, Finish, Usage};
use architrave_llm::dialect::Context;
use architrave_llm::json::Writer;

use crate::dispatch::llm::missed::Missed;

/// What a model has said, as far as a prompt's caller gets it.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The text of the first answer; a refusal is text, too.
    pub text: String,
    /// Whether some of it is a refusal.
    pub is_refused: bool,
    /// Why it ended.
    pub finish: Option<Finish>,
}

/// Tells a whole answer of the model.
///
/// # Errors
/// That there is none, or that it does not have the form that was asked for.
pub(super) fn tell(service: &PromptService, reply: &[u8]) -> Result<Vec<u8>, Missed> {
    let text = std::str::from_utf8(reply).unwrap_or_default();
    let (reply, _losses) =
        super::DIALECT.read_reply(text, &Context::default()).map_err(|_unreadable| formless())?;
    let said = Said::of(&reply);
    let output = said.output(service)?;
    let model = reply.model.as_deref().unwrap_or_default();
    Ok(written(service, output, model, reply.usage.as_ref()))
}

/// Whether an answer of the model is one that can be told.
pub(in crate::dispatch::llm) fn has_form(service: &PromptService, reply: &[u8]) -> bool {
    tell(service, reply).is_ok()
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

impl Said {
    fn of(reply: &ChatReply<'_>) -> Self {
        let Some(Choice { parts, finish, .. }) = reply.choices.first() else {
            return Self::default();
        };
        let mut said = Self { finish: *finish, ..Self::default() };
        for part in parts {
            match &part.content {
                Content::Text(part) => said.text.push_str(&part.text),
                Content::Refusal(refusal) => {
                    said.text.push_str(refusal);
                    said.is_refused = true;
                }
                _ => {}
            }
        }
        said
    }

    /// What of it has the form that was asked for; where none was, all of it.
    ///
    /// # Errors
    /// Why it is no answer: refused, cut off, or of another form.
    pub(super) fn output(&self, service: &PromptService) -> Result<&str, Missed> {
        if self.finish == Some(Finish::Filtered) {
            return Err(self.refused());
        }
        let Some(form) = &service.output else { return Ok(&self.text) };
        let has_form = |text: &&str| form.fits(text);
        let output = Some(self.text.as_str()).filter(has_form);
        if let Some(output) = output.or_else(|| fenced(&self.text).filter(has_form)) {
            return Ok(output);
        }
        let is_refused = self.is_refused || self.finish == Some(Finish::Refusal);
        Err(match self.finish {
            _ if is_refused => self.refused(),
            Some(Finish::Length | Finish::ContextFull) => cut_off(),
            _ => formless(),
        })
    }

    fn refused(&self) -> Missed {
        let message = match (self.is_refused, self.text.trim()) {
            (true, text) if !text.is_empty() => format!("the model refused to answer: {text}"),
            _ => String::from("the model refused to answer, or a filter cut its answer"),
        };
        let error = ChatError { status: 403, ..ChatError::new(ErrorKind::ContentRefused, message) };
        Missed::provider(error, Reason::ModelRefused)
    }
}

/// What stands in a fence, as models put it that have no other way to mark JSON, where there is one
/// fence and no more.
fn fenced(text: &str) -> Option<&str> {
    const FENCE: &str = "```";
    let (_, behind) = text.split_once(FENCE)?;
    let (within, rest) = behind.split_once(FENCE)?;
    if rest.contains(FENCE) {
        return None;
    }
    // A word right behind the fence names the language.
    let word = within.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(0);
    let is_named = within[word..].starts_with(|letter: char| letter.is_ascii_whitespace());
    Some(if is_named { within[word..].trim() } else { within.trim() })
}

/// That the answer does not have the form that was asked for.
fn formless() -> Missed {
    missed("the model's answer does not have the form that was asked for")
}

/// That the answer ended before it had the form that was asked for.
fn cut_off() -> Missed {
    missed(
        "the model's answer was cut off at the limit of its length, before it had the form that \
         was asked for",
    )
}

fn missed(message: &str) -> Missed {
    let error = ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) };
    Missed::provider(error, Reason::BadResponse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_one_fence_is_found() {
        for text in [
            "```json\n{\"a\":1}\n```",
            "Here it is:\n```\n{\"a\":1}\n```\nEnjoy.",
            "```json {\"a\":1} ```",
            "```{\"a\":1}```",
        ] {
            assert_eq!(fenced(text), Some("{\"a\":1}"), "{text}");
        }
        for text in ["{\"a\":1}", "```json\n{\"a\":1}", "```1```\n```2```"] {
            assert_eq!(fenced(text), None, "{text}");
        }
    }
}
