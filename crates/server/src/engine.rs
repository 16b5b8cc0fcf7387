//! The running whole, seen from the control side: what is in force, and how another takes its
//! place. A configuration is taken whole or not at all.

mod addresses;
mod certificates;
mod desired;
mod directory;
mod figures;
mod footing;
mod known;
mod lasting;
mod obstacles;
mod port;
mod provider_test;
mod reload;
mod warnings;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use arc_swap::ArcSwap;
use architrave_balance::Registry;
use architrave_config::object::Objects;
use architrave_config::ports::ConfigStatus;
use architrave_core::shutdown::Shutdown;
use architrave_core::{Clock, HashKey, task};
use architrave_net::child::Supervisor;
use architrave_net::dns::Resolver;
use architrave_net::handover::HandoverSocket;
use architrave_policy::Directory;
use architrave_policy::ledger::Ledger;
use architrave_proxy::offload::Offload;
use architrave_proxy::persistence::CookieSeal;
use architrave_proxy::provider_test::ProviderTester;
use architrave_proxy::upkeep::{Upkeep, keep_key_sets};
use architrave_proxy::{
    Assembly, Command, FarServers, Gateway, Guest, McpSeals, Parts, TalkKeys, UnpricedModels,
};
use architrave_telemetry::{AccessLog, Metrics, UsageQueue};
use tokio::runtime::Handle;

pub(crate) use addresses::Addresses;
use desired::Desired;
use footing::Footing;

pub(crate) use certificates::reload_changed as reload_changed_certificates;
pub(crate) use known::{Beginning, Knowing, Known};
pub(crate) use obstacles::obstacles;
pub(crate) use port::EnginePort;

use crate::admin::ApiServers;
use crate::catalog::CatalogFile;
use crate::cli::RunOptions;
use crate::data::{self, DataFolder};
use crate::database::DatabaseChoice;
use crate::exposed::Exposed;
use crate::kept::KeptFile;
use crate::keys::RootKey;
use crate::leases::Leases;
use crate::sockets::{Inherited, Sockets};
use crate::sources::GatewayText;
use crate::usage::UsageKeeper;
use crate::watch::Stamp;
use crate::web::Web;
use crate::workers::{CommandSenders, Workers};
use crate::{keys, logging};

/// Assemblies that may wait to be dropped.
const RETIRED_MAX: usize = 256;

/// The running whole.
pub(crate) struct Engine {
    options: RunOptions,
    gateway: Arc<Gateway>,
    parts: Parts,
    catalog: CatalogFile,
    registry: Arc<Registry>,
    senders: CommandSenders,
    /// Who came from within so far: whose turn it is to attend to the next.
    guests: AtomicUsize,
    /// What outlives the process; `None`: nothing does.
    data: Option<DataFolder>,
    /// The root key where neither the configuration nor a data folder has one.
    root_by_chance: RootKey,
    /// What consumers have spent, where it outlives the process.
    leases: Option<Leases>,
    /// Where things live that providers keep, where that outlives the process.
    kept: Option<KeptFile>,
    /// Held while a configuration is being taken: one at a time.
    sockets: Arc<tokio::sync::Mutex<Sockets>>,
    /// The objects of the database; `None`: there is none, and the file is all there is.
    desired: Option<Desired>,
    /// Who keeps what is used; `None`: nobody does.
    usage: Option<UsageKeeper>,
    /// The objects of the file, once somebody has asked, where there is no database.
    of_file: Mutex<Option<(u64, Arc<Objects>)>>,
    /// The applications of the file that are in force.
    applications_of_file: directory::OfFile,
    /// How far those of the database have been read.
    applications_of_store: directory::OfStore,
    state: Mutex<State>,
    /// Of the file when it was last read.
    stamp: Mutex<Stamp>,
    /// What the file said when it was last taken.
    taken_text: Mutex<Arc<str>>,
    admin: Mutex<Option<ApiServers>>,
    web: Web,
    tester: ProviderTester,
    /// A permit for each provider that is being tested.
    provider_tests: tokio::sync::Semaphore,
    _upkeep: Upkeep,
}

/// What is told about the configuration.
#[derive(Debug, Default)]
struct State {
    status: ConfigStatus,
    is_ready: bool,
    is_draining: bool,
    addresses: Vec<(String, SocketAddr)>,
    /// Files that everybody can read and that have been warned of.
    exposed: Vec<Exposed>,
}

impl Engine {
    /// Reads the file and starts to serve it.
    ///
    /// # Errors
    /// Whatever is wrong with the file, its certificates, its addresses or the data folder.
    pub(crate) async fn start(
        options: &RunOptions,
        clock: &Clock,
        shutdown: &Shutdown,
        (predecessor, inherited): (Option<&HandoverSocket>, &mut Inherited),
    ) -> anyhow::Result<(Arc<Self>, Workers)> {
        let stamp = Stamp::of(options);
        let is_inherited = data::is_inherited(inherited);
        let beginning = inherited.beginning.take();
        let root_by_chance = match &beginning {
            Some(beginning) => beginning.root_by_chance,
            None => keys::by_chance()?,
        };
        let Footing { snapshot, exposed, catalog, data, keyring, desired, file } =
            Footing::lay(options, clock, root_by_chance, inherited).await?;
        let metrics = Metrics::new(options.workers);
        logging::expose(Arc::clone(&metrics));
        let hash = beginning.as_ref().map_or_else(HashKey::by_chance, |beginning| beginning.hash);
        let mut parts = Parts::hashed_by(hash, Arc::clone(&metrics));
        parts.catalog = catalog.held();
        let resolver = Arc::new(Resolver::system());
        let supervisor = Supervisor::new(crate::child::supervisor, Handle::current());
        parts.far = FarServers::new(supervisor, Arc::clone(&resolver), Handle::current());
        let leases = data.as_ref().map(|data| {
            parts.ledger = Arc::new(Ledger::kept(Vec::new()));
            Leases::new(Arc::clone(&parts.ledger), data.ledger(), clock.clone())
        });
        parts.directory = Arc::new(Directory::new(clock.clone(), Arc::clone(&parts.ledger)));
        let of_file = directory::OfFile::default();
        of_file.apply(&snapshot, &parts.directory);
        let assembly = Assembly::build(Arc::clone(&snapshot), None, &parts, clock.now())
            .map_err(|errors| anyhow!(joined(&errors)))?;
        let mut sockets = Sockets::default();
        let prepared = sockets.prepare(&assembly, options.workers, inherited)?;
        let access_log = AccessLog::open(&snapshot.access_log, logging::access_log_form(&snapshot))
            .context("the access log")?;
        access_log.expose(&metrics);
        let registry = Arc::new(Registry::new());
        registry.replace(assembly.upstreams.iter().map(|upstream| Arc::clone(&upstream.balance)));
        architrave_control::expose_endpoints(&metrics, Arc::clone(&registry), clock.clone());
        let keeps_usage = desired.is_some() && snapshot.usage.is_enabled;
        let gateway = Arc::new(Gateway {
            assembly: ArcSwap::from_pointee(assembly),
            clock: clock.clone(),
            metrics,
            access_log,
            usage: keeps_usage.then(UsageQueue::default),
            shutdown: shutdown.signal(),
            cookie_seal: CookieSeal::new(&keyring),
            mcp_seals: McpSeals::new(&keyring),
            kept: Arc::default(),
            talk_keys: TalkKeys::default(),
            directory: Arc::clone(&parts.directory),
            unpriced: UnpricedModels::default(),
            offload: Offload::start().context("threads for large bodies")?,
            retired: retirement()?,
        });
        let kept = data.as_ref();
        let kept = kept.map(|data| KeptFile::new(Arc::clone(&gateway), data.kept()));
        certificates::expose(&gateway);
        expose_delays(&gateway);
        figures::expose(&gateway, &parts.limiters);
        Arc::clone(&parts.service_accounts).start(
            Arc::clone(&resolver),
            clock.clone(),
            shutdown.signal(),
        );
        let web = Web::new(Arc::clone(&resolver));
        let accounts = Arc::clone(&parts.service_accounts);
        let tester = ProviderTester::new(Arc::clone(&resolver), accounts, clock.clone());
        keep_key_sets(
            Arc::clone(&parts.directory),
            Arc::clone(&resolver),
            clock.clone(),
            shutdown.signal(),
        );
        let upkeep =
            Upkeep::start(Arc::clone(&registry), resolver, clock.clone(), shutdown.signal());
        let usage = (desired.as_ref().filter(|_| keeps_usage))
            .map(|desired| UsageKeeper::start(&gateway, desired.database.usage.clone()))
            .transpose()?;
        let (workers, senders) = Workers::start(options.workers, &gateway)?;
        let engine = Arc::new(Self {
            options: options.clone(),
            gateway,
            parts,
            catalog,
            registry,
            senders,
            guests: AtomicUsize::new(0),
            data,
            root_by_chance,
            leases,
            kept,
            sockets: Arc::new(tokio::sync::Mutex::new(sockets)),
            desired,
            usage,
            of_file: Mutex::default(),
            applications_of_file: of_file,
            applications_of_store: directory::OfStore::default(),
            state: Mutex::default(),
            stamp: Mutex::new(stamp),
            taken_text: Mutex::new(Arc::clone(&file.text)),
            admin: Mutex::default(),
            web,
            tester,
            provider_tests: tokio::sync::Semaphore::new(provider_test::TESTS_MAX),
            _upkeep: upkeep,
        });
        if let Some(desired) = &engine.desired {
            let store = &desired.database.store;
            let read = engine.applications_of_store.catch_up(store, &engine.parts.directory);
            read.await.context("the database")?;
        }
        {
            let assembly = engine.gateway.assembly.load_full();
            // Last of all that can fail, and before anything is served: an old process spends no more
            // than its leases from here on.
            engine.begin_leases(predecessor.filter(|_| is_inherited)).await?;
            if let Some(predecessor) = predecessor.filter(|_| beginning.is_some()) {
                engine.ask_known(predecessor)?;
            }
            if let Some(desired) = &engine.desired {
                desired.settle().await.context("the database")?;
                desired.taken(desired.rows(), file);
            }
            let mut sockets = engine.sockets.lock().await;
            sockets.apply(prepared, &assembly, &engine.senders).await?;
            engine.taken(&assembly, &sockets);
        }
        engine.expose_database();
        engine.state().exposed = exposed;
        engine.state().is_ready = true;
        Ok((engine, workers))
    }

    /// What all workers share.
    #[must_use]
    pub(crate) const fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Has a worker attend to somebody who calls from within the process: another one each time.
    pub(crate) async fn invite(&self, guest: Guest) {
        let turn = self.guests.fetch_add(1, Ordering::Relaxed);
        self.senders.send(turn % self.senders.len(), Command::Attend(guest)).await;
    }

    /// The database, if there is one.
    #[must_use]
    pub(crate) fn store(&self) -> Option<&architrave_store::Store> {
        self.desired.as_ref().map(|desired| &desired.database.store)
    }

    /// What was used and who keeps it, if anybody does.
    #[must_use]
    pub(crate) fn usage(&self) -> Option<(&architrave_store::UsageStore, &UsageKeeper)> {
        Some((&self.desired.as_ref()?.database.usage, self.usage.as_ref()?))
    }

    /// Writes down what was used in the last moments. To be called after the last exchange.
    pub(crate) async fn close_usage(&self) {
        if let Some(usage) = &self.usage {
            usage.close().await;
        }
    }

    /// Where backups of the embedded database go; `None` where there is none.
    #[must_use]
    pub(crate) fn backups_folder(&self) -> Option<std::path::PathBuf> {
        let is_embedded = self.options.database == Some(DatabaseChoice::Embedded);
        self.data.as_ref().filter(|_| is_embedded).map(DataFolder::backups)
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

    /// Notes that `assembly` is in force.
    fn taken(&self, assembly: &Assembly, sockets: &Sockets) {
        let now: SystemTime = self.gateway.clock.wall();
        self.gateway.metrics.gateway().config_taken(assembly.generation, now);
        self.parts.ledger.forget(self.gateway.clock.now(), now);
        let mut state = self.state();
        state.addresses = sockets.addresses();
        state.status = ConfigStatus {
            generation: assembly.generation,
            loaded_at: Some(now),
            file: self.options.config.clone(),
            refused: None,
        };
    }

    /// The objects of the file, where it is all there is: read only when somebody asks, so that a
    /// gateway that nobody asks does without them.
    fn objects_of_file(&self) -> Arc<Objects> {
        let generation = self.gateway.assembly.load().generation;
        let mut known = lock(&self.of_file);
        match &*known {
            Some((of, objects)) if *of == generation => Arc::clone(objects),
            _ => {
                let file = GatewayText::read(self.options.config.as_deref());
                let objects = file.map(|file| Objects::new(file.objects())).unwrap_or_default();
                let objects = Arc::new(objects);
                *known = Some((generation, Arc::clone(&objects)));
                objects
            }
        }
    }

    /// Opens the listeners of the API where the configuration wants them; a reload may move them.
    ///
    /// # Errors
    /// When its address is taken.
    pub(crate) fn open_admin(
        &self,
        mut admin: ApiServers,
        inherited: &mut Inherited,
    ) -> anyhow::Result<()> {
        let assembly = self.gateway.assembly.load_full();
        admin.apply(admin.prepare(&assembly.snapshot, inherited)?)?;
        *lock(&self.admin) = Some(admin);
        Ok(())
    }

    /// Closes the admin listener for good.
    pub(crate) fn close_admin(&self) {
        if let Some(admin) = &mut *lock(&self.admin) {
            admin.close();
        }
    }

    /// A copy of every listening socket, and of the data folder's lock, each with its label, for a
    /// new process.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(crate) fn copies(&self, sockets: &Sockets) -> io::Result<Vec<(String, OwnedFd)>> {
        let admin = lock(&self.admin);
        let admin = admin.iter().flat_map(ApiServers::labelled);
        let data = self.data.as_ref().map(DataFolder::labelled);
        let all = sockets.labelled().into_iter().chain(admin).chain(data);
        all.map(|(label, fd)| Ok((label, fd.try_clone_to_owned()?))).collect()
    }

    /// From here on the process is not ready for traffic, and takes no configuration.
    pub(crate) fn begin_draining(self: &Arc<Self>) {
        self.state().is_draining = true;
        // A reload may be under way and slow; nothing else waits for its end.
        let engine = Arc::clone(self);
        task::spawn(async move { engine.sockets.lock().await.release() });
    }

    /// Exchanges in flight and connections open, at the listeners that there are.
    pub(crate) fn open(&self) -> (u64, u64) {
        let assembly = self.gateway.assembly.load();
        let open = assembly.listeners.iter().map(|listener| listener.metrics.open());
        open.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Writes out what the access log still holds.
    pub(crate) async fn flush_log(&self, timeout: Duration) {
        let log = Arc::clone(&self.gateway.access_log);
        let flush = tokio::task::spawn_blocking(move || log.close(timeout));
        if !flush.await.unwrap_or(false) {
            tracing::warn!("some lines of the access log could not be written");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn joined(errors: &[architrave_proxy::AssemblyError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Shows how late workers come, by the clock that they know.
fn expose_delays(gateway: &Arc<Gateway>) {
    let weak = Arc::downgrade(gateway);
    gateway.metrics.add_source(Box::new(move |sink| {
        let Some(gateway) = weak.upgrade() else { return };
        gateway.metrics.workers().sample(gateway.clock.now(), sink);
    }));
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
