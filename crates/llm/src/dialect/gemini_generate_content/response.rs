//! One `GenerateContentResponse` as it is written: a whole reply, or a piece of a stream; they have
//! the same form.

use crate::chat::{ChatError, Content, Finish, Part, Text, TokenLogprob};
use crate::json::{Cursor, JsonError};
use crate::time;

use super::grounding::{self, Grounding};
use super::request::read_part;
use super::usage::{self, Metadata};
use super::{error, logprobs, wire};

/// A response.
#[derive(Debug, Default)]
pub(super) struct Response<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) model: Option<Text<'a>>,
    pub(super) created_s: Option<u64>,
    pub(super) candidates: Vec<Candidate<'a>>,
    pub(super) metadata: Metadata<'a>,
    pub(super) error: Option<ChatError>,
}

/// What it says of one answer. Calls that Google gave no id have an empty one.
#[derive(Debug, Default)]
pub(super) struct Candidate<'a> {
    pub(super) index: u64,
    pub(super) parts: Vec<Part<'a>>,
    /// For each part on the wire, the number of the first part that came of it.
    pub(super) places: Vec<usize>,
    pub(super) finish: Option<Finish>,
    pub(super) grounding: Grounding<'a>,
    pub(super) logprobs: Option<Vec<TokenLogprob<'a>>>,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Response<'a>, JsonError> {
    let mut response = Response::default();
    let (whole, mut blocked) = (cursor.clone_at(), None);
    cursor.object(|cursor, name| {
        match name {
            "candidates" => response.candidates = cursor.list(read_candidate)?,
            "promptFeedback" => blocked = cursor.maybe(read_feedback)?.flatten(),
            "usageMetadata" => {
                response.metadata = cursor.maybe(usage::read)?.unwrap_or_default();
            }
            "modelVersion" => response.model = cursor.maybe(Cursor::text)?,
            "createTime" => {
                response.created_s = cursor.maybe(Cursor::text)?.and_then(|text| time::read(&text));
            }
            "responseId" => response.id = cursor.maybe(Cursor::text)?,
            "error" => {
                cursor.skip()?;
                response.error = error::read(&mut whole.clone_at(), 200).ok();
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if let Some(usage) = &mut response.metadata.usage {
        usage.searches = response.candidates.iter().map(|one| one.grounding.searches).sum();
    }
    if let Some(blocked) = blocked.filter(|_| response.candidates.is_empty()) {
        response.candidates.push(blocked);
    }
    Ok(response)
}

/// A prompt that a filter refused: an answer that was cut before it began.
fn read_feedback<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Candidate<'a>>, JsonError> {
    let (mut is_blocked, mut why) = (false, None);
    cursor.object(|cursor, name| {
        match name {
            "blockReason" => {
                let word = cursor.maybe(Cursor::text)?.unwrap_or_default();
                is_blocked = !matches!(word.as_ref(), "" | "BLOCK_REASON_UNSPECIFIED");
            }
            "blockReasonMessage" => why = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let parts = why.map(|why| Content::Refusal(why).into()).into_iter().collect();
    let blocked = Candidate { parts, finish: Some(Finish::Filtered), ..Candidate::default() };
    Ok(is_blocked.then_some(blocked))
}

fn read_candidate<'a>(cursor: &mut Cursor<'a>) -> Result<Candidate<'a>, JsonError> {
    let (mut candidate, mut why) = (Candidate::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "index" => candidate.index = cursor.maybe(Cursor::count)?.unwrap_or(0),
            "content" => {
                cursor.maybe(|cursor| read_content(cursor, &mut candidate))?;
            }
            "finishReason" => {
                let word = cursor.maybe(Cursor::text)?.unwrap_or_default();
                candidate.finish = wire::finish(&word);
            }
            "groundingMetadata" => {
                cursor.maybe(|cursor| grounding::read(cursor, &mut candidate.grounding))?;
            }
            "citationMetadata" => {
                cursor.maybe(|cursor| grounding::read_quotes(cursor, &mut candidate.grounding))?;
            }
            "logprobsResult" => candidate.logprobs = cursor.maybe(logprobs::read)?,
            "finishMessage" => why = cursor.maybe(Cursor::text)?.filter(|why| !why.is_empty()),
            // A mean of the log probabilities; tokens, which usage has.
            "avgLogprobs" | "tokenCount" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let is_cut = matches!(candidate.finish, Some(Finish::Filtered | Finish::Failed));
    match why {
        // Where nothing else was said it is all that there is to tell. Of what failed it is no answer:
        // somebody else is asked.
        Some(why) if candidate.finish == Some(Finish::Filtered) && candidate.parts.is_empty() => {
            candidate.places.push(0);
            candidate.parts.push(Content::Refusal(why).into());
        }
        Some(_) if is_cut => cursor.note_unknown("finishMessage"),
        // That an answer is complete is told by its reason.
        Some(_) | None => {}
    }
    Ok(candidate)
}

fn read_content<'a>(
    cursor: &mut Cursor<'a>,
    candidate: &mut Candidate<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "parts" => wire::each(cursor, |cursor| {
                candidate.places.push(candidate.parts.len());
                read_part(cursor, &mut candidate.parts)
            })?,
            "role" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}
