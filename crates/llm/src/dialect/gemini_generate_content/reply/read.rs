//! A whole reply of Gemini, read to the form.

use super::super::grounding::Passage;
use super::super::response::{self, Candidate};
use super::super::text_so_far::TextSoFar;
use crate::chat::{ChatReply, Choice, Citation, Content, Finish, Part};
use crate::dialect::Context;
use crate::json::{Cursor, JsonError};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    context: &Context,
) -> Result<ChatReply<'a>, JsonError> {
    let mut response = response::read(cursor)?;
    response.candidates.sort_by_key(|candidate| candidate.index);
    if response.candidates.is_empty() {
        return Err(cursor.wrong("must have candidates"));
    }
    let candidates = (0..).zip(response.candidates);
    Ok(ChatReply {
        id: response.id,
        model: response.model,
        created_s: response.created_s,
        choices: candidates.map(|(index, one)| choice(index, one, context)).collect(),
        usage: response.metadata.usage,
        service_class: response.metadata.service_class,
        fingerprint: None,
    })
}

fn choice<'a>(choice: u32, candidate: Candidate<'a>, context: &Context) -> Choice<'a> {
    let Candidate { index: _, mut parts, places, finish, grounding, logprobs } = candidate;
    let mut has_calls = false;
    for (place, part) in (0..).zip(&mut parts) {
        if let Content::ToolCall(call) = &mut part.content {
            has_calls = true;
            if call.id.is_empty() {
                call.id = context.call_id(choice, place).into();
            }
        }
    }
    for (passage, citation) in grounding.into_citations() {
        cite(&mut parts, &places, passage, citation);
    }
    // It says `STOP` of calls that are to be made, too.
    let is_calling = has_calls && finish == Some(Finish::Stop);
    let finish = if is_calling { Some(Finish::ToolCalls) } else { finish };
    Choice { parts, finish, stop_text: None, logprobs }
}

/// Puts a citation to the text that it is about: the part that the passage names, or the last text.
fn cite<'a>(
    parts: &mut [Part<'a>],
    places: &[usize],
    passage: Option<Passage>,
    citation: Citation<'a>,
) {
    let is_text = |part: &Part<'_>| matches!(part.content, Content::Text(_));
    let number = passage.and_then(|passage| usize::try_from(passage.part).ok());
    let named = number.and_then(|number| places.get(number).copied());
    let named = named.filter(|place| parts.get(*place).is_some_and(is_text));
    let Some(place) = named.or_else(|| parts.iter().rposition(is_text)) else { return };
    if let Content::Text(text) = &mut parts[place].content {
        let text_span = passage.map(|passage| passage.in_chars(&TextSoFar::new(&text.text)));
        text.citations.push(Citation { text_span, ..citation });
    }
}
