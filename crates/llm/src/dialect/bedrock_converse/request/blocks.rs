//! Blocks of content, read to parts: objects whose one field says what they are. Replies have the
//! same blocks.

use super::super::citation::{self, join, read_text};
use super::super::{media, redacted};
use crate::chat::{
    CacheMark, CacheTime, Content, Json, Maker, Media, MediaKind, Part, ProviderOnly,
    ReasoningPart, Source, Text, TextPart, ToolCall, ToolResult,
};
use crate::dialect::signature;
use crate::json::{Cursor, JsonError};

/// A list of blocks. A point up to where the prompt is kept in the cache is a block of its own and
/// becomes a mark at the part before it.
pub(in super::super) fn read_blocks<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<Part<'a>>, JsonError> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    cursor.array(|cursor| {
        let whole = cursor.clone_at();
        cursor.object(|cursor, kind| {
            if kind != "cachePoint" {
                parts.extend(read_block(cursor, kind, &whole)?.map(Part::from));
                return Ok(());
            }
            match (read_mark(cursor)?, parts.last_mut()) {
                (mark, Some(last)) => last.cache = Some(mark),
                (_, None) => cursor.note_unknown(""),
            }
            Ok(())
        })
    })?;
    Ok(signature::settle(parts))
}

fn read_block<'a>(
    cursor: &mut Cursor<'a>,
    kind: &str,
    whole: &Cursor<'a>,
) -> Result<Option<Content<'a>>, JsonError> {
    Ok(Some(match kind {
        "text" => plain(cursor.text()?),
        "image" => Content::Media(media::read(cursor, MediaKind::Image)?),
        "document" => Content::Media(media::read(cursor, MediaKind::Document)?),
        "video" => Content::Media(media::read(cursor, MediaKind::Video)?),
        "audio" => Content::Media(media::read(cursor, MediaKind::Audio)?),
        "toolUse" => read_call(cursor, whole)?,
        "toolResult" => read_result(cursor, whole)?,
        "reasoningContent" => Content::Reasoning(read_reasoning(cursor)?),
        "citationsContent" => read_cited(cursor)?,
        "searchResult" => read_search_result(cursor)?,
        "json" => Content::Json(cursor.json()?),
        "guardContent" => return read_guarded(cursor),
        _ => {
            cursor.unknown()?;
            return Ok(None);
        }
    }))
}

fn plain(text: Text<'_>) -> Content<'_> {
    Content::Text(TextPart { text, citations: Vec::new() })
}

pub(super) fn read_mark(cursor: &mut Cursor<'_>) -> Result<CacheMark, JsonError> {
    let mut mark = CacheMark::default();
    cursor.object(|cursor, name| {
        match name {
            "ttl" => mark.time = cursor.maybe(Cursor::text)?.and_then(|ttl| CacheTime::parse(&ttl)),
            "type" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(mark)
}

/// A call has a type only where the provider itself makes it.
fn read_call<'a>(cursor: &mut Cursor<'a>, whole: &Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let (mut id, mut name_, mut input, mut own) = (Text::default(), Text::default(), None, None);
    cursor.object(|cursor, name| {
        match name {
            "toolUseId" => id = cursor.text()?,
            "name" => name_ = cursor.text()?,
            "input" => input = cursor.maybe(Cursor::json)?,
            "type" => own = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if let Some(kind) = own {
        return own_block(kind, whole);
    }
    Ok(Content::ToolCall(ToolCall {
        id,
        name: name_,
        arguments: input.map_or(Text::Borrowed("{}"), Json::into_text),
        is_free_form: false,
        signature: None,
    }))
}

fn read_result<'a>(cursor: &mut Cursor<'a>, whole: &Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let (mut call_id, mut parts, mut is_error) = (Text::default(), Vec::new(), false);
    let mut own = None;
    cursor.object(|cursor, name| {
        match name {
            "toolUseId" => call_id = cursor.text()?,
            "content" => parts = cursor.maybe(read_blocks)?.unwrap_or_default(),
            "status" => is_error = cursor.maybe(Cursor::text)?.is_some_and(|word| word == "error"),
            "type" => own = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if let Some(kind) = own {
        return own_block(kind, whole);
    }
    Ok(Content::ToolResult(ToolResult { call_id, name: None, parts, is_error }))
}

/// A block of the provider's own, kept as a whole.
fn own_block<'a>(kind: Text<'a>, whole: &Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let json = whole.clone_at().json()?;
    Ok(Content::ProviderOnly(ProviderOnly { maker: Maker::Other, kind, json }))
}

fn read_reasoning<'a>(cursor: &mut Cursor<'a>) -> Result<ReasoningPart<'a>, JsonError> {
    let mut part = ReasoningPart::default();
    cursor.object(|cursor, name| {
        match name {
            "reasoningText" => cursor.object(|cursor, name| {
                match name {
                    "text" => part.text = cursor.text()?,
                    "signature" => {
                        let value = cursor.maybe(Cursor::text)?.filter(|value| !value.is_empty());
                        part.signature = value.map(signature::read);
                    }
                    _ => cursor.unknown()?,
                }
                Ok(())
            })?,
            "redactedContent" => part.encrypted = Some(redacted::read(cursor.text()?)),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(part)
}

fn read_cited<'a>(cursor: &mut Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let (mut texts, mut citations) = (Vec::new(), Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "content" => texts = cursor.list(read_text)?,
            "citations" => citations = cursor.list(citation::read)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(Content::Text(TextPart { text: join(texts), citations }))
}

/// What a search of the caller's found: a document of text, its source being the context.
fn read_search_result<'a>(cursor: &mut Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let (mut title, mut source, mut texts, mut is_cited) = (None, None, Vec::new(), false);
    cursor.object(|cursor, name| {
        match name {
            "title" => title = cursor.maybe(Cursor::text)?,
            "source" => source = cursor.maybe(Cursor::text)?,
            "content" => texts = cursor.list(read_text)?,
            "citations" => is_cited = cursor.maybe(media::read_enabled)?.unwrap_or(false),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let media = Media::new(MediaKind::Document, Source::Text(join(texts)));
    Ok(Content::Media(Media { title, context: source, is_cited, ..media }))
}

/// What guardrails look at is content as well; that they do so is lost, and told.
fn read_guarded<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Content<'a>>, JsonError> {
    cursor.note_unknown("");
    let mut content = None;
    cursor.object(|cursor, name| {
        match name {
            "text" => cursor.object(|cursor, name| match name {
                "text" => cursor.text().map(|text| content = Some(plain(text))),
                _ => cursor.skip(),
            })?,
            "image" => content = Some(Content::Media(media::read(cursor, MediaKind::Image)?)),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(content)
}
