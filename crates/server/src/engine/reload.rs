//! How another configuration takes the place of the one in force: whole, or not at all. Who asks
//! for it, and when, is known elsewhere.

use std::sync::Arc;

use architrave_config::Snapshot;
use architrave_config::ports::{ConfigStatus, Refusal, ReloadError};
use architrave_proxy::{Assembly, Keyring, Parts};

use super::{Engine, joined, lock, warn_of, warn_of_short_lives};
use crate::admin::PreparedAdmin;
use crate::exposed::Exposed;
use crate::sockets::Inherited;
use crate::sources::{self, Loaded};
use crate::watch::Stamp;
use crate::{advice, keys, logging, unguarded};

/// What was read and put together, and is not yet in force.
struct Draft {
    assembly: Arc<Assembly>,
    /// Other root keys than those in use may be in it; none when chance's are to stay.
    keyring: Option<Keyring>,
    exposed: Vec<Exposed>,
}

impl Engine {
    /// Reads the file again and takes it whole, or changes nothing.
    ///
    /// # Errors
    /// Why it was not taken; that is logged, counted and shown as well.
    pub(crate) async fn reload(self: &Arc<Self>, cause: &str) -> Result<ConfigStatus, ReloadError> {
        let began = self.gateway.clock.now();
        let result = self.try_reload().await;
        match &result {
            Ok(status) => {
                let took = self.gateway.clock.now().since(began);
                let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(
                    cause,
                    generation = status.generation,
                    took_ms,
                    "configuration taken"
                );
            }
            Err(error) => {
                self.gateway.metrics.gateway().config_refused();
                tracing::error!(cause, %error, "configuration refused; all goes on as it was");
                let refusal = Refusal { at: self.gateway.clock.wall(), error: error.clone() };
                self.state().status.refused = Some(refusal);
            }
        }
        result
    }

    async fn try_reload(self: &Arc<Self>) -> Result<ConfigStatus, ReloadError> {
        let mut sockets = self.sockets.lock().await;
        if self.state().is_draining {
            return Err(ReloadError::NotPossible("the process is draining".to_owned()));
        }
        let Draft { assembly, keyring, exposed } = self.draft().await?;
        let mut none = Inherited::default();
        let prepared = sockets
            .prepare(&assembly, self.senders.len(), &mut none)
            .map_err(|error| ReloadError::NotPossible(format!("{error:#}")))?;
        let admin = self.prepare_admin(&assembly)?;
        self.gateway
            .access_log
            .reopen(&assembly.snapshot.access_log, logging::access_log_form(&assembly.snapshot))
            .map_err(|error| ReloadError::NotPossible(format!("the access log: {error}")))?;
        let before = Arc::clone(&self.gateway.assembly.load().snapshot);
        warn_of(&unguarded::find(&before), &unguarded::find(&assembly.snapshot));
        let catalog = self.catalog.held();
        let advice = |snapshot: &Snapshot| advice::find(snapshot, &catalog);
        warn_of(&advice(&before), &advice(&assembly.snapshot));
        warn_of_short_lives(Some(&before), &assembly.snapshot, self.data.as_ref());
        if let Some(keyring) = keyring {
            self.gateway.cookie_seal.rotate(&keyring);
        }
        self.put_in_force(&assembly);
        sockets
            .apply(prepared, &assembly, &self.senders)
            .await
            .map_err(|error| ReloadError::NotPossible(error.to_string()))?;
        self.apply_admin(admin);
        self.taken(&assembly, &sockets);
        let before = std::mem::replace(&mut self.state().exposed, exposed.clone());
        warn_of(&before, &exposed);
        Ok(self.state().status.clone())
    }

    /// Reads and assembles on a thread that may take its time.
    async fn draft(self: &Arc<Self>) -> Result<Draft, ReloadError> {
        let engine = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            // Before the files are read: a change in between is then seen as one.
            let seen = Stamp::of(&engine.options);
            (seen, engine.read())
        });
        let (seen, drafted) = work
            .await
            .map_err(|_panic| ReloadError::NotPossible("reading it panicked".to_owned()))?;
        *lock(&self.stamp) = seen;
        drafted
    }

    fn read(&self) -> Result<Draft, ReloadError> {
        let previous = self.gateway.assembly.load_full();
        let catalog = self.catalog.read()?;
        let Loaded { snapshot, exposed } = sources::load(&self.options.config, &catalog)?;
        let parts = Parts { catalog, ..self.parts.clone() };
        let keyring = self.changed_keys(&snapshot, &previous.snapshot)?;
        let now = self.gateway.clock.now();
        let assembly = Assembly::build(Arc::new(snapshot), Some(&previous), &parts, now)
            .map_err(|errors| ReloadError::NotPossible(joined(&errors)))?;
        Ok(Draft { assembly: Arc::new(assembly), keyring, exposed })
    }

    /// The root keys, where others than those in use may be in their file.
    fn changed_keys(
        &self,
        now: &Snapshot,
        before: &Snapshot,
    ) -> Result<Option<Keyring>, ReloadError> {
        // A key by chance stays as it is: cookies would end with every reload.
        let is_named = now.keys.file.is_some() || before.keys.file.is_some();
        if !is_named && self.data.is_none() {
            return Ok(None);
        }
        let keyring = keys::load(&now.keys, self.data.as_ref());
        keyring.map(Some).map_err(|error| ReloadError::NotPossible(format!("{error:#}")))
    }

    fn prepare_admin(&self, assembly: &Assembly) -> Result<Option<PreparedAdmin>, ReloadError> {
        let wanted = assembly.snapshot.admin.clone();
        lock(&self.admin)
            .as_ref()
            .map(|admin| admin.prepare(wanted, &mut Inherited::default()))
            .transpose()
            .map_err(|error| ReloadError::NotPossible(format!("{error:#}")))
    }

    fn apply_admin(&self, prepared: Option<PreparedAdmin>) {
        let Some(prepared) = prepared else { return };
        if let Some(admin) = &mut *lock(&self.admin)
            && let Err(error) = admin.apply(prepared)
        {
            tracing::error!("the admin listener stays where it was: {error:#}");
        }
    }

    /// From here on new exchanges see `assembly`.
    fn put_in_force(&self, assembly: &Arc<Assembly>) {
        let upstreams = assembly.upstreams.iter().map(|upstream| Arc::clone(&upstream.balance));
        let old = self.registry.replace(upstreams);
        self.gateway.put_in_force(Arc::clone(assembly));
        self.gateway.metrics.retain(&assembly.snapshot);
        drop(old);
    }

    /// Whether the file was last read when it was as `seen`.
    #[must_use]
    pub(crate) fn has_read(&self, seen: Stamp) -> bool {
        *lock(&self.stamp) == seen
    }

    /// Forgets the series of endpoints that are gone, by DNS or by hand.
    pub(crate) fn forget_gone_endpoints(&self) {
        for (name, upstream) in self.registry.upstreams().iter() {
            let live = upstream.endpoints().iter().map(|endpoint| endpoint.address()).collect();
            self.gateway.metrics.retain_endpoints(name, &live);
        }
    }
}
