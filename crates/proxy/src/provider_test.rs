//! Whether a provider answers and takes its credentials, asked on the control runtime before
//! anybody depends on it: its cheapest question, which costs nothing or one token.
//!
//! It is asked as traffic would ask it: at the same place, by the same rules of egress, with the
//! same credential shown in the same way; but over a connection of its own, and by HTTP/1.1.

mod place;
mod question;
mod verdict;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use architrave_config::ports::{CredentialTest, TestFault};
use architrave_config::{
    CredentialSecret, Mock, Provider, ProviderCredential, ProviderKind, Snapshot,
};
use architrave_core::{Clock, Secret};
use architrave_llm::catalog::{self, Catalog};
use architrave_llm::chat::ChatError;
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::hush::redacted;
use architrave_llm::mock::Mock as MockProvider;
use architrave_net::dns::Resolver;
use architrave_net::fetch::{FetchError, WholeAnswer};
use futures_util::future::join_all;

use self::place::Place;
use self::question::{ProviderQuestion, one_token};
use self::verdict::{refused, unanswered};
use crate::dispatch::llm::mock_of_settings;
use crate::models::{row_of, secrets_of};
use crate::upkeep::ServiceAccounts;

/// How long a credential's questions may take in all: somebody waits for it in front of a screen.
const TIME_MAX: Duration = Duration::from_secs(15);

/// How long the access token of a service account is waited for.
const TOKEN_PATIENCE: Duration = Duration::from_secs(10);

/// How many credentials are asked by; of a provider that has more, the first.
const CREDENTIALS_MAX: usize = 16;

/// What providers are asked with.
pub struct ProviderTester {
    resolver: Arc<Resolver>,
    accounts: Arc<ServiceAccounts>,
    clock: Clock,
}

/// One credential of a provider, and how the provider looks by it.
struct Side<'a> {
    tester: &'a ProviderTester,
    row: &'a catalog::Provider,
    place: &'a Place,
    credential: Option<&'a ProviderCredential>,
    region: &'a str,
    /// The access token, where the credential is a service account.
    token: Option<Arc<Secret>>,
}

impl ProviderTester {
    /// A tester that resolves by `resolver`, and has access tokens of service accounts from
    /// `accounts`.
    #[must_use]
    pub fn new(resolver: Arc<Resolver>, accounts: Arc<ServiceAccounts>, clock: Clock) -> Self {
        Self { resolver, accounts, clock }
    }

    /// Asks a provider of `snapshot` by each of its credentials, all at once: for its models, or
    /// `model` for one token.
    pub async fn test(
        &self,
        snapshot: &Snapshot,
        provider: &Provider,
        model: Option<&str>,
        catalog: &Catalog,
    ) -> Vec<CredentialTest> {
        if let ProviderKind::Mock(mock) = &provider.kind {
            return vec![self.of_mock(mock, model).await];
        }
        let credentials = &provider.credentials;
        let each: Vec<Option<&ProviderCredential>> = match credentials.len() {
            0 => vec![None],
            _ => credentials.iter().take(CREDENTIALS_MAX).map(Some).collect(),
        };
        let asked = each.into_iter().map(|credential| {
            Box::pin(async move {
                let began = self.clock.now();
                let asking = Box::pin(self.by(snapshot, (provider, credential), model, catalog));
                let test = tokio::time::timeout(TIME_MAX, asking).await;
                let late = |_elapsed| {
                    fault("timed_out", format!("no whole answer within {TIME_MAX:?}")).into()
                };
                let test = test.unwrap_or_else(late);
                let name = credential.map(|credential| credential.name.as_str().to_owned());
                CredentialTest {
                    credential: name,
                    latency: self.clock.now().since(began),
                    ..hushed(test, &secrets(credential))
                }
            })
        });
        join_all(asked).await
    }

    async fn by(
        &self,
        snapshot: &Snapshot,
        (provider, credential): (&Provider, Option<&ProviderCredential>),
        model: Option<&str>,
        catalog: &Catalog,
    ) -> CredentialTest {
        let row = match row_of(provider, credential, catalog) {
            Ok(row) => row,
            Err(error) => return fault("not_possible", error.to_string()).into(),
        };
        let place = match Place::of(snapshot, provider, &row) {
            Ok(place) => place,
            Err(fault) => return fault.into(),
        };
        let token = match credential.map(|credential| &credential.secret) {
            Some(CredentialSecret::Gcp { file, .. }) => {
                let tokens = match self.accounts.tokens(file) {
                    Ok(tokens) => tokens,
                    Err(error) => return fault("no_access_token", error.to_string()).into(),
                };
                tokens.first(TOKEN_PATIENCE).await;
                match tokens.current(self.clock.now()) {
                    Some(token) => Some(token),
                    None => {
                        let why = "no access token is to be had for the service account; the log \
                                   says why";
                        return fault("no_access_token", why).into();
                    }
                }
            }
            _ => None,
        };
        let region = provider.filled(credential, "region").unwrap_or_default();
        let side = Side { tester: self, row: &row, place: &place, credential, region, token };
        let test = match model {
            Some(model) => side.chat(model, catalog).await,
            None => side.list().await,
        };
        let token: Vec<&Secret> = side.token.as_deref().into_iter().collect();
        hushed(test, &token)
    }

    /// The mock as it would answer; no socket is involved.
    async fn of_mock(&self, settings: &Mock, model: Option<&str>) -> CredentialTest {
        let began = self.clock.now();
        let mock = mock_of_settings(settings);
        tokio::time::sleep(mock.first_token.min(TIME_MAX)).await;
        let said = match (mock.failure(0), model) {
            (Some(failure), _) => Err(failure.error),
            (None, None) => Ok(()),
            (None, Some("embed")) => Ok(()),
            (None, Some(model)) => {
                let (dialect, context) = (Dialect::OpenaiChat, Context::default());
                mock.reply(&one_token(dialect, model), dialect, &context).map(drop)
            }
        };
        let names = || MockProvider::MODELS.map(str::to_owned).to_vec();
        let models = (said.is_ok() && model.is_none()).then(names);
        CredentialTest {
            is_reachable: true,
            status: Some(said.as_ref().map_or_else(|error| error.status, |()| 200)),
            model_count: models.as_ref().map(Vec::len),
            models,
            fault: said.err().map(|error| refused(&error)),
            latency: self.clock.now().since(began),
            ..CredentialTest::default()
        }
    }
}

impl Side<'_> {
    /// Asks for the models. A list that is shown to everybody proves no credential, so it is asked
    /// for once more without one.
    async fn list(&self) -> CredentialTest {
        let Some(question) = ProviderQuestion::list(self.row, self.place) else {
            return self.connect().await;
        };
        let (mut test, answer) = match self.ask(&question, true).await {
            Ok(answered) => answered,
            Err(test) => return *test,
        };
        if let Some(error) = self.error_of(&question, &answer) {
            return told(test, &error);
        }
        match question.models_of(&answer) {
            Some(models) => {
                test.model_count = Some(models.count);
                test.models = Some(models.names);
            }
            None => {
                let why = "it answers, but not with a list of models; its address may be wrong";
                test.fault = Some(fault("malformed_answer", why));
                return test;
            }
        }
        if self.credential.is_some() {
            let open = self.ask(&question, false).await;
            let is_open = open.is_ok_and(|(_, answer)| (200..300).contains(&answer.status));
            test.is_authenticated = (!is_open).then_some(true);
            test.note = is_open.then_some(
                "the list of models is shown to everybody: name a model to have the credential \
                 tried",
            );
        }
        test
    }

    /// Asks a model for one token.
    async fn chat(&self, model: &str, catalog: &Catalog) -> CredentialTest {
        let question = match ProviderQuestion::chat(self.row, self.place, model, catalog) {
            Ok(question) => question,
            Err(error) => return fault("not_possible", error.message).into(),
        };
        let (mut test, answer) = match self.ask(&question, true).await {
            Ok(answered) => answered,
            Err(test) => return *test,
        };
        match self.error_of(&question, &answer) {
            Some(error) if verdict::is_cut_short(&error) => {}
            Some(error) => return told(test, &error),
            None if question.is_reply(&answer) => {}
            None => {
                let why = "it answers, but not with a reply of its dialect; its address or kind \
                           may be wrong";
                test.fault = Some(fault("malformed_answer", why));
                return test;
            }
        }
        test.is_authenticated = self.credential.is_some().then_some(true);
        test
    }

    /// Only looks whether anybody answers, without the credential: there is nothing to be asked that
    /// costs nothing.
    async fn connect(&self) -> CredentialTest {
        let question = ProviderQuestion::knock(self.row, self.place);
        let (test, _answer) = match self.ask(&question, false).await {
            Ok(answered) => answered,
            Err(test) => return *test,
        };
        // Whoever gave an access token has believed the account.
        let is_authenticated = self.token.as_ref().map(|_| true);
        let note = "this kind of provider lists no models: name one to have it asked";
        CredentialTest { is_authenticated, note: Some(note), ..test }
    }

    async fn ask(
        &self,
        question: &ProviderQuestion,
        is_shown: bool,
    ) -> Result<(CredentialTest, WholeAnswer), Box<CredentialTest>> {
        let mut test =
            CredentialTest { asked: Some(question.to_string()), ..CredentialTest::default() };
        let secret = match is_shown {
            true => question.shown(self, self.tester.clock.wall()),
            false => Ok(Default::default()),
        };
        let answer = match secret {
            Ok(shown) => question.ask(self.place, &self.tester.resolver, &shown).await,
            Err(error) => {
                test.fault = Some(fault("credential_refused", error.to_string()));
                return Err(Box::new(test));
            }
        };
        match answer {
            Ok(answer) => {
                test.is_reachable = true;
                test.address = Some(answer.address);
                test.tls = answer.tls;
                test.status = Some(answer.status);
                Ok((test, answer))
            }
            Err(error) => {
                test.is_reachable = is_reached(&error);
                test.fault = Some(unanswered(&error));
                Err(Box::new(test))
            }
        }
    }

    /// What an answer refuses for.
    fn error_of(&self, question: &ProviderQuestion, answer: &WholeAnswer) -> Option<ChatError> {
        verdict::error_of(question.dialect, answer)
    }
}

/// A test that ended with what a provider refuses for.
fn told(test: CredentialTest, error: &ChatError) -> CredentialTest {
    let is_authenticated = verdict::is_authenticated(error);
    CredentialTest { is_authenticated, fault: Some(refused(error)), ..test }
}

/// Whether a connection came about, though no answer.
fn is_reached(error: &FetchError) -> bool {
    match error {
        FetchError::Dns(_)
        | FetchError::Egress(_)
        | FetchError::NoAddress
        | FetchError::Connect(_) => false,
        FetchError::Io(_)
        | FetchError::Tls(_)
        | FetchError::Closed
        | FetchError::Malformed(_)
        | FetchError::TooLong(_) => true,
    }
}

fn fault(reason: &'static str, message: impl Into<String>) -> TestFault {
    TestFault { reason, message: message.into() }
}

/// A test as it may be told: without any piece of a secret in what the provider says, and without
/// models whose names have one in them.
fn hushed(mut test: CredentialTest, secrets: &[&Secret]) -> CredentialTest {
    if let Some(fault) = &mut test.fault {
        fault.message = redacted(&fault.message, secrets);
    }
    if let Some(models) = &mut test.models {
        let shows = |name: &str, secret: &Secret| {
            !secret.expose().is_empty() && name.contains(secret.expose())
        };
        models.retain(|name| !secrets.iter().any(|secret| shows(name, secret)));
    }
    test
}

/// What of a credential is never told.
fn secrets(credential: Option<&ProviderCredential>) -> Vec<&Secret> {
    credential.map(|credential| secrets_of(&credential.secret)).unwrap_or_default()
}
