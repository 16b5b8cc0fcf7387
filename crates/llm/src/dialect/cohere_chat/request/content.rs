//! What the user says, the system says and tools answer: a string, or a list of texts, images and
//! documents.

use super::super::document;
use crate::chat::{Content, Media, MediaKind, Part, Source, Text};
use crate::dialect::media::{link_of_source, source_of_link};
use crate::json::{Cursor, JsonError, Kind, Writer, is_object};

/// Reads content; of a tool, documents are the data that it answered.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    is_result: bool,
) -> Result<Vec<Part<'a>>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(vec![Part::text(cursor.text()?)]);
    }
    cursor.list(|cursor| read_block(cursor, is_result))
}

fn read_block<'a>(cursor: &mut Cursor<'a>, is_result: bool) -> Result<Part<'a>, JsonError> {
    let mut content = None;
    cursor.object(|cursor, name| {
        match name {
            "text" => content = Some(Part::text(cursor.text()?).content),
            "image_url" => content = Some(Content::Media(read_image(cursor)?)),
            "document" => content = Some(read_document(cursor, is_result)?),
            // The kind says the same as the name of what it holds.
            "type" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let content = content.ok_or_else(|| cursor.wrong("is content of no known type"))?;
    Ok(content.into())
}

fn read_document<'a>(cursor: &mut Cursor<'a>, is_result: bool) -> Result<Content<'a>, JsonError> {
    let mut document = document::read(cursor)?;
    Ok(match document.data.take() {
        Some(data) if is_result => Content::Json(match &document.id {
            None => data,
            Some(id) => document::with_id(&data, id).unwrap_or_else(|| {
                cursor.note_unknown("id");
                data
            }),
        }),
        data => {
            document.data = data;
            Content::Media(document.into_media())
        }
    })
}

fn read_image<'a>(cursor: &mut Cursor<'a>) -> Result<Media<'a>, JsonError> {
    let (mut url, mut detail) = (Text::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "url" => url = cursor.text()?,
            "detail" => detail = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(Media { detail, ..Media::new(MediaKind::Image, source_of_link(url)) })
}

/// Writes texts and images; documents stand beside the conversation.
pub(super) fn write(parts: &[&Part<'_>], w: &mut Writer<'_>) {
    if let [Part { content: Content::Text(text), .. }] = parts {
        return w.text(&text.text);
    }
    w.array(|w| {
        for part in parts {
            match &part.content {
                Content::Text(text) => write_text(&text.text, w),
                Content::Json(json) => write_text(json.as_str(), w),
                Content::Refusal(text) => write_text(text, w),
                Content::Media(media) => write_image(media, w),
                _ => {}
            }
        }
    });
}

fn write_text(text: &str, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("type").text("text");
        w.key("text").text(text);
    });
}

fn write_image(media: &Media<'_>, w: &mut Writer<'_>) {
    let Media { kind: _, source, title: _, context: _, detail, is_cited: _, facts: _ } = media;
    let Some(link) = link_of_source(source) else { return };
    w.object(|w| {
        w.key("type").text("image_url");
        w.key("image_url").object(|w| {
            w.key("url").texts(&link);
            w.text_field("detail", detail.as_deref());
        });
    });
}

/// Writes what a tool answered: texts, and objects as documents.
pub(super) fn write_result(parts: &[Part<'_>], w: &mut Writer<'_>) {
    match parts {
        [Part { content: Content::Text(text), .. }] => return w.text(&text.text),
        // Its images come after it; an empty list is an error.
        _ if parts.iter().all(is_image) => return w.text(""),
        _ => {}
    }
    w.array(|w| {
        for part in parts {
            match &part.content {
                Content::Json(json) if is_object(json.as_str()) => w.object(|w| {
                    w.key("type").text("document");
                    w.key("document").object(|w| w.key("data").json(json.as_str()));
                }),
                Content::Json(json) => write_text(json.as_str(), w),
                Content::Text(text) => write_text(&text.text, w),
                Content::Media(media @ Media { source: Source::Text(_), .. }) => w.object(|w| {
                    w.key("type").text("document");
                    w.key("document");
                    document::write(media, w);
                }),
                _ => {}
            }
        }
    });
}

/// Whether the part is an image, for which the result of a tool has no place.
pub(super) fn is_image(part: &Part<'_>) -> bool {
    matches!(&part.content, Content::Media(media) if media.kind == MediaKind::Image)
}
