//! Responses to events: a part goes on as long as the next one is of its sort.

use super::super::grounding::Grounding;
use super::super::response::{self, Candidate, Response};
use super::super::text_so_far::TextSoFar;
use crate::chat::{
    ChatEvent, Citation, Content, Delta, Finish, Media, MediaKind, PartKind, ReasoningPart,
    Signature, Source, TextPart, ToolCall,
};
use crate::dialect::unknown::Unknown;
use crate::dialect::{Context, Emit};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError};

/// Beyond so many answers a provider is out of its mind.
const CHOICES_MAX: u64 = 128;

/// Reads a stream of responses.
#[derive(Debug)]
pub(in crate::dialect) struct Reader {
    context: Context,
    choices: Vec<ChoiceState>,
    has_begun: bool,
    is_over: bool,
}

/// Where an answer is.
#[derive(Debug, Default)]
struct ChoiceState {
    /// The part that is open, and what it is.
    open: Option<(u32, Sort)>,
    next_part: u32,
    /// The text of the part that is open.
    text: TextSoFar,
    /// The signature of that text; it comes after it, as reasoning without words.
    held: Vec<ReasoningPart<'static>>,
    has_calls: bool,
    finish: Option<Finish>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Reasoning,
    Refusal,
    Audio,
    /// All that comes whole.
    Whole,
}

impl Reader {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self { context: context.clone(), choices: Vec::new(), has_begun: false, is_over: false }
    }

    pub(in crate::dialect) fn read(
        &mut self,
        frame: &Frame<'_>,
        unknown: &mut Unknown,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        let mut cursor = Cursor::new(frame.data);
        let response = response::read(&mut cursor)?;
        cursor.end()?;
        unknown.take(&mut cursor);
        self.take(response, emit);
        Ok(())
    }

    /// Reasons to end may come more than once, with more of the answer after the first.
    pub(in crate::dialect) fn end(&mut self, emit: &mut Emit<'_>) {
        let is_whole = self.choices.iter().any(|choice| choice.finish.is_some());
        if self.is_over || !is_whole {
            return;
        }
        self.is_over = true;
        for (choice, state) in (0..).zip(&mut self.choices) {
            Answer { state, choice, context: &self.context, emit: &mut *emit }.end();
        }
        emit(ChatEvent::End);
    }

    fn take(&mut self, response: Response<'_>, emit: &mut Emit<'_>) {
        let Response { id, model, created_s, candidates, metadata, error } = response;
        if self.is_over {
            return;
        }
        if let Some(error) = error {
            self.is_over = true;
            return emit(ChatEvent::Error(error));
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            let service_class = metadata.service_class;
            let fingerprint = None;
            emit(ChatEvent::Start { id, model, created_s, service_class, fingerprint });
        }
        // Before the parts: some clients are told the size of the prompt first.
        if let Some(usage) = metadata.usage {
            emit(ChatEvent::Usage(usage));
        }
        for candidate in candidates {
            let index = candidate.index.min(CHOICES_MAX - 1);
            let place = usize::try_from(index).unwrap_or_default();
            if self.choices.len() <= place {
                self.choices.resize_with(place + 1, ChoiceState::default);
            }
            let (state, context) = (&mut self.choices[place], &self.context);
            let choice = u32::try_from(index).unwrap_or_default();
            Answer { state, choice, context, emit: &mut *emit }.take(candidate);
        }
    }
}

/// One answer being told.
struct Answer<'s, 'e, 'm> {
    state: &'s mut ChoiceState,
    choice: u32,
    context: &'s Context,
    emit: &'e mut Emit<'m>,
}

impl Answer<'_, '_, '_> {
    fn take(&mut self, candidate: Candidate<'_>) {
        let Candidate { index: _, parts, places: _, finish, grounding, logprobs } = candidate;
        for part in parts {
            self.part(part.content);
        }
        self.cite(grounding);
        if let Some(tokens) = logprobs.filter(|tokens| !tokens.is_empty()) {
            (self.emit)(ChatEvent::Logprobs { choice: self.choice, tokens });
        }
        self.state.finish = finish.or(self.state.finish);
    }

    fn part(&mut self, content: Content<'_>) {
        match content {
            Content::Text(TextPart { text, citations: _ }) => {
                let part = self.goes_on(Sort::Text, PartKind::Text);
                self.state.text.push(&text);
                self.delta(part, Delta::Text(text));
            }
            Content::Reasoning(reasoning) => self.reasoning(reasoning),
            Content::Refusal(text) => {
                let part = self.goes_on(Sort::Refusal, PartKind::Refusal);
                self.delta(part, Delta::Text(text));
            }
            Content::ToolCall(call) => self.call(call),
            Content::Media(media) => self.media(media),
            Content::ProviderOnly(only) => {
                self.open(Sort::Whole, PartKind::ProviderOnly(only));
                self.close();
            }
            // No part of an answer.
            Content::ToolResult(_) | Content::Json(_) => {}
        }
    }

    fn reasoning(&mut self, reasoning: ReasoningPart<'_>) {
        let ReasoningPart { text, signature, encrypted, id: _ } = reasoning;
        let own = |one: Option<Signature<'_>>| {
            one.map(|one| Signature { maker: one.maker, value: one.value.into_owned().into() })
        };
        if text.is_empty() && matches!(self.state.open, Some((_, Sort::Text))) {
            let (signature, encrypted) = (own(signature), own(encrypted));
            let held = ReasoningPart { signature, encrypted, ..ReasoningPart::default() };
            return self.state.held.push(held);
        }
        let part = self.goes_on(Sort::Reasoning, PartKind::Reasoning { id: None });
        if !text.is_empty() {
            self.delta(part, Delta::Text(text));
        }
        self.opaque(part, signature, encrypted);
    }

    fn opaque(
        &mut self,
        part: u32,
        signature: Option<Signature<'_>>,
        encrypted: Option<Signature<'_>>,
    ) {
        if let Some(signature) = signature {
            self.delta(part, Delta::Signature(signature));
        }
        if let Some(encrypted) = encrypted {
            self.delta(part, Delta::Encrypted(encrypted));
        }
    }

    fn call(&mut self, call: ToolCall<'_>) {
        self.state.has_calls = true;
        let ToolCall { id, name, arguments, is_free_form, signature } = call;
        self.close();
        let made = || self.context.call_id(self.choice, self.state.next_part).into();
        let id = if id.is_empty() { made() } else { id };
        let part = self.open(Sort::Whole, PartKind::ToolCall { id, name, is_free_form });
        self.delta(part, Delta::Arguments(arguments));
        self.opaque(part, signature, None);
        self.close();
    }

    /// Sound comes in pieces, images come whole.
    fn media(&mut self, media: Media<'_>) {
        let delta = match media.source {
            Source::Bytes { media_type, base64 } => {
                Delta::Bytes { media_type: Some(media_type), base64, transcript: None }
            }
            Source::Url { url, media_type } => Delta::Link { kind: media.kind, url, media_type },
            // What lies in Google's store cannot be had from elsewhere; and media is no text.
            Source::File { id } => Delta::Link { kind: media.kind, url: id, media_type: None },
            Source::Text(_) => return,
        };
        let kind = PartKind::Media(media.kind);
        let is_audio = media.kind == MediaKind::Audio;
        let part =
            if is_audio { self.goes_on(Sort::Audio, kind) } else { self.open(Sort::Whole, kind) };
        self.delta(part, delta);
        if !is_audio {
            self.close();
        }
    }

    fn cite(&mut self, grounding: Grounding<'_>) {
        for (passage, citation) in grounding.into_citations() {
            let part = self.goes_on(Sort::Text, PartKind::Text);
            let text_span = passage.map(|passage| passage.in_chars(&self.state.text));
            self.delta(part, Delta::Citation(Citation { text_span, ..citation }));
        }
    }

    /// The open part if it is of that sort, or else a new one.
    fn goes_on(&mut self, sort: Sort, kind: PartKind<'_>) -> u32 {
        match self.state.open {
            Some((part, open)) if open == sort => part,
            _ => self.open(sort, kind),
        }
    }

    fn open(&mut self, sort: Sort, kind: PartKind<'_>) -> u32 {
        self.close();
        let part = self.state.next_part;
        self.state.next_part += 1;
        self.state.open = Some((part, sort));
        (self.emit)(ChatEvent::PartStart { choice: self.choice, part, kind });
        part
    }

    fn delta(&mut self, part: u32, delta: Delta<'_>) {
        (self.emit)(ChatEvent::PartDelta { choice: self.choice, part, delta });
    }

    fn close(&mut self) {
        let Some((part, _)) = self.state.open.take() else { return };
        self.state.text = TextSoFar::default();
        (self.emit)(ChatEvent::PartEnd { choice: self.choice, part });
        for held in std::mem::take(&mut self.state.held) {
            let part = self.open(Sort::Reasoning, PartKind::Reasoning { id: None });
            self.opaque(part, held.signature, held.encrypted);
            self.close();
        }
    }

    fn end(&mut self) {
        self.close();
        let Some(finish) = self.state.finish else { return };
        // It says `STOP` of calls that are to be made, too.
        let is_calling = self.state.has_calls && finish == Finish::Stop;
        let finish = if is_calling { Finish::ToolCalls } else { finish };
        (self.emit)(ChatEvent::Finish { choice: self.choice, finish, stop_text: None });
    }
}
