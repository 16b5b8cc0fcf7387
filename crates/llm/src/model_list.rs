//! Which models there are, as each family lists them, page by page.
//!
//! It is told the models that the asker may see, in the order to list them; which those are is not
//! its business. And, the other way round, where providers list theirs.

mod page;
mod read;
mod write;

use crate::catalog::ModelKind;
use crate::chat::ChatError;
use crate::json::Writer;
use crate::surface::Family;

pub use read::{ListPlace, NamedModels, read_names};

use page::Page;

/// A model as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel<'a> {
    /// The name that a request asks for it by.
    pub id: &'a str,
    /// Whose it is.
    pub owner: &'a str,
    /// Since when it is there, in seconds since 1970; 0 where nobody knows.
    pub created_s: u64,
    /// What it is for; none where nobody knows, which is taken for chat.
    pub kind: Option<ModelKind>,
    /// The most tokens that a prompt may have.
    pub input_max: Option<u64>,
    /// The most tokens that an answer may have.
    pub output_max: Option<u64>,
}

/// The body that lists models in a family's words; `query` asks for the page.
///
/// # Errors
/// Where the query asks for a page that there is not.
pub fn write_list(
    family: Family,
    models: &[ListedModel<'_>],
    query: &str,
) -> Result<Vec<u8>, ChatError> {
    let page = Page::of(family, models, query)?;
    let mut out = Vec::with_capacity(64 + 128 * page.models.len());
    write::list(family, &page, &mut Writer::new(&mut out));
    Ok(out)
}

/// The body that tells of one model in a family's words.
#[must_use]
pub fn write_model(family: Family, model: &ListedModel<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write::model(family, model, &mut Writer::new(&mut out));
    out
}

#[cfg(test)]
mod tests;
