//! The running whole, seen from the control side: what is in force, and how another takes its
//! place. A configuration is taken whole or not at all.

mod certificates;
mod port;

use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use arc_swap::ArcSwap;
use architrave_balance::Registry;
use architrave_config::ports::{ConfigStatus, Refusal, ReloadError};
use architrave_config::{ConfigError, Snapshot};
use architrave_core::Clock;
use architrave_core::shutdown::Shutdown;
use architrave_net::dns::Resolver;
use architrave_proxy::persistence::CookieSeal;
use architrave_proxy::upkeep::Upkeep;
use architrave_proxy::{Assembly, Gateway, Parts};
use architrave_telemetry::{AccessLog, Metrics};

pub(crate) use certificates::reload_changed as reload_changed_certificates;
pub(crate) use port::EnginePort;

use crate::admin::AdminServer;
use crate::cli::RunOptions;
use crate::sockets::{Inherited, Sockets};
use crate::sources::SystemSources;
use crate::workers::{CommandSenders, Workers};
use crate::{keys, logging};

/// Assemblies that may wait to be dropped.
const RETIRED_MAX: usize = 256;

/// The running whole.
pub(crate) struct Engine {
    options: RunOptions,
    gateway: Arc<Gateway>,
    parts: Parts,
    registry: Arc<Registry>,
    senders: CommandSenders,
    /// Held while a configuration is being taken: one at a time.
    sockets: tokio::sync::Mutex<Sockets>,
    state: Mutex<State>,
    admin: Mutex<Option<AdminServer>>,
    _upkeep: Upkeep,
}

/// What is told about the configuration.
#[derive(Debug, Default)]
struct State {
    status: ConfigStatus,
    is_ready: bool,
    is_draining: bool,
    addresses: Vec<(String, SocketAddr)>,
}

/// Where everything listens.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// By listener.
    pub listeners: Vec<(String, SocketAddr)>,
    /// The admin listener.
    pub admin: Option<SocketAddr>,
    http: Vec<String>,
}

impl Engine {
    /// Reads the file and starts to serve it.
    ///
    /// # Errors
    /// Whatever is wrong with the file, its certificates or its addresses.
    pub(crate) async fn start(
        options: &RunOptions,
        clock: &Clock,
        shutdown: &Shutdown,
        mut inherited: Inherited,
    ) -> anyhow::Result<(Arc<Self>, Workers)> {
        let snapshot = Arc::new(read(options).map_err(|error| anyhow!(in_full(&error)))?);
        let keyring = keys::load(&snapshot.keys)?;
        let metrics = Metrics::new(options.workers);
        logging::watch_panics(Arc::clone(&metrics));
        let parts = Parts { metrics: Arc::clone(&metrics), limiters: Arc::default() };
        let assembly = Assembly::build(Arc::clone(&snapshot), None, &parts, clock.now())
            .map_err(|errors| anyhow!(joined(&errors)))?;
        let mut sockets = Sockets::default();
        let prepared = sockets.prepare(&assembly, options.workers, &mut inherited)?;
        let access_log = AccessLog::open(&snapshot.access_log).context("the access log")?;
        access_log.expose(&metrics);
        let registry = Arc::new(Registry::new());
        registry.replace(assembly.upstreams.iter().map(|upstream| Arc::clone(&upstream.balance)));
        architrave_control::expose_endpoints(&metrics, Arc::clone(&registry), clock.clone());
        let gateway = Arc::new(Gateway {
            assembly: ArcSwap::from_pointee(assembly),
            clock: clock.clone(),
            metrics,
            access_log,
            shutdown: shutdown.signal(),
            cookie_seal: CookieSeal::new(&keyring),
            retired: retirement()?,
        });
        certificates::expose(&gateway);
        let upkeep = Upkeep::start(
            Arc::clone(&registry),
            Arc::new(Resolver::system()),
            clock.clone(),
            shutdown.signal(),
        );
        let (workers, senders) = Workers::start(options.workers, &gateway)?;
        let engine = Arc::new(Self {
            options: options.clone(),
            gateway,
            parts,
            registry,
            senders,
            sockets: tokio::sync::Mutex::new(sockets),
            state: Mutex::default(),
            admin: Mutex::default(),
            _upkeep: upkeep,
        });
        {
            let assembly = engine.gateway.assembly.load_full();
            let mut sockets = engine.sockets.lock().await;
            sockets.apply(prepared, &assembly, &engine.senders).await?;
            engine.taken(&assembly, &sockets);
        }
        engine.state().is_ready = true;
        Ok((engine, workers))
    }

    /// What all workers share.
    #[must_use]
    pub(crate) const fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// All live upstreams.
    #[must_use]
    pub(crate) const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// How this process was told to run.
    #[must_use]
    pub(crate) const fn options(&self) -> &RunOptions {
        &self.options
    }

    /// The listening sockets.
    pub(crate) async fn sockets(&self) -> tokio::sync::MutexGuard<'_, Sockets> {
        self.sockets.lock().await
    }

    /// Reads the file again and takes it whole, or changes nothing.
    ///
    /// # Errors
    /// Why it was not taken; that is logged, counted and shown as well.
    pub(crate) async fn reload(&self, cause: &str) -> Result<ConfigStatus, ReloadError> {
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

    async fn try_reload(&self) -> Result<ConfigStatus, ReloadError> {
        let mut sockets = self.sockets.lock().await;
        if self.state().is_draining {
            return Err(ReloadError::NotPossible("the process is draining".to_owned()));
        }
        let assembly = self.assemble().await?;
        let mut none = Inherited::default();
        let prepared = sockets
            .prepare(&assembly, self.senders.len(), &mut none)
            .map_err(|error| ReloadError::NotPossible(format!("{error:#}")))?;
        self.gateway
            .access_log
            .reopen(&assembly.snapshot.access_log)
            .map_err(|error| ReloadError::NotPossible(format!("the access log: {error}")))?;
        self.put_in_force(&assembly);
        sockets
            .apply(prepared, &assembly, &self.senders)
            .await
            .map_err(|error| ReloadError::NotPossible(error.to_string()))?;
        if let Err(error) = self.apply_admin() {
            tracing::error!("{error:#}");
        }
        self.taken(&assembly, &sockets);
        Ok(self.state().status.clone())
    }

    /// Reads and assembles on a thread that may take its time.
    async fn assemble(&self) -> Result<Arc<Assembly>, ReloadError> {
        let previous = self.gateway.assembly.load_full();
        let (options, parts) = (self.options.clone(), self.parts.clone());
        let now = self.gateway.clock.now();
        let work = tokio::task::spawn_blocking(move || {
            let snapshot = Arc::new(read(&options)?);
            Assembly::build(snapshot, Some(&previous), &parts, now)
                .map(Arc::new)
                .map_err(|errors| ReloadError::NotPossible(joined(&errors)))
        });
        work.await.map_err(|_panic| ReloadError::NotPossible("reading it panicked".to_owned()))?
    }

    /// From here on new exchanges see `assembly`.
    fn put_in_force(&self, assembly: &Arc<Assembly>) {
        let upstreams = assembly.upstreams.iter().map(|upstream| Arc::clone(&upstream.balance));
        let old = self.registry.replace(upstreams);
        self.gateway.assembly.store(Arc::clone(assembly));
        self.gateway.metrics.retain(&assembly.snapshot);
        drop(old);
    }

    /// Notes that `assembly` is in force.
    fn taken(&self, assembly: &Assembly, sockets: &Sockets) {
        let now: SystemTime = self.gateway.clock.wall();
        self.gateway.metrics.gateway().config_taken(assembly.generation, now);
        let mut state = self.state();
        state.addresses = sockets.addresses();
        state.status = ConfigStatus {
            generation: assembly.generation,
            loaded_at: Some(now),
            file: Some(self.options.config.clone()),
            refused: None,
        };
    }

    /// Notes the admin listener, so that a reload can move it.
    pub(crate) fn set_admin(&self, admin: AdminServer) {
        *lock(&self.admin) = Some(admin);
    }

    /// Moves the admin listener to where the configuration in force wants it.
    ///
    /// # Errors
    /// When its address is taken; it stays where it was then.
    pub(crate) fn apply_admin(&self) -> anyhow::Result<()> {
        let wanted = self.gateway.assembly.load().snapshot.admin.clone();
        match &mut *lock(&self.admin) {
            Some(admin) => admin.apply(wanted),
            None => Ok(()),
        }
    }

    /// From here on the process is not ready for traffic, and takes no configuration.
    pub(crate) fn begin_draining(&self) {
        self.state().is_draining = true;
        if let Ok(mut sockets) = self.sockets.try_lock() {
            sockets.release();
        }
    }

    /// Writes out what the access log still holds.
    pub(crate) async fn flush_log(&self, timeout: Duration) {
        let log = Arc::clone(&self.gateway.access_log);
        let flush = tokio::task::spawn_blocking(move || log.close(timeout));
        if !flush.await.unwrap_or(false) {
            tracing::warn!("some lines of the access log could not be written");
        }
    }

    /// Where everything listens.
    #[must_use]
    pub(crate) fn addresses(&self) -> Addresses {
        let assembly = self.gateway.assembly.load();
        let http = assembly.listeners.iter().filter(|listener| {
            matches!(listener.config.protocol, architrave_config::ListenerProtocol::Http)
        });
        Addresses {
            http: http.map(|listener| listener.config.name.as_str().to_owned()).collect(),
            listeners: self.state().addresses.clone(),
            admin: lock(&self.admin).as_ref().and_then(AdminServer::address),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Addresses {
    /// One JSON line that says where everything listens.
    #[must_use]
    pub(crate) fn ready_line(&self) -> String {
        let mut listeners: std::collections::BTreeMap<&str, Vec<String>> = Default::default();
        for (name, address) in &self.listeners {
            listeners.entry(name).or_default().push(address.to_string());
        }
        let admin = self.admin.map(|address| address.to_string());
        serde_json::json!({ "ready": true, "listeners": listeners, "admin": admin }).to_string()
    }

    /// An address where HTTP is spoken, as one on this machine would use it.
    #[must_use]
    pub(crate) fn first_http(&self) -> Option<SocketAddr> {
        let is_http = |name: &String| self.http.contains(name);
        let (_, address) = self.listeners.iter().find(|(name, _)| is_http(name))?;
        let is_any = address.ip().is_unspecified();
        let local = std::net::IpAddr::from(std::net::Ipv4Addr::LOCALHOST);
        Some(if is_any { SocketAddr::new(local, address.port()) } else { *address })
    }
}

fn read(options: &RunOptions) -> Result<Snapshot, ReloadError> {
    let file = options.config.to_string_lossy();
    let text = std::fs::read_to_string(&options.config)
        .map_err(|error| ReloadError::NotPossible(format!("{file}: {error}")))?;
    architrave_config::load(&text, &file, &SystemSources).map_err(ReloadError::Invalid)
}

/// Every fault, one a line.
fn in_full(error: &ReloadError) -> String {
    match error {
        ReloadError::Invalid(errors) => {
            errors.iter().map(ConfigError::to_string).collect::<Vec<_>>().join("\n")
        }
        ReloadError::NotPossible(why) => why.clone(),
    }
}

fn joined(errors: &[architrave_proxy::AssemblyError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Where workers send assemblies that nobody uses any more: dropping a large one takes a while.
fn retirement() -> anyhow::Result<std::sync::mpsc::SyncSender<Arc<Assembly>>> {
    let (retired, arriving) = sync_channel(RETIRED_MAX);
    std::thread::Builder::new()
        .name("retired".into())
        .spawn(move || arriving.into_iter().for_each(drop::<Arc<Assembly>>))
        .context("a thread")?;
    Ok(retired)
}

/// A panic while it was held leaves plain data behind: there is nothing to be poisoned.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
