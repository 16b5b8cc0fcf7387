//! A reference to a model: a listed one, or one of a provider's by `provider/model`.

use architrave_core::name;

use crate::read::{Reader, Shape, Written};
use crate::snapshot::{ModelIndex, ProviderIndex};
use crate::tree::Node;

/// A model that something leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelRef {
    /// One of `models`.
    Listed(ModelIndex),
    /// A provider's, written `provider/model`; a listed name wins over this form.
    Direct {
        /// The provider.
        provider: ProviderIndex,
        /// The name that the provider knows it by.
        model: String,
    },
}

/// A reference to a model, by its name.
pub(crate) struct ModelReference;

/// The name of a model to which it refers; it is kept as written.
pub(crate) struct ModelNameText;

impl Written for ModelReference {
    type Value = ModelRef;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<ModelRef> {
        let Some(text) = node.text().filter(|text| name::check_model(text)) else {
            reader.refuse_type(node, "the name of a model, or `provider/model`");
            return None;
        };
        if let Some(index) = reader.names.model(text) {
            return Some(ModelRef::Listed(index));
        }
        let (provider, model) = text.split_once('/').unwrap_or((text, ""));
        if let Some(provider) = reader.names.provider(provider).filter(|_| !model.is_empty()) {
            return Some(ModelRef::Direct { provider, model: model.to_owned() });
        }
        let message =
            format!("no listed model and no `provider/model` is called {}", node.described());
        let models = reader.names.models().map(str::to_owned);
        let providers = reader.names.providers().filter(|_| !model.is_empty());
        let known: Vec<String> =
            models.chain(providers.map(|name| format!("{name}/{model}"))).collect();
        reader.refuse_word(node, message, known.iter().map(String::as_str));
        None
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name of a model", pattern: None }
    }
}

impl Written for ModelNameText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        ModelReference::read(node, reader)?;
        node.text().map(str::to_owned)
    }

    fn shape() -> Shape {
        ModelReference::shape()
    }
}
