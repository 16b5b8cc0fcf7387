//! A lane: one deployment by one credential, which is what a request to a model is sent along.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use architrave_config::{CredentialSecret, ProviderCredential};
use architrave_core::{HashKey, Secret};
use architrave_llm::auth::{self, Applied, ProviderSecret};
use architrave_llm::catalog::{Ability, Catalog, Model, ModelKind, Searching, Unit};
use architrave_llm::dialect::{Dialect, Quirks};
use architrave_llm::hush::Hush;
use architrave_telemetry::{Metrics, ModelLabels, ModelMetrics};

use super::provider::{LiveProvider, Side};

/// The operation that nearly all requests ask for.
const CHAT: &str = "chat";

/// One deployment by one credential.
#[derive(Debug)]
pub(crate) struct LiveLane {
    /// The provider.
    pub provider: Arc<LiveProvider>,
    /// The provider as the credential sees it.
    pub side: Arc<Side>,
    /// The place of the credential among the provider's; `None` where it needs none.
    credential: Option<usize>,
    /// What every request shows; `None` where each is signed, or the credential is none that the
    /// provider takes.
    pub standing: Option<Applied>,
    /// What hides the credential in what the provider says.
    pub hush: Arc<Hush>,
    /// The model's name at the provider.
    pub model: Box<str>,
    /// How the provider differs for this model.
    pub quirks: Quirks,
    /// What the catalogue knows of the model.
    pub known: Known,
    /// Requests that came along it.
    requests: AtomicU64,
    /// Whether its provider has said that it does not count the tokens of its model.
    is_uncounted: AtomicBool,
    /// Whether the operator was told that nobody knows what its model costs.
    told_unpriced: AtomicBool,
    /// Where its answers are counted.
    counted: Counted,
}

/// Where answers of a lane are counted, by operation.
#[derive(Debug)]
struct Counted {
    metrics: Arc<Metrics>,
    labels: ModelLabels,
    chat: OnceLock<Arc<ModelMetrics>>,
}

/// What the catalogue knows of a model; nothing of one that it does not have.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The most tokens of a prompt.
    pub input_max: Option<u64>,
    /// The most tokens of an answer.
    pub output_max: Option<u64>,
    /// What it is for.
    pub kind: Option<ModelKind>,
    /// The whole row, with what it costs.
    pub row: Option<Arc<Model>>,
}

impl LiveLane {
    /// The dialect to ask its model in, where the client speaks `dialect`: some models are to be had
    /// by OpenAI Responses alone.
    pub(crate) fn dialect_for(&self, dialect: Dialect) -> Dialect {
        match self.known.kind {
            Some(ModelKind::Responses) => Dialect::OpenaiResponses,
            _ => dialect,
        }
    }

    /// The dialect beside `first` that a request which is translated may go in, where it loses less
    /// there: OpenAI's models are to be had by Chat and by Responses, and neither says all that the
    /// other does.
    pub(crate) fn other_dialect(&self, first: Dialect) -> Option<Dialect> {
        let other = Dialect::OpenaiResponses;
        let has_both = first == Dialect::OpenaiChat && self.side.row.route(other).is_some();
        (has_both && self.known.takes_responses()).then_some(other)
    }

    /// The lanes to a model: one for each credential of its provider, one where there is none.
    pub(super) fn along(
        provider: &Arc<LiveProvider>,
        model: &str,
        catalog: &Catalog,
        counted_as: (&Arc<Metrics>, &str),
    ) -> Vec<Self> {
        let credentials = &provider.config.credentials;
        let lane = |credential: Option<usize>| {
            let side = &provider.sides[credential.unwrap_or(0)];
            let secret = credential.map(|place| &credentials[place].secret);
            Self {
                provider: Arc::clone(provider),
                side: Arc::clone(side),
                credential,
                standing: standing(side, secret),
                hush: Arc::new(Hush::new(secret.map(secrets_of).unwrap_or_default())),
                model: model.into(),
                quirks: side.row.quirks(model),
                known: Known::of(catalog, &side.row.name, model),
                requests: AtomicU64::new(0),
                is_uncounted: AtomicBool::new(false),
                told_unpriced: AtomicBool::new(false),
                counted: Counted {
                    metrics: Arc::clone(counted_as.0),
                    labels: ModelLabels {
                        operation: CHAT,
                        provider: provider.config.name.as_str().to_owned(),
                        model: counted_as.1.to_owned(),
                    },
                    chat: OnceLock::new(),
                },
            }
        };
        match credentials.len() {
            0 => vec![lane(None)],
            count => (0..count).map(|place| lane(Some(place))).collect(),
        }
    }

    /// The credential that it goes by.
    pub(crate) fn credential(&self) -> Option<&ProviderCredential> {
        self.provider.config.credentials.get(self.credential?)
    }

    /// `provider/model`, as headers and logs have it.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.provider.config.name, self.model)
    }

    /// The same with the credential behind a blank, where there is one.
    pub(crate) fn full_name(&self) -> String {
        match self.credential() {
            Some(credential) => format!("{} {}", self.name(), credential.name),
            None => self.name(),
        }
    }

    /// Where its answers to an operation are counted.
    pub(crate) fn metrics(&self, operation: &'static str) -> Arc<ModelMetrics> {
        let Counted { metrics, labels, chat } = &self.counted;
        if operation == CHAT {
            return Arc::clone(chat.get_or_init(|| metrics.model(labels.clone())));
        }
        // Looked up each time: what is not chat is asked for less often, and takes longer.
        metrics.model(ModelLabels { operation, ..labels.clone() })
    }

    /// Whether the operator was told before that nobody knows what its model costs; from now on it
    /// was.
    pub(crate) fn was_told_unpriced(&self) -> bool {
        // Read first: nearly all requests find it set, and need not write.
        self.told_unpriced.load(Ordering::Relaxed)
            || self.told_unpriced.swap(true, Ordering::Relaxed)
    }

    /// Notes that its provider does not count tokens: it need not be asked again.
    pub(crate) fn note_uncounted(&self) {
        self.is_uncounted.store(true, Ordering::Relaxed);
    }

    /// Whether that is known.
    pub(crate) fn is_uncounted(&self) -> bool {
        self.is_uncounted.load(Ordering::Relaxed)
    }

    /// How many requests came along it before this one.
    pub(crate) fn count_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }
}

/// What of a credential is told to nobody but the provider.
pub(crate) fn secrets_of(secret: &CredentialSecret) -> Vec<&Secret> {
    match secret {
        CredentialSecret::Value(key) | CredentialSecret::Azure { key, .. } => vec![key],
        CredentialSecret::Aws { secret_access_key, session_token, .. } => {
            std::iter::once(secret_access_key).chain(session_token.as_ref()).collect()
        }
        // It never leaves the gateway; the tokens that come by it do.
        CredentialSecret::Gcp { .. } => Vec::new(),
    }
}

/// What every request along a lane shows, made once.
fn standing(side: &Side, secret: Option<&CredentialSecret>) -> Option<Applied> {
    let secret = match secret {
        None => ProviderSecret::None,
        Some(CredentialSecret::Value(key) | CredentialSecret::Azure { key, .. }) => {
            ProviderSecret::Key(key)
        }
        Some(CredentialSecret::Aws { .. } | CredentialSecret::Gcp { .. }) => return None,
    };
    match auth::standing(&side.row.auth, &secret) {
        Ok(standing) => standing,
        // A provider that wants a credential and has none is asked without: it says what is wrong.
        Err(_) if matches!(secret, ProviderSecret::None) => Some(Applied::default()),
        Err(_) => None,
    }
}

/// Tells one secret from the next under the same name; it says nothing about either.
pub(super) fn fingerprint(secret: &CredentialSecret, key: HashKey) -> u64 {
    match secret {
        CredentialSecret::Value(secret) | CredentialSecret::Azure { key: secret, .. } => {
            key.hash_one(secret)
        }
        CredentialSecret::Aws { access_key_id, secret_access_key, session_token, region } => {
            key.hash_one((access_key_id, secret_access_key, session_token, region))
        }
        CredentialSecret::Gcp { file, project, location } => {
            key.hash_one((file, project, location))
        }
    }
}

impl Known {
    /// What it can do, in bits: what nobody knows of is no obstacle.
    pub(super) fn abilities(&self) -> u32 {
        self.row.as_ref().map_or(u32::MAX, |row| !row.lacks.bits())
    }

    /// Whether it is known to be had by OpenAI Responses, too.
    pub(crate) fn takes_responses(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.abilities.has(Ability::Responses))
    }

    /// Whether searches of the web that its provider runs have a price.
    pub(crate) fn charges_searches(&self) -> bool {
        let units = self.row.as_ref().map_or(&[][..], |row| &row.units);
        units.iter().any(|(unit, _)| matches!(unit, Unit::Search | Unit::Searched))
    }

    /// Whether it searches for every answer, and does not tell it.
    pub(crate) fn hides_searches(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.searches() == Some(Searching::Untold))
    }

    /// The row of a model of which somebody knows what it costs; free is known, too.
    pub(crate) fn priced(&self) -> Option<&Arc<Model>> {
        self.row.as_ref().filter(|row| row.is_priced())
    }

    pub(crate) fn of(catalog: &Catalog, provider: &str, model: &str) -> Self {
        let Some(model) = catalog.model(provider, model) else { return Self::default() };
        Self {
            input_max: model.input_max,
            output_max: model.output_max,
            kind: Some(model.kind),
            row: Some(Arc::new(model)),
        }
    }
}
