//! A stream seen through event by event, each of its parts a text of its own.
//!
//! What is held back of a part comes with its end. Signatures come behind the text that they are
//! about, so the text is let out before them. Log probabilities repeat the text token by token and
//! are taken out.

use std::sync::Arc;

use architrave_llm::chat::{ChatEvent, Citation, Delta, PartKind, Text};
use architrave_llm::dialect::Emit;
use architrave_llm::translate::EventFilter;

use super::body::{self, Side};
use super::json_screen::JsonScreen;
use super::masker::Found;
use super::screen::Screen;
use super::{Rules, refusal};

/// Sees through the events of one reply.
#[derive(Debug)]
pub struct ReplyGuard {
    rules: Box<[Arc<Rules>]>,
    /// The parts that are open; mostly one.
    parts: Vec<Part>,
    found: Option<Found>,
}

/// A part that is open.
#[derive(Debug)]
struct Part {
    choice: u32,
    part: u32,
    text: PartText,
    /// What is said in sound, which comes beside it.
    transcript: Screen,
}

#[derive(Debug)]
enum PartText {
    Plain(Screen),
    Json(JsonScreen),
}

impl ReplyGuard {
    pub(super) fn new(rules: &[Arc<Rules>]) -> Self {
        Self { rules: rules.into(), parts: Vec::new(), found: None }
    }

    /// What ended the stream.
    #[must_use]
    pub const fn found(&self) -> Option<Found> {
        self.found
    }

    fn see(&mut self, event: &ChatEvent<'_>, emit: &mut Emit<'_>) -> Result<(), Found> {
        match event {
            ChatEvent::PartStart { choice, part, kind } => {
                self.open(*choice, *part, kind);
                emit(ChatEvent::PartStart {
                    choice: *choice,
                    part: *part,
                    kind: self.see_kind(kind)?,
                });
            }
            ChatEvent::PartDelta { choice, part, delta } => {
                self.delta(*choice, *part, delta, emit)?;
            }
            ChatEvent::PartEnd { choice, part } => {
                self.close(*choice, *part, emit)?;
                emit(event.clone());
            }
            ChatEvent::Logprobs { .. } => {}
            ChatEvent::Error(_) | ChatEvent::End => {
                while let Some(part) = self.parts.last() {
                    self.close(part.choice, part.part, emit)?;
                }
                emit(event.clone());
            }
            ChatEvent::Start { .. } | ChatEvent::Finish { .. } | ChatEvent::Usage(_) => {
                emit(event.clone());
            }
        }
        Ok(())
    }

    fn open(&mut self, choice: u32, part: u32, kind: &PartKind<'_>) {
        let is_json = matches!(kind, PartKind::ToolCall { is_free_form: false, .. });
        let text = if is_json {
            PartText::Json(JsonScreen::new(&self.rules))
        } else {
            PartText::Plain(Screen::new(&self.rules))
        };
        self.parts.push(Part { choice, part, text, transcript: Screen::new(&self.rules) });
    }

    /// What only one provider understands comes whole.
    fn see_kind<'a>(&self, kind: &PartKind<'a>) -> Result<PartKind<'a>, Found> {
        let mut kind = kind.clone();
        if let PartKind::ProviderOnly(only) = &mut kind
            && let Some(seen) = body::see(&self.rules, only.json.as_str(), Side::Reply)?
            && let Some(json) =
                String::from_utf8(seen).ok().and_then(architrave_llm::chat::Json::new)
        {
            only.json = json;
        }
        Ok(kind)
    }

    fn place(&self, choice: u32, part: u32) -> Option<usize> {
        self.parts.iter().position(|open| open.choice == choice && open.part == part)
    }

    fn delta(
        &mut self,
        choice: u32,
        part: u32,
        delta: &Delta<'_>,
        emit: &mut Emit<'_>,
    ) -> Result<(), Found> {
        let place = self.place(choice, part).unwrap_or_else(|| {
            // A delta without a start breaks the reader's promise; it is seen through all the same.
            self.open(choice, part, &PartKind::Text);
            self.parts.len() - 1
        });
        let open = &mut self.parts[place];
        match delta {
            Delta::Text(text) | Delta::Arguments(text) => {
                let mut out = String::with_capacity(text.len());
                open.text.push(text, &mut out)?;
                open.emit(out, emit);
            }
            Delta::Signature(_) | Delta::Encrypted(_) | Delta::Link { .. } => {
                open.let_out(emit)?;
                emit(ChatEvent::PartDelta { choice, part, delta: delta.clone() });
            }
            Delta::Citation(citation) => {
                let has_moved = open.text.has_masked();
                let citation = cited(citation, &mut Screen::new(&self.rules), has_moved)?;
                emit(ChatEvent::PartDelta { choice, part, delta: Delta::Citation(citation) });
            }
            Delta::Bytes { media_type, base64, transcript } => {
                let mut said = String::new();
                if let Some(transcript) = transcript {
                    open.transcript.push(transcript, &mut said)?;
                }
                let delta = Delta::Bytes {
                    media_type: media_type.clone(),
                    base64: base64.clone(),
                    transcript: (!said.is_empty()).then(|| said.into()),
                };
                emit(ChatEvent::PartDelta { choice, part, delta });
            }
        }
        Ok(())
    }

    fn close(&mut self, choice: u32, part: u32, emit: &mut Emit<'_>) -> Result<(), Found> {
        let Some(place) = self.place(choice, part) else { return Ok(()) };
        self.parts.swap_remove(place).let_out(emit)
    }
}

impl EventFilter for ReplyGuard {
    fn take(&mut self, event: &ChatEvent<'_>, emit: &mut Emit<'_>) {
        if self.found.is_some() {
            return;
        }
        if let Err(found) = self.see(event, emit) {
            self.found = Some(found);
            emit(ChatEvent::Error(refusal(found)));
        }
    }

    fn has_refused(&self) -> bool {
        self.found.is_some()
    }
}

impl Part {
    /// Lets out what is held back.
    fn let_out(&mut self, emit: &mut Emit<'_>) -> Result<(), Found> {
        let (mut out, mut said) = (String::new(), String::new());
        self.text.finish(&mut out)?;
        self.emit(out, emit);
        self.transcript.finish(&mut said)?;
        if !said.is_empty() {
            let transcript = Some(said.into());
            let delta = Delta::Bytes { media_type: None, base64: Text::default(), transcript };
            emit(ChatEvent::PartDelta { choice: self.choice, part: self.part, delta });
        }
        Ok(())
    }

    fn emit(&self, text: String, emit: &mut Emit<'_>) {
        if text.is_empty() {
            return;
        }
        let delta = match &self.text {
            PartText::Plain(_) => Delta::Text(text.into()),
            PartText::Json(_) => Delta::Arguments(text.into()),
        };
        emit(ChatEvent::PartDelta { choice: self.choice, part: self.part, delta });
    }
}

impl PartText {
    fn push(&mut self, text: &str, out: &mut String) -> Result<(), Found> {
        match self {
            Self::Plain(screen) => screen.push(text, out),
            Self::Json(screen) => screen.push(text, out),
        }
    }

    fn finish(&mut self, out: &mut String) -> Result<(), Found> {
        match self {
            Self::Plain(screen) => screen.finish(out),
            Self::Json(screen) => screen.finish(out),
        }
    }

    fn has_masked(&self) -> bool {
        match self {
            Self::Plain(screen) => screen.has_masked(),
            Self::Json(screen) => screen.has_masked(),
        }
    }
}

/// A citation with its texts seen through. Where the text that it is about has been changed, places
/// in it are not what they were.
fn cited<'a>(
    citation: &Citation<'a>,
    screen: &mut Screen,
    has_moved: bool,
) -> Result<Citation<'a>, Found> {
    let mut see = |text: &Option<Text<'a>>| match text {
        Some(text) => Ok(Some(screen.whole(text)?.map_or_else(|| text.clone(), Text::from))),
        None => Ok(None),
    };
    Ok(Citation {
        title: see(&citation.title)?,
        cited_text: see(&citation.cited_text)?,
        text_span: citation.text_span.filter(|_| !has_moved),
        ..citation.clone()
    })
}
