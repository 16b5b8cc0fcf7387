//! The commands that move objects between a gateway and a gateway file: export, apply, diff; and those
//! that copy the database and make a set-up code. They work on the database itself, or ask a gateway that runs.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what they do")]

mod callers;
mod desk;
mod difference;
mod refusal;
mod remote;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail, ensure};
use architrave_config::object::{
    Held, Object, ObjectKind, Objects, Origin, Secrets, callers_of, canonical, export_with,
    objects_of, settings_of,
};
use architrave_config::ports::ReloadError;
use architrave_core::{Clock, Secret};
use architrave_llm::catalog::Catalog;
use architrave_proxy::Keyring;
use architrave_store::Page;
use serde_json::{Value, json};

use crate::catalog::{CatalogFile, CatalogPlace};
use crate::data::{self, DataFolder};
use crate::database::{Database, DatabaseChoice};
use crate::sockets::Inherited;
use crate::sources::{self, GatewayText, SystemSources};
use crate::{complaint, keys, setup_code, text};
use callers::{Other, People};
use desk::Desk;
use difference::{Difference, Fate};
use refusal::Refusal;
use remote::{Remote, Seen, token_of_environment};

/// What `diff` exits with when there is a difference.
const DIFFERENT: u8 = 2;

/// Teams that are read at once.
const TEAMS_PER_PAGE: u32 = 1_000;

/// The database that a command works on.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Its admin listener, such as `http://127.0.0.1:9080`.
    pub url: String,
    /// A file with the token that is presented there.
    pub token_file: Option<PathBuf>,
    /// The token itself, from the environment; it goes before the file.
    pub token: Option<Secret>,
    /// Whose word is taken for the gateway's certificate, in place of the system's authorities.
    pub ca_file: Option<PathBuf>,
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
    /// Whether what breaks callers is published all the same.
    pub is_override: bool,
    /// Whether subscriptions to plans that are removed are cancelled.
    pub ends_subscriptions: bool,
    /// Why, for the audit log.
    pub reason: Option<String>,
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

/// Writes the objects of a database, and who calls by subscriptions, as a gateway file.
pub(crate) fn export(options: &ExportOptions) -> ExitCode {
    ended(run(async {
        ensure!(
            !options.with_secrets || options.output.is_some(),
            "secrets are written to a file alone, which only its owner can read: add --output FILE"
        );
        let side = Side::open(&options.server, &options.target).await?;
        let is_asked = matches!(side, Side::Server(_));
        ensure!(!(is_asked && options.with_secrets), "a gateway that is asked shows no secrets");
        let (objects, people) = (of_database(side.seen().await?.objects), side.people().await?);
        side.close().await;
        let secrets = if options.with_secrets { Secrets::Plain } else { Secrets::Variables };
        let (callers, left_out) = people.written(options.with_secrets);
        let objects = objects.iter().map(|held| &held.object);
        let exported = export_with(objects, &callers, secrets);
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
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            eprintln!(
                "note: {names}: keys that no gateway has made are left out, since their digests \
                 would give them away; --with-secrets writes those, too"
            );
        }
        let has_applications = people.applications.is_some_and(|all| !all.is_empty());
        if is_asked && has_applications {
            eprintln!(
                "note: a gateway that is asked shows no keys of applications; export its database"
            );
        }
        Ok(ExitCode::SUCCESS)
    }))
}

/// Makes the objects of a database those of a file, and who calls by subscriptions.
pub(crate) fn apply(options: &ApplyOptions) -> ExitCode {
    ended(run(async {
        let side = match &options.server {
            Some(server) => Side::Server(server.remote()?),
            None => Side::Database(Box::new(Opened::write(&options.target).await?)),
        };
        let (seen, mut changes) = side.changes(&options.target, &options.file).await?;
        if !options.is_pruning {
            changes.keep_what_is_there();
        }
        side.judge(&seen.objects, &changes)?;
        eprint!("{changes}");
        let count = changes.count();
        if count > 0 {
            let body = changes.body(&seen, options);
            let dry = if options.is_dry_run { "?validate_only=true" } else { "" };
            let answer = side.post(&seen, &format!("{APPLY}{dry}"), &body).await?;
            answer.map_err(|refusal| anyhow!("{refusal}"))?;
        }
        side.close().await;
        let plural = if count == 1 { "" } else { "s" };
        let nothing = if options.is_dry_run { "; nothing was written" } else { "" };
        eprintln!("{count} change{plural}{nothing}");
        Ok(ExitCode::SUCCESS)
    }))
}

/// Says what differs between the objects of a database, with who calls by subscriptions, and those
/// of a file; and what would be refused of it.
pub(crate) fn diff(options: &DiffOptions) -> ExitCode {
    ended(run(async {
        let side = Side::open(&options.server, &options.target).await?;
        let (seen, changes) = side.changes(&options.target, &options.file).await?;
        let mut lines = changes.to_string();
        let mut kept = changes.clone();
        kept.keep_what_is_there();
        let asked = ApplyOptions::of(options);
        for (how, changes) in [("apply", &kept), ("apply --prune", &changes)] {
            // Where nothing is to go, both are the same.
            let is_again = how != "apply" && changes.count() == kept.count();
            if changes.count() == 0 || is_again {
                continue;
            }
            let body = changes.body(&seen, &asked);
            let path = format!("{APPLY}?validate_only=true");
            if let Err(refusal) = side.post(&seen, &path, &body).await? {
                let why = refusal.to_string().replace('\n', "\n    ");
                lines.push_str(&format!("! {how} would be refused: {why}\n"));
            }
        }
        side.close().await;
        text::print(&lines);
        Ok(if changes.count() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
    }))
}

/// The operation that makes everything so at once.
const APPLY: &str = "/api/v1/objects:apply";

/// What a command works on.
enum Side {
    Database(Box<Opened>),
    Server(Remote),
}

impl Side {
    /// For looking; of a database, beside a gateway that may run.
    async fn open(server: &Option<Server>, target: &Target) -> anyhow::Result<Self> {
        Ok(match server {
            Some(server) => Self::Server(server.remote()?),
            None => Self::Database(Box::new(Opened::read(target).await?)),
        })
    }

    async fn close(self) {
        if let Self::Database(opened) = self {
            opened.close().await;
        }
    }

    async fn seen(&self) -> anyhow::Result<Seen> {
        match self {
            Self::Server(remote) => remote.objects().await,
            Self::Database(opened) => opened.seen().await,
        }
    }

    async fn people(&self) -> anyhow::Result<People> {
        match self {
            Self::Server(remote) => remote.people().await,
            Self::Database(opened) => {
                People::of_store(&opened.database.store).await.context("the database")
            }
        }
    }

    /// The names of all teams.
    async fn teams(&self) -> anyhow::Result<Vec<String>> {
        let opened = match self {
            Self::Server(remote) => return remote.teams().await,
            Self::Database(opened) => opened,
        };
        let (mut names, mut page) = (Vec::new(), Page::first(TEAMS_PER_PAGE));
        loop {
            let (teams, next) = opened.database.store.teams(&page).await.context("the database")?;
            names.extend(teams.into_iter().map(|team| team.name));
            match next {
                Some(after) => page.after = Some(after),
                None => return Ok(names),
            }
        }
    }

    /// What is there, and what must become of it so that it is what a file says.
    async fn changes(&self, target: &Target, file: &Path) -> anyhow::Result<(Seen, Changes)> {
        let seen = self.seen().await?;
        let catalog = match self {
            Self::Server(_) => catalog_of(target)?,
            Self::Database(opened) => Arc::clone(&opened.catalog),
        };
        let (wanted, people) = wanted(file, &catalog)?;
        let mut objects = difference::between(&seen.objects, &wanted);
        objects.retain(|one| !is_of_file(&seen.objects, one));
        let says_nothing = people.teams.is_none()
            && people.applications.is_none()
            && people.subscriptions.is_none();
        let others = match says_nothing {
            true => Vec::new(),
            false => callers::between(&self.people().await?, &people),
        };
        let needed = objects.iter().filter(|one| one.fate != Fate::Remove);
        let needed = needed.filter_map(|one| one.object.body.get("team").and_then(Value::as_str));
        let needed: BTreeSet<&str> = needed.chain(people.teams()).collect();
        let mut teams: Vec<String> = Vec::new();
        if !needed.is_empty() {
            let there = self.teams().await?;
            let is_named =
                |name: &str| people.teams.as_ref().is_some_and(|all| all.contains_key(name));
            let is_missing =
                |name: &&str| !there.iter().any(|known| known == name) && !is_named(name);
            teams.extend(needed.into_iter().filter(is_missing).map(str::to_owned));
        }
        Ok((seen, Changes { teams, objects, others }))
    }

    /// Whether the whole would be valid; a gateway judges that itself.
    fn judge(&self, held: &Objects, changes: &Changes) -> Result<(), ReloadError> {
        match self {
            Self::Server(_) => Ok(()),
            Self::Database(opened) => opened.judge(held, &changes.objects),
        }
    }

    async fn post(
        &self,
        seen: &Seen,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Result<Value, Refusal>> {
        match self {
            Self::Server(remote) => remote.post(path, body).await,
            Self::Database(opened) => Desk::over(opened, seen)?.post(path, body).await,
        }
    }
}

/// What becomes of what is there.
#[derive(Clone, Debug)]
struct Changes {
    /// Teams that things belong to and that are not there.
    teams: Vec<String>,
    objects: Vec<Difference>,
    others: Vec<Other>,
}

impl Changes {
    /// Leaves what the file does not have.
    fn keep_what_is_there(&mut self) {
        self.objects.retain(|one| one.fate != Fate::Remove);
        self.others.retain(|one| one.fate() != Fate::Remove);
    }

    fn count(&self) -> usize {
        self.teams.len() + self.objects.len() + self.others.len()
    }

    /// What the operation that applies is told.
    fn body(&self, seen: &Seen, options: &ApplyOptions) -> Value {
        let objects = self.objects.iter().map(|Difference { object, fate, .. }| {
            let (kind, name) = (object.kind, &object.name);
            let config = match fate {
                Fate::Remove => Value::Null,
                Fate::Create | Fate::Update => canonical(object),
            };
            let mut body = json!({
                "kind": kind.singular(),
                "name": name,
                "team": object.body.get("team").filter(|_| *fate != Fate::Remove),
                "config": config,
            });
            if let Some(tag) = seen.tags.get(&(kind, name.clone())) {
                body["if_match"] = tag.clone().into();
            }
            body
        });
        let [mut teams, applications, subscriptions] = callers::bodies(&self.others);
        teams.extend(self.teams.iter().map(|name| json!({ "name": name })));
        json!({
            "teams": teams,
            "objects": objects.collect::<Vec<_>>(),
            "applications": applications,
            "subscriptions": subscriptions,
            "override": options.is_override,
            "end_subscriptions": options.ends_subscriptions,
            "reason": options.reason,
            "source": options.file.to_string_lossy(),
        })
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for team in &self.teams {
            writeln!(formatter, "+ team {team}")?;
        }
        for one in &self.objects {
            writeln!(formatter, "{one}")?;
        }
        for one in &self.others {
            writeln!(formatter, "{one}")?;
        }
        Ok(())
    }
}

impl ApplyOptions {
    /// What would be applied to make a difference none.
    fn of(options: &DiffOptions) -> Self {
        Self {
            target: options.target.clone(),
            server: None,
            file: options.file.clone(),
            is_dry_run: true,
            is_pruning: true,
            is_override: false,
            ends_subscriptions: false,
            reason: None,
        }
    }
}

/// Copies the embedded database, whether or not a gateway runs.
pub(crate) fn backup(target: &Target, file: &Path) -> ExitCode {
    ended(run(async {
        ensure!(
            target.choice == DatabaseChoice::Embedded,
            "this copies the embedded database; make backups of PostgreSQL with pg_dump"
        );
        let beside = |suffix: &str| {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        let (usage, ledger) = (beside(".usage"), beside(".ledger"));
        for part in [file, &usage, &ledger] {
            ensure!(!part.exists(), "{} is there already, and is not written over", part.display());
        }
        let opened = Opened::read(target).await?;
        let made = async {
            opened.database.store.backup(file).await?;
            let has_usage = opened.database.usage.backup(&usage).await?;
            // Its lines are only ever added, so that a copy is what it was a moment ago.
            let spent = target.data.join(data::LEDGER);
            let has_ledger = spent.exists();
            if has_ledger {
                copy_new(&spent, &ledger).with_context(|| ledger.display().to_string())?;
            }
            anyhow::Ok((has_usage, has_ledger))
        };
        let made = made.await;
        opened.close().await;
        if made.is_err() {
            // None was there before, and what there is now is no backup.
            for part in [file, &usage, &ledger] {
                let _none = std::fs::remove_file(part);
            }
        }
        let (has_usage, has_ledger) = made?;
        let key = target.data.join(keys::ROOT_KEY);
        eprintln!("{} is whole; its secrets are sealed with {}", file.display(), key.display());
        if has_usage {
            eprintln!("{} has what was used: usage.db", usage.display());
        }
        if has_ledger {
            eprintln!("{} has what consumers have spent: ledger", ledger.display());
        }
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

/// A copy of a small file, for its owner alone, where none is yet.
fn copy_new(from: &Path, to: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(from)?;
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(to)?;
    out.write_all(&bytes)?;
    out.sync_all()
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
    async fn seen(&self) -> anyhow::Result<Seen> {
        let store = &self.database.store;
        // Before they are read: what is written meanwhile is then told, and not missed.
        let mark = store.objects_mark().await.context("the database")?;
        let rows = store.all_objects().await.context("the database")?;
        let held = rows.into_iter().filter_map(|row| {
            let kind = ObjectKind::from_singular(&row.kind)?;
            let object = Object { kind, name: row.name, body: row.body };
            let object = object.of_team(row.team.as_deref());
            Some(Held { object, origin: Origin::Database })
        });
        Ok(Seen { objects: Objects::new(held), tags: HashMap::new(), mark: Some(mark) })
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
}

impl Server {
    fn remote(&self) -> anyhow::Result<Remote> {
        let token = token_of_environment(self.token_file.as_ref())?;
        let remote = Remote::new(&Self { token, ..self.clone() })?;
        if remote.is_exposed() {
            eprintln!("note: the token goes to {} unencrypted: use https", self.url);
        }
        Ok(remote)
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

/// The objects of a file, and who calls by subscriptions.
fn wanted(file: &Path, catalog: &Arc<Catalog>) -> anyhow::Result<(Objects, People)> {
    let name = file.to_string_lossy();
    let text = GatewayText::read(Some(file))?.text;
    let sources = SystemSources::new(catalog);
    let objects = objects_of(&text, &name, Some(&sources)).map_err(ReloadError::Invalid)?;
    let callers = callers_of(&text, &name, &sources).map_err(ReloadError::Invalid)?;
    let settings = settings_of(&text, &name).map_err(|error| ReloadError::Invalid(vec![error]))?;
    if !settings.is_empty() {
        let settings = settings.join(", ");
        eprintln!("note: {settings}: what is no object stays with the file of the gateway");
    }
    let held = objects.into_iter().map(|object| Held { object, origin: Origin::Database });
    Ok((Objects::new(held), People::of_file(&callers)?))
}
