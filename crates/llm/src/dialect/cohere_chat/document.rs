//! Documents: a text, or an object of whatever names and values, with an id that citations name.
//!
//! One that has but text, title and context is a document of the form; others keep their data whole.

use crate::chat::{Json, Media, MediaKind, Source, Text};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// A document as it is written.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) data: Option<Json<'a>>,
    text: Option<Text<'a>>,
    title: Option<Text<'a>>,
    context: Option<Text<'a>>,
    has_more: bool,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Document<'a>, JsonError> {
    let mut document = Document::default();
    if cursor.kind() == Kind::Text {
        document.text = Some(cursor.text()?);
        return Ok(document);
    }
    cursor.object(|cursor, name| {
        match name {
            "id" => document.id = cursor.maybe(Cursor::text)?,
            "data" => {
                document.data = Some(cursor.clone_at().json()?);
                read_data(cursor, &mut document)?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(document)
}

fn read_data<'a>(cursor: &mut Cursor<'a>, document: &mut Document<'a>) -> Result<(), JsonError> {
    if cursor.kind() == Kind::Text {
        document.text = Some(cursor.text()?);
        return Ok(());
    }
    cursor.object(|cursor, name| {
        let place = match (name, cursor.kind()) {
            ("text", Kind::Text) => &mut document.text,
            ("title", Kind::Text) => &mut document.title,
            ("context", Kind::Text) => &mut document.context,
            _ => {
                document.has_more = true;
                return cursor.skip();
            }
        };
        *place = Some(cursor.text()?);
        Ok(())
    })
}

impl<'a> Document<'a> {
    /// The document of the form. Its title is what citations name, where it has no other.
    pub(super) fn into_media(self) -> Media<'a> {
        let Self { id, data, text, title, context, has_more } = self;
        let facts = data.filter(|_| has_more || text.is_none());
        let media = Media::new(MediaKind::Document, Source::Text(text.unwrap_or_default()));
        match facts {
            Some(facts) => Media { title: id, facts: Some(facts), ..media },
            None => Media { title: title.or(id), context, ..media },
        }
    }
}

/// Writes a document of the form; nothing of one that is no text, which was refused before.
pub(super) fn write(media: &Media<'_>, w: &mut Writer<'_>) {
    let Media { kind: _, source, title, context, detail: _, is_cited: _, facts } = media;
    w.object(|w| {
        w.text_field("id", title.as_deref());
        w.key("data");
        match (facts, source) {
            (Some(facts), _) => w.json(facts.as_str()),
            (None, Source::Text(text)) => w.object(|w| {
                w.text_field("title", title.as_deref());
                w.text_field("context", context.as_deref());
                w.key("text").text(text);
            }),
            (None, _) => w.object(|_| {}),
        }
    });
}
