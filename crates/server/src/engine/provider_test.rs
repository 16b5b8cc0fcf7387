//! Providers are tested on behalf of the control side: the configuration is read as it would be
//! with the one that is meant, nothing of it is put in force, and the provider is asked.

use std::sync::Arc;

use architrave_config::object::{Held, Object, Objects, Origin};
use architrave_config::ports::{
    Answer, CredentialTest, ProviderTestPort, StageError, TestError, TestedProvider,
};
use architrave_config::{Provider, Snapshot};

use super::Engine;
use super::port::EnginePort;
use crate::sources::{self, GatewayText};

/// So many providers are tested at once: each holds connections and whole answers.
pub(super) const TESTS_MAX: usize = 4;

impl ProviderTestPort for EnginePort {
    fn test_provider(
        &self,
        asked: TestedProvider,
    ) -> Answer<'_, Result<Vec<CredentialTest>, TestError>> {
        Box::pin(self.0.test_provider(asked))
    }
}

impl Engine {
    async fn test_provider(
        self: &Arc<Self>,
        asked: TestedProvider,
    ) -> Result<Vec<CredentialTest>, TestError> {
        let permit = self.provider_tests.try_acquire();
        let _permit = permit.map_err(|_none| TestError::TooMany(TESTS_MAX))?;
        let TestedProvider { name, candidate, model } = asked;
        let snapshot = match candidate {
            None => Arc::clone(&self.gateway.assembly.load().snapshot),
            Some(candidate) => Arc::new(self.with_candidate(candidate).await?),
        };
        let provider = named(&snapshot, &name).ok_or(TestError::NoSuch(name))?;
        let catalog = self.catalog.held();
        let model = model.as_deref();
        Ok(Box::pin(self.tester.test(&snapshot, &provider, model, &catalog)).await)
    }

    /// The configuration as it would be with an object more.
    async fn with_candidate(self: &Arc<Self>, candidate: Object) -> Result<Snapshot, StageError> {
        let engine = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let (file, mut objects) = match &engine.desired {
                Some(desired) => {
                    let starting = || StageError::NotPossible("the gateway is starting".to_owned());
                    let file = desired.file().ok_or_else(starting)?;
                    (file, Objects::clone(&desired.rows().objects))
                }
                None => (
                    GatewayText::read(engine.options.config.as_deref()).map_err(unreadable)?,
                    Objects::default(),
                ),
            };
            let Object { kind, name, .. } = &candidate;
            let of_file = file
                .objects()
                .into_iter()
                .find(|held| held.object.kind == *kind && held.object.name == *name);
            if let Some(Held { origin: Origin::File(file), .. }) = of_file {
                return Err(StageError::ReadOnly { kind: *kind, name: name.clone(), file });
            }
            objects.put(Arc::new(Held { object: candidate, origin: Origin::Database }));
            let loaded = sources::load(&file, Some(&objects), &engine.catalog.held())?;
            Ok(loaded.snapshot)
        });
        let panicked =
            |_panic| StageError::NotPossible("reading the configuration failed".to_owned());
        work.await.map_err(panicked)?
    }
}

fn unreadable(error: architrave_config::ports::ReloadError) -> StageError {
    StageError::NotPossible(error.to_string())
}

fn named(snapshot: &Snapshot, name: &str) -> Option<Arc<Provider>> {
    snapshot.providers.iter().find(|provider| provider.name.as_str() == name).cloned()
}
