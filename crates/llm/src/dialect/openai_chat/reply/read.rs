//! A whole reply of OpenAI Chat, read to the form.

use super::super::reasoning::{self, Reasoning};
use super::super::tool_call::{self, CallPiece};
use super::super::{usage, wire};
use super::parts::{self, Parts};
use super::sources::Sources;
use super::{Audio, read_annotations, read_audio, read_images, read_logprobs};
use crate::chat::{ChatReply, Choice, Citation, Content, Part, Text, TextPart};
use crate::dialect::Context;
use crate::json::{Cursor, JsonError, Kind};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    context: &Context,
) -> Result<ChatReply<'a>, JsonError> {
    let mut reply = ChatReply::default();
    let (mut choices, mut sources) = (Vec::new(), Sources::default());
    cursor.object(|cursor, name| {
        match name {
            "id" => reply.id = cursor.maybe(Cursor::text)?.filter(|id| !id.is_empty()),
            "model" => reply.model = cursor.maybe(Cursor::text)?,
            "created" => reply.created_s = cursor.maybe(Cursor::count)?,
            "choices" => choices = cursor.list(|cursor| read_choice(cursor, context))?,
            "usage" => reply.usage = cursor.maybe(usage::read)?.flatten(),
            "service_tier" => reply.service_class = cursor.maybe(Cursor::text)?,
            "system_fingerprint" => reply.fingerprint = cursor.maybe(Cursor::text)?,
            "citations" | "search_results" if cursor.kind() == Kind::Array => {
                sources.read(cursor, name)?;
            }
            "object" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if choices.is_empty() {
        return Err(cursor.wrong("must have choices"));
    }
    choices.sort_by_key(|(index, ..)| *index);
    if let Some(usage) = &mut reply.usage {
        let has_found = !sources.is_empty() || choices.iter().any(|(.., cites)| *cites);
        usage.searches = usage.searches.max(u64::from(has_found));
    }
    reply.choices = choices.into_iter().map(|(_, choice, _)| choice).collect();
    cite(&mut reply.choices[0].parts, sources);
    Ok(reply)
}

/// The text rests on all of them; which of its words on which only the marks in it tell.
fn cite<'a>(parts: &mut [Part<'a>], sources: Sources<'a>) {
    let texts = parts.iter_mut().filter_map(|part| match &mut part.content {
        Content::Text(text) => Some(text),
        _ => None,
    });
    if let Some(text) = texts.last().filter(|text| text.citations.is_empty()) {
        text.citations = sources.into_citations();
    }
}

/// The number of an answer, the answer, and whether it tells of a search by what it cites.
fn read_choice<'a>(
    cursor: &mut Cursor<'a>,
    context: &Context,
) -> Result<(u64, Choice<'a>, bool), JsonError> {
    let (mut index, mut choice, mut message) = (0, Choice::default(), Draft::default());
    cursor.object(|cursor, name| {
        match name {
            "index" => index = cursor.count()?,
            "message" => read_message(cursor, &mut message)?,
            "finish_reason" => {
                choice.finish = cursor.maybe(Cursor::text)?.map(|word| wire::finish(&word));
            }
            "logprobs" => choice.logprobs = cursor.maybe(read_logprobs)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let cites = message.citations.iter().any(|citation| citation.url.is_some());
    choice.parts = message.parts(index, context);
    let has = |is: fn(&Content<'_>) -> bool| choice.parts.iter().any(|part| is(&part.content));
    let has_calls = has(|content| matches!(content, Content::ToolCall(_)));
    let has_refusal = has(|content| matches!(content, Content::Refusal(_)));
    choice.finish = choice.finish.map(|finish| wire::finish_with(finish, has_calls, has_refusal));
    Ok((index, choice, cites))
}

#[derive(Default)]
struct Draft<'a> {
    content: Vec<Part<'a>>,
    citations: Vec<Citation<'a>>,
    reasoning: Reasoning<'a>,
    refusal: Option<Text<'a>>,
    calls: Vec<CallPiece<'a>>,
    media: Vec<Part<'a>>,
}

fn read_message<'a>(cursor: &mut Cursor<'a>, draft: &mut Draft<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "role" => cursor.skip()?,
            "content" if cursor.kind() == Kind::Array => {
                let Parts { texts, thoughts } = parts::read(cursor)?;
                draft.content.extend(texts.into_iter().map(Part::text));
                if !thoughts.is_empty() {
                    draft.reasoning.text = Some(Text::Owned(thoughts.concat()));
                }
            }
            "content" => {
                let text = cursor.maybe(Cursor::text)?.filter(|text| !text.is_empty());
                draft.content.extend(text.map(Part::text));
            }
            "refusal" => draft.refusal = cursor.maybe(Cursor::text)?.filter(|r| !r.is_empty()),
            "tool_calls" => draft.calls.extend(cursor.list(tool_call::read)?),
            "function_call" => {
                let mut call = CallPiece::default();
                cursor.maybe(|cursor| tool_call::read_function(cursor, &mut call))?;
                draft.calls.extend(call.name.is_some().then_some(call));
            }
            "reasoning_content" | "reasoning" => {
                draft.reasoning.text = cursor.maybe(Cursor::text)?.or(draft.reasoning.text.take());
            }
            "reasoning_details" => draft.reasoning.details = reasoning::read_details(cursor)?,
            "annotations" => draft.citations = read_annotations(cursor)?,
            "audio" => {
                let audio = cursor.maybe(read_audio)?.and_then(Audio::into_part);
                draft.media.extend(audio);
            }
            "images" => draft.media.extend(read_images(cursor)?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

impl<'a> Draft<'a> {
    fn parts(self, choice: u64, context: &Context) -> Vec<Part<'a>> {
        let Self { mut content, citations, reasoning, refusal, calls, media } = self;
        if let Some(Part { content: Content::Text(TextPart { citations: list, .. }), .. }) =
            content.last_mut()
        {
            *list = citations;
        }
        let mut parts = reasoning.into_parts();
        parts.extend(content);
        parts.extend(refusal.map(|refusal| Part::from(Content::Refusal(refusal))));
        parts.extend(media);
        for mut call in calls {
            let choice = u32::try_from(choice).unwrap_or_default();
            let place = u32::try_from(parts.len()).unwrap_or_default();
            call.id.get_or_insert_with(|| context.call_id(choice, place).into());
            parts.push(Content::ToolCall(call.into_call()).into());
        }
        parts
    }
}
