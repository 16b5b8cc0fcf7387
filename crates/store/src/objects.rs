//! Objects: what the gateway file has in lists, each as one document, with its secrets sealed apart
//! from it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::vault::Vault;
use crate::{Change, Page, StoreError};

/// An object as it is kept.
#[derive(Clone, PartialEq)]
pub struct ObjectRow {
    /// Its kind, as the caller calls it.
    pub kind: String,
    /// Its name, one of its kind.
    pub name: String,
    /// Its id, for as long as it lives.
    pub id: String,
    /// The name of the team that it belongs to.
    pub team: Option<String>,
    /// The document, secrets opened.
    pub body: Value,
    /// How many times it was written.
    pub revision: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// What all objects were like: another one after each change of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectsMark {
    count: i64,
    revisions: i64,
    latest: i64,
}

/// Which object it was, and as of when; not what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMark {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its id: another one where it was removed and made anew.
    pub id: String,
    /// How many times it was written.
    pub revision: i64,
}

/// An object as it is to be kept.
#[derive(Clone, Copy)]
pub struct ObjectWrite<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The name of the team that it belongs to.
    pub team: Option<&'a str>,
    /// The document, secrets plain.
    pub body: &'a Value,
    /// JSON Pointers (RFC 6901) to the secrets of the document.
    pub secrets: &'a [String],
}

impl fmt::Debug for ObjectRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("ObjectRow");
        shown.field("kind", &self.kind).field("name", &self.name).field("id", &self.id);
        // The document has secrets in it.
        shown.field("team", &self.team).field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl fmt::Debug for ObjectWrite<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("ObjectWrite");
        shown.field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

const OBJECT: &str = "SELECT kind, name, id, team, body, secrets, revision, created_at, updated_at \
                      FROM objects WHERE kind = $1 AND name = $2";
const OBJECTS: &str = "SELECT kind, name, id, team, body, secrets, revision, created_at, updated_at \
                       FROM objects WHERE kind = $1 AND name > $2 ORDER BY name LIMIT $3";
const MARK: &str = "SELECT COUNT(*) AS count, \
                    CAST(COALESCE(SUM(revision), 0) AS BIGINT) AS revisions, \
                    COALESCE(MAX(updated_at), 0) AS latest FROM objects";
const MARKS: &str = "SELECT kind, name, id, revision FROM objects ORDER BY kind, name";
const ALL: &str = "SELECT kind, name, id, team, body, secrets, revision, created_at, updated_at \
                   FROM objects ORDER BY kind, name";

reads! {
    /// One object.
    fn object(kind: &str, name: &str) -> Option<ObjectRow>;

    /// Objects of a kind, by name.
    fn objects(kind: &str, page: &Page) -> (Vec<ObjectRow>, Option<String>);

    /// The names of the objects of a kind that belong to one of these teams, in their order.
    fn object_names_of(kind: &str, teams: &[String]) -> Vec<String>;

    /// Names of a team's objects that others had before, each with the moment until which they had
    /// it, in microseconds UTC; of services alone.
    fn object_names_had_by_others(kind: &str, teams: &[String]) -> Vec<(String, i64)>;

    /// Every object, by kind and name, as they were at one moment.
    fn all_objects() -> Vec<ObjectRow>;

    /// What differs after any object was written or removed; next to nothing to ask.
    fn objects_mark() -> ObjectsMark;

    /// Which objects there are, each as of which revision, without what they say.
    fn object_marks() -> Vec<ObjectMark>;
}

async fn object(sight: Sight<'_>, kind: &str, name: &str) -> Result<Option<ObjectRow>, StoreError> {
    let found = sqlx::query(OBJECT).bind(kind).bind(name).fetch_optional(sight.on).await?;
    found.map(|found| row(&found, sight.vault)).transpose()
}

async fn objects(
    sight: Sight<'_>,
    kind: &str,
    page: &Page,
) -> Result<(Vec<ObjectRow>, Option<String>), StoreError> {
    let query = sqlx::query(OBJECTS).bind(kind).bind(page.start()).bind(page.limit());
    let rows = query.fetch_all(sight.on).await?;
    let rows = rows.iter().map(|found| row(found, sight.vault)).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |row: &ObjectRow| row.name.clone()))
}

async fn object_names_of(
    sight: Sight<'_>,
    kind: &str,
    teams: &[String],
) -> Result<Vec<String>, StoreError> {
    let query = "SELECT name FROM objects WHERE kind = $1 AND team = $2 ORDER BY name";
    let mut names = Vec::new();
    for team in teams {
        let of_team = sqlx::query_scalar(query).bind(kind).bind(team).fetch_all(&mut *sight.on);
        names.extend(of_team.await?);
    }
    names.sort();
    Ok(names)
}

async fn object_names_had_by_others(
    sight: Sight<'_>,
    kind: &str,
    teams: &[String],
) -> Result<Vec<(String, i64)>, StoreError> {
    let query = "SELECT r.name, MAX(r.removed_at) FROM name_removals r \
                 JOIN objects o ON o.kind = r.kind AND o.name = r.name \
                 WHERE o.kind = $1 AND o.team = $2 AND r.holder <> $2 GROUP BY r.name";
    let mut names = Vec::new();
    for team in teams {
        let of_team = sqlx::query_as(query).bind(kind).bind(team).fetch_all(&mut *sight.on);
        names.extend(of_team.await?);
    }
    Ok(names)
}

async fn objects_mark(sight: Sight<'_>) -> Result<ObjectsMark, StoreError> {
    let row = sqlx::query(MARK).fetch_one(sight.on).await?;
    let (count, revisions) = (row.try_get("count")?, row.try_get("revisions")?);
    Ok(ObjectsMark { count, revisions, latest: row.try_get("latest")? })
}

async fn object_marks(sight: Sight<'_>) -> Result<Vec<ObjectMark>, StoreError> {
    let rows = sqlx::query(MARKS).fetch_all(sight.on).await?;
    let mark = |row: &AnyRow| {
        Ok(ObjectMark {
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            id: row.try_get("id")?,
            revision: row.try_get("revision")?,
        })
    };
    Ok(rows.iter().map(mark).collect::<Result<_, sqlx::Error>>()?)
}

async fn all_objects(sight: Sight<'_>) -> Result<Vec<ObjectRow>, StoreError> {
    let rows = sqlx::query(ALL).fetch_all(sight.on).await?;
    rows.iter().map(|found| row(found, sight.vault)).collect()
}

impl Change {
    /// Writes an object that is not there yet, with an id of the prefix.
    ///
    /// # Errors
    /// When it is there ([`StoreError::Taken`]), its team is not ([`StoreError::Missing`]), or the
    /// database fails.
    pub async fn insert_object(
        &mut self,
        id_prefix: &str,
        object: ObjectWrite<'_>,
    ) -> Result<ObjectRow, StoreError> {
        let (id, at) = (self.new_id(id_prefix)?, self.at());
        let (body, secrets) = object.sealed(self.store().vault())?;
        let statement = sqlx::query(
            "INSERT INTO objects (kind, name, id, team, body, secrets, revision, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)",
        );
        let statement = statement.bind(object.kind).bind(object.name).bind(&id).bind(object.team);
        let run = self.run(statement.bind(body).bind(secrets).bind(at)).await;
        run.map_err(|error| object.failed(error))?;
        Ok(object.row(id, 1, at, at))
    }

    /// Writes an object anew that is there as `before`.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), its team is not there
    /// ([`StoreError::Missing`]), or the database fails.
    pub async fn update_object(
        &mut self,
        before: &ObjectRow,
        object: ObjectWrite<'_>,
    ) -> Result<ObjectRow, StoreError> {
        let at = self.at();
        let (body, secrets) = object.sealed(self.store().vault())?;
        let statement = sqlx::query(
            "UPDATE objects SET team = $1, body = $2, secrets = $3, revision = revision + 1, \
             updated_at = $4 WHERE kind = $5 AND name = $6 AND id = $7 AND revision = $8",
        );
        let statement = statement.bind(object.team).bind(body).bind(secrets).bind(at);
        let statement = statement.bind(object.kind).bind(object.name).bind(&before.id);
        let written = self.run(statement.bind(before.revision)).await;
        if written.map_err(|error| object.failed(error))? == 0 {
            return Err(StoreError::Stale(words(object.kind, object.name)));
        }
        Ok(object.row(before.id.clone(), before.revision + 1, before.created_at, at))
    }

    /// Removes an object that is there as `before`.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn remove_object(&mut self, before: &ObjectRow) -> Result<(), StoreError> {
        let statement = sqlx::query("DELETE FROM objects WHERE id = $1 AND revision = $2");
        if self.run(statement.bind(&before.id).bind(before.revision)).await? == 0 {
            return Err(StoreError::Stale(words(&before.kind, &before.name)));
        }
        if before.kind == "service" {
            self.note_removal((&before.kind, &before.name), before.team.as_deref()).await?;
        }
        Ok(())
    }

    /// Notes until when somebody had a name.
    pub(crate) async fn note_removal(
        &mut self,
        (kind, name): (&str, &str),
        holder: Option<&str>,
    ) -> Result<(), StoreError> {
        let at = self.at();
        let statement = sqlx::query(
            "INSERT INTO name_removals (kind, name, holder, removed_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, name, holder) DO UPDATE SET removed_at = excluded.removed_at",
        );
        let statement = statement.bind(kind).bind(name).bind(holder.unwrap_or_default()).bind(at);
        self.run(statement).await?;
        Ok(())
    }
}

/// Seals the secrets of all objects anew.
pub(crate) async fn reseal(change: &mut Change) -> Result<u64, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT kind, name, secrets FROM objects WHERE secrets <> '{}'")
            .fetch_all(change.sight().on)
            .await?;
    let mut count = 0;
    for (kind, name, sealed) in rows {
        let vault = change.store().vault();
        let mut secrets = sealed_of(&kind, &name, &sealed)?;
        for (pointer, sealed) in &mut secrets {
            let place = place(&kind, &name, pointer);
            *sealed = vault.seal(&place, &vault.open(&place, sealed)?)?;
            count += 1;
        }
        let statement =
            sqlx::query("UPDATE objects SET secrets = $1 WHERE kind = $2 AND name = $3");
        change.run(statement.bind(text_of(&secrets)).bind(kind).bind(name)).await?;
    }
    Ok(count)
}

impl ObjectWrite<'_> {
    /// The document with nothing where its secrets are, and what they are, sealed, by pointer.
    fn sealed(&self, vault: &Vault) -> Result<(String, String), StoreError> {
        let mut body = self.body.clone();
        let mut secrets = BTreeMap::new();
        for pointer in self.secrets {
            let leaf = body.pointer_mut(pointer);
            let leaf = leaf.ok_or_else(|| StoreError::NoSuchPointer(pointer.clone()))?.take();
            let sealed = vault.seal(&place(self.kind, self.name, pointer), &leaf.to_string())?;
            secrets.insert(pointer.clone(), sealed);
        }
        Ok((body.to_string(), text_of(&secrets)))
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        let team = format!("team {:?}", self.team.unwrap_or_default());
        StoreError::about(error, About::NewOf(&words(self.kind, self.name), &team))
    }

    fn row(&self, id: String, revision: i64, created_at: i64, updated_at: i64) -> ObjectRow {
        ObjectRow {
            kind: self.kind.to_owned(),
            name: self.name.to_owned(),
            id,
            team: self.team.map(str::to_owned),
            body: self.body.clone(),
            revision,
            created_at,
            updated_at,
        }
    }
}

fn row(row: &AnyRow, vault: &Vault) -> Result<ObjectRow, StoreError> {
    let (kind, name): (String, String) = (row.try_get("kind")?, row.try_get("name")?);
    let (body, secrets): (String, String) = (row.try_get("body")?, row.try_get("secrets")?);
    let damaged = || StoreError::Damaged(words(&kind, &name));
    let mut body: Value = serde_json::from_str(&body).map_err(|_| damaged())?;
    for (pointer, sealed) in sealed_of(&kind, &name, &secrets)? {
        let leaf = body.pointer_mut(&pointer).ok_or_else(damaged)?;
        let plain = vault.open(&place(&kind, &name, &pointer), &sealed)?;
        *leaf = serde_json::from_str(&plain).map_err(|_| damaged())?;
    }
    Ok(ObjectRow {
        id: row.try_get("id")?,
        team: row.try_get("team")?,
        body,
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        kind,
        name,
    })
}

/// Sealed secrets as they are kept: by pointer.
fn sealed_of(kind: &str, name: &str, text: &str) -> Result<BTreeMap<String, String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged(words(kind, name)))
}

fn text_of(secrets: &BTreeMap<String, String>) -> String {
    serde_json::to_string(secrets).expect("texts can be written")
}

/// Where a secret belongs; sealed for there, it is worth nothing elsewhere.
fn place(kind: &str, name: &str, pointer: &str) -> String {
    format!("{kind}\0{name}\0{pointer}")
}

fn words(kind: &str, name: &str) -> String {
    format!("{kind} {name:?}")
}
