//! What the tests load with: an environment of keys alone, one description and no other file, and a
//! small catalogue of providers.

use std::sync::Arc;

use crate::{
    ApiAnswer, ApiDescription, ApiOperation, ApiReader, ApiRequest, ApiUse, CredentialForm,
    KindFacts, ProviderKinds, Sources,
};

/// A few kinds of provider, one of each sort.
pub(super) struct World;

impl Sources for World {
    fn env(&self, name: &str) -> Option<String> {
        name.ends_with("_API_KEY").then(|| format!("{name}-of-the-environment"))
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err(String::from("no files are available here"))
    }

    fn description(&self, path: &str) -> Result<String, String> {
        let is_there = path == "orders.yaml";
        is_there.then(|| "openapi: 3.0.0".to_owned()).ok_or_else(|| "not found".to_owned())
    }

    fn provider_kinds(&self) -> &dyn ProviderKinds {
        self
    }

    fn api_reader(&self) -> &dyn ApiReader {
        self
    }
}

impl ApiReader for World {
    fn read(&self, text: &str, wanted: ApiUse) -> Result<Arc<dyn ApiDescription>, Vec<String>> {
        if !text.starts_with("openapi:") {
            return Err(vec!["line 1: no description".to_owned(), "line 2: nor here".to_owned()]);
        }
        let operation = ApiOperation {
            label: format!("for {wanted:?}").into(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            deprecated_at: None,
            sunset_at: None,
            notice: None,
        };
        Ok(Arc::new(Described(text.to_owned(), [operation])))
    }
}

/// A description of one operation.
#[derive(Debug)]
struct Described(String, [ApiOperation; 1]);

impl ApiDescription for Described {
    fn text(&self) -> &str {
        &self.0
    }

    fn operations(&self) -> &[ApiOperation] {
        &self.1
    }

    fn find(&self, _method: &str, _path: &str) -> Option<&ApiOperation> {
        self.1.first()
    }

    fn answer(&self, _request: &ApiRequest<'_>) -> ApiAnswer {
        ApiAnswer { status: 200, headers: Vec::new(), body: Vec::new() }
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
