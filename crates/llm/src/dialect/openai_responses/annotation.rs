//! Citations: links with the place in the text that rests on them, and files.

use crate::chat::Citation;
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let (mut citation, mut start, mut end) = (Citation::default(), None, None);
    cursor.object(|cursor, name| {
        match name {
            "type" => cursor.skip()?,
            "url" => citation.url = cursor.maybe(Cursor::text)?,
            "title" | "filename" => citation.title = cursor.maybe(Cursor::text)?,
            "file_id" => {
                citation.source_id = cursor.maybe(Cursor::text)?.filter(|id| !id.is_empty());
            }
            "index" => citation.document = cursor.maybe(Cursor::count)?,
            "start_index" => start = cursor.maybe(Cursor::count)?,
            "end_index" => end = cursor.maybe(Cursor::count)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    citation.text_span = start.zip(end);
    Ok(citation)
}

/// Writes a link, or a file where there is none: a document of the request has no id there.
pub(super) fn write(citation: &Citation<'_>, writer: &mut Writer<'_>) {
    let Citation { url, title, cited_text: _, document, source_id, source_span: _, text_span } =
        citation;
    let title = title.as_deref().unwrap_or_default();
    writer.object(|w| match url {
        Some(url) => {
            w.key("type").text("url_citation");
            w.key("url").text(url);
            w.key("title").text(title);
            let (start, end) = text_span.unwrap_or_default();
            w.key("start_index").count(start);
            w.key("end_index").count(end);
        }
        None => {
            w.key("type").text("file_citation");
            w.key("file_id").text(source_id.as_deref().unwrap_or_default());
            w.key("filename").text(title);
            w.key("index").count(document.unwrap_or_default());
        }
    });
}
