//! The names of models that a body says, and other ones in their place.
//!
//! Most bodies have one name at the top, which the scan finds. Some have it deeper, or many.

use std::ops::Range;

use super::reach::gemini_model;
use super::{Family, Surface};
use crate::batch::MODELS_MAX;
use crate::chat::Text;
use crate::json::{Cursor, JsonError, Kind, Writer};
use crate::scan::{Scanned, Splice, Watched};

/// A name of a model within a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedModel<'a> {
    /// Where the string is, with its quotes.
    pub span: Range<usize>,
    /// The name, without Gemini's collection.
    pub name: Text<'a>,
}

/// A step on the way to a name.
#[derive(Debug, Clone, Copy)]
enum Step {
    Field(&'static str),
    Each,
}

impl Surface {
    /// Where, deeper than the scan looks, a body of this surface names models.
    fn deep_names(self) -> &'static [&'static [Step]] {
        use Step::{Each, Field};
        match self {
            Self::GeminiEmbeddings => &[&[Field("requests"), Each, Field("model")]],
            Self::GeminiEmbedding | Self::GeminiContent | Self::GeminiCacheCreate => {
                &[&[Field("model")]]
            }
            Self::GeminiTokenCount => &[
                &[Field("model")],
                &[Field("generateContentRequest"), Field("model")],
                &[Field("generate_content_request"), Field("model")],
            ],
            Self::GeminiBatchCreate | Self::GeminiEmbeddingBatchCreate => &[
                &[Field("batch"), Field("model")],
                &[
                    Field("batch"),
                    Field("inputConfig"),
                    Field("requests"),
                    Field("requests"),
                    Each,
                    Field("request"),
                    Field("model"),
                ],
                &[
                    Field("batch"),
                    Field("input_config"),
                    Field("requests"),
                    Field("requests"),
                    Each,
                    Field("request"),
                    Field("model"),
                ],
            ],
            Self::OpenaiRealtimeSecret => &[&[Field("session"), Field("model")]],
            Self::GeminiLiveToken => &[
                &[Field("bidiGenerateContentSetup"), Field("model")],
                &[Field("bidi_generate_content_setup"), Field("model")],
            ],
            Self::AnthropicBatchCreate => {
                &[&[Field("requests"), Each, Field("params"), Field("model")]]
            }
            _ => &[],
        }
    }

    /// Whether a body of this surface is to be looked at deeper than the scan does: for the models
    /// that it names, or for what a batch is made of.
    #[must_use]
    pub fn is_deep(self) -> bool {
        !self.deep_names().is_empty() || self.has_batch_input()
    }

    /// The models that a body names elsewhere than where the scan finds the one.
    ///
    /// # Errors
    /// Where the body has something else in the way to a name.
    pub fn named_models<'a>(self, body: &'a str) -> Result<Vec<NamedModel<'a>>, JsonError> {
        let mut found = Vec::new();
        for way in self.deep_names() {
            find(&mut Cursor::new(body), way, &mut found)?;
        }
        Ok(found)
    }

    /// The names of those models, each once.
    ///
    /// # Errors
    /// Where the body has something else in the way to a name, or names more models than a batch
    /// may.
    pub fn model_names(self, body: &str) -> Result<Vec<String>, JsonError> {
        let mut names: Vec<String> = Vec::new();
        for model in self.named_models(body)? {
            if names.iter().any(|known| *known == *model.name) {
                continue;
            }
            if names.len() == MODELS_MAX {
                let (at, path) = (model.span.start, String::new());
                return Err(JsonError { at, path, why: "names more models than a batch may" });
            }
            names.push(model.name.into_owned());
        }
        Ok(names)
    }

    /// The first of the requests of a batch that names no model, by its place.
    ///
    /// # Errors
    /// Where the body has something else in the way to a request.
    pub fn nameless_request(self, body: &str) -> Result<Option<usize>, JsonError> {
        let (mut place, mut nameless) = (0, None);
        if self != Self::AnthropicBatchCreate {
            return Ok(nameless);
        }
        Cursor::new(body).object(|cursor, name| match (name, cursor.kind()) {
            ("requests", Kind::Array) => cursor.array(|cursor| {
                let mut found = Vec::new();
                find(cursor, &[Step::Field("params"), Step::Field("model")], &mut found)?;
                if found.first().is_none_or(|model| model.name.is_empty()) {
                    nameless = nameless.or(Some(place));
                }
                place += 1;
                Ok(())
            }),
            _ => cursor.skip(),
        })?;
        Ok(nameless)
    }

    /// The edits by which a body names another model, wherever it names one.
    ///
    /// # Errors
    /// Where the body has something else in the way to a name.
    pub fn rename(self, body: &str, scanned: &Scanned, model: &str) -> Result<Splice, JsonError> {
        let mut splice = Splice::new();
        if self.watch().member(Watched::Model).is_some() {
            splice.set_text(scanned, self.watch(), Watched::Model, model);
        }
        let (collection, bare) = match self.family() {
            Family::Gemini => gemini_model(model),
            _ => ("", model),
        };
        for named in self.named_models(body)? {
            let mut value = Vec::with_capacity(collection.len() + bare.len() + 2);
            Writer::new(&mut value).texts(&[collection, bare]);
            splice.edit(named.span, value);
        }
        Ok(splice)
    }

    /// The edits by which a body names other models, each by what `there` says.
    ///
    /// # Errors
    /// Where the body has something else in the way to a name.
    pub fn rename_each<'m>(
        self,
        body: &str,
        there: impl Fn(&str) -> Option<&'m str>,
    ) -> Result<Splice, JsonError> {
        let mut splice = Splice::new();
        for named in self.named_models(body)? {
            if let Some(model) = there(&named.name) {
                let mut value = Vec::with_capacity(model.len() + 2);
                Writer::new(&mut value).text(model);
                splice.edit(named.span, value);
            }
        }
        Ok(splice)
    }
}

/// Finds the names at the end of a way; what lacks a step of it names none.
fn find<'a>(
    cursor: &mut Cursor<'a>,
    way: &[Step],
    found: &mut Vec<NamedModel<'a>>,
) -> Result<(), JsonError> {
    match (way, cursor.kind()) {
        (_, Kind::Null) => cursor.skip(),
        ([], _) => {
            let from = cursor.at();
            let name = cursor.text()?;
            let name = match name {
                Text::Borrowed(name) => Text::Borrowed(bare(name)),
                Text::Owned(name) => Text::Owned(bare(&name).to_owned()),
            };
            found.push(NamedModel { span: from..cursor.at(), name });
            Ok(())
        }
        ([Step::Each, way @ ..], _) => cursor.array(|cursor| find(cursor, way, found)),
        ([Step::Field(field), way @ ..], _) => {
            cursor.object(
                |cursor, name| {
                    if name == *field { find(cursor, way, found) } else { cursor.skip() }
                },
            )
        }
    }
}

/// A model's name without Gemini's collection.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}
