//! One chunk as it is written, before anything is made of it: its fields come in any order.

use super::super::reasoning::{self, Reasoning};
use super::super::reply::parts::{self, Parts};
use super::super::reply::sources::Sources;
use super::super::reply::{Audio, read_annotations, read_audio, read_images, read_logprobs};
use super::super::tool_call::{self, CallPiece};
use super::super::{error, usage, wire};
use crate::chat::{ChatError, Citation, Finish, Part, Text, TokenLogprob, Usage};
use crate::json::{Cursor, JsonError, Kind};

/// A chunk.
#[derive(Debug, Default)]
pub(super) struct Chunk<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) model: Option<Text<'a>>,
    pub(super) created_s: Option<u64>,
    pub(super) service_class: Option<Text<'a>>,
    pub(super) fingerprint: Option<Text<'a>>,
    pub(super) choices: Vec<Piece<'a>>,
    pub(super) usage: Option<Usage>,
    pub(super) sources: Sources<'a>,
    pub(super) error: Option<ChatError>,
}

/// What a chunk says of one choice.
#[derive(Debug, Default)]
pub(super) struct Piece<'a> {
    pub(super) index: u64,
    pub(super) reasoning: Reasoning<'a>,
    pub(super) content: Option<Text<'a>>,
    pub(super) citations: Vec<Citation<'a>>,
    pub(super) refusal: Option<Text<'a>>,
    pub(super) calls: Vec<CallPiece<'a>>,
    pub(super) audio: Option<Audio<'a>>,
    pub(super) images: Vec<Part<'a>>,
    pub(super) logprobs: Option<Vec<TokenLogprob<'a>>>,
    pub(super) finish: Option<Finish>,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Chunk<'a>, JsonError> {
    let mut chunk = Chunk::default();
    let whole = cursor.clone_at();
    cursor.object(|cursor, name| {
        match name {
            "id" => chunk.id = cursor.maybe(Cursor::text)?.filter(|id| !id.is_empty()),
            "model" => chunk.model = cursor.maybe(Cursor::text)?.filter(|model| !model.is_empty()),
            "created" => chunk.created_s = cursor.maybe(Cursor::count)?,
            "service_tier" => chunk.service_class = cursor.maybe(Cursor::text)?,
            "system_fingerprint" => chunk.fingerprint = cursor.maybe(Cursor::text)?,
            "choices" => chunk.choices = cursor.list(read_piece)?,
            "usage" => chunk.usage = cursor.maybe(usage::read)?.flatten(),
            "error" => {
                cursor.skip()?;
                chunk.error = error::read(&mut whole.clone_at(), 200).ok();
            }
            "citations" | "search_results" if cursor.kind() == Kind::Array => {
                chunk.sources.read(cursor, name)?;
            }
            "object" | "obfuscation" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(chunk)
}

fn read_piece<'a>(cursor: &mut Cursor<'a>) -> Result<Piece<'a>, JsonError> {
    let mut piece = Piece::default();
    cursor.object(|cursor, name| {
        match name {
            "index" => piece.index = cursor.count()?,
            "delta" => {
                cursor.maybe(|cursor| read_delta(cursor, &mut piece))?;
            }
            "finish_reason" => {
                let word = cursor.maybe(Cursor::text)?.filter(|word| !word.is_empty());
                piece.finish = word.map(|word| wire::finish(&word));
            }
            "logprobs" => piece.logprobs = cursor.maybe(read_logprobs)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(piece)
}

fn read_delta<'a>(cursor: &mut Cursor<'a>, piece: &mut Piece<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "content" if cursor.kind() == Kind::Array => {
                let Parts { texts, thoughts } = parts::read(cursor)?;
                let joined = |texts: Vec<Text<'a>>| match <[Text<'a>; 1]>::try_from(texts) {
                    Ok([text]) => text,
                    Err(texts) => Text::Owned(texts.concat()),
                };
                piece.content = Some(joined(texts));
                piece.reasoning.text = Some(joined(thoughts));
            }
            "content" => piece.content = cursor.maybe(Cursor::text)?,
            "reasoning_content" | "reasoning" => {
                piece.reasoning.text = cursor.maybe(Cursor::text)?.or(piece.reasoning.text.take());
            }
            "reasoning_details" => piece.reasoning.details = reasoning::read_details(cursor)?,
            "refusal" => piece.refusal = cursor.maybe(Cursor::text)?,
            "tool_calls" => piece.calls = cursor.list(tool_call::read)?,
            "annotations" => piece.citations = read_annotations(cursor)?,
            "audio" => piece.audio = cursor.maybe(read_audio)?,
            "images" => piece.images = read_images(cursor)?,
            "role" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}
