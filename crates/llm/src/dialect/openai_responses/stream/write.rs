//! The form's events to events of a response.

use super::super::error;
use super::super::reply::{Ending, Envelope};
use super::super::wire;
use super::items::Items;
use super::tell::Tell;
use crate::chat::{ChatError, ChatEvent, Finish, Usage};
use crate::dialect::Context;
use crate::frame::FrameWriter;

/// Writes a stream of events.
#[derive(Debug)]
pub struct Writer {
    envelope: Envelope,
    items: Items,
    next_number: u64,
    has_begun: bool,
    usage: Option<Usage>,
    finish: Option<Finish>,
}

impl Writer {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self {
            envelope: Envelope::new(context),
            items: Items::new(&context.id),
            next_number: 0,
            has_begun: false,
            usage: None,
            finish: None,
        }
    }

    /// The next event has that number.
    pub(crate) fn number_from(&mut self, number: u64) {
        self.next_number = number;
    }

    pub(in crate::dialect) fn write(
        &mut self,
        event: &ChatEvent<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        if let ChatEvent::Start { id, model, created_s, service_class, fingerprint: _ } = event {
            let envelope = &mut self.envelope;
            id.iter().for_each(|id| id.as_ref().clone_into(&mut envelope.id));
            model.iter().for_each(|model| model.as_ref().clone_into(&mut envelope.model));
            envelope.created_s = created_s.unwrap_or(envelope.created_s);
            envelope.service_class = service_class.as_deref().map(str::to_owned);
        }
        let Self { envelope, items, next_number, has_begun, usage, finish } = self;
        let mut tell = Tell { next_number, frames, out };
        if !std::mem::replace(has_begun, true) {
            if let ChatEvent::Error(error) = event {
                // Nothing is known of a response, such as where a stream that passed breaks off.
                return tell.event("error", |w| error::write_event(error, w));
            }
            begin(envelope, &mut tell);
        }
        match event {
            ChatEvent::PartStart { choice: 0, part, kind } => items.start(*part, kind, &mut tell),
            ChatEvent::PartDelta { choice: 0, part, delta } => items.add(*part, delta, &mut tell),
            ChatEvent::PartEnd { choice: 0, part } => items.end(*part, &mut tell),
            ChatEvent::Logprobs { choice: 0, tokens } => items.add_logprobs(tokens, &mut tell),
            ChatEvent::Finish { choice: 0, finish: why, stop_text: _ } => *finish = Some(*why),
            ChatEvent::Usage(used) => usage.get_or_insert_default().merge(used),
            ChatEvent::Error(error) => self.end(Some(error), frames, out),
            ChatEvent::End => self.end(None, frames, out),
            // It has begun; and there is one answer.
            ChatEvent::Start { .. }
            | ChatEvent::PartStart { .. }
            | ChatEvent::PartDelta { .. }
            | ChatEvent::PartEnd { .. }
            | ChatEvent::Logprobs { .. }
            | ChatEvent::Finish { .. } => {}
        }
    }

    /// Tells the whole response again: what it came to, or how far it came.
    fn end(&mut self, error: Option<&ChatError>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        let Self { envelope, items, next_number, has_begun: _, usage, finish } = self;
        let mut tell = Tell { next_number, frames, out };
        let (status, reason) = match error {
            Some(_) => ("failed", None),
            None => wire::finish_words(finish.unwrap_or(Finish::Stop)),
        };
        if error.is_none() {
            items.end_all(&mut tell);
        }
        let ending = Ending { status, reason, error, usage: usage.as_ref() };
        tell.event(&format!("response.{status}"), |w| {
            w.key("response");
            envelope.write(ending, |w| items.write(w), w);
        });
    }
}

fn begin(envelope: &Envelope, tell: &mut Tell<'_>) {
    let ending = Ending { status: "in_progress", reason: None, error: None, usage: None };
    for name in ["response.created", "response.in_progress"] {
        tell.event(name, |w| {
            w.key("response");
            envelope.write(ending, |_| {}, w);
        });
    }
}
