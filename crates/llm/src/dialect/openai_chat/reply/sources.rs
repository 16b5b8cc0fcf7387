//! What an answer rests on, as Perplexity tells it: links beside the choices, numbered as the marks in
//! the text are, and the same again with titles.

use crate::chat::{Citation, Text};
use crate::json::{Cursor, JsonError};

/// The sources of an answer.
#[derive(Debug, Default)]
pub(in super::super) struct Sources<'a> {
    links: Vec<Citation<'a>>,
    results: Vec<Citation<'a>>,
}

impl<'a> Sources<'a> {
    /// Reads one of the two lists.
    pub(in super::super) fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        name: &str,
    ) -> Result<(), JsonError> {
        if name == "citations" {
            self.links = cursor
                .list(|cursor| Ok(Citation { url: Some(cursor.text()?), ..Citation::default() }))?;
        } else {
            self.results = cursor.list(read_result)?;
        }
        Ok(())
    }

    /// Whether it tells none.
    pub(in super::super) const fn is_empty(&self) -> bool {
        self.links.is_empty() && self.results.is_empty()
    }

    /// What is told most of.
    pub(in super::super) fn into_citations(self) -> Vec<Citation<'a>> {
        let has_all = self.results.len() >= self.links.len();
        if has_all { self.results } else { self.links }
    }
}

fn read_result<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let mut citation = Citation::default();
    cursor.object(|cursor, name| {
        match name {
            "url" => citation.url = cursor.maybe(Cursor::text)?,
            "title" => citation.title = cursor.maybe(Cursor::text)?,
            "snippet" => citation.cited_text = cursor.maybe(Cursor::text)?,
            // How old it is, and what sort of page.
            "date" | "last_updated" | "source" | "place_metadata" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(citation)
}

/// The same, to be kept from one chunk to the next.
pub(in super::super) fn own(citations: Vec<Citation<'_>>) -> Vec<Citation<'static>> {
    let own = |text: Option<Text<'_>>| text.map(|text| Text::Owned(text.into_owned()));
    let each = citations.into_iter().map(|one| Citation {
        url: own(one.url),
        title: own(one.title),
        cited_text: own(one.cited_text),
        ..Citation::default()
    });
    each.collect()
}
