//! Citations: a passage of the answer and the documents or results of tools that it rests on.
//!
//! Each source is a citation of the form. What a source repeats of the request is not read, but for
//! what others tell of sources: title, link and words.

use crate::chat::{Citation, Text};
use crate::json::{Cursor, JsonError, Writer};

/// Citations of one passage, and where the passage is.
#[derive(Debug, Default)]
pub(super) struct Passage<'a> {
    /// Which block of content; none: the first text.
    pub(super) block: Option<u64>,
    /// Whether it is a passage of the plan.
    pub(super) is_plan: bool,
    pub(super) citations: Vec<Citation<'a>>,
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Passage<'a>, JsonError> {
    let mut passage = Passage::default();
    let (mut start, mut end) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "start" => start = cursor.maybe(Cursor::count)?,
            "end" => end = cursor.maybe(Cursor::count)?,
            "sources" => passage.citations = cursor.list(read_source)?,
            "content_index" => passage.block = cursor.maybe(Cursor::count)?,
            "type" => passage.is_plan = cursor.maybe(Cursor::text)?.is_some_and(|it| it == "PLAN"),
            // The words of the passage; the answer has them.
            "text" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if passage.citations.is_empty() {
        passage.citations.push(Citation::default());
    }
    for citation in &mut passage.citations {
        citation.text_span = start.zip(end);
    }
    Ok(passage)
}

fn read_source<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let mut citation = Citation::default();
    cursor.object(|cursor, name| {
        match name {
            "id" => citation.source_id = cursor.maybe(Cursor::text)?,
            "document" => {
                cursor.maybe(|cursor| read_document(cursor, &mut citation))?;
            }
            // What the tool said is in the conversation.
            "type" | "tool_output" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(citation)
}

fn read_document<'a>(
    cursor: &mut Cursor<'a>,
    citation: &mut Citation<'a>,
) -> Result<(), JsonError> {
    use crate::json::Kind;
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("title", Kind::Text) => citation.title = Some(cursor.text()?),
            ("url", Kind::Text) => citation.url = Some(cursor.text()?),
            ("text" | "snippet", Kind::Text) => citation.cited_text = Some(cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

/// Where a citation is: in a block of content, or in the plan; and the text of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'t> {
    /// The block; none: the plan.
    pub(super) block: Option<u64>,
    /// Characters of the plan before this text.
    pub(super) offset: u64,
    pub(super) text: &'t str,
}

pub(super) fn write(citation: &Citation<'_>, place: Place<'_>, writer: &mut Writer<'_>) {
    let Citation { url, title, cited_text, document, source_id, source_span: _, text_span } =
        citation;
    // A source that tells no passage is one of all the text.
    let all = || (0, place.text.chars().count() as u64);
    let (start, end) = text_span.unwrap_or_else(all);
    let numbered = document.map(|number| Text::Owned(format!("doc:{number}")));
    let named = [source_id, title, url].into_iter().flatten().next();
    writer.object(|w| {
        w.key("start").count(start.saturating_add(place.offset));
        w.key("end").count(end.saturating_add(place.offset));
        w.key("text").text(slice(place.text, start, end));
        w.key("sources").array(|w| {
            w.object(|w| {
                w.key("type").text("document");
                w.text_field("id", named.or(numbered.as_ref()).map(AsRef::as_ref));
                w.key("document").object(|w| {
                    w.text_field("title", title.as_deref());
                    w.text_field("url", url.as_deref());
                    w.text_field("text", cited_text.as_deref());
                });
            });
        });
        w.count_field("content_index", place.block);
        w.key("type").text(if place.block.is_some() { "TEXT_CONTENT" } else { "PLAN" });
    });
}

/// The characters of a text from one to before another.
fn slice(text: &str, start: u64, end: u64) -> &str {
    let byte = |place: u64| {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        text.char_indices().nth(place).map_or(text.len(), |(byte, _)| byte)
    };
    text.get(byte(start)..byte(end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_cut_by_characters() {
        assert_eq!(slice("naïve 東京", 2, 7), "ïve 東");
        assert_eq!(slice("naïve", 3, 99), "ve");
        assert_eq!(slice("naïve", 4, 2), "");
    }
}
