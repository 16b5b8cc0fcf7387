//! What a command works on: a database that it has itself, or a gateway that is asked.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what commands do")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use architrave_config::object::{Held, Objects, Origin, callers_of, objects_of, settings_of};
use architrave_config::ports::ReloadError;
use architrave_core::Clock;
use architrave_llm::catalog::Catalog;
use architrave_store::Page;
use serde_json::Value;

use super::callers::{self, People};
use super::changes::Changes;
use super::desk::Desk;
use super::difference::{self, Difference, Fate};
use super::opened::Opened;
use super::options::{Server, Target};
use super::refusal::Refusal;
use super::remote::{Remote, Seen, token_of_environment};
use crate::catalog::CatalogFile;
use crate::sources::{GatewayText, SystemSources};

/// Teams that are read at once.
const TEAMS_PER_PAGE: u32 = 1_000;

/// What a command works on.
pub(super) enum Side {
    Database(Box<Opened>),
    Server(Remote),
}

impl Side {
    /// For looking; of a database, beside a gateway that may run.
    pub(super) async fn open(server: &Option<Server>, target: &Target) -> anyhow::Result<Self> {
        Ok(match server {
            Some(server) => Self::Server(remote(server)?),
            None => Self::Database(Box::new(Opened::read(target).await?)),
        })
    }

    /// For writing; of a database, in place of a gateway.
    pub(super) async fn open_to_write(
        server: &Option<Server>,
        target: &Target,
    ) -> anyhow::Result<Self> {
        Ok(match server {
            Some(server) => Self::Server(remote(server)?),
            None => Self::Database(Box::new(Opened::write(target).await?)),
        })
    }

    pub(super) async fn close(self) {
        if let Self::Database(opened) = self {
            opened.close().await;
        }
    }

    pub(super) async fn seen(&self) -> anyhow::Result<Seen> {
        match self {
            Self::Server(remote) => remote.objects().await,
            Self::Database(opened) => opened.seen().await,
        }
    }

    /// Who calls by subscriptions; of keys, those of some digests are told apart in any case.
    pub(super) async fn people(&self, digests: &[&str]) -> anyhow::Result<People> {
        match self {
            Self::Server(remote) => remote.people(digests).await,
            Self::Database(opened) => {
                let store = &opened.database.store;
                let mut people = People::of_store(store).await.context("the database")?;
                people.note_ended(store, digests).await.context("the database")?;
                Ok(people)
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
    pub(super) async fn changes(
        &self,
        target: &Target,
        file: &Path,
    ) -> anyhow::Result<(Seen, Changes)> {
        let seen = self.seen().await?;
        let catalog = match self {
            Self::Server(_) => catalog_of(target)?,
            Self::Database(opened) => Arc::clone(&opened.catalog),
        };
        let (wanted, people) = wanted(file, &catalog)?;
        let mut objects = difference::between(&seen.objects, &wanted);
        objects.retain(|one| !is_of_file(&seen.objects, one));
        let held = match people.says_nothing() {
            true => People::default(),
            false => self.people(&people.digests()).await?,
        };
        let now = now();
        let others = callers::between(&held, &people, now);
        let left_alone = callers::left_alone(&held, &people, now);
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
        let tags = held.tags;
        Ok((seen, Changes { teams, objects, others, tags, left_alone }))
    }

    /// Whether the whole would be valid; a gateway judges that itself.
    pub(super) fn judge(&self, held: &Objects, changes: &Changes) -> Result<(), ReloadError> {
        match self {
            Self::Server(_) => Ok(()),
            Self::Database(opened) => opened.judge(held, &changes.objects),
        }
    }

    pub(super) async fn post(
        &self,
        seen: &Seen,
        path: &str,
        body: String,
    ) -> anyhow::Result<Result<Value, Refusal>> {
        match self {
            Self::Server(remote) => remote.post(path, &body).await,
            Self::Database(opened) => Desk::over(opened, seen)?.post(path, body).await,
        }
    }

    /// The longest body of one request, in bytes.
    pub(super) fn body_bytes_max(&self) -> usize {
        match self {
            Self::Server(_) => super::remote::PART_BYTES_MAX,
            Self::Database(_) => super::desk::BODY_BYTES_MAX,
        }
    }
}

/// Microseconds UTC.
fn now() -> i64 {
    let since = Clock::system().wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn remote(server: &Server) -> anyhow::Result<Remote> {
    let token = token_of_environment(server.token_file.as_ref())?;
    let remote = Remote::new(&Server { token, ..server.clone() })?;
    if remote.is_exposed() {
        eprintln!("note: the token goes to {} unencrypted: use https", server.url);
    }
    Ok(remote)
}

fn catalog_of(target: &Target) -> Result<Arc<Catalog>, ReloadError> {
    Ok(CatalogFile::open(target.catalog.clone())?.held())
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
