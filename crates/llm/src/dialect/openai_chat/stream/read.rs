//! Chunks to events: where a part begins and ends is told by what comes next.

use super::chunk::{self, Chunk, Piece};
use crate::chat::{
    ChatEvent, Citation, Content, Delta, Finish, Media, MediaKind, PartKind, ReasoningPart, Source,
    Text,
};
use crate::dialect::arguments::Progress;
use crate::dialect::unknown::Unknown;
use crate::dialect::{Context, Emit};
use crate::frame::Frame;
use crate::json::{Cursor, JsonError};

use super::super::reply::sources;
use super::super::tool_call::CallPiece;
use super::super::wire;

/// Beyond so many answers a provider is out of its mind.
const CHOICES_MAX: u64 = 128;

/// Reads a stream of chunks.
#[derive(Debug)]
pub(in crate::dialect) struct Reader {
    context: Context,
    choices: Vec<ChoiceState>,
    /// What the first answer rests on; it is told with every chunk, and told on at the end.
    sources: Vec<Citation<'static>>,
    has_begun: bool,
    is_over: bool,
}

/// Where an answer is.
#[derive(Debug, Default)]
struct ChoiceState {
    /// The part that is open, and what it is.
    open: Option<(u32, Sort)>,
    next_part: u32,
    calls: Vec<Call>,
    has_refusal: bool,
    is_finished: bool,
}

/// A call, known by the provider's index of it and, where several have the same, by its id. Its end
/// waits for that of its arguments: they may come among those of others.
#[derive(Debug)]
struct Call {
    index: u64,
    /// The provider's id of it, where it gave one.
    id: Option<String>,
    part: u32,
    is_free_form: bool,
    arguments: Progress,
    is_ended: bool,
}

impl Call {
    /// Whether a piece with the same index is of another call: some servers give all of them the
    /// index 0, and some of those no ids. Each piece of a call may repeat its id and its name.
    fn is_another(&self, piece: &CallPiece<'_>) -> bool {
        if piece.name.is_none() {
            return false;
        }
        match (&self.id, &piece.id) {
            (Some(own), Some(id)) => own != id,
            _ => {
                let brings = |text: &Text<'_>| !text.trim_ascii().is_empty();
                self.arguments.is_whole() && piece.arguments.as_ref().is_some_and(brings)
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Reasoning,
    Refusal,
    Audio,
    Call(u64),
}

impl Reader {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            choices: Vec::new(),
            sources: Vec::new(),
            has_begun: false,
            is_over: false,
        }
    }

    pub(in crate::dialect) fn read(
        &mut self,
        frame: &Frame<'_>,
        unknown: &mut Unknown,
        emit: &mut Emit<'_>,
    ) -> Result<(), JsonError> {
        if frame.data == "[DONE]" {
            self.end(emit);
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.data);
        let chunk = chunk::read(&mut cursor)?;
        cursor.end()?;
        unknown.take(&mut cursor);
        self.take(chunk, emit);
        Ok(())
    }

    pub(in crate::dialect) fn end(&mut self, emit: &mut Emit<'_>) {
        let is_whole = self.choices.iter().any(|choice| choice.is_finished);
        if is_whole && !self.is_over {
            self.is_over = true;
            emit(ChatEvent::End);
        }
    }

    fn take(&mut self, chunk: Chunk<'_>, emit: &mut Emit<'_>) {
        let Chunk {
            id,
            model,
            created_s,
            service_class,
            fingerprint,
            choices,
            usage,
            sources,
            error,
        } = chunk;
        if self.is_over {
            return;
        }
        if let Some(error) = error {
            self.is_over = true;
            return emit(ChatEvent::Error(error));
        }
        // Azure begins with a chunk that has neither model nor choices.
        if !self.has_begun && !choices.is_empty() {
            self.has_begun = true;
            emit(ChatEvent::Start { id, model, created_s, service_class, fingerprint });
        }
        if self.sources.is_empty() {
            self.sources = sources::own(sources.into_citations());
        }
        for piece in choices {
            self.take_piece(piece, emit);
        }
        if let Some(usage) = usage {
            emit(ChatEvent::Usage(usage));
        }
    }

    fn take_piece(&mut self, mut piece: Piece<'_>, emit: &mut Emit<'_>) {
        let index = piece.index.min(CHOICES_MAX - 1);
        let place = usize::try_from(index).unwrap_or_default();
        if self.choices.len() <= place {
            self.choices.resize_with(place + 1, ChoiceState::default);
        }
        let is_text = matches!(self.choices[place].open, Some((_, Sort::Text)))
            || piece.content.as_ref().is_some_and(|text| !text.is_empty());
        if place == 0 && piece.finish.is_some() && is_text && piece.citations.is_empty() {
            piece.citations = std::mem::take(&mut self.sources);
        }
        let choice = u32::try_from(index).unwrap_or_default();
        let context = &self.context;
        Answer { state: &mut self.choices[place], choice, context, emit }.take(piece);
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
    fn take(&mut self, piece: Piece<'_>) {
        if self.state.is_finished {
            return;
        }
        let Piece {
            index: _,
            reasoning,
            content,
            citations,
            refusal,
            calls,
            audio,
            images,
            logprobs,
            finish,
        } = piece;
        let has_text = |text: &Text<'_>| !text.is_empty();
        if let Some(text) = reasoning.text.filter(has_text) {
            self.text(Sort::Reasoning, text);
        } else {
            let texts = reasoning.details.iter().filter(|part| !part.text.is_empty());
            texts.for_each(|part| self.text(Sort::Reasoning, part.text.clone()));
        }
        reasoning.details.into_iter().for_each(|part| self.opaque(part));
        if let Some(text) = content.filter(has_text) {
            self.text(Sort::Text, text);
        }
        for citation in citations {
            self.delta(Sort::Text, Delta::Citation(citation));
        }
        if let Some(text) = refusal.filter(has_text) {
            self.state.has_refusal = true;
            self.text(Sort::Refusal, text);
        }
        if let Some(audio) = audio {
            let media_type = Some(Text::Borrowed("audio/pcm"));
            let base64 = audio.base64.unwrap_or_default();
            let transcript = audio.transcript;
            self.delta(Sort::Audio, Delta::Bytes { media_type, base64, transcript });
        }
        for image in images {
            self.image(image.content);
        }
        for call in calls {
            self.call(call);
        }
        if let Some(tokens) = logprobs.filter(|tokens| !tokens.is_empty()) {
            (self.emit)(ChatEvent::Logprobs { choice: self.choice, tokens });
        }
        if let Some(finish) = finish {
            self.finish(finish);
        }
    }

    fn text(&mut self, sort: Sort, text: Text<'_>) {
        self.delta(sort, Delta::Text(text));
    }

    fn opaque(&mut self, part: ReasoningPart<'_>) {
        if let Some(signature) = part.signature {
            self.delta(Sort::Reasoning, Delta::Signature(signature));
        }
        if let Some(encrypted) = part.encrypted {
            self.delta(Sort::Reasoning, Delta::Encrypted(encrypted));
        }
    }

    /// Adds to the open part of that sort, opening one where there is none.
    fn delta(&mut self, sort: Sort, delta: Delta<'_>) {
        let part = match self.state.open {
            Some((part, open)) if open == sort => part,
            _ => self.open(
                sort,
                match sort {
                    Sort::Text | Sort::Call(_) => PartKind::Text,
                    Sort::Reasoning => PartKind::Reasoning { id: None },
                    Sort::Refusal => PartKind::Refusal,
                    Sort::Audio => PartKind::Media(MediaKind::Audio),
                },
            ),
        };
        (self.emit)(ChatEvent::PartDelta { choice: self.choice, part, delta });
    }

    fn open(&mut self, sort: Sort, kind: PartKind<'_>) -> u32 {
        self.close();
        let part = self.state.next_part;
        self.state.next_part += 1;
        self.state.open = Some((part, sort));
        (self.emit)(ChatEvent::PartStart { choice: self.choice, part, kind });
        part
    }

    /// Ends the open part, and calls that are whole.
    fn close(&mut self) {
        if let Some((part, sort)) = self.state.open.take()
            && !matches!(sort, Sort::Call(_))
        {
            (self.emit)(ChatEvent::PartEnd { choice: self.choice, part });
        }
        self.end_calls(|call| call.is_free_form || call.arguments.is_whole());
    }

    fn end_calls(&mut self, which: impl Fn(&Call) -> bool) {
        let calls = self.state.calls.iter_mut();
        for call in calls.filter(|call| !call.is_ended && which(call)) {
            call.is_ended = true;
            (self.emit)(ChatEvent::PartEnd { choice: self.choice, part: call.part });
        }
    }

    fn image(&mut self, content: Content<'_>) {
        let Content::Media(Media { source, .. }) = content else { return };
        let delta = match source {
            Source::Bytes { media_type, base64 } => {
                Delta::Bytes { media_type: Some(media_type), base64, transcript: None }
            }
            Source::Url { url, media_type } => {
                Delta::Link { kind: MediaKind::Image, url, media_type }
            }
            // Neither is what a link can be.
            Source::File { .. } | Source::Text(_) => return,
        };
        let part = self.open(Sort::Audio, PartKind::Media(MediaKind::Image));
        (self.emit)(ChatEvent::PartDelta { choice: self.choice, part, delta });
        self.close();
    }

    fn call(&mut self, call: CallPiece<'_>) {
        // Without an index, a piece with a name is a call of its own.
        let calls = &self.state.calls;
        let last = calls.last().map_or(0, |call| call.index);
        let next = calls.last().map_or(0, |call| call.index.saturating_add(1));
        let index = call.index.unwrap_or(if call.name.is_some() { next } else { last });
        // Of several with the same index, what comes belongs to the last.
        let known = calls.iter().rposition(|known| known.index == index);
        let known = known.filter(|place| !calls[*place].is_another(&call));
        let place = known.unwrap_or_else(|| {
            let generated = || self.context.call_id(self.choice, self.state.next_part).into();
            let is_free_form = call.is_free_form;
            let kind = PartKind::ToolCall {
                id: call.id.clone().unwrap_or_else(generated),
                name: call.name.clone().unwrap_or_default(),
                is_free_form,
            };
            let part = self.open(Sort::Call(index), kind);
            let (arguments, is_ended) = (Progress::default(), false);
            let id = call.id.as_deref().map(str::to_owned);
            self.state.calls.push(Call { index, id, part, is_free_form, arguments, is_ended });
            self.state.calls.len() - 1
        });
        let part = self.state.calls[place].part;
        if let Some(arguments) = call.arguments.filter(|arguments| !arguments.is_empty()) {
            self.state.calls[place].arguments.add(&arguments);
            let delta = Delta::Arguments(arguments);
            (self.emit)(ChatEvent::PartDelta { choice: self.choice, part, delta });
        }
        if let Some(signature) = call.signature {
            let delta = Delta::Signature(signature);
            (self.emit)(ChatEvent::PartDelta { choice: self.choice, part, delta });
        }
    }

    fn finish(&mut self, finish: Finish) {
        self.close();
        self.end_calls(|_| true);
        self.state.is_finished = true;
        let has_calls = !self.state.calls.is_empty();
        let finish = wire::finish_with(finish, has_calls, self.state.has_refusal);
        (self.emit)(ChatEvent::Finish { choice: self.choice, finish, stop_text: None });
    }
}
