//! The commands that move objects between a gateway and a gateway file: export, apply, diff; and those
//! that copy the database and make a set-up code. They work on the database itself, or ask a gateway that runs.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what they do")]

mod difference;
mod remote;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use architrave_config::object::{
    Held, Object, ObjectKind, Objects, Origin, Secrets, canonical, export as export_objects,
    objects_of, secret_pointers, settings_of,
};
use architrave_config::ports::ReloadError;
use architrave_core::Clock;
use architrave_llm::catalog::Catalog;
use architrave_proxy::Keyring;
use architrave_store::{Change, ObjectRow, ObjectWrite, StoreError};
use serde_json::{Value, json};

use crate::catalog::{CatalogFile, CatalogPlace};
use crate::data::DataFolder;
use crate::database::{Database, DatabaseChoice, by_system};
use crate::sockets::Inherited;
use crate::sources::{self, GatewayText, SystemSources};
use crate::{complaint, keys, setup_code, text};
use difference::{Difference, Fate};
use remote::Remote;

/// What `diff` exits with when there is a difference.
const DIFFERENT: u8 = 2;

/// The database that a command works on.
#[derive(Debug)]
pub(crate) struct Target {
    /// Which one.
    pub choice: DatabaseChoice,
    /// The data folder: of the embedded database, and of the root key.
    pub data: PathBuf,
    /// The gateway file that lies over it, with which the whole must be valid; it may name the root
    /// key.
    pub config: Option<PathBuf>,
    /// The catalogue that providers are of.
    pub catalog: CatalogPlace,
}

/// A running gateway that a command asks.
#[derive(Debug)]
pub(crate) struct Server {
    /// Its admin listener, such as `http://127.0.0.1:9080`.
    pub url: String,
    /// A file with the token that is presented there.
    pub token_file: Option<PathBuf>,
}

/// How to export.
#[derive(Debug)]
pub(crate) struct ExportOptions {
    pub target: Target,
    /// The gateway that is asked in place of the database.
    pub server: Option<Server>,
    /// Where to; standard output where nothing is named.
    pub output: Option<PathBuf>,
    /// Whether secrets are written out.
    pub with_secrets: bool,
}

/// How to apply.
#[derive(Debug)]
pub(crate) struct ApplyOptions {
    pub target: Target,
    /// The gateway that is asked in place of the database.
    pub server: Option<Server>,
    /// The gateway file whose objects are wanted.
    pub file: PathBuf,
    /// Whether nothing is written.
    pub is_dry_run: bool,
    /// Whether objects that the file does not have are removed.
    pub is_pruning: bool,
}

/// How to compare.
#[derive(Debug)]
pub(crate) struct DiffOptions {
    pub target: Target,
    /// The gateway that is asked in place of the database.
    pub server: Option<Server>,
    /// The gateway file.
    pub file: PathBuf,
}

/// Writes the objects of a database as a gateway file.
pub(crate) fn export(options: &ExportOptions) -> ExitCode {
    ended(run(async {
        ensure!(
            !options.with_secrets || options.output.is_some(),
            "secrets are written to a file alone, which only its owner can read: add --output FILE"
        );
        let objects = match &options.server {
            Some(server) => {
                ensure!(!options.with_secrets, "a gateway that is asked shows no secrets");
                of_database(server.remote()?.objects()?.objects)
            }
            None => {
                let opened = Opened::read(&options.target).await?;
                let objects = opened.objects().await?;
                opened.close().await;
                objects
            }
        };
        let secrets = if options.with_secrets { Secrets::Plain } else { Secrets::Variables };
        let exported = export_objects(objects.iter().map(|held| &held.object), secrets);
        match &options.output {
            Some(file) => {
                write(file, &exported.text).with_context(|| file.display().to_string())?;
            }
            None => drop(text::print(&exported.text)),
        }
        if !exported.variables.is_empty() {
            eprintln!("the file needs these variables to be set:");
            for (name, what) in &exported.variables {
                eprintln!("  {name}  {what}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }))
}

/// Makes the objects of a database those of a file.
pub(crate) fn apply(options: &ApplyOptions) -> ExitCode {
    ended(run(async {
        let is_meant = |one: &Difference| options.is_pruning || one.fate != Fate::Remove;
        let count = match &options.server {
            Some(server) => {
                let remote = server.remote()?;
                let seen = remote.objects()?;
                let wanted = wanted(&options.file, &catalog_of(&options.target)?)?;
                let mut differences = difference::between(&seen.objects, &wanted);
                differences.retain(|one| is_meant(one) && !is_of_file(&seen.objects, one));
                differences.iter().for_each(|one| eprintln!("{one}"));
                if !options.is_dry_run {
                    remote.put(&seen, &differences)?;
                }
                differences.len()
            }
            None => {
                let opened = Opened::write(&options.target).await?;
                let held = opened.objects().await?;
                let wanted = wanted(&options.file, &opened.catalog)?;
                let mut differences = difference::between(&held, &wanted);
                differences.retain(is_meant);
                opened.judge(&held, &differences)?;
                differences.iter().for_each(|one| eprintln!("{one}"));
                if !options.is_dry_run && !differences.is_empty() {
                    opened.put(&options.file, &differences).await.context("the database")?;
                }
                opened.close().await;
                differences.len()
            }
        };
        let plural = if count == 1 { "" } else { "s" };
        let nothing = if options.is_dry_run { "; nothing was written" } else { "" };
        eprintln!("{count} change{plural}{nothing}");
        Ok(ExitCode::SUCCESS)
    }))
}

/// Says what differs between the objects of a database and those of a file.
pub(crate) fn diff(options: &DiffOptions) -> ExitCode {
    ended(run(async {
        let differences = match &options.server {
            Some(server) => {
                let seen = server.remote()?.objects()?;
                let wanted = wanted(&options.file, &catalog_of(&options.target)?)?;
                let mut differences = difference::between(&seen.objects, &wanted);
                differences.retain(|one| !is_of_file(&seen.objects, one));
                differences
            }
            None => {
                let opened = Opened::read(&options.target).await?;
                let held = opened.objects().await?;
                let differences =
                    difference::between(&held, &wanted(&options.file, &opened.catalog)?);
                opened.close().await;
                differences
            }
        };
        let lines: String = differences.iter().map(|one| format!("{one}\n")).collect();
        text::print(&lines);
        Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
    }))
}

/// Copies the embedded database, whether or not a gateway runs.
pub(crate) fn backup(target: &Target, file: &Path) -> ExitCode {
    ended(run(async {
        ensure!(
            target.choice == DatabaseChoice::Embedded,
            "this copies the embedded database; make backups of PostgreSQL with pg_dump"
        );
        let opened = Opened::read(target).await?;
        let made = opened.database.store.backup(file).await;
        opened.close().await;
        made?;
        let key = target.data.join(keys::ROOT_KEY);
        eprintln!("{} is whole; its secrets are sealed with {}", file.display(), key.display());
        Ok(ExitCode::SUCCESS)
    }))
}

/// Makes a new set-up code, whether or not a gateway runs.
pub(crate) fn new_setup_code(target: &Target) -> ExitCode {
    ended(run(async {
        let opened = Opened::read(target).await?;
        let code = setup_code::make(&opened.database.store).await?;
        opened.close().await;
        match code {
            Some(code) => Ok(text::print(&format!("{}\n", code.as_str()))),
            None => bail!("this gateway is set up already: its admins invite others"),
        }
    }))
}

fn run(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}

fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        complaint::tell(&error, None);
        ExitCode::FAILURE
    })
}

/// A file that only its owner can read, whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    // One that was left behind may be readable by others.
    let _none = std::fs::remove_file(&beside);
    let mut out = options.write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)
}

/// A database that is open, for a command.
struct Opened {
    database: Database,
    /// What lies over it.
    file: GatewayText,
    catalog: Arc<Catalog>,
    /// Held while objects are written to the embedded database: by no gateway then.
    _folder: Option<DataFolder>,
}

impl Opened {
    /// Beside a gateway that may run.
    async fn read(target: &Target) -> anyhow::Result<Self> {
        if target.choice == DatabaseChoice::Embedded {
            let file = target.data.join("architrave.db");
            ensure!(file.exists(), "there is no database {}", file.display());
        }
        // Asking makes nothing: a root key that is not there cannot be the right one.
        let key = target.data.join(keys::ROOT_KEY);
        ensure!(target.config.is_some() || key.exists(), "there is no root key {}", key.display());
        Self::open(target, None).await
    }

    /// In place of a gateway, which would not know of what is written to its file.
    async fn write(target: &Target) -> anyhow::Result<Self> {
        let folder = match target.choice {
            DatabaseChoice::Embedded => {
                Some(DataFolder::open(&target.data, &mut Inherited::default())?)
            }
            DatabaseChoice::Postgres(_) => {
                DataFolder::make(&target.data)?;
                None
            }
        };
        Self::open(target, folder).await
    }

    async fn open(target: &Target, folder: Option<DataFolder>) -> anyhow::Result<Self> {
        let catalog = CatalogFile::open(target.catalog.clone())?.held();
        let file = GatewayText::read(target.config.as_deref())?;
        let keyring: Keyring = keys::load_in(&file.keys(&catalog)?, Some(&target.data))?;
        let clock = Clock::system();
        let database =
            Database::open_beside(&target.choice, &target.data, &keyring, &clock).await?;
        Ok(Self { database, file, catalog, _folder: folder })
    }

    async fn close(self) {
        self.database.close().await;
    }

    /// The objects of the database.
    async fn objects(&self) -> anyhow::Result<Objects> {
        let rows = self.database.store.all_objects().await.context("the database")?;
        let held = rows.into_iter().filter_map(|row| {
            let kind = ObjectKind::from_singular(&row.kind)?;
            let object = Object { kind, name: row.name, body: row.body };
            Some(Held { object, origin: Origin::Database })
        });
        Ok(Objects::new(held))
    }

    /// Whether the whole would be valid with these differences.
    fn judge(&self, held: &Objects, differences: &[Difference]) -> Result<(), ReloadError> {
        let mut whole = held.clone();
        for Difference { object, fate, .. } in differences {
            match fate {
                Fate::Remove => drop(whole.remove(object.kind, &object.name)),
                Fate::Create | Fate::Update => {
                    let object = object.clone();
                    whole.put(Arc::new(Held { object, origin: Origin::Database }));
                }
            }
        }
        let judged = sources::load(&self.file, Some(&whole), &self.catalog);
        judged.map(drop).map_err(ReloadError::from)
    }

    /// Writes them, all or none.
    async fn put(&self, file: &Path, differences: &[Difference]) -> Result<(), StoreError> {
        let mut change = self.database.store.change().await?;
        for one in differences {
            put_one(&mut change, one).await?;
        }
        let mut audit = by_system("apply", "file", &file.to_string_lossy());
        audit.via = "cli".to_owned();
        let done = |one: &Difference| json!({ "kind": one.object.kind.singular(), "name": one.object.name, "change": one.fate.word() });
        audit.after = Some(Value::Array(differences.iter().map(done).collect()));
        change.commit(audit).await?;
        Ok(())
    }
}

impl Server {
    fn remote(&self) -> anyhow::Result<Remote> {
        Remote::new(&self.url, self.token_file.as_deref())
    }
}

fn catalog_of(target: &Target) -> Result<Arc<Catalog>, ReloadError> {
    Ok(CatalogFile::open(target.catalog.clone())?.held())
}

/// Those that the database has, where a file lies over it.
fn of_database(objects: Objects) -> Objects {
    Objects::of(objects.iter().filter(|held| held.origin == Origin::Database).cloned())
}

/// Whether it is about an object of the gateway's own file, which is changed there alone.
fn is_of_file(held: &Objects, one: &Difference) -> bool {
    let held = held.get(one.object.kind, &one.object.name);
    held.is_some_and(|held| held.origin != Origin::Database)
}

/// The objects of a file.
fn wanted(file: &Path, catalog: &Arc<Catalog>) -> anyhow::Result<Objects> {
    let name = file.to_string_lossy();
    let text = GatewayText::read(Some(file))?.text;
    let sources = SystemSources::new(catalog);
    let objects = objects_of(&text, &name, Some(&sources)).map_err(ReloadError::Invalid)?;
    let settings = settings_of(&text, &name).map_err(|error| ReloadError::Invalid(vec![error]))?;
    if !settings.is_empty() {
        let settings = settings.join(", ");
        eprintln!("note: {settings}: what is no object stays with the file of the gateway");
    }
    let mut of_teams: Vec<String> = Vec::new();
    let held = objects.into_iter().map(|mut object| {
        // In a database, whose an object is is no part of what it says.
        if object.kind == ObjectKind::Service
            && let Some(members) = object.body.as_object_mut()
            && members.remove("team").is_some()
        {
            of_teams.push(object.name.clone());
        }
        Held { object, origin: Origin::Database }
    });
    let objects = Objects::new(held);
    if !of_teams.is_empty() {
        let services = of_teams.join(", ");
        eprintln!("note: {services}: give them to their teams by POST /api/v1/services/NAME:move");
    }
    Ok(objects)
}

async fn put_one(change: &mut Change, one: &Difference) -> Result<(), StoreError> {
    let Object { kind, name, .. } = &one.object;
    let body = canonical(&one.object);
    let secrets = secret_pointers(*kind, &body);
    let before: Option<ObjectRow> = change.object(kind.singular(), name).await?;
    let team = before.as_ref().and_then(|row| row.team.as_deref());
    let write = ObjectWrite { kind: kind.singular(), name, team, body: &body, secrets: &secrets };
    match (&one.fate, &before) {
        (Fate::Remove, None) => {}
        (Fate::Remove, Some(row)) => change.remove_object(row).await?,
        (_, Some(row)) => drop(change.update_object(row, write).await?),
        (_, None) => drop(change.insert_object(kind.id_prefix(), write).await?),
    }
    Ok(())
}
