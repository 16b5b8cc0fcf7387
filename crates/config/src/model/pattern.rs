//! Which models: a name, or all that begin with a text.

use std::fmt;

use architrave_core::name;

use crate::read::{Reader, Shape, Written, scalar};
use crate::tree::Node;

/// One name, or everything that begins with a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelPattern {
    /// This name.
    Exact(String),
    /// Names that begin with this; written with a `*` at its end. Empty for every name.
    Prefix(String),
}

impl ModelPattern {
    /// Whether it takes a name that a client asked for.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => formatter.write_str(exact),
            Self::Prefix(prefix) => write!(formatter, "{prefix}*"),
        }
    }
}

/// A pattern that some model of the file can have.
pub(crate) struct ModelPatternText;

impl Written for ModelPatternText {
    type Value = ModelPattern;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<ModelPattern> {
        let expected = "a model, or the beginning of its name and `*`, such as `fast`, \
                        `openai/gpt-4o` or `openai/*`";
        let pattern = scalar(node, reader, expected, parse)?;
        if !can_match(&pattern, reader) {
            let message =
                format!("no listed model and no `provider/model` is called {}", node.described());
            let models = reader.names.models().map(str::to_owned);
            let providers = reader.names.providers().map(|name| format!("{name}/*"));
            let known: Vec<String> = models.chain(providers).collect();
            reader.refuse_word(node, message, known.iter().map(String::as_str));
            return None;
        }
        Some(pattern)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "model or pattern", pattern: Some(r"^[A-Za-z0-9._:/@+-]*\*?$") }
    }

    fn show(value: &ModelPattern) -> Option<serde_json::Value> {
        Some(value.to_string().into())
    }
}

fn parse(text: &str) -> Option<ModelPattern> {
    let is_name = |text: &str| name::check_model(text);
    match text.strip_suffix('*') {
        Some("") => Some(ModelPattern::Prefix(String::new())),
        Some(prefix) => is_name(prefix).then(|| ModelPattern::Prefix(prefix.to_owned())),
        None => is_name(text).then(|| ModelPattern::Exact(text.to_owned())),
    }
}

/// Whether a listed model, or one of the form `provider/model`, can have such a name.
fn can_match(pattern: &ModelPattern, reader: &Reader<'_>) -> bool {
    let mut providers = reader.names.providers();
    match pattern {
        ModelPattern::Exact(name) => {
            reader.names.model(name).is_some()
                || name
                    .split_once('/')
                    .is_some_and(|(provider, _)| providers.any(|known| known == provider))
        }
        ModelPattern::Prefix(prefix) => {
            prefix.is_empty()
                || reader.names.models().any(|name| name.starts_with(prefix.as_str()))
                || providers.any(|name| {
                    let name = format!("{name}/");
                    name.starts_with(prefix.as_str()) || prefix.starts_with(&name)
                })
        }
    }
}
