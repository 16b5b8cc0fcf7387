//! Citations: places in documents of the request, or on the web.

use std::borrow::Cow;

use crate::chat::{Citation, SpanUnit, Text};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let mut citation = Citation::default();
    cursor.object(|cursor, name| {
        match name {
            "title" => citation.title = cursor.maybe(Cursor::text)?,
            "source" => citation.source_id = cursor.maybe(Cursor::text)?,
            "sourceContent" => {
                let texts = cursor.list(read_text)?;
                citation.cited_text = (!texts.is_empty()).then(|| join(texts));
            }
            "location" => {
                cursor.maybe(|cursor| read_location(cursor, &mut citation))?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(citation)
}

/// `{"text": "…"}`, the only kind of content that cites or is cited.
pub(super) fn read_text<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut text = Text::default();
    cursor.object(|cursor, name| match name {
        "text" => cursor.text().map(|found| text = found),
        _ => cursor.unknown(),
    })?;
    Ok(text)
}

/// Texts in a row as one, borrowed where there is one.
pub(super) fn join(mut texts: Vec<Text<'_>>) -> Text<'_> {
    if texts.len() == 1 { texts.remove(0) } else { Cow::Owned(texts.concat()) }
}

/// An object whose one field says what kind of place it is.
fn read_location<'a>(
    cursor: &mut Cursor<'a>,
    citation: &mut Citation<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, kind| {
        let unit = match kind {
            "documentChar" => SpanUnit::Characters,
            "documentPage" => SpanUnit::Pages,
            "documentChunk" | "searchResultLocation" => SpanUnit::Blocks,
            "web" => return read_web(cursor, citation),
            _ => return cursor.unknown(),
        };
        let (mut start, mut end) = (0, 0);
        cursor.object(|cursor, name| {
            match name {
                "documentIndex" | "searchResultIndex" => citation.document = Some(cursor.count()?),
                "start" => start = cursor.count()?,
                "end" => end = cursor.count()?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })?;
        citation.source_span = Some((unit, start, end));
        Ok(())
    })
}

fn read_web<'a>(cursor: &mut Cursor<'a>, citation: &mut Citation<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "url" => citation.url = cursor.maybe(Cursor::text)?,
            // It stands in the link.
            "domain" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

pub(super) fn write(citation: &Citation<'_>, writer: &mut Writer<'_>) {
    let Citation { url, title, cited_text, document, source_id, source_span, text_span: _ } =
        citation;
    writer.object(|w| {
        w.text_field("title", title.as_deref());
        w.text_field("source", source_id.as_deref());
        if let Some(text) = cited_text {
            w.key("sourceContent").array(|w| w.object(|w| w.text_field("text", Some(text))));
        }
        if source_span.is_none() && url.is_none() {
            return;
        }
        w.key("location").object(|w| match (source_span, url) {
            (Some((unit, start, end)), _) => {
                let kind = match unit {
                    SpanUnit::Characters => "documentChar",
                    SpanUnit::Pages => "documentPage",
                    SpanUnit::Blocks => "documentChunk",
                };
                w.key(kind).object(|w| {
                    w.key("documentIndex").count(document.unwrap_or_default());
                    w.key("start").count(*start);
                    w.key("end").count(*end);
                });
            }
            (None, url) => w.key("web").object(|w| w.text_field("url", url.as_deref())),
        });
    });
}
