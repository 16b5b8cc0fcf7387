//! What the control side may ask of the engine.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_config::ports::{
    Answer, ConfigPort, ConfigStatus, ConsumerUsage, IdentityPort, LaneChoice, ModelStatus,
    ModelsPort, NoSuch, Readiness, ReloadError, UsagePort, WebAnswer, WebError, WebQuestion,
};
use architrave_config::{ConfigError, IdentityProvider, UsageKeepDays};

use super::{Engine, lock};
use crate::kinds::{CatalogKinds, CatalogOnly};

/// The engine as the control side sees it.
pub(crate) struct EnginePort(pub Arc<Engine>);

impl ConfigPort for EnginePort {
    fn readiness(&self) -> Readiness {
        let state = lock(&self.0.state);
        match (state.is_draining, state.is_ready) {
            (true, _) => Readiness::Draining,
            (false, true) => Readiness::Ready,
            (false, false) => Readiness::Starting { waiting_for: "configuration" },
        }
    }

    fn status(&self) -> ConfigStatus {
        lock(&self.0.state).status.clone()
    }

    fn reload(&self) -> Answer<'_, Result<ConfigStatus, ReloadError>> {
        Box::pin(self.0.reload("admin API"))
    }

    fn validate(&self, text: String) -> Answer<'_, Result<(), Vec<ConfigError>>> {
        Box::pin(async move {
            let kinds = CatalogKinds(self.0.catalog.held());
            let work = tokio::task::spawn_blocking(move || {
                let sources = CatalogOnly(kinds);
                architrave_config::load(&text, "request", &sources).map(drop)
            });
            work.await.unwrap_or_else(|panic| {
                tracing::error!(%panic, "validation panicked");
                Ok(())
            })
        })
    }
}

impl IdentityPort for EnginePort {
    fn identity_providers(&self) -> Vec<Arc<IdentityProvider>> {
        self.0.gateway.assembly.load().snapshot.identity_providers.clone()
    }

    fn ask(&self, question: WebQuestion) -> Answer<'_, Result<WebAnswer, WebError>> {
        Box::pin(async move { self.0.web.ask(&question).await })
    }
}

impl UsagePort for EnginePort {
    fn keep_days(&self) -> UsageKeepDays {
        self.0.gateway.assembly.load().snapshot.usage.keep_days
    }

    fn follow(&self, consumer: &str, until: SystemTime) -> bool {
        let now = micros(self.0.gateway.clock.wall());
        let queue = self.0.gateway.usage.as_ref();
        queue.is_some_and(|queue| queue.follow(consumer, micros(until), now))
    }

    fn followed(&self) -> Vec<(String, SystemTime)> {
        let now = micros(self.0.gateway.clock.wall());
        let queue = self.0.gateway.usage.as_ref();
        let followed = queue.map(|queue| queue.followed(now)).unwrap_or_default();
        let time = |micros: i64| {
            UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
        };
        followed.into_iter().map(|(name, until)| (name, time(until))).collect()
    }
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl ModelsPort for EnginePort {
    fn models(&self) -> Vec<ModelStatus> {
        let gateway = &self.0.gateway;
        gateway.assembly.load().model_statuses(gateway.clock.now())
    }

    fn ready(&self, model: &str, lanes: &LaneChoice) -> Result<ModelStatus, NoSuch> {
        let gateway = &self.0.gateway;
        gateway.assembly.load().ready_model(model, lanes, gateway.clock.now())
    }

    fn usage(&self) -> Vec<ConsumerUsage> {
        let gateway = &self.0.gateway;
        gateway.assembly.load().usage(gateway.clock.wall())
    }
}
