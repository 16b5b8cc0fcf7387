//! Documents: a text, or an object of whatever names and values, with an id that citations name.
//!
//! One that has but text, title and context is a document of the form; others keep their data whole.

use crate::chat::{Json, Media, MediaKind, Source, Text};
use crate::json::{Cursor, JsonError, Kind, Writer, is_object};

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

/// Data that a tool gave, with the id of the document that it stands in: in other dialects data has
/// nothing beside it. Nothing where it has another id of its own, or is no object.
pub(super) fn with_id<'a>(data: &Json<'a>, id: &str) -> Option<Json<'a>> {
    if !is_object(data.as_str()) {
        return None;
    }
    let (mut own, mut is_empty) = (None, true);
    let read = Cursor::new(data.as_str()).object(|cursor, name| {
        is_empty = false;
        match name {
            "id" => own = Some(cursor.json()?),
            _ => cursor.skip()?,
        }
        Ok(())
    });
    read.ok()?;
    let mut quoted = Vec::with_capacity(id.len() + 2);
    Writer::new(&mut quoted).text(id);
    let quoted = String::from_utf8(quoted).ok()?;
    match own {
        Some(own) => (own.as_str() == quoted).then(|| data.clone()),
        None => {
            let members = data.as_str().trim_ascii_start().strip_prefix('{')?;
            let comma = if is_empty { "" } else { "," };
            Json::new(format!("{{\"id\":{quoted}{comma}{members}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_a_tool_gave_keeps_the_id_of_its_document() {
        let with = |data: &'static str| {
            let data = Json::new(data.to_owned()).unwrap();
            with_id(&data, "a\"b").map(|json| json.as_str().to_owned())
        };
        assert_eq!(with(" {\"high\":1}").unwrap(), r#"{"id":"a\"b","high":1}"#);
        assert_eq!(with("{ }").unwrap(), r#"{"id":"a\"b" }"#);
        assert_eq!(with(r#"{"id":"a\"b"}"#).unwrap(), r#"{"id":"a\"b"}"#);
        assert_eq!(with(r#"{"id":7}"#), None);
        assert_eq!(with("\"a text\""), None);
    }
}
