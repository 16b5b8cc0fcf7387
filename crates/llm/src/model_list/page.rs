//! The page of a list that a query asks for.
//!
//! Nothing is remembered between pages: the mark of a place is the name of the model there.

use super::ListedModel;
use crate::chat::ChatError;
use crate::segment::parameter;
use crate::surface::Family;

/// How many models a page may have; it is what Anthropic and Gemini allow.
const PAGE_MAX: usize = 1_000;

/// A page.
#[derive(Debug)]
pub(super) struct Page<'p, 'a> {
    /// What is on it.
    pub(super) models: &'p [ListedModel<'a>],
    /// Whether there is more in the direction in which it is read.
    pub(super) has_more: bool,
}

/// The parameters that a family has for it.
struct Words {
    size: &'static str,
    after: &'static str,
    before: Option<&'static str>,
    size_default: usize,
}

fn words(family: Family) -> Option<Words> {
    match family {
        Family::Anthropic => Some(Words {
            size: "limit",
            after: "after_id",
            before: Some("before_id"),
            size_default: 20,
        }),
        Family::Gemini => {
            Some(Words { size: "pageSize", after: "pageToken", before: None, size_default: 50 })
        }
        Family::Cohere => {
            Some(Words { size: "page_size", after: "page_token", before: None, size_default: 20 })
        }
        // OpenAI's list has no pages.
        Family::Openai | Family::Bedrock => None,
    }
}

impl<'p, 'a> Page<'p, 'a> {
    pub(super) fn of(
        family: Family,
        models: &'p [ListedModel<'a>],
        query: &str,
    ) -> Result<Self, ChatError> {
        let Some(words) = words(family) else { return Ok(Self { models, has_more: false }) };
        let size =
            match parameter(query, words.size) {
                Some(size) => size.parse().ok().filter(|size| *size > 0).ok_or_else(|| {
                    ChatError::invalid(words.size, "must be a whole number above 0")
                })?,
                None => words.size_default,
            };
        let size = size.min(PAGE_MAX);
        let place = |name: &str, id: &str| {
            let place = models.iter().position(|model| model.id == id);
            place.ok_or_else(|| ChatError::invalid(name, "names no model of the list"))
        };
        let before = words.before.and_then(|name| Some((name, parameter(query, name)?)));
        if let Some((name, id)) = before.filter(|(_, id)| !id.is_empty()) {
            let end = place(name, &id)?;
            let from = end.saturating_sub(size);
            return Ok(Self { models: &models[from..end], has_more: from > 0 });
        }
        let from = match parameter(query, words.after).filter(|id| !id.is_empty()) {
            Some(id) => place(words.after, &id)? + 1,
            None => 0,
        };
        let end = models.len().min(from + size);
        Ok(Self { models: &models[from..end], has_more: end < models.len() })
    }
}
