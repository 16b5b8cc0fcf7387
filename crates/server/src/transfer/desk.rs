//! The API over a database that a command has itself, without a connection: what it asks for is
//! judged, gated, written and noted as if a gateway had been asked, and nothing is put in force.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use architrave_balance::Registry;
use architrave_config::object::{Held, ObjectChange, Objects, Origin};
use architrave_config::ports::{
    Answer, ConfigPort, ConfigStatus, ConsumerUsage, CredentialTest, DesiredPort, DirectoryPort,
    IdentityPort, LaneChoice, LimitStanding, ModelStatus, ModelsPort, NoSuch, ProviderTestPort,
    Readiness, ReloadError, StageError, Staged, SubscriptionLimits, TestError, TestedProvider,
    WebAnswer, WebError, WebQuestion,
};
use architrave_config::{Admin, ApiDescription, ApiUse, ConfigError, IdentityProvider, Snapshot};
use architrave_control::{Api, Command, Dependencies, Platform, Surface};
use architrave_core::Clock;
use architrave_llm::catalog::Catalog;
use architrave_store::{ObjectsMark, Store};
use architrave_telemetry::Metrics;
use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::Opened;
use super::refusal::Refusal;
use super::remote::Seen;
use crate::kinds::read_ahead;
use crate::sources::{self, GatewayText};

/// The longest body, in bytes: ten times a hundred thousand applications, and a fraction of what a
/// machine has on which a command is run.
pub(super) const BODY_BYTES_MAX: usize = 256 << 20;

/// The API over an open database.
pub(super) struct Desk(Api);

/// What the API asks of a gateway, where there is none.
#[derive(Clone)]
struct Absent {
    file: GatewayText,
    catalog: Arc<Catalog>,
    /// Those of the database.
    rows: Arc<Objects>,
    /// And those of the file that lies over it.
    whole: Arc<Objects>,
    snapshot: Arc<Snapshot>,
    store: Store,
    /// Of the database when it was read.
    mark: Option<ObjectsMark>,
}

impl Desk {
    /// Over a database with these objects. Whether they are valid as they are is not asked: what is
    /// to become of them may make them so.
    ///
    /// # Errors
    /// When the file that lies over them is not valid by itself.
    pub(super) fn over(opened: &Opened, seen: &Seen) -> Result<Self, ReloadError> {
        let held = &seen.objects;
        let loaded = sources::load(&opened.file, Some(held), &opened.catalog)
            .or_else(|_faults| sources::load(&opened.file, None, &opened.catalog));
        let snapshot = Arc::new(loaded.map_err(ReloadError::from)?.snapshot);
        let of_file = opened.file.objects().into_iter().map(Arc::new);
        let absent = Absent {
            file: opened.file.clone(),
            catalog: Arc::clone(&opened.catalog),
            rows: Arc::new(held.clone()),
            whole: Arc::new(Objects::of(held.iter().cloned().chain(of_file))),
            snapshot,
            store: opened.database.store.clone(),
            mark: seen.mark,
        };
        let clock = Clock::system();
        let store = opened.database.store.clone();
        Ok(Self(Api::new(Dependencies {
            surface: Surface::Admin,
            admin: Admin::at((Ipv4Addr::LOCALHOST, 0).into()),
            registry: Arc::new(Registry::new()),
            metrics: Metrics::new(1),
            config: Arc::new(absent.clone()),
            models: Arc::new(absent.clone()),
            provider_tests: Arc::new(absent.clone()),
            desired: Arc::new(absent.clone()),
            identity: Arc::new(absent.clone()),
            directory: Arc::new(absent),
            platform: Some(Platform::new(store, clock.clone(), None)),
            usage: None,
            clock,
        })))
    }

    /// Posts JSON; what is answered, or why it was refused.
    ///
    /// # Errors
    /// When the answer is none.
    pub(super) async fn post(
        &self,
        path: &str,
        body: String,
    ) -> anyhow::Result<Result<Value, Refusal>> {
        let mut request = Request::post(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("user-agent", concat!("architrave/", env!("CARGO_PKG_VERSION")))
            .body(Bytes::from(body))?;
        request.extensions_mut().insert(Command);
        let answer = self.0.call(request, IpAddr::from(Ipv4Addr::LOCALHOST)).await;
        let status = answer.status().as_u16();
        let body = match answer.body() {
            body if body.is_empty() => Value::Null,
            body => serde_json::from_slice(body)?,
        };
        Ok(Refusal::unless_fine(status, body))
    }
}

/// The whole as it would be. Nothing of it has been put in force, and nothing is.
struct Valid(Arc<Snapshot>);

impl Staged for Valid {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0)
    }

    fn go_live(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async {})
    }
}

impl DesiredPort for Absent {
    fn objects(&self) -> Arc<Objects> {
        Arc::clone(&self.whole)
    }

    fn read_ahead(
        &self,
        description: Arc<str>,
        wanted: ApiUse,
    ) -> Answer<'_, Option<Arc<dyn ApiDescription>>> {
        read_ahead(description, wanted)
    }

    fn stage(&self, changes: Vec<ObjectChange>) -> Answer<'_, Result<Box<dyn Staged>, StageError>> {
        Box::pin(async move {
            // Gateways may write to the same database; in this turn they wait.
            let mark = self.store.objects_mark().await;
            let mark = mark.map_err(|error| StageError::NotPossible(error.to_string()))?;
            if self.mark.as_ref().is_some_and(|seen| *seen != mark) {
                return Err(StageError::NotPossible(CHANGED.to_owned()));
            }
            let mut whole = Objects::clone(&self.rows);
            for change in changes {
                let (kind, name) = change.about();
                if let Some(Held { origin: Origin::File(file), .. }) =
                    self.whole.get(kind, name).map(|held| &**held)
                {
                    let (name, file) = (name.to_owned(), file.clone());
                    return Err(StageError::ReadOnly { kind, name, file });
                }
                match change {
                    ObjectChange::Put(object) => {
                        whole.put(Arc::new(Held { object, origin: Origin::Database }));
                    }
                    ObjectChange::Remove { kind, name } => drop(whole.remove(kind, &name)),
                }
            }
            let loaded = sources::load(&self.file, Some(&whole), &self.catalog)?;
            Ok(Box::new(Valid(Arc::new(loaded.snapshot))) as Box<dyn Staged>)
        })
    }
}

impl DirectoryPort for Absent {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    fn catch_up(&self) -> Answer<'_, ()> {
        // Gateways of the same database hear of it by themselves.
        Box::pin(async {})
    }

    fn limits(&self, _application: &str) -> Vec<SubscriptionLimits> {
        Vec::new()
    }

    fn team_limits(&self, _team: &str) -> Vec<LimitStanding> {
        Vec::new()
    }
}

const CHANGED: &str = "a gateway has written to the database since it was read: try again";
const NO_GATEWAY: &str = "no gateway runs here";

impl ConfigPort for Absent {
    fn readiness(&self) -> Readiness {
        Readiness::Starting { waiting_for: "configuration" }
    }

    fn status(&self) -> ConfigStatus {
        ConfigStatus::default()
    }

    fn reload(&self) -> Answer<'_, Result<ConfigStatus, ReloadError>> {
        Box::pin(async { Err(ReloadError::NotPossible(NO_GATEWAY.to_owned())) })
    }

    fn validate(&self, _text: String) -> Answer<'_, Result<(), Vec<ConfigError>>> {
        Box::pin(async { Ok(()) })
    }
}

impl ModelsPort for Absent {
    fn models(&self) -> Vec<ModelStatus> {
        Vec::new()
    }

    fn ready(&self, _model: &str, _lanes: &LaneChoice) -> Result<ModelStatus, NoSuch> {
        Err(NoSuch::Model)
    }

    fn usage(&self) -> Vec<ConsumerUsage> {
        Vec::new()
    }
}

impl ProviderTestPort for Absent {
    fn test_provider(
        &self,
        asked: TestedProvider,
    ) -> Answer<'_, Result<Vec<CredentialTest>, TestError>> {
        Box::pin(async move { Err(TestError::NoSuch(asked.name)) })
    }
}

impl IdentityPort for Absent {
    fn identity_providers(&self) -> Vec<Arc<IdentityProvider>> {
        Vec::new()
    }

    fn ask(&self, _question: WebQuestion) -> Answer<'_, Result<WebAnswer, WebError>> {
        Box::pin(async { Err(WebError(NO_GATEWAY.to_owned())) })
    }
}
