//! The catalogue as validation sees it: which kinds of provider there are, and what each needs.

use std::sync::{Arc, LazyLock};

use architrave_config::ports::Answer;
use architrave_config::{
    ApiDescription, ApiReader, ApiUse, CredentialForm, KindFacts, ProviderKinds, Sources,
};
use architrave_llm::catalog::{Auth, Catalog, Provider};
use architrave_openapi::DescriptionReader;

/// The descriptions that this process has in use, whoever asks for them.
pub(crate) static DESCRIPTIONS: LazyLock<DescriptionReader> =
    LazyLock::new(DescriptionReader::default);

/// Reads a description beside whoever asks; nothing where it cannot be read, which is told when it
/// is read as part of the whole.
pub(crate) fn read_ahead(
    description: Arc<str>,
    wanted: ApiUse,
) -> Answer<'static, Option<Arc<dyn ApiDescription>>> {
    Box::pin(async move {
        let read = move || DESCRIPTIONS.read(&description, wanted).ok();
        tokio::task::spawn_blocking(read).await.ok().flatten()
    })
}

/// The providers of a catalogue.
pub(crate) struct CatalogKinds(pub(crate) Arc<Catalog>);

impl ProviderKinds for CatalogKinds {
    fn find(&self, kind: &str) -> Option<KindFacts> {
        let provider = self.0.provider(kind)?;
        let is_held = |name: &&'static str| provider.base_url.contains(&format!("{{{name}}}"));
        let in_base_url = Provider::PLACEHOLDERS.into_iter().filter(is_held).collect();
        let pathless = Provider { base_url: String::new(), ..provider.clone() };
        Some(KindFacts {
            base_url_needs: in_base_url,
            path_needs: pathless.placeholders(),
            credential: form(&provider.auth),
        })
    }

    fn names(&self) -> Vec<String> {
        self.0.providers().map(|provider| provider.name).collect()
    }
}

/// What is written in a file for a way to present it.
pub(crate) fn form(auth: &Auth) -> CredentialForm {
    match auth {
        Auth::None => CredentialForm::Optional,
        Auth::Header(name) if name == "api-key" => CredentialForm::Azure,
        Auth::Bearer | Auth::Word(_) | Auth::Header(_) | Auth::Query(_) => CredentialForm::Value,
        Auth::SigV4(_) => CredentialForm::Aws,
        Auth::Google => CredentialForm::Gcp,
    }
}

/// For texts that come from afar: the catalogue, but neither environment nor files.
pub(crate) struct CatalogOnly(pub(crate) CatalogKinds);

impl Sources for CatalogOnly {
    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err(String::from("no files are available here"))
    }

    fn provider_kinds(&self) -> &dyn ProviderKinds {
        &self.0
    }

    fn api_reader(&self) -> &dyn ApiReader {
        &*DESCRIPTIONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_says_what_a_kind_needs() {
        let kinds = CatalogKinds(Arc::default());
        let facts = |kind: &str| {
            let facts = kinds.find(kind).expect("it is in the catalogue");
            (facts.base_url_needs, facts.path_needs, facts.credential)
        };
        assert_eq!(facts("openai"), (vec![], vec![], CredentialForm::Value));
        assert_eq!(facts("azure"), (vec!["resource"], vec!["api_version"], CredentialForm::Azure));
        assert_eq!(facts("bedrock"), (vec!["region"], vec![], CredentialForm::Aws));
        assert_eq!(facts("vertex"), (vec!["project", "location"], vec![], CredentialForm::Gcp));
        assert_eq!(facts("ollama"), (vec![], vec![], CredentialForm::Optional));
        assert!(kinds.find("opnai").is_none());
        assert!(kinds.names().len() >= 100);
    }

    #[test]
    fn the_page_tells_every_kind_that_needs_a_part_of_its_address() {
        let page = include_str!("../../../docs/models.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        for provider in Catalog::embedded().providers() {
            let name = format!("`{}`", provider.name);
            for needed in provider.placeholders() {
                let tells =
                    |row: &&str| row.contains(&name) && row.contains(&format!("`{needed}`"));
                assert!(rows.iter().any(tells), "{name} needs {needed}");
            }
        }
    }

    #[test]
    fn every_placeholder_of_the_catalogue_is_a_key_of_the_file() {
        for name in Provider::PLACEHOLDERS {
            let kind = format!("version: 1\nproviders: [{{ name: a, kind: azure, {name}: x }}]\n");
            let sources = CatalogOnly(CatalogKinds(Arc::default()));
            let errors =
                architrave_config::load(&kind, "f", &sources).expect_err("much is missing");
            assert!(
                errors.iter().all(|error| !error.message.contains("unknown key")),
                "{errors:?}"
            );
        }
    }
}
