//! Requests and rankings of all wires read: no two of them mean different things by a name.

use super::{Ranked, RerankDocument, RerankReply, RerankRequest};
use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Kind};
use crate::used::Used;

pub(super) fn request<'a>(cursor: &mut Cursor<'a>) -> Result<RerankRequest<'a>, JsonError> {
    let mut request = RerankRequest::default();
    cursor.object(|cursor, name| {
        match name {
            "model" => request.model = cursor.text()?,
            "query" => request.query = cursor.text()?,
            "documents" => request.documents = cursor.list(document)?,
            "top_n" | "top_k" => request.top = cursor.maybe(Cursor::count)?,
            "return_documents" => request.returns_documents = cursor.maybe(Cursor::truth)?,
            "rank_fields" => request.rank_fields = cursor.list(Cursor::text)?,
            "max_tokens_per_doc" => request.document_tokens_max = cursor.maybe(Cursor::count)?,
            "max_chunks_per_doc" => request.document_chunks_max = cursor.maybe(Cursor::count)?,
            "truncation" => request.truncates = cursor.maybe(Cursor::truth)?,
            "priority" => request.priority = cursor.maybe(Cursor::count)?,
            // Bedrock's word for Cohere's version: it changes nothing of what is said here.
            "api_version" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn document<'a>(cursor: &mut Cursor<'a>) -> Result<RerankDocument<'a>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(RerankDocument { text: Some(cursor.text()?), fields: None });
    }
    let mut whole = cursor.clone_at();
    let mut text = None;
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("text", Kind::Text) => text = Some(cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(RerankDocument { text, fields: Some(whole.json()?) })
}

pub(super) fn reply<'a>(cursor: &mut Cursor<'a>) -> Result<RerankReply<'a>, JsonError> {
    let mut reply = RerankReply::default();
    let mut has_results = false;
    cursor.object(|cursor, name| {
        match name {
            "id" => reply.id = cursor.maybe(Cursor::text)?,
            "model" => reply.model = cursor.maybe(Cursor::text)?,
            "results" | "data" => {
                has_results = true;
                reply.results = cursor.list(ranked)?;
            }
            "usage" => reply.used.tokens = cursor.maybe(usage)?,
            "meta" => {
                cursor.maybe(|cursor| meta(cursor, &mut reply.used))?;
            }
            "object" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if has_results { Ok(reply) } else { Err(cursor.wrong("has no results")) }
}

fn ranked<'a>(cursor: &mut Cursor<'a>) -> Result<Ranked<'a>, JsonError> {
    let (mut index, mut score, mut document) = (None, None, None);
    cursor.object(|cursor, name| {
        match name {
            "index" => index = Some(cursor.count()?),
            "relevance_score" | "score" => score = Some(cursor.number()?),
            "document" => document = cursor.maybe(Cursor::json)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    match (index, score) {
        (Some(index), Some(score)) => Ok(Ranked { index, score, document }),
        _ => Err(cursor.wrong("has no place or no score")),
    }
}

fn usage(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut total, mut prompt) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "total_tokens" => total = cursor.maybe(Cursor::count)?,
            "prompt_tokens" => prompt = cursor.maybe(Cursor::count)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(Usage { input: total.or(prompt).unwrap_or(0), ..Usage::default() })
}

fn meta(cursor: &mut Cursor<'_>, used: &mut Used) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        if !matches!(name, "billed_units" | "tokens") {
            return cursor.skip();
        }
        cursor.maybe(|cursor| {
            cursor.object(|cursor, name| {
                match name {
                    "search_units" => used.requests = whole(cursor)?,
                    "input_tokens" => {
                        let input = whole(cursor)?;
                        used.tokens = input.map(|input| Usage { input, ..Usage::default() });
                    }
                    _ => cursor.skip()?,
                }
                Ok(())
            })
        })?;
        Ok(())
    })
}

/// A count, which Cohere says with a point here and there.
fn whole(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonError> {
    let number = cursor.maybe(Cursor::number)?;
    Ok(number.and_then(|number| number.as_str().split('.').next()?.parse().ok()))
}
