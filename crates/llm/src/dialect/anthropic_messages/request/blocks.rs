//! Blocks of content, read to parts. Replies have the same blocks.

use super::super::citation;
use crate::chat::{
    CacheMark, CacheTime, Citation, Content, Json, Maker, Media, MediaKind, Part, ProviderOnly,
    ReasoningPart, Source, Text, TextPart, ToolCall, ToolResult,
};
use crate::dialect::signature;
use crate::json::{Cursor, JsonError, Kind};

/// A string, or a list of blocks.
pub(in super::super) fn read_blocks<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<Part<'a>>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(vec![Part::text(cursor.text()?)]);
    }
    cursor.list(read_block).map(signature::settle)
}

/// A block whose type may come last.
#[derive(Default)]
struct Draft<'a> {
    kind: Text<'a>,
    text: Option<Text<'a>>,
    citations: Vec<Citation<'a>>,
    is_cited: bool,
    source: Option<Source<'a>>,
    title: Option<Text<'a>>,
    context: Option<Text<'a>>,
    id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    input: Option<Json<'a>>,
    content: Vec<Part<'a>>,
    is_error: bool,
    signature: Option<Text<'a>>,
    data: Option<Text<'a>>,
    cache: Option<CacheMark>,
}

pub(in super::super) fn read_block<'a>(cursor: &mut Cursor<'a>) -> Result<Part<'a>, JsonError> {
    let whole = cursor.clone_at();
    let kind = kind_of(&mut cursor.clone_at())?;
    if !KINDS.contains(&kind.as_ref()) {
        let json = cursor.json()?;
        let only = ProviderOnly { maker: Maker::Anthropic, kind, json };
        return Ok(Content::ProviderOnly(only).into());
    }
    let mut draft = Draft { kind, ..Draft::default() };
    cursor.object(|cursor, name| read_field(cursor, name, &mut draft))?;
    draft.part().map_err(|why| whole.wrong(why))
}

/// Blocks that the form can say. All others are Anthropic's own.
const KINDS: [&str; 7] =
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];

fn kind_of<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut kind = Text::default();
    cursor.object(|cursor, name| match name {
        "type" => cursor.text().map(|text| kind = text),
        _ => cursor.skip(),
    })?;
    Ok(kind)
}

fn read_field<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    draft: &mut Draft<'a>,
) -> Result<(), JsonError> {
    match name {
        "type" => cursor.skip()?,
        "text" | "thinking" => draft.text = Some(cursor.text()?),
        "citations" if cursor.kind() == Kind::Array => {
            draft.citations = cursor.list(citation::read)?;
        }
        "citations" => {
            draft.is_cited = cursor.maybe(read_enabled)?.unwrap_or(false);
        }
        "source" => draft.source = Some(read_source(cursor)?),
        "title" => draft.title = cursor.maybe(Cursor::text)?,
        "context" => draft.context = cursor.maybe(Cursor::text)?,
        "id" | "tool_use_id" => draft.id = Some(cursor.text()?),
        "name" => draft.name = Some(cursor.text()?),
        "input" => draft.input = Some(cursor.json()?),
        "content" => draft.content = cursor.maybe(read_blocks)?.unwrap_or_default(),
        "is_error" => draft.is_error = cursor.maybe(Cursor::truth)?.unwrap_or(false),
        "signature" => draft.signature = cursor.maybe(Cursor::text)?,
        "data" => draft.data = Some(cursor.text()?),
        "cache_control" => draft.cache = cursor.maybe(read_mark)?,
        // Who called: the model itself, for all calls that leave the provider.
        "caller" => cursor.skip()?,
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn read_enabled(cursor: &mut Cursor<'_>) -> Result<bool, JsonError> {
    let mut enabled = false;
    cursor.object(|cursor, name| match name {
        "enabled" => cursor.truth().map(|truth| enabled = truth),
        _ => cursor.unknown(),
    })?;
    Ok(enabled)
}

fn read_source<'a>(cursor: &mut Cursor<'a>) -> Result<Source<'a>, JsonError> {
    let (mut kind, mut media_type, mut data) = (Text::default(), Text::default(), None);
    let (mut url, mut id, mut content) = (None, None, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "media_type" => media_type = cursor.text()?,
            "data" => data = Some(cursor.text()?),
            "url" => url = Some(cursor.text()?),
            "file_id" => id = Some(cursor.text()?),
            "content" => content = read_blocks(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let texts = content.iter().filter_map(|part| match &part.content {
        Content::Text(text) => Some(text.text.as_ref()),
        _ => None,
    });
    match (kind.as_ref(), data, url, id) {
        ("text", Some(text), ..) => Ok(Source::Text(text)),
        ("content", ..) => Ok(Source::Text(texts.collect::<String>().into())),
        (_, Some(base64), ..) => Ok(Source::Bytes { media_type, base64 }),
        (_, _, Some(url), _) => Ok(Source::Url { url, media_type: None }),
        (_, _, _, Some(id)) => Ok(Source::File { id }),
        _ => Err(cursor.wrong("is a source of no known type")),
    }
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

impl<'a> Draft<'a> {
    fn part(self) -> Result<Part<'a>, &'static str> {
        let content = match self.kind.as_ref() {
            "text" => Content::Text(TextPart {
                text: self.text.ok_or("must have a text")?,
                citations: self.citations,
            }),
            kind @ ("image" | "document") => {
                let kind = if kind == "image" { MediaKind::Image } else { MediaKind::Document };
                let source = self.source.ok_or("must have a source")?;
                let media = Media::new(kind, source);
                let (title, context, is_cited) = (self.title, self.context, self.is_cited);
                Content::Media(Media { title, context, is_cited, ..media })
            }
            "tool_use" => Content::ToolCall(ToolCall {
                id: self.id.ok_or("must have an id")?,
                name: self.name.ok_or("must have a name")?,
                arguments: self.input.map_or(Text::Borrowed("{}"), Json::into_text),
                is_free_form: false,
                signature: None,
            }),
            "tool_result" => Content::ToolResult(ToolResult {
                call_id: self.id.ok_or("must have a tool_use_id")?,
                name: None,
                parts: self.content,
                is_error: self.is_error,
            }),
            _ => Content::Reasoning(ReasoningPart {
                text: self.text.unwrap_or_default(),
                signature: self.signature.filter(|value| !value.is_empty()).map(signature::read),
                encrypted: self.data.map(signature::read),
                id: None,
            }),
        };
        Ok(Part { content, cache: self.cache })
    }
}
