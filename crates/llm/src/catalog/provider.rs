//! A provider: where it is, what it speaks, how it wants its credential, how it differs.

use super::Pattern;
use crate::dialect::{Address, Dialect, Quirks};
use crate::segment;

/// A provider of models.
///
/// Its row is `name base-URL auth word…`; the words are, in any order:
///
/// | word | what |
/// | --- | --- |
/// | `openai_chat`, … | a dialect at the path that it has anyway, below the base URL; the first is liked best |
/// | `openai_chat=/v1` | a dialect below that path |
/// | `openai_chat=/deployments/{model}/chat` | a dialect at that very path, as it names the model |
/// | `…=/{model}:raw\|/{model}:stream` | another path for streams |
/// | a name of [`Quirks`] | a quirk of all its models |
/// | `takes_claude_fields=*claude*` | a quirk of the models that a [`Pattern`] holds for |
/// | `header:name=value` | a header of every request, see [`Self::headers_of`] |
/// | `set:member=text`, `remove:member` | a [`BodyEdit`] of every request |
/// | `models=openai` | its models are told under that provider's name |
/// | `prefix=models/` | names of its models mean the same with this at the start |
///
/// `{…}` in base URLs and paths stands for what the configuration says, one of
/// [`Self::PLACEHOLDERS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name, `[a-z0-9-]{1,63}`.
    pub name: String,
    /// The base URL, without a slash at its end.
    pub base_url: String,
    /// How it wants its credential.
    pub auth: Auth,
    /// The dialects that it speaks, the one that it likes best first; never empty.
    pub routes: Vec<Route>,
    /// How it differs, and for which of its models; nothing: all.
    pub quirks: Vec<(&'static str, Option<Pattern>)>,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// Edits of the body of every request.
    pub edits: Vec<BodyEdit>,
    /// The provider under whose name its models are told, where it is another one.
    pub models: Option<String>,
    /// What names of its models may begin with or not.
    pub prefix: Option<String>,
}

/// How a provider wants its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `none`: it needs no credential; one that there is goes as by [`Self::Bearer`].
    None,
    /// `bearer`: `Authorization: Bearer …`.
    Bearer,
    /// `word:Key`: `Authorization`, with another word before the credential.
    Word(String),
    /// `header:x-api-key`: a header of its own, in lower case.
    Header(String),
    /// `query:key`: a parameter of the query.
    Query(String),
    /// `sigv4:bedrock`: signed as AWS wants it, for that service.
    SigV4(String),
    /// `google`: an access token of Google's OAuth, as a bearer token.
    Google,
}

/// A change of every body that goes to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyEdit {
    /// The outermost object has this member, a string.
    Set(String, String),
    /// The outermost object has no such member.
    Remove(String),
}

/// Where a provider speaks a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The dialect.
    pub dialect: Dialect,
    /// Path below the base URL: one that names the model is the whole path, any other one stands
    /// before the path of the dialect.
    pub path: String,
    /// The whole path for streams, where it is another one.
    pub stream_path: Option<String>,
}

impl Route {
    /// Path and query below the base URL for a request.
    #[must_use]
    pub fn path(&self, address: &Address<'_>) -> String {
        let whole = match (&self.stream_path, address.stream) {
            (Some(path), Some(true)) => path,
            _ => &self.path,
        };
        if whole.contains("{model}") {
            let model = address.model.as_deref().unwrap_or_default();
            let mut element = String::new();
            segment::encode(model, &mut element);
            return whole.replace("{model}", &element);
        }
        [whole, &*self.dialect.path(address)].concat()
    }
}

impl Provider {
    /// Where it speaks a dialect, where it does.
    #[must_use]
    pub fn route(&self, dialect: Dialect) -> Option<&Route> {
        self.routes.iter().find(|route| route.dialect == dialect)
    }

    /// How it differs from the dialect's own provider where one of its models is asked.
    #[must_use]
    pub fn quirks(&self, model: &str) -> Quirks {
        let mut quirks = Quirks::default();
        for (name, pattern) in &self.quirks {
            if let Some(quirk) = quirks.named(name) {
                *quirk |= pattern.as_ref().is_none_or(|pattern| pattern.holds(model));
            }
        }
        quirks
    }

    /// The headers of a request in a dialect: `anthropic-version` is a word of its own dialect, and
    /// says nothing in others that the provider may speak, too.
    pub fn headers_of(&self, dialect: Dialect) -> impl Iterator<Item = (&str, &str)> {
        let is_version = |name: &str| name == "anthropic-version";
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        headers.filter(move |(name, _)| !is_version(name) || dialect == Dialect::AnthropicMessages)
    }

    /// The provider under whose name its models are told.
    #[must_use]
    pub fn owner_of_models(&self) -> &str {
        self.models.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is a runtime on the same machine, by its base URL.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.base_url.starts_with("http://localhost:")
    }

    /// The placeholders that the configuration must fill, in the order of [`Self::PLACEHOLDERS`].
    #[must_use]
    pub fn placeholders(&self) -> Vec<&'static str> {
        let routes =
            self.routes.iter().flat_map(|route| [Some(&route.path), route.stream_path.as_ref()]);
        let texts: Vec<&String> = routes.flatten().chain([&self.base_url]).collect();
        let is_held = |name: &&str| texts.iter().any(|text| text.contains(&format!("{{{name}}}")));
        Self::PLACEHOLDERS.into_iter().filter(is_held).collect()
    }

    /// All placeholders of base URLs and paths, but `model`.
    pub const PLACEHOLDERS: [&'static str; 6] =
        ["region", "resource", "project", "location", "account", "api_version"];
}
