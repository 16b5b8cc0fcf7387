//! The content of a message: a string, or a list of parts.

use std::borrow::Cow;

use super::read::read_mark;
use crate::chat::{Content, Media, MediaKind, Part, Source, Text};
use crate::dialect::media::{
    format_of_type, link_of_source, source_of_file, source_of_link, type_of_format,
};
use crate::json::{Cursor, JsonError, Kind, Writer};

pub(super) fn read_content<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Part<'a>>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(vec![Part::text(cursor.text()?)]);
    }
    cursor.list(read_part)
}

fn read_part<'a>(cursor: &mut Cursor<'a>) -> Result<Part<'a>, JsonError> {
    let (mut content, mut cache) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            // The kind says the same as the name of what it holds.
            "type" => cursor.skip()?,
            "text" => content = Some(Part::text(cursor.text()?).content),
            "refusal" => content = Some(Content::Refusal(cursor.text()?)),
            "image_url" => content = Some(read_image(cursor)?),
            "input_audio" => content = Some(read_audio(cursor)?),
            "file" => content = Some(read_file(cursor)?),
            "video_url" => {
                let source = source_of_link(read_link(cursor)?);
                content = Some(Content::Media(Media::new(MediaKind::Video, source)));
            }
            "cache_control" => cache = cursor.maybe(read_mark)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let content = content.ok_or_else(|| cursor.wrong("is a part of no known type"))?;
    Ok(Part { content, cache })
}

fn read_image<'a>(cursor: &mut Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let (mut url, mut detail) = (Text::default(), None);
    if cursor.kind() == Kind::Text {
        url = cursor.text()?;
    } else {
        cursor.object(|cursor, name| {
            match name {
                "url" => url = cursor.text()?,
                "detail" => detail = cursor.maybe(Cursor::text)?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })?;
    }
    let media = Media::new(MediaKind::Image, source_of_link(url));
    Ok(Content::Media(Media { detail, ..media }))
}

fn read_link<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut url = Text::default();
    cursor.object(|cursor, name| match name {
        "url" => cursor.text().map(|text| url = text),
        _ => cursor.unknown(),
    })?;
    Ok(url)
}

fn read_audio<'a>(cursor: &mut Cursor<'a>) -> Result<Content<'a>, JsonError> {
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
    Ok(Content::Media(Media::new(MediaKind::Audio, Source::Bytes { media_type, base64 })))
}

fn read_file<'a>(cursor: &mut Cursor<'a>) -> Result<Content<'a>, JsonError> {
    let (mut source, mut title) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "file_data" => {
                source = cursor.maybe(Cursor::text)?.map(source_of_file).or(source.take())
            }
            "file_id" => {
                source =
                    cursor.maybe(Cursor::text)?.map(|id| Source::File { id }).or(source.take());
            }
            "filename" => title = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let source = source.ok_or_else(|| cursor.wrong("must have file_data or file_id"))?;
    let media = Media::new(MediaKind::Document, source);
    Ok(Content::Media(Media { title, ..media }))
}

/// Writes content: one plain text as a string, for servers that take nothing else.
pub(super) fn write_content(parts: &[&Part<'_>], writer: &mut Writer<'_>) {
    if let [Part { content: Content::Text(text), .. }] = parts {
        return writer.text(&text.text);
    }
    writer.array(|w| {
        for part in parts {
            write_part(&part.content, w);
        }
    });
}

fn write_part(content: &Content<'_>, writer: &mut Writer<'_>) {
    let text_part = |w: &mut Writer<'_>, pieces: &[&str]| {
        w.object(|w| {
            w.key("type").text("text");
            w.key("text").texts(pieces);
        });
    };
    match content {
        Content::Text(text) => text_part(writer, &[&text.text]),
        Content::Json(json) => text_part(writer, &[json.as_str()]),
        Content::Refusal(text) => writer.object(|w| {
            w.key("type").text("refusal");
            w.key("refusal").text(text);
        }),
        Content::Media(media) => match (&media.source, &media.facts) {
            (Source::Text(text), _) => match &media.title {
                Some(title) => text_part(writer, &[title, "\n\n", text]),
                None => text_part(writer, &[text]),
            },
            (_, Some(facts)) => text_part(writer, &[facts.as_str()]),
            _ => write_media(media, writer),
        },
        // Results, calls and reasoning are no content; what is another's own was refused before.
        _ => {}
    }
}

fn write_media(media: &Media<'_>, writer: &mut Writer<'_>) {
    match media.kind {
        MediaKind::Image => {
            let Some(link) = link_of_source(&media.source) else { return };
            writer.object(|w| {
                w.key("type").text("image_url");
                w.key("image_url").object(|w| {
                    w.key("url").texts(&link);
                    w.text_field("detail", media.detail.as_deref());
                });
            });
        }
        MediaKind::Audio => {
            let Source::Bytes { media_type, base64 } = &media.source else { return };
            let bare = media_type.strip_prefix("audio/").unwrap_or(media_type);
            writer.object(|w| {
                w.key("type").text("input_audio");
                w.key("input_audio").object(|w| {
                    w.key("data").text(base64);
                    w.key("format").text(format_of_type(media_type).unwrap_or(bare));
                });
            });
        }
        MediaKind::Document | MediaKind::Video => writer.object(|w| {
            w.key("type").text("file");
            w.key("file").object(|w| match &media.source {
                Source::File { id } => w.text_field("file_id", Some(id)),
                source => {
                    // A file with bytes must have a name.
                    w.key("filename").text(media.title.as_deref().unwrap_or("document"));
                    if let Some(link) = link_of_source(source) {
                        w.key("file_data").texts(&link);
                    }
                }
            });
        }),
    }
}
