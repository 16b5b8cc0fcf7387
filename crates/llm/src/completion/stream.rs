//! Events of chat, told as the chunks of a completion.

use super::logprobs::{self, characters};
use super::reply::finish_word;
use crate::chat::{ChatEvent, Delta, PartKind, Usage};
use crate::dialect::{Context, Dialect, write_openai_usage};
use crate::frame::FrameWriter;
use crate::json::Writer;

/// Writes a stream of a completion.
#[derive(Debug)]
pub struct CompletionWriter {
    id: String,
    model: String,
    created_s: u64,
    fingerprint: Option<String>,
    stream_usage: bool,
    usage: Option<Usage>,
    answers: Vec<Answer>,
}

/// Where an answer is.
#[derive(Debug, Default)]
struct Answer {
    /// Whether the open part is text of the completion, and no reasoning.
    is_text: bool,
    /// Characters of text whose log probabilities were told.
    told: u64,
}

impl CompletionWriter {
    /// A writer at the start of a stream.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self {
            id: format!("cmpl-{}", context.id),
            model: context.model.clone(),
            created_s: context.created_s,
            fingerprint: None,
            stream_usage: context.stream_usage,
            usage: None,
            answers: Vec::new(),
        }
    }

    /// Appends what the event is in a completion; nothing where that has no word for it.
    pub fn write(&mut self, event: &ChatEvent<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        match event {
            ChatEvent::Start { id, model, created_s, service_class: _, fingerprint } => {
                id.iter().for_each(|id| id.as_ref().clone_into(&mut self.id));
                model.iter().for_each(|model| model.as_ref().clone_into(&mut self.model));
                self.created_s = created_s.unwrap_or(self.created_s);
                self.fingerprint = fingerprint.as_deref().map(str::to_owned);
            }
            ChatEvent::PartStart { choice, kind, .. } => {
                self.answer(*choice).is_text = matches!(kind, PartKind::Text | PartKind::Refusal);
            }
            ChatEvent::PartDelta { choice, delta: Delta::Text(text), .. } => {
                if self.answer(*choice).is_text && !text.is_empty() {
                    self.chunk(*choice, text, frames, out, |w| {
                        w.key("logprobs").null();
                        w.key("finish_reason").null();
                    });
                }
            }
            ChatEvent::Logprobs { choice, tokens } => {
                let offset = self.answer(*choice).told;
                let told = tokens.iter().map(|token| characters(&token.token)).sum::<u64>();
                self.answer(*choice).told += told;
                self.chunk(*choice, "", frames, out, |w| {
                    logprobs::write(tokens, offset, w.key("logprobs"));
                    w.key("finish_reason").null();
                });
            }
            ChatEvent::Finish { choice, finish, stop_text: _ } => {
                self.chunk(*choice, "", frames, out, |w| {
                    w.key("logprobs").null();
                    w.key("finish_reason").text(finish_word(*finish));
                });
            }
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::Error(error) => {
                let mut body = Vec::new();
                Dialect::OpenaiChat.write_error(error, &mut body);
                frames.event(out, "", |w| w.json(&String::from_utf8_lossy(&body)));
            }
            ChatEvent::End => {
                self.end(frames, out);
                frames.done(out);
            }
            ChatEvent::PartDelta { .. } | ChatEvent::PartEnd { .. } => {}
        }
    }

    /// A chunk with one choice.
    fn chunk(
        &self,
        choice: u32,
        text: &str,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
        rest: impl FnOnce(&mut Writer<'_>),
    ) {
        frames.event(out, "", |w| {
            w.object(|w| {
                self.head(w);
                w.key("choices").array(|w| {
                    w.object(|w| {
                        w.key("index").count(u64::from(choice));
                        w.key("text").text(text);
                        rest(w);
                    });
                });
            });
        });
    }

    /// The chunk with usage, for clients that asked for it.
    fn end(&self, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Some(used) = self.usage.filter(|_| self.stream_usage) else { return };
        frames.event(out, "", |w| {
            w.object(|w| {
                self.head(w);
                w.key("choices").array(|_| {});
                w.key("usage");
                write_openai_usage(&used, w);
            });
        });
    }

    fn head(&self, w: &mut Writer<'_>) {
        w.key("id").text(&self.id);
        w.key("object").text("text_completion");
        w.key("created").count(self.created_s);
        w.key("model").text(&self.model);
        w.text_field("system_fingerprint", self.fingerprint.as_deref());
    }

    fn answer(&mut self, choice: u32) -> &mut Answer {
        let place = choice as usize;
        if self.answers.len() <= place {
            self.answers.resize_with(place + 1, Answer::default);
        }
        &mut self.answers[place]
    }
}
