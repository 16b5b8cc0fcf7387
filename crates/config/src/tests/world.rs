//! What the tests load with: an environment of keys alone, no files, and a small catalogue of providers.

use crate::{CredentialForm, KindFacts, ProviderKinds, Sources};

/// A few kinds of provider, one of each sort.
pub(super) struct World;

impl Sources for World {
    fn env(&self, name: &str) -> Option<String> {
        name.ends_with("_API_KEY").then(|| format!("{name}-of-the-environment"))
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err(String::from("no files are available here"))
    }

    fn provider_kinds(&self) -> &dyn ProviderKinds {
        self
    }
}

impl ProviderKinds for World {
    fn find(&self, kind: &str) -> Option<KindFacts> {
        let (base_url_needs, path_needs, credential) = match kind {
            "openai" | "anthropic" => (vec![], vec![], CredentialForm::Value),
            "ollama" => (vec![], vec![], CredentialForm::Optional),
            "azure" => (vec!["resource"], vec!["api_version"], CredentialForm::Azure),
            "bedrock" => (vec!["region"], vec![], CredentialForm::Aws),
            "vertex" => (vec!["project", "location"], vec![], CredentialForm::Gcp),
            _ => return None,
        };
        Some(KindFacts { base_url_needs, path_needs, credential })
    }

    fn names(&self) -> Vec<String> {
        ["openai", "anthropic", "ollama", "azure", "bedrock", "vertex"].map(String::from).to_vec()
    }
}
