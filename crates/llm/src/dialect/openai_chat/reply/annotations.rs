//! Citations: links with the place in the text that rests on them.

use crate::chat::Citation;
use crate::json::{Cursor, JsonError, Writer};

pub(in super::super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Citation<'a>>, JsonError> {
    cursor.list(read_one)
}

fn read_one<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let (mut citation, mut start, mut end) = (Citation::default(), None, None);
    cursor.object(|cursor, name| match name {
        "type" => cursor.skip(),
        "url_citation" => cursor.object(|cursor, name| {
            match name {
                "url" => citation.url = cursor.maybe(Cursor::text)?,
                "title" => citation.title = cursor.maybe(Cursor::text)?,
                "content" => citation.cited_text = cursor.maybe(Cursor::text)?,
                "start_index" => start = cursor.maybe(Cursor::count)?,
                "end_index" => end = cursor.maybe(Cursor::count)?,
                _ => cursor.unknown()?,
            }
            Ok(())
        }),
        _ => cursor.unknown(),
    })?;
    citation.text_span = start.zip(end);
    Ok(citation)
}

/// Writes those that have links; there is no form for others.
pub(in super::super) fn write<'c>(
    citations: impl Iterator<Item = &'c Citation<'c>>,
    writer: &mut Writer<'_>,
) {
    writer.array(|w| citations.for_each(|citation| write_one(citation, w)));
}

pub(in super::super) fn write_one(citation: &Citation<'_>, writer: &mut Writer<'_>) {
    let Some(url) = &citation.url else { return };
    writer.object(|w| {
        w.key("type").text("url_citation");
        w.key("url_citation").object(|w| {
            w.key("url").text(url);
            w.key("title").text(citation.title.as_deref().unwrap_or_default());
            w.text_field("content", citation.cited_text.as_deref());
            let (start, end) = citation.text_span.unwrap_or_default();
            w.key("start_index").count(start);
            w.key("end_index").count(end);
        });
    });
}
