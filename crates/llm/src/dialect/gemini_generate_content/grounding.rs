//! Where an answer has it from: results of Google's searches with the passages that rest on them,
//! and sources that the model quoted.
//!
//! Places in the answer are bytes of one of its parts.

use crate::chat::{Citation, Text};
use crate::json::{Cursor, JsonError, Writer};

use super::text_so_far::TextSoFar;

/// A passage, in bytes, of the wire's part of that number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) part: u64,
    start: u64,
    end: u64,
}

/// What a candidate says of its sources.
#[derive(Debug, Default)]
pub(super) struct Grounding<'a> {
    sources: Vec<Citation<'a>>,
    /// Passages, and the numbers of the sources that they rest on.
    supports: Vec<(Passage, Vec<u64>)>,
    quotes: Vec<(Passage, Citation<'a>)>,
    /// How many searches of the web were made.
    pub(super) searches: u64,
}

/// Reads `groundingMetadata`.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    grounding: &mut Grounding<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "groundingChunks" => grounding.sources = cursor.list(read_source)?,
            "groundingSupports" => grounding.supports = cursor.list(read_support)?,
            "webSearchQueries" => {
                grounding.searches = read_queries(cursor)?;
                if grounding.searches > 0 {
                    cursor.note_unknown("");
                }
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// How many searches a list of queries is: an empty one is none.
fn read_queries(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let queries = cursor.list(Cursor::text)?;
    Ok(queries.iter().filter(|query| !query.is_empty()).count() as u64)
}

/// How many searches of the web the answers of a response rest on, which stand in `candidates`.
pub(super) fn searches(candidates: &str) -> u64 {
    const NAME: &[u8] = b"\"webSearchQueries\"";
    if memchr::memmem::find(candidates.as_bytes(), NAME).is_none() {
        return 0;
    }
    let mut searches = 0;
    let read = Cursor::new(candidates).array(|cursor| {
        cursor.object(|cursor, name| match name {
            "groundingMetadata" => {
                let of_candidate = cursor.maybe(|cursor| {
                    let mut count = 0;
                    cursor.object(|cursor, name| match name {
                        "webSearchQueries" => read_queries(cursor).map(|queries| count = queries),
                        _ => cursor.skip(),
                    })?;
                    Ok(count)
                })?;
                searches += of_candidate.unwrap_or(0);
                Ok(())
            }
            _ => cursor.skip(),
        })
    });
    if read.is_ok() { searches } else { 0 }
}

/// One of `web`, `retrievedContext` and `maps`, whose fields are of the same names.
fn read_source<'a>(cursor: &mut Cursor<'a>) -> Result<Citation<'a>, JsonError> {
    let mut source = Citation::default();
    cursor.object(|cursor, name| match name {
        "web" | "retrievedContext" | "maps" => cursor.object(|cursor, name| {
            match name {
                "uri" => source.url = cursor.maybe(Cursor::text)?,
                "title" => source.title = cursor.maybe(Cursor::text)?,
                "text" => source.cited_text = cursor.maybe(Cursor::text)?,
                "documentName" | "placeId" => source.source_id = cursor.maybe(Cursor::text)?,
                _ => cursor.unknown()?,
            }
            Ok(())
        }),
        _ => cursor.unknown(),
    })?;
    Ok(source)
}

fn read_support(cursor: &mut Cursor<'_>) -> Result<(Passage, Vec<u64>), JsonError> {
    let (mut passage, mut sources) = (Passage::default(), Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "segment" => cursor.object(|cursor, name| {
                match name {
                    "partIndex" => passage.part = cursor.count()?,
                    "startIndex" => passage.start = cursor.count()?,
                    "endIndex" => passage.end = cursor.count()?,
                    // The passage itself, which stands in the answer.
                    "text" => cursor.skip()?,
                    _ => cursor.unknown()?,
                }
                Ok(())
            })?,
            "groundingChunkIndices" => sources = cursor.list(Cursor::count)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok((passage, sources))
}

/// Reads `citationMetadata`: quotes, under either of the names that Google has for them.
pub(super) fn read_quotes<'a>(
    cursor: &mut Cursor<'a>,
    grounding: &mut Grounding<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "citationSources" | "citations" => grounding.quotes = cursor.list(read_quote)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_quote<'a>(cursor: &mut Cursor<'a>) -> Result<(Passage, Citation<'a>), JsonError> {
    let (mut passage, mut citation) = (Passage::default(), Citation::default());
    cursor.object(|cursor, name| {
        match name {
            "startIndex" => passage.start = cursor.count()?,
            "endIndex" => passage.end = cursor.count()?,
            "uri" => citation.url = cursor.maybe(Cursor::text)?,
            "title" => citation.title = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok((passage, citation))
}

impl<'a> Grounding<'a> {
    /// The citations, each with its passage; sources that no passage names are cited without.
    pub(super) fn into_citations(self) -> Vec<(Option<Passage>, Citation<'a>)> {
        let Self { sources, supports, quotes, searches: _ } = self;
        let mut is_used = vec![false; sources.len()];
        let mut citations = Vec::new();
        for (passage, numbers) in supports {
            for number in numbers {
                let place = usize::try_from(number).unwrap_or(usize::MAX);
                let Some(source) = sources.get(place) else { continue };
                is_used[place] = true;
                citations.push((Some(passage), source.clone()));
            }
        }
        let unused = sources.into_iter().zip(is_used).filter(|(_, is_used)| !is_used);
        citations.extend(unused.map(|(source, _)| (None, source)));
        citations.extend(
            quotes
                .into_iter()
                .map(|(passage, quote)| (Some(passage).filter(|passage| passage.end > 0), quote)),
        );
        citations
    }
}

impl Passage {
    /// The passage of a text in characters.
    pub(super) fn in_chars(self, text: &TextSoFar) -> (u64, u64) {
        text.span_in_chars((self.start, self.end))
    }
}

/// A citation as it is written: kept until the answer ends, where all of them stand together.
#[derive(Debug, Default)]
pub(super) struct Cited<'a> {
    url: Option<Text<'a>>,
    title: Option<Text<'a>>,
    text: Option<Text<'a>>,
    source_id: Option<Text<'a>>,
    passage: Option<Passage>,
}

impl<'a> Cited<'a> {
    /// The citation of a part, whose text is `text` so far.
    pub(super) fn new(citation: &'a Citation<'_>, part: u64, text: &TextSoFar) -> Self {
        let Citation { url, title, cited_text, document: _, source_id, source_span: _, text_span } =
            citation;
        let borrowed = |text: &'a Option<Text<'_>>| text.as_deref().map(Text::Borrowed);
        let passage = text_span.map(|span| {
            let (start, end) = text.span_in_bytes(span);
            Passage { part, start, end }
        });
        Self {
            url: borrowed(url),
            title: borrowed(title),
            text: borrowed(cited_text),
            source_id: borrowed(source_id),
            passage,
        }
    }

    pub(super) fn into_owned(self) -> Cited<'static> {
        let own = |text: Option<Text<'_>>| text.map(|text| Text::Owned(text.into_owned()));
        let Self { url, title, text, source_id, passage } = self;
        Cited {
            url: own(url),
            title: own(title),
            text: own(text),
            source_id: own(source_id),
            passage,
        }
    }
}

/// Writes `groundingMetadata`, a source for each citation.
pub(super) fn write(cited: &[Cited<'_>], w: &mut Writer<'_>) {
    if cited.is_empty() {
        return;
    }
    w.key("groundingMetadata").object(|w| {
        w.key("groundingChunks").array(|w| cited.iter().for_each(|one| write_source(one, w)));
        w.key("groundingSupports").array(|w| {
            for (number, passage) in (0..).zip(cited.iter().map(|one| one.passage)) {
                let Some(Passage { part, start, end }) = passage else { continue };
                w.object(|w| {
                    w.key("segment").object(|w| {
                        w.count_field("partIndex", Some(part).filter(|part| *part > 0));
                        w.count_field("startIndex", Some(start).filter(|start| *start > 0));
                        w.key("endIndex").count(end);
                    });
                    w.key("groundingChunkIndices").array(|w| w.count(number));
                });
            }
        });
    });
}

fn write_source(cited: &Cited<'_>, w: &mut Writer<'_>) {
    let Cited { url, title, text, source_id, passage: _ } = cited;
    let is_web = url.is_some() && text.is_none();
    w.object(|w| {
        w.key(if is_web { "web" } else { "retrievedContext" }).object(|w| {
            w.text_field("uri", url.as_deref());
            w.text_field("title", title.as_deref());
            w.text_field("text", text.as_deref());
            w.text_field("documentName", source_id.as_deref().filter(|_| !is_web));
        });
    });
}
