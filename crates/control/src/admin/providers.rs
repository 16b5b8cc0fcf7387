//! What providers have beside what all objects have: tests. The actions are beside this file.

use architrave_config::ports::{CredentialTest, TestFault};
use serde::Serialize;
use utoipa::ToSchema;

use super::models::millis;

pub(crate) mod test;
pub(crate) mod test_new;

/// What came of a test.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderTestBody {
    /// Which provider was tested.
    provider: String,
    /// The model that was asked for one token; `null` when it was asked for its models.
    model: Option<String>,
    /// Whether it answered as it should, by each of its credentials.
    passed: bool,
    /// What came of asking by each of its credentials; one where it has none.
    credentials: Vec<CredentialTestBody>,
}

/// What came of asking by one credential.
#[derive(Serialize, ToSchema)]
struct CredentialTestBody {
    /// Its name.
    credential: Option<String>,
    /// Whether it was answered as it should be.
    passed: bool,
    /// The question, such as `GET https://…`, without what shows the credential.
    asked: Option<String>,
    /// Whether a connection came about.
    reachable: bool,
    /// Who answered, as `ip:port`.
    address: Option<String>,
    /// The version of TLS; `null` where there was none.
    #[schema(example = "TLSv1.3")]
    tls: Option<&'static str>,
    /// The status of the answer.
    status: Option<u16>,
    /// Whether the credential was taken; `null` where the answer does not tell.
    authenticated: Option<bool>,
    /// The models that it lists, the first thousand.
    models: Option<Vec<String>>,
    /// How many it lists.
    model_count: Option<usize>,
    /// From the question to its whole answer, connecting included.
    latency_ms: f64,
    /// What is wrong; `null`: nothing.
    error: Option<TestErrorBody>,
    /// What else is to be known, for people.
    note: Option<&'static str>,
}

/// What is wrong with a provider or a credential.
#[derive(Serialize, ToSchema)]
struct TestErrorBody {
    /// A word for programs.
    #[schema(example = "credential_refused")]
    reason: &'static str,
    /// The provider's own words where it had some, without any piece of a credential.
    message: String,
}

impl ProviderTestBody {
    pub(crate) fn new(provider: &str, model: Option<&str>, tests: Vec<CredentialTest>) -> Self {
        Self {
            provider: provider.to_owned(),
            model: model.map(str::to_owned),
            passed: tests.iter().all(|test| test.fault.is_none()),
            credentials: tests.into_iter().map(CredentialTestBody::from).collect(),
        }
    }
}

impl From<CredentialTest> for CredentialTestBody {
    fn from(test: CredentialTest) -> Self {
        Self {
            passed: test.fault.is_none(),
            credential: test.credential,
            asked: test.asked,
            reachable: test.is_reachable,
            address: test.address.map(|address| address.to_string()),
            tls: test.tls,
            status: test.status,
            authenticated: test.is_authenticated,
            models: test.models,
            model_count: test.model_count,
            latency_ms: millis(test.latency),
            error: test
                .fault
                .map(|TestFault { reason, message }| TestErrorBody { reason, message }),
            note: test.note,
        }
    }
}
