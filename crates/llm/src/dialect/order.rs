//! The order that readers promise to writers, kept whatever a provider sends.
//!
//! What a provider only forgets is put in: the start, the end of a part, the words of a failure.
//! What comes where it cannot come is left out, and told as a bad event.

use super::Emit;
use crate::chat::{ChatEvent, ServiceClass};
use crate::json::JsonError;

const FAILED: &str = "the provider failed in the middle of the stream";

/// Where a stream is.
#[derive(Debug, Default)]
pub(super) struct Order {
    has_begun: bool,
    is_over: bool,
    /// The class of service that the start told, by which what was used is paid.
    service: Option<ServiceClass>,
    answers: Vec<Answer>,
    /// Something came where it could not.
    is_broken: bool,
}

/// Where an answer is.
#[derive(Debug)]
struct Answer {
    choice: u32,
    /// The parts that are open.
    open: Vec<u32>,
    is_finished: bool,
}

impl Order {
    /// Hands an event on where it may come.
    pub(super) fn take(&mut self, mut event: ChatEvent<'_>, emit: &mut Emit<'_>) {
        if self.is_over {
            return;
        }
        let may_come = match &mut event {
            ChatEvent::Start { service_class, .. } => {
                self.service = service_class.as_deref().and_then(ServiceClass::of_word);
                !std::mem::replace(&mut self.has_begun, true)
            }
            ChatEvent::Error(error) => {
                self.is_over = true;
                if error.message.is_empty() {
                    FAILED.clone_into(&mut error.message);
                }
                true
            }
            _ => {
                if let ChatEvent::Usage(usage) = &mut event {
                    usage.service = usage.service.or(self.service);
                }
                self.begin(emit);
                self.may_come(&event, emit)
            }
        };
        if may_come {
            emit(event);
        } else {
            self.is_broken = true;
        }
    }

    /// Tells, once, that something came where it could not.
    pub(super) fn check(&mut self) -> Result<(), JsonError> {
        if std::mem::take(&mut self.is_broken) {
            let why = "comes where it cannot come in a stream";
            return Err(JsonError { at: 0, path: String::new(), why });
        }
        Ok(())
    }

    fn begin(&mut self, emit: &mut Emit<'_>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            emit(ChatEvent::Start {
                id: None,
                model: None,
                created_s: None,
                service_class: None,
                fingerprint: None,
            });
        }
    }

    fn may_come(&mut self, event: &ChatEvent<'_>, emit: &mut Emit<'_>) -> bool {
        match event {
            ChatEvent::PartStart { choice, part, .. } => {
                let answer = self.answer(*choice);
                if !answer.is_finished {
                    answer.open.push(*part);
                }
                !answer.is_finished
            }
            ChatEvent::PartDelta { choice, part, .. } => self.answer(*choice).open.contains(part),
            ChatEvent::PartEnd { choice, part } => {
                let open = &mut self.answer(*choice).open;
                let place = open.iter().position(|one| one == part);
                place.map(|place| open.remove(place)).is_some()
            }
            ChatEvent::Logprobs { choice, .. } => !self.answer(*choice).is_finished,
            ChatEvent::Finish { choice, .. } => {
                let answer = self.answer(*choice);
                answer.close(emit);
                !std::mem::replace(&mut answer.is_finished, true)
            }
            ChatEvent::End => {
                self.answers.iter_mut().for_each(|answer| answer.close(emit));
                self.is_over = true;
                true
            }
            ChatEvent::Start { .. } | ChatEvent::Usage(_) | ChatEvent::Error(_) => true,
        }
    }

    fn answer(&mut self, choice: u32) -> &mut Answer {
        let place = self.answers.iter().position(|answer| answer.choice == choice);
        let place = place.unwrap_or_else(|| {
            self.answers.push(Answer { choice, open: Vec::new(), is_finished: false });
            self.answers.len() - 1
        });
        &mut self.answers[place]
    }
}

impl Answer {
    /// Ends the parts that are open.
    fn close(&mut self, emit: &mut Emit<'_>) {
        for part in std::mem::take(&mut self.open) {
            emit(ChatEvent::PartEnd { choice: self.choice, part });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Delta, Finish, PartKind};

    fn start() -> ChatEvent<'static> {
        ChatEvent::PartStart { choice: 0, part: 0, kind: PartKind::Text }
    }

    fn delta() -> ChatEvent<'static> {
        ChatEvent::PartDelta { choice: 0, part: 0, delta: Delta::Text("x".into()) }
    }

    fn finish() -> ChatEvent<'static> {
        ChatEvent::Finish { choice: 0, finish: Finish::Stop, stop_text: None }
    }

    /// What is handed on, in one letter an event; and whether something was left out.
    fn kept(events: &[ChatEvent<'static>]) -> (String, bool) {
        let (mut order, mut kept, mut is_broken) = (Order::default(), String::new(), false);
        for event in events {
            order.take(event.clone(), &mut |event| {
                kept.push(match event {
                    ChatEvent::Start { .. } => 'S',
                    ChatEvent::PartStart { .. } => '(',
                    ChatEvent::PartDelta { .. } => '.',
                    ChatEvent::PartEnd { .. } => ')',
                    ChatEvent::Finish { .. } => 'F',
                    ChatEvent::End => 'E',
                    _ => '?',
                });
            });
            is_broken |= order.check().is_err();
        }
        (kept, is_broken)
    }

    #[test]
    fn what_is_forgotten_is_put_in() {
        let events = [start(), delta(), finish(), ChatEvent::End];
        assert_eq!(kept(&events), ("S(.)FE".to_owned(), false));
        assert_eq!(kept(&[start(), ChatEvent::End, delta()]), ("S()E".to_owned(), false));
    }

    #[test]
    fn what_cannot_come_is_left_out() {
        let end = ChatEvent::PartEnd { choice: 0, part: 0 };
        for events in [
            vec![delta()],
            vec![start(), end.clone(), delta()],
            vec![end.clone()],
            vec![finish(), start()],
            vec![finish(), finish()],
        ] {
            let (kept, is_broken) = kept(&events);
            assert!(is_broken, "{kept}");
        }
        let broken = [start(), end, delta(), finish(), finish(), ChatEvent::End];
        assert_eq!(kept(&broken), ("S()FE".to_owned(), true));
    }
}
