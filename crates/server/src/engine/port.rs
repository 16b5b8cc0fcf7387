//! What the control side may ask of the engine.

use std::sync::Arc;

use architrave_config::ConfigError;
use architrave_config::ports::{
    Answer, ConfigPort, ConfigStatus, ConsumerUsage, LaneChoice, ModelStatus, ModelsPort, NoSuch,
    Readiness, ReloadError,
};

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
