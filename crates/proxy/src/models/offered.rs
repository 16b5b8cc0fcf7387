//! What the catalogue knows that the providers of a snapshot have: the models that may be asked for
//! as `provider/model`, for lists.

use architrave_llm::catalog::{Catalog, ModelKind};

use super::LiveProvider;

/// A model that the catalogue knows a provider to have.
#[derive(Debug)]
pub(crate) struct Offered {
    /// Its name, `provider/model`.
    pub name: Box<str>,
    /// What it is for.
    pub kind: ModelKind,
    /// The most tokens of a prompt.
    pub input_max: Option<u64>,
    /// The most tokens of an answer.
    pub output_max: Option<u64>,
}

impl Offered {
    /// All that a provider has, by name; the mock, whatever it is called, has none.
    pub(super) fn by<'c>(
        provider: &'c LiveProvider,
        catalog: &'c Catalog,
    ) -> impl Iterator<Item = Self> + use<'c> {
        let side = Some(&provider.sides[0]).filter(|side| side.reach.is_some());
        let models = side.into_iter().flat_map(|side| catalog.models(&side.row.name));
        models.map(|model| Self {
            name: format!("{}/{}", provider.config.name, model.name).into(),
            kind: model.kind,
            input_max: model.input_max,
            output_max: model.output_max,
        })
    }
}
