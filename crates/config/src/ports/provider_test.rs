//! What the control side may ask of the running gateway about a provider: whether it answers and
//! takes its credentials, before anybody depends on it.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Answer, StageError};
use crate::object::Object;

/// Asks providers.
pub trait ProviderTestPort: Send + Sync {
    /// Asks a provider the cheapest question it has by each of its credentials: which models there
    /// are, or, where a model is named, one token of chat.
    fn test_provider(
        &self,
        asked: TestedProvider,
    ) -> Answer<'_, Result<Vec<CredentialTest>, TestError>>;
}

/// Which provider is tested, and how.
#[derive(Clone, Debug)]
pub struct TestedProvider {
    /// Its name.
    pub name: String,
    /// It as it would be; `None` for the one in force of that name.
    pub candidate: Option<Object>,
    /// The model, by its name at the provider, that is asked for one token.
    pub model: Option<String>,
}

/// Why nothing was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// The configuration would not be valid or possible with it.
    #[error("{0}")]
    Stage(#[from] StageError),
    /// No provider of that name is in force.
    #[error("no provider is named {0}")]
    NoSuch(String),
    /// As many providers as can be are being tested.
    #[error("{0} providers are being tested already")]
    TooMany(usize),
}

/// What came of asking by one credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialTest {
    /// Its name; `None` where the provider has none.
    pub credential: Option<String>,
    /// The question, as `GET https://…`, without what shows the credential.
    pub asked: Option<String>,
    /// Who answered.
    pub address: Option<SocketAddr>,
    /// Whether a connection came about.
    pub is_reachable: bool,
    /// The version of TLS, where there was some.
    pub tls: Option<&'static str>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Whether the credential was taken; `None` where the answer does not tell.
    pub is_authenticated: Option<bool>,
    /// The models that it lists, the first thousand.
    pub models: Option<Vec<String>>,
    /// How many it lists.
    pub model_count: Option<usize>,
    /// From the question to its whole answer, connecting included.
    pub latency: Duration,
    /// What is wrong; `None`: it answered as it should.
    pub fault: Option<TestFault>,
    /// What else is to be known, for people.
    pub note: Option<&'static str>,
}

/// What is wrong with a provider or a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFault {
    /// One of a few words.
    pub reason: &'static str,
    /// For people: the provider's own words where it had some; never with a secret.
    pub message: String,
}

impl From<TestFault> for CredentialTest {
    fn from(fault: TestFault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}
