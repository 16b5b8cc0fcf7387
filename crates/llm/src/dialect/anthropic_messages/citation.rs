//! Citations: places in documents of the request, or results of a search.

use crate::chat::{Citation, SpanUnit};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let mut citation = Citation::default();
    let (mut unit, mut start, mut end) = (SpanUnit::Characters, None, None);
    cursor.object(|cursor, name| {
        if let Some(span) = span_of(name) {
            let place = if span.1 { &mut end } else { &mut start };
            unit = span.0;
            *place = cursor.maybe(Cursor::count)?;
            return Ok(());
        }
        match name {
            "type" => cursor.skip()?,
            "cited_text" => citation.cited_text = cursor.maybe(Cursor::text)?,
            "document_index" | "search_result_index" => {
                citation.document = cursor.maybe(Cursor::count)?;
            }
            "document_title" | "title" => citation.title = cursor.maybe(Cursor::text)?,
            "url" => citation.url = cursor.maybe(Cursor::text)?,
            "source" | "file_id" => citation.source_id = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    citation.source_span = start.zip(end).map(|(start, end)| (unit, start, end));
    Ok(citation)
}

/// What a field that tells a border counts, and whether it is the end.
fn span_of(name: &str) -> Option<(SpanUnit, bool)> {
    Some(match name {
        "start_char_index" => (SpanUnit::Characters, false),
        "end_char_index" => (SpanUnit::Characters, true),
        "start_page_number" => (SpanUnit::Pages, false),
        "end_page_number" => (SpanUnit::Pages, true),
        "start_block_index" => (SpanUnit::Blocks, false),
        "end_block_index" => (SpanUnit::Blocks, true),
        _ => return None,
    })
}

/// Whether there is a form for it.
pub(super) fn is_writable(citation: &Citation<'_>) -> bool {
    citation.url.is_some() || citation.source_span.is_some()
}

pub(super) fn write(citation: &Citation<'_>, writer: &mut Writer<'_>) {
    let Citation { url, title, cited_text, document, source_id: _, source_span, text_span: _ } =
        citation;
    let (kind, from, to) = match source_span {
        Some((SpanUnit::Characters, ..)) => ("char_location", "start_char_index", "end_char_index"),
        Some((SpanUnit::Pages, ..)) => ("page_location", "start_page_number", "end_page_number"),
        Some((SpanUnit::Blocks, ..)) => {
            ("content_block_location", "start_block_index", "end_block_index")
        }
        None => ("web_search_result_location", "", ""),
    };
    writer.object(|w| {
        w.key("type").text(kind);
        w.key("cited_text").text(cited_text.as_deref().unwrap_or_default());
        match source_span {
            Some((_, start, end)) => {
                w.key("document_index").count(document.unwrap_or_default());
                w.text_field("document_title", title.as_deref());
                w.key(from).count(*start);
                w.key(to).count(*end);
            }
            None => {
                w.text_field("title", title.as_deref());
                w.text_field("url", url.as_deref());
                // What it proves lives at Anthropic; it must be there.
                w.key("encrypted_index").text("");
            }
        }
    });
}
