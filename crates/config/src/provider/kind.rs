//! What a provider is: an entry of the catalogue, whatever speaks OpenAI's dialect, or the mock.
//!
//! The catalogue itself lives where the dialects do; what validation must know of it comes in
//! through [`ProviderKinds`].

use super::Mock;

/// What a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// An entry of the catalogue, by its name there.
    Catalog(String),
    /// Whatever speaks OpenAI's Chat Completions.
    OpenaiCompatible,
    /// The gateway itself, answering without a model.
    Mock(Mock),
}

/// The word for [`ProviderKind::OpenaiCompatible`].
pub(super) const OPENAI_COMPATIBLE: &str = "openai_compatible";
/// The word for [`ProviderKind::Mock`].
pub(super) const MOCK: &str = "mock";

/// What validation asks the catalogue.
pub trait ProviderKinds {
    /// What there is to know of an entry; `None` when there is none of that name.
    fn find(&self, kind: &str) -> Option<KindFacts>;

    /// The names of all entries.
    fn names(&self) -> Vec<String>;
}

/// What validation must know of an entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindFacts {
    /// The placeholders in its base URL; a `base_url` or `upstream` of the file takes their place.
    pub base_url_needs: Vec<&'static str>,
    /// The placeholders in its paths.
    pub path_needs: Vec<&'static str>,
    /// What it takes as a credential.
    pub credential: CredentialForm,
}

/// What a kind of provider takes as a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialForm {
    /// `value`, or none at all.
    Optional,
    /// `value`.
    Value,
    /// `value` or `azure`.
    Azure,
    /// `aws`.
    Aws,
    /// `gcp`, or a `value` that is an access token.
    Gcp,
}

impl CredentialForm {
    /// The keys that it may be written with.
    pub(super) const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Optional | Self::Value => &["value"],
            Self::Azure => &["value", "azure"],
            Self::Aws => &["aws"],
            Self::Gcp => &["gcp", "value"],
        }
    }
}

/// No catalogue: every kind but `openai_compatible` and `mock` is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKinds;

impl ProviderKinds for NoKinds {
    fn find(&self, _kind: &str) -> Option<KindFacts> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
