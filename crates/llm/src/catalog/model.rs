//! A model of a provider: what it is for, how much it takes, what it can do, what it costs.

use super::{Abilities, ModelKind, Unit};
use crate::cost::{Femtos, Prices};

/// A model that a provider has.
///
/// Its row is `provider/name kind input-max output-max abilities price…`; `-` stands for what
/// nobody knows. What it is known not to do has a `!`: `tools,!images`. A price is `class=USD a million tokens`, with the names of
/// [`TokenClass`](crate::chat::TokenClass); `request=`, and the names of [`Unit`], are USD each.
/// Behind `above=N` stand the prices of whole requests whose prompt has more than N tokens, and
/// behind `class=NAME` those of a class of service, long prompts included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The provider.
    pub provider: String,
    /// Its name there.
    pub name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// The most tokens that a prompt may have; with most providers prompt and answer share them.
    pub input_max: Option<u64>,
    /// The most tokens that an answer may have.
    pub output_max: Option<u64>,
    /// What it can do.
    pub abilities: Abilities,
    /// What it is known not to do; what is in neither nobody knows.
    pub lacks: Abilities,
    /// Its prices; nothing where nobody knows any of them.
    pub prices: Option<Prices>,
    /// Prices of what is charged beside tokens and requests, each.
    pub units: Vec<(Unit, Femtos)>,
}

/// How a model tells of its searches of the web that searches for every answer, asked to or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Searching {
    /// The answer tells them.
    Told,
    /// Nobody tells them.
    Untold,
}

impl Model {
    /// How it searches the web, if it does so for every answer: by its name, for no list tells it.
    #[must_use]
    pub fn searches(&self) -> Option<Searching> {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        let is_made_for_it = name.contains("-search-preview") || name.contains("-search-api");
        match self.provider.as_str() {
            "perplexity" => name.starts_with("sonar").then_some(Searching::Told),
            _ => (name.starts_with("gpt-") && is_made_for_it).then_some(Searching::Untold),
        }
    }

    /// Whether anybody knows what it costs; free is known, too.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.prices.is_some() || !self.units.is_empty()
    }
}
