//! One entry of a list.

use std::ops::Range;

use architrave_wire::edit::Edits;
use architrave_wire::json::{Cursor, JsonError, Kind, Writer};
use architrave_wire::strict::{Strict, StrictLimits, fold};

use super::ListKind;
use crate::mirrored::Mirrored;
use crate::{content, uri};

/// Members of an entry that mean something to somebody: none may be written in another case.
const NAMES: [&str; 15] = [
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "execution",
    "icons",
    "_meta",
    "uri",
    "uriTemplate",
    "mimeType",
    "size",
    "arguments",
    "type",
];

/// A longer name is none that a model could say again.
const NAME_BYTES_MAX: usize = 256;
/// A longer URI is none that stands in a header.
const URI_BYTES_MAX: usize = 4096;

/// A sound entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, its URI or its template: by which it is asked for.
    pub key: String,
    /// Where in the answer it lies.
    pub span: Range<usize>,
    /// Where its key's value lies, counted from there.
    key_span: Range<usize>,
    /// Arguments of a tool that headers say again.
    pub mirrored: Vec<Mirrored>,
}

/// An entry that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongEntry {
    /// Its place in the list.
    pub index: usize,
    /// Its key, where it has one.
    pub key: Option<String>,
    /// What is wrong of it.
    pub why: &'static str,
}

impl Entry {
    pub(super) fn read(
        kind: ListKind,
        text: &str,
        span: Range<usize>,
    ) -> Result<Self, (Option<String>, &'static str)> {
        let own = &text[span.clone()];
        if !own.starts_with('{') {
            return Err((None, "is no object"));
        }
        let mut strict = Strict::new(own, StrictLimits { depth_max: 100, names_max: 4096 });
        let (mut key_span, mut schema, mut has_name) = (None, None, false);
        let mut has_variant = false;
        let read = strict.object(|strict, name| {
            let value_kind = strict.kind();
            let value = strict.value()?;
            let text = &*name.text;
            if text == kind.key() && value_kind == Kind::Text {
                key_span = Some(value.clone());
            }
            if text == "inputSchema" && value_kind == Kind::Object {
                schema = Some(value);
            }
            has_name |= text == "name" && value_kind == Kind::Text;
            has_variant |= !NAMES.contains(&text) && is_variant(text);
            Ok(())
        });
        let key = key_span
            .clone()
            .and_then(|span| Cursor::new(&own[span]).text().ok().map(|key| key.into_owned()));
        if read.is_err() {
            return Err((key, "says a name twice, or is nested too deeply"));
        }
        let (Some(key), Some(key_span)) = (key, key_span) else {
            return Err((None, "has no name or URI"));
        };
        if has_variant {
            return Err((Some(key), "has a name in another case"));
        }
        let bytes_max = match kind {
            ListKind::Tools | ListKind::Prompts => NAME_BYTES_MAX,
            ListKind::Resources | ListKind::ResourceTemplates => URI_BYTES_MAX,
        };
        if key.is_empty() || key.len() > bytes_max {
            return Err((
                Some(key.chars().take(64).collect()),
                "has a name or URI of a length that is not taken",
            ));
        }
        if !has_name {
            return Err((Some(key), "has no name"));
        }
        let mut mirrored = Vec::new();
        if kind == ListKind::Tools {
            let Some(schema) = schema else { return Err((Some(key), "has no `inputSchema`")) };
            match Mirrored::of_schema(&own[schema]) {
                Ok(found) => mirrored = found,
                Err(_) => return Err((Some(key), "has an `x-mcp-header` that is wrong")),
            }
        }
        Ok(Self { key, span, key_span, mirrored })
    }

    /// The JSON of it as its server has said it; `text` is the answer.
    #[must_use]
    pub fn raw<'t>(&self, text: &'t str) -> &'t str {
        &text[self.span.clone()]
    }

    /// Appends it under another key; with a server, the URIs in it get that server's mark.
    pub(super) fn write(&self, text: &str, key: &str, server: Option<&str>, out: &mut Vec<u8>) {
        let own = self.raw(text);
        let mut edits = Edits::new();
        if key != self.key {
            let mut value = Vec::with_capacity(key.len() + 2);
            Writer::new(&mut value).text(key);
            edits.edit(self.key_span.clone(), value);
        }
        if let Some(server) = server {
            let mut mark = |at: Range<usize>, found: &str| {
                let mut value = Vec::new();
                Writer::new(&mut value).text(&uri::public(server, found));
                edits.edit(at, value);
            };
            let _sound: Result<(), JsonError> = content::apps_uris(own, &mut mark);
        }
        out.extend_from_slice(&edits.apply(own.as_bytes()));
    }
}

fn is_variant(name: &str) -> bool {
    let folded = fold(name);
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(&folded))
}
