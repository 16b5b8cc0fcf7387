//! A reply as a stream: a token at a time, each with how long it waits.

use std::time::Duration;

use super::token;
use crate::chat::{ChatEvent, ChatReply, Delta, Usage};
use crate::translate::{own_event, replay};

/// One event of a stream, and how long after the one before it it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The time after the step before, or after the request.
    pub after: Duration,
    /// The event.
    pub event: ChatEvent<'static>,
}

/// The steps of a stream. Texts are cut into tokens only as they are asked for.
#[derive(Debug)]
pub struct Steps {
    events: std::vec::IntoIter<ChatEvent<'static>>,
    open: Option<Open>,
    /// How long the next token takes.
    next: Duration,
    each: Duration,
}

/// A text whose tokens are coming.
#[derive(Debug)]
struct Open {
    choice: u32,
    part: u32,
    text: String,
    at: usize,
    is_arguments: bool,
}

impl Steps {
    pub(super) fn new(reply: &ChatReply<'_>, first: Duration, each: Duration) -> Self {
        let mut events = Vec::new();
        replay(reply, &mut |event| {
            let is_start = matches!(event, ChatEvent::Start { .. });
            events.push(own_event(&event));
            // What the prompt used is known from the start.
            if let (true, Some(usage)) = (is_start, reply.usage) {
                let prompt = Usage {
                    output: 0,
                    reasoning: 0,
                    output_audio: 0,
                    output_image: 0,
                    billed_output: None,
                    ..usage
                };
                events.push(ChatEvent::Usage(prompt));
            }
        });
        Self { events: events.into_iter(), open: None, next: first, each }
    }

    fn token(&mut self) -> Option<Step> {
        let Open { choice, part, text, at, is_arguments } = self.open.as_mut()?;
        let end = *at + token::first(&text[*at..]);
        let piece = text[*at..end].to_owned().into();
        let delta = if *is_arguments { Delta::Arguments(piece) } else { Delta::Text(piece) };
        let event = ChatEvent::PartDelta { choice: *choice, part: *part, delta };
        *at = end;
        if *at == text.len() {
            self.open = None;
        }
        Some(Step { after: std::mem::replace(&mut self.next, self.each), event })
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.open.is_some() {
            return self.token();
        }
        let event = self.events.next()?;
        let (choice, part, text, is_arguments) = match event {
            ChatEvent::PartDelta { choice, part, delta: Delta::Text(text) } => {
                (choice, part, text, false)
            }
            ChatEvent::PartDelta { choice, part, delta: Delta::Arguments(text) } => {
                (choice, part, text, true)
            }
            // A provider sends nothing before it has a token.
            ChatEvent::Start { .. } => {
                let after = std::mem::take(&mut self.next);
                return Some(Step { after, event });
            }
            event => return Some(Step { after: Duration::ZERO, event }),
        };
        let text = text.into_owned();
        self.open = Some(Open { choice, part, text, at: 0, is_arguments });
        self.token()
    }
}
