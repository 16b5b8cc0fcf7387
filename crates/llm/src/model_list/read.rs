//! Where a provider lists its models, and the names in what it answers, whoever's words those are.

use std::borrow::Cow;

use crate::catalog::{Auth, Provider, Route};
use crate::dialect::Dialect;
use crate::json::{Cursor, JsonError, Kind};

/// Names of models that are taken of one answer; the rest is counted.
const NAMES_MAX: usize = 1_000;

/// Longer than the name of any model that may be asked for.
const NAME_BYTES_MAX: usize = 256;

/// How a provider is asked for its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPlace {
    /// The dialect whose words the question is in, and errors.
    pub dialect: Dialect,
    /// Path and query, below the base URL.
    pub path: String,
}

/// The models that a provider says it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedModels {
    /// Names as it writes them, the first thousand.
    pub names: Vec<String>,
    /// How many it has told of.
    pub count: usize,
}

impl ListPlace {
    /// Where a provider lists its models; `None` where it does so nowhere that is known.
    #[must_use]
    pub fn of(provider: &Provider) -> Option<Self> {
        provider.routes.iter().find_map(|route| of_route(provider, route))
    }

    /// The host to be asked in place of the provider's: Bedrock lists models elsewhere than where
    /// they run.
    #[must_use]
    pub fn host<'h>(&self, host: &'h str) -> Cow<'h, str> {
        match host.strip_prefix("bedrock-runtime") {
            Some(rest) if self.dialect == Dialect::BedrockConverse => {
                Cow::Owned(format!("bedrock{rest}"))
            }
            _ => Cow::Borrowed(host),
        }
    }
}

fn of_route(provider: &Provider, route: &Route) -> Option<ListPlace> {
    // What names the model in its path is the whole path of chat.
    if route.path.contains("{model}") {
        return None;
    }
    let below = match route.dialect {
        // Vertex has no list for publishers' models below a project.
        Dialect::GeminiGenerateContent if provider.auth == Auth::Google => return None,
        Dialect::OpenaiChat if provider.auth == Auth::Google => return None,
        Dialect::OpenaiChat | Dialect::OpenaiResponses => "/models",
        Dialect::AnthropicMessages => "/v1/models?limit=1000",
        Dialect::GeminiGenerateContent => "/models?pageSize=1000",
        Dialect::CohereChat => "/v1/models?page_size=1000",
        Dialect::BedrockConverse => "/foundation-models",
    };
    Some(ListPlace { dialect: route.dialect, path: [&*route.path, below].concat() })
}

/// The names in a list of models: a list in `data`, `models` or `modelSummaries`, or a bare one, of
/// objects with an `id`, a `name` or a `modelId`.
///
/// # Errors
/// Where it is no such list.
pub fn read_names(body: &str) -> Result<NamedModels, JsonError> {
    let mut cursor = Cursor::new(body);
    let mut found = None;
    if cursor.kind() == Kind::Array {
        found = Some(items(&mut cursor)?);
    } else {
        cursor.object(|cursor, field| match field {
            "data" | "models" | "modelSummaries" if cursor.kind() == Kind::Array => {
                let models = items(cursor)?;
                found.get_or_insert(models);
                Ok(())
            }
            _ => cursor.skip(),
        })?;
    }
    cursor.end()?;
    found.ok_or_else(|| cursor.wrong("is no list of models"))
}

fn items(cursor: &mut Cursor<'_>) -> Result<NamedModels, JsonError> {
    let mut models = NamedModels::default();
    cursor.array(|item| {
        if let Some(name) = name(item)? {
            models.count += 1;
            if models.names.len() < NAMES_MAX && name.len() <= NAME_BYTES_MAX {
                models.names.push(name);
            }
        }
        Ok(())
    })?;
    Ok(models)
}

/// The name of one model: its `id`, else what else it goes by.
fn name(cursor: &mut Cursor<'_>) -> Result<Option<String>, JsonError> {
    match cursor.kind() {
        Kind::Text => return Ok(Some(cursor.text()?.into_owned())),
        Kind::Object => {}
        _ => return cursor.skip().map(|()| None),
    }
    let (mut id, mut other) = (None, None);
    cursor.object(|cursor, field| {
        match field {
            "id" | "modelId" if cursor.kind() == Kind::Text => id = Some(cursor.text()?),
            "name" if cursor.kind() == Kind::Text => other = Some(cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(id.or(other).map(|name| name.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn path(kind: &str) -> Option<String> {
        let provider = Catalog::embedded().provider(kind).expect("it is in the catalogue");
        ListPlace::of(&provider).map(|place| format!("{}{}", provider.base_url, place.path))
    }

    #[test]
    fn models_are_listed_where_the_providers_list_them() {
        for (kind, url) in [
            ("openai", "https://api.openai.com/v1/models"),
            ("anthropic", "https://api.anthropic.com/v1/models?limit=1000"),
            ("gemini", "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000"),
            ("cohere", "https://api.cohere.com/v1/models?page_size=1000"),
            ("azure", "https://{resource}.openai.azure.com/openai/v1/models"),
            ("groq", "https://api.groq.com/openai/v1/models"),
            ("fireworks", "https://api.fireworks.ai/inference/v1/models"),
        ] {
            assert_eq!(path(kind).as_deref(), Some(url), "{kind}");
        }
        for kind in ["vertex", "vertex-anthropic", "vertex-openai"] {
            assert_eq!(path(kind), None, "{kind}");
        }
    }

    #[test]
    fn bedrock_lists_its_models_at_another_host() {
        let provider = Catalog::embedded().provider("bedrock").expect("it is in the catalogue");
        let place = ListPlace::of(&provider).expect("it lists them");
        assert_eq!(
            place.host("bedrock-runtime.eu-west-1.amazonaws.com"),
            "bedrock.eu-west-1.amazonaws.com"
        );
        assert_eq!(place.host("127.0.0.1"), "127.0.0.1");
        assert_eq!(place.path, "/foundation-models");
    }

    #[test]
    fn names_are_found_in_everybodys_words() {
        for (body, names) in [
            (r#"{"object":"list","data":[{"id":"a","name":"A"},{"id":"b"}]}"#, vec!["a", "b"]),
            (r#"{"models":[{"name":"models/a"}],"nextPageToken":"x"}"#, vec!["models/a"]),
            (r#"{"modelSummaries":[{"modelArn":"x","modelId":"a.b-v1:0"}]}"#, vec!["a.b-v1:0"]),
            (r#"[{"id":"a"},{"id":7},null]"#, vec!["a"]),
            (r#"{"data":[]}"#, vec![]),
        ] {
            let models = read_names(body).unwrap();
            assert_eq!(models.names, names, "{body}");
            assert_eq!(models.count, names.len());
        }
        for body in ["{}", r#"{"data":{}}"#, "<html>", r#"{"data":[]"#, "", "7"] {
            assert!(read_names(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_long_list_is_counted_whole_and_named_in_part() {
        let items: Vec<String> = (0..1_500).map(|at| format!(r#"{{"id":"m{at}"}}"#)).collect();
        let models = read_names(&format!("[{}]", items.join(","))).unwrap();
        assert_eq!((models.count, models.names.len()), (1_500, NAMES_MAX));
    }
}
