//! A streamed answer as callers of a prompt get it: `delta` events with text, one `done` event with
//! what a whole answer says, or one `error` event.

use architrave_config::PromptService;
use architrave_llm::chat::{ChatError, ChatEvent, Delta, PartKind, Usage};
use architrave_llm::dialect::{Context, Dialect, EventReader};
use architrave_llm::frame::{FrameReader, FrameWriter, Framing};

use super::output::{self, Said};

/// Turns a stream of the dialect that prompts are put in to the events of a prompt.
#[derive(Debug)]
pub(crate) struct PromptEvents {
    frames: FrameReader,
    reader: EventReader,
    telling: Telling,
}

/// What is told.
#[derive(Debug)]
struct Telling {
    service: PromptService,
    frames: FrameWriter,
    /// Parts of the first answer whose text counts.
    is_text: Vec<(u32, bool)>,
    said: Said,
    model: String,
    usage: Option<Usage>,
    is_over: bool,
    has_failed: bool,
}

impl PromptEvents {
    /// Nothing told yet.
    pub(crate) fn new(service: &PromptService) -> Self {
        Self {
            frames: FrameReader::new(Framing::Sse),
            reader: EventReader::new(Dialect::OpenaiChat, &Context::default()),
            telling: Telling {
                service: service.clone(),
                frames: FrameWriter::new(Framing::Sse),
                is_text: Vec::new(),
                said: Said::default(),
                model: String::new(),
                usage: None,
                is_over: false,
                has_failed: false,
            },
        }
    }

    /// Takes the next bytes of the stream and appends what the caller is to be told.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Self { frames, reader, telling } = self;
        frames.push(bytes, &mut |frame| {
            let Ok(frame) = frame else { return };
            let _unreadable = reader.read(&frame, &mut |event| telling.take(&event, out));
        });
    }

    /// Whether the caller was told of a failure in place of an answer.
    pub(crate) const fn has_failed(&self) -> bool {
        self.telling.has_failed
    }

    /// The stream has ended.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        let Self { reader, telling, .. } = self;
        reader.end(&mut |event| telling.take(&event, out));
        telling.done(out);
    }
}

impl Telling {
    fn take(&mut self, event: &ChatEvent<'_>, out: &mut Vec<u8>) {
        match event {
            ChatEvent::Start { model: Some(model), .. } => {
                model.as_ref().clone_into(&mut self.model);
            }
            ChatEvent::PartStart { choice: 0, part, kind } => {
                let is_text = matches!(kind, PartKind::Text | PartKind::Refusal);
                self.is_text.push((*part, is_text));
                self.said.is_refused |= *kind == PartKind::Refusal;
            }
            ChatEvent::PartDelta { choice: 0, part, delta: Delta::Text(text) }
                if self.is_text.contains(&(*part, true)) =>
            {
                self.said.text.push_str(text);
                self.frames.event(out, "delta", |w| w.object(|w| w.key("delta").text(text)));
            }
            ChatEvent::Finish { choice: 0, finish, .. } => self.said.finish = Some(*finish),
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().merge(usage),
            ChatEvent::Error(error) => self.fail(error, out),
            ChatEvent::End => self.done(out),
            _ => {}
        }
    }

    fn done(&mut self, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        let output = match self.said.output(&self.service) {
            Ok(output) => output,
            Err(missed) => return self.fail(&missed.error, out),
        };
        let body = output::written(&self.service, output, &self.model, self.usage.as_ref());
        self.is_over = true;
        let body = String::from_utf8_lossy(&body);
        self.frames.event(out, "done", |w| w.json(&body));
    }

    fn fail(&mut self, error: &ChatError, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        (self.is_over, self.has_failed) = (true, true);
        self.frames.event(out, "error", |w| {
            w.object(|w| {
                w.key("status").count(error.status.into());
                w.key("detail").text(&error.message);
            });
        });
    }
}
