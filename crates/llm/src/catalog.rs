//! The catalogue: providers and models as rows of text, looked up where they stand.
//!
//! It opens no file and knows no credentials: what is embedded is all there is until a caller hands
//! in the text of an update. A row is read when somebody asks for it, so loading costs nothing.
//!
//! # The form
//!
//! Lines of words; a line that begins with `#` says nothing. A row whose name has a slash is a
//! model, every other one a provider.
//!
//! ```text
//! deepseek https://api.deepseek.com bearer openai_chat anthropic_messages=/anthropic takes_reasoning
//! deepseek/deepseek-chat chat 131072 8192 tools,caching input=0.28 cache_read=0.028 output=0.42
//! ```
//!
//! The words of a provider are told in [`Provider`], those of a model in [`Model`].

mod ability;
mod changes;
mod decimal;
mod error;
mod fill;
mod listed;
mod model;
mod model_row;
mod names;
mod pattern;
mod price_map;
mod provider;
mod provider_row;
mod rows;
mod update;

pub use ability::{Abilities, Ability, ModelKind, Unit};
pub use changes::{Changes, Counts};
pub use error::{CatalogError, RowError};
pub use fill::FillError;
pub use model::{Model, Searching};
pub use pattern::Pattern;
pub use price_map::PriceMap;
pub use provider::{Auth, BodyEdit, Provider, Route};

use rows::Rows;

/// Providers and models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    providers: Rows,
    models: Rows,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::embedded()
    }
}

impl Catalog {
    /// What the binary brings along.
    #[must_use]
    pub const fn embedded() -> Self {
        Self {
            providers: Rows::embedded(include_str!("../catalog/providers.txt")),
            models: Rows::embedded(include_str!("../catalog/models.txt")),
        }
    }

    /// The provider of that name, which is the `kind` of a provider in configuration.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<Provider> {
        Provider::read(name, self.providers.get(name)?).ok()
    }

    /// All providers, by name.
    pub fn providers(&self) -> impl Iterator<Item = Provider> {
        self.providers.all().filter_map(|(name, words)| Provider::read(name, words).ok())
    }

    /// The model that a provider has under a name: under this very name, else as
    /// the name is meant: without the provider's prefix, as the newest of its dated versions, or as
    /// what a dated version is one of.
    ///
    /// Nothing where nobody knows the model; it works all the same, and costs nobody knows what.
    #[must_use]
    pub fn model(&self, provider: &str, name: &str) -> Option<Model> {
        let row = self.provider(provider);
        let owner = row.as_ref().map_or(provider, Provider::owner_of_models);
        let prefix = row.as_ref().and_then(|row| row.prefix.as_deref());
        let (key, words) = names::find(&self.models, owner, prefix, name)?;
        Model::read(key, words).ok()
    }

    /// The models that a provider is known to have, by name.
    pub fn models(&self, provider: &str) -> impl Iterator<Item = Model> {
        let owner = self.provider(provider);
        let owner = owner.as_ref().map_or(provider, Provider::owner_of_models);
        self.models
            .starting(&format!("{owner}/"))
            .filter_map(|(key, words)| Model::read(key, words).ok())
    }

    /// How many models there are.
    #[must_use]
    pub fn model_count(&self) -> usize {
        self.models.all().count()
    }

    /// This catalogue with the rows of a file; a row takes the place of the one of the same name.
    ///
    /// # Errors
    /// Everything that is wrong in the file; nothing of it is taken over then.
    pub fn merge(&self, file: &str) -> Result<Self, Vec<CatalogError>> {
        update::merge(self, file)
    }

    /// All rows in the form of a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let rows = self.providers.all().chain(self.models.all());
        rows.map(|(name, words)| format!("{name} {words}\n")).collect()
    }
}

#[cfg(test)]
mod tests;
