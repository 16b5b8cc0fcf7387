//! How another configuration takes the place of the one in force: whole, or not at all. Who asks
//! for it, and when, is known elsewhere.

use std::sync::Arc;

use architrave_config::Snapshot;
use architrave_config::ports::{ConfigStatus, Refusal, ReloadError};
use architrave_proxy::{Assembly, Keyring, Parts};

use super::desired::Rows;
use super::warnings::{warn_of, warn_of_short_lives};
use super::{Engine, joined, lock};
use crate::admin::PreparedApis;
use crate::exposed::Exposed;
use crate::sockets::{Inherited, Prepared, Sockets};
use crate::sources::{self, GatewayText, LoadError, Loaded};
use crate::watch::Stamp;
use crate::{advice, keys, logging, unguarded};

/// What a configuration is to be read from.
#[derive(Debug)]
pub(super) struct Origins {
    /// The file.
    pub(super) file: GatewayText,
    /// The objects of the database, where there is one.
    pub(super) rows: Option<Rows>,
    /// Whether what stands beside the file is read again: the catalogue, and the root keys.
    pub(super) is_reload: bool,
}

/// What was read and put together, and is not yet in force.
pub(super) struct Draft {
    assembly: Arc<Assembly>,
    /// Other root keys than those in use may be in it; none when those in use are to stay.
    keyring: Option<Keyring>,
    exposed: Vec<Exposed>,
    origins: Origins,
}

/// The same, with everything at hand that could have failed.
pub(super) struct Readied {
    draft: Draft,
    sockets: Prepared,
    admin: Option<PreparedApis>,
}

impl Readied {
    /// The whole as it will be.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.draft.assembly.snapshot)
    }
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
                tracing::error!(cause, %error, "configuration refused; all goes on as it was");
                self.note_refused(error.clone());
            }
        }
        result
    }

    /// Counts and shows that a configuration was refused.
    pub(super) fn note_refused(&self, error: ReloadError) {
        self.gateway.metrics.gateway().config_refused();
        self.state().status.refused = Some(Refusal { at: self.gateway.clock.wall(), error });
    }

    async fn try_reload(self: &Arc<Self>) -> Result<ConfigStatus, ReloadError> {
        let mut sockets = self.sockets.lock().await;
        self.check_open().map_err(ReloadError::NotPossible)?;
        let rows = match &self.desired {
            None => None,
            Some(desired) => {
                if let Err(error) = desired.catch_up().await {
                    tracing::warn!(%error, "the objects of the database are those last read");
                }
                Some(desired.rows())
            }
        };
        let file = self.read_file().await?;
        let draft = self.draft(Origins { file, rows, is_reload: true }).await?;
        let readied = self.ready(&mut sockets, draft)?;
        let snapshot = &readied.draft.assembly.snapshot;
        self.gateway
            .access_log
            .reopen(&snapshot.access_log, logging::access_log_form(snapshot))
            .map_err(|error| ReloadError::NotPossible(format!("the access log: {error}")))?;
        self.put_live(&mut sockets, readied).await
    }

    /// Why no configuration is taken any more.
    pub(super) fn check_open(&self) -> Result<(), String> {
        match self.state().is_draining {
            true => Err("the process is draining".to_owned()),
            false => Ok(()),
        }
    }

    /// Reads the file again, on a thread that may take its time.
    async fn read_file(self: &Arc<Self>) -> Result<GatewayText, ReloadError> {
        let engine = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            // Before the file is read: a change in between is then seen as one.
            let seen = Stamp::of(&engine.options);
            (seen, GatewayText::read(engine.options.config.as_deref()))
        });
        let (seen, read) = work.await.map_err(|_panic| panicked())?;
        *lock(&self.stamp) = seen;
        read
    }

    /// Takes a file that looks like another one, unless it says the same: it was only touched, or
    /// put there again.
    pub(crate) async fn reload_if_other(self: &Arc<Self>) {
        let engine = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let seen = Stamp::of(&engine.options);
            (seen, GatewayText::read(engine.options.config.as_deref()))
        });
        if let Ok((seen, Ok(file))) = work.await {
            let is_same = file.text == *lock(&self.taken_text)
                && lock(&self.stamp).has_same_catalog(&seen)
                && self.state().status.refused.is_none();
            if is_same {
                *lock(&self.stamp) = seen;
                return;
            }
        }
        // The outcome is in the log, in the metrics and in `/readyz`.
        let _told = self.reload("file changed").await;
    }

    /// Says that the gateway file is not there any more; what was taken from it goes on.
    pub(crate) fn note_file_gone(&self) {
        let Some(file) = &self.options.config else { return };
        let file = file.display();
        tracing::error!(%file, "the gateway file is gone; all goes on as it was");
        self.note_refused(ReloadError::NotPossible(format!("{file}: it is gone")));
    }

    /// Reads and assembles on a thread that may take its time.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn draft(self: &Arc<Self>, origins: Origins) -> Result<Draft, LoadError> {
        let engine = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || engine.assemble(origins));
        work.await.map_err(|_panic| panicked())?
    }

    fn assemble(&self, origins: Origins) -> Result<Draft, LoadError> {
        let previous = self.gateway.assembly.load_full();
        let Origins { file, rows, is_reload } = &origins;
        let catalog = if *is_reload { self.catalog.read()? } else { self.catalog.held() };
        let objects = rows.as_ref().map(|rows| &*rows.objects);
        let Loaded { snapshot, exposed } = sources::load(file, objects, &catalog)?;
        let parts = Parts { catalog, ..self.parts.clone() };
        let keyring = match is_reload {
            true => self.changed_keys(&snapshot, &previous.snapshot)?,
            false => None,
        };
        let now = self.gateway.clock.now();
        let assembly = Assembly::build(Arc::new(snapshot), Some(&previous), &parts, now)
            .map_err(|errors| LoadError::NotPossible(joined(&errors)))?;
        Ok(Draft { assembly: Arc::new(assembly), keyring, exposed, origins })
    }

    /// Binds what a draft needs and is not there yet. Dropped, all of it is released.
    ///
    /// # Errors
    /// When an address is taken or not ours.
    pub(super) fn ready(&self, sockets: &mut Sockets, draft: Draft) -> Result<Readied, LoadError> {
        let mut none = Inherited::default();
        let prepared = sockets
            .prepare(&draft.assembly, self.senders.len(), &mut none)
            .map_err(|error| LoadError::NotPossible(format!("{error:#}")))?;
        let admin = self.prepare_admin(&draft.assembly)?;
        Ok(Readied { draft, sockets: prepared, admin })
    }

    /// Puts it in force. Resolves when it is live on every worker.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(super) async fn put_live(
        self: &Arc<Self>,
        sockets: &mut Sockets,
        readied: Readied,
    ) -> Result<ConfigStatus, ReloadError> {
        let Readied { draft, sockets: prepared, admin } = readied;
        let Draft { assembly, keyring, exposed, origins } = draft;
        let before = Arc::clone(&self.gateway.assembly.load().snapshot);
        warn_of(&unguarded::find(&before), &unguarded::find(&assembly.snapshot));
        let catalog = self.catalog.held();
        let advice = |snapshot: &Snapshot| advice::find(snapshot, &catalog);
        warn_of(&advice(&before), &advice(&assembly.snapshot));
        warn_of_short_lives(Some(&before), &assembly.snapshot, self.data.as_ref());
        if let Some(keyring) = keyring {
            self.gateway.cookie_seal.rotate(&keyring);
            self.gateway.mcp_seals.rotate(&keyring);
        }
        if self.applications_of_file.apply(&assembly.snapshot, &self.parts.directory) {
            self.applications_of_store.forget();
        }
        self.put_in_force(&assembly);
        *lock(&self.taken_text) = Arc::clone(&origins.file.text);
        if let (Some(desired), Some(rows)) = (&self.desired, origins.rows) {
            desired.taken(rows, origins.file);
        }
        sockets
            .apply(prepared, &assembly, &self.senders)
            .await
            .map_err(|error| ReloadError::NotPossible(error.to_string()))?;
        self.apply_admin(admin);
        self.taken(&assembly, sockets);
        let before = std::mem::replace(&mut self.state().exposed, exposed.clone());
        warn_of(&before, &exposed);
        Ok(self.state().status.clone())
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
        let keyring = keys::load(&now.keys, self.data.as_ref(), self.root_by_chance);
        keyring.map(Some).map_err(|error| ReloadError::NotPossible(format!("{error:#}")))
    }

    fn prepare_admin(&self, assembly: &Assembly) -> Result<Option<PreparedApis>, ReloadError> {
        lock(&self.admin)
            .as_ref()
            .map(|admin| admin.prepare(&assembly.snapshot, &mut Inherited::default()))
            .transpose()
            .map_err(|error| ReloadError::NotPossible(format!("{error:#}")))
    }

    fn apply_admin(&self, prepared: Option<PreparedApis>) {
        let Some(prepared) = prepared else { return };
        if let Some(admin) = &mut *lock(&self.admin)
            && let Err(error) = admin.apply(prepared)
        {
            tracing::error!("a listener of the API stays where it was: {error:#}");
        }
    }

    /// Reads the certificates of the admin listener again where their files have changed.
    pub(crate) fn reload_admin_certificates(&self) {
        if let Some(admin) = &*lock(&self.admin) {
            admin.reload_changed_certificates();
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

fn panicked() -> ReloadError {
    ReloadError::NotPossible("reading it panicked".to_owned())
}
