//! The content of messages and of results of tools: a string, or a list of parts.

use std::borrow::Cow;

use super::super::annotation;
use crate::chat::{
    Citation, Content, Maker, Media, MediaKind, Part, ProviderOnly, Source, Text, TextPart,
    TokenLogprob,
};
use crate::dialect::logprob;
use crate::dialect::media::{source_of_file, source_of_link, type_of_format};
use crate::json::{Cursor, JsonError, Kind};

/// Reads content, and the log probabilities that stand in it.
pub(in super::super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    logprobs: &mut Vec<TokenLogprob<'a>>,
) -> Result<Vec<Part<'a>>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(vec![Part::text(cursor.text()?)]);
    }
    cursor.list(|cursor| read_part(cursor, logprobs))
}

/// A part whose type may come last.
#[derive(Default)]
struct Draft<'a> {
    kind: Text<'a>,
    text: Option<Text<'a>>,
    citations: Vec<Citation<'a>>,
    source: Option<Source<'a>>,
    title: Option<Text<'a>>,
    detail: Option<Text<'a>>,
}

fn read_part<'a>(
    cursor: &mut Cursor<'a>,
    logprobs: &mut Vec<TokenLogprob<'a>>,
) -> Result<Part<'a>, JsonError> {
    let whole = cursor.clone_at();
    let mut draft = Draft::default();
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "type" => draft.kind = cursor.text()?,
            "text" | "refusal" => draft.text = Some(cursor.text()?),
            "annotations" => draft.citations = cursor.list(annotation::read)?,
            "logprobs" => logprobs.extend(cursor.list(logprob::read)?),
            "image_url" => draft.source = Some(source_of_link(cursor.text()?)),
            "file_id" => draft.source = Some(Source::File { id: cursor.text()? }),
            "file_url" => {
                draft.source = Some(Source::Url { url: cursor.text()?, media_type: None });
            }
            "file_data" => draft.source = Some(source_of_file(cursor.text()?)),
            "filename" => draft.title = Some(cursor.text()?),
            // To look as closely as it thinks right is what the provider does unasked.
            "detail" => draft.detail = Some(cursor.text()?).filter(|detail| detail != "auto"),
            "input_audio" => draft.source = Some(read_audio(cursor)?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    draft.part(whole)
}

fn read_audio<'a>(cursor: &mut Cursor<'a>) -> Result<Source<'a>, JsonError> {
    let (mut base64, mut format) = (Text::default(), Text::default());
    cursor.object(|cursor, name| {
        match name {
            "data" => base64 = cursor.text()?,
            "format" => format = cursor.text()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let media_type = match type_of_format(&format) {
        Some(media_type) => Cow::Borrowed(media_type),
        None => Cow::Owned(format!("audio/{format}")),
    };
    Ok(Source::Bytes { media_type, base64 })
}

impl<'a> Draft<'a> {
    fn part(self, mut whole: Cursor<'a>) -> Result<Part<'a>, JsonError> {
        let Self { kind, text, citations, source, title, detail } = self;
        let media_kind = match kind.as_ref() {
            "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
                let text = text.ok_or_else(|| whole.wrong("must have a text"))?;
                return Ok(Content::Text(TextPart { text, citations }).into());
            }
            "refusal" => {
                let text = text.ok_or_else(|| whole.wrong("must have a refusal"))?;
                return Ok(Content::Refusal(text).into());
            }
            "input_image" => MediaKind::Image,
            "input_file" => MediaKind::Document,
            "input_audio" => MediaKind::Audio,
            _ => {
                let json = whole.json()?;
                let only = ProviderOnly { maker: Maker::Openai, kind, json };
                return Ok(Content::ProviderOnly(only).into());
            }
        };
        let source = source.ok_or_else(|| whole.wrong("must have a link, data or a file id"))?;
        let media = Media::new(media_kind, source);
        Ok(Content::Media(Media { title, detail, ..media }).into())
    }
}
