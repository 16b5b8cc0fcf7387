//! What services were like after each change: never rewritten, only forgotten when there are many.
//! Descriptions of APIs are kept once, by their digest, whoever refers to them.

use ring::digest::{SHA256, digest};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// What a service was like.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The id of the service.
    pub service_id: String,
    /// Its number among those of the service, from 1.
    pub number: i64,
    /// The digest of what it says.
    pub digest: String,
    /// What it says, without secrets and without the description.
    pub content: Value,
    /// The digest of the description of its API.
    pub description: Option<String>,
    /// Who made it.
    pub actor: String,
    /// Why.
    pub note: String,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it was last published, in microseconds UTC.
    pub published_at: Option<i64>,
    /// When the service was last made to point at it, in microseconds UTC; `None` for one that was
    /// prepared and never was in force.
    pub current_at: Option<i64>,
    /// The one that was current when it was prepared.
    pub based_on: Option<i64>,
}

/// A revision to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    /// The id of the service.
    pub service_id: &'a str,
    /// What it says, without secrets and without the description.
    pub content: &'a Value,
    /// The description of its API.
    pub description: Option<&'a str>,
    /// Who makes it.
    pub actor: &'a str,
    /// Why.
    pub note: &'a str,
    /// How many of its sort are kept of a service; the current one, the one last published and the
    /// one last published with a description are, however old.
    pub kept_max: i64,
    /// An earlier one that it is instead, where that one says the same.
    pub like: Option<i64>,
}

reads! {
    /// The revisions of a service, the latest first.
    fn revisions(service_id: &str, page: &Page) -> (Vec<Revision>, Option<String>);

    /// One of them.
    fn revision(service_id: &str, number: i64) -> Option<Revision>;

    /// The latest of them.
    fn latest_revision(service_id: &str) -> Option<Revision>;

    /// The one that the service points at.
    fn current_revision(service_id: &str) -> Option<Revision>;

    /// The one that was last published.
    fn published_revision(service_id: &str) -> Option<Revision>;

    /// The one that was last published with a description: what callers have, whatever was published
    /// without one since.
    fn described_revision(service_id: &str) -> Option<Revision>;

    /// A description by its digest.
    fn description(digest: &str) -> Option<String>;
}

const REVISION: &str = "SELECT service_id, number, digest, content, description, actor, note, \
                        created_at, published_at, current_at, is_prepared, based_on \
                        FROM service_revisions WHERE service_id = $1";

async fn revisions(
    sight: Sight<'_>,
    service_id: &str,
    page: &Page,
) -> Result<(Vec<Revision>, Option<String>), StoreError> {
    let no_page = |_| StoreError::NotPossible("a page of revisions begins after a number");
    let after = page.after.as_deref().map(str::parse).transpose().map_err(no_page)?;
    let text = format!("{REVISION} AND number < $2 ORDER BY number DESC LIMIT $3");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(service_id);
    let query = query.bind(after.unwrap_or(i64::MAX)).bind(page.limit());
    let rows = query.fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |row: &Revision| row.number.to_string()))
}

async fn revision(
    sight: Sight<'_>,
    service_id: &str,
    number: i64,
) -> Result<Option<Revision>, StoreError> {
    let text = format!("{REVISION} AND number = $2");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(service_id).bind(number);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn latest_revision(
    sight: Sight<'_>,
    service_id: &str,
) -> Result<Option<Revision>, StoreError> {
    let text = format!("{REVISION} ORDER BY number DESC LIMIT 1");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(service_id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn current_revision(
    sight: Sight<'_>,
    service_id: &str,
) -> Result<Option<Revision>, StoreError> {
    // What an older program writes says nothing of when it was current: since it was made.
    let text = format!(
        "{REVISION} AND is_prepared = 0 ORDER BY COALESCE(current_at, created_at) DESC, \
         number DESC LIMIT 1"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(service_id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn published_revision(
    sight: Sight<'_>,
    service_id: &str,
) -> Result<Option<Revision>, StoreError> {
    let text = format!(
        "{REVISION} AND published_at IS NOT NULL ORDER BY published_at DESC, number DESC LIMIT 1"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(service_id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn described_revision(
    sight: Sight<'_>,
    service_id: &str,
) -> Result<Option<Revision>, StoreError> {
    let text = format!(
        "{REVISION} AND published_at IS NOT NULL AND description IS NOT NULL \
         ORDER BY published_at DESC, number DESC LIMIT 1"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(service_id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn description(sight: Sight<'_>, digest: &str) -> Result<Option<String>, StoreError> {
    let query = sqlx::query_scalar("SELECT content FROM descriptions WHERE digest = $1");
    Ok(query.bind(digest).fetch_optional(sight.on).await?)
}

impl Change {
    /// Makes the service point at a revision that says this: at the current one where it does, at
    /// the one that it is to be like where that does, else at a new one. Old ones beyond `kept_max`
    /// are forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_revision(&mut self, new: NewRevision<'_>) -> Result<Revision, StoreError> {
        let said = Said::of(&new);
        let current = self.current_revision(new.service_id).await?;
        // Later than any before, whatever the clock says.
        let at = current.as_ref().and_then(|current| current.current_at);
        let at = at.map_or(self.at(), |before| self.at().max(before + 1));
        if let Some(number) = new.like
            && let Some(like) = self.revision(new.service_id, number).await?
            && like.description == said.description
            && like.content == *new.content
        {
            if current.as_ref().is_none_or(|current| current.number != number) {
                let statement = sqlx::query(
                    "UPDATE service_revisions SET current_at = $1, is_prepared = 0 \
                     WHERE service_id = $2 AND number = $3",
                );
                self.run(statement.bind(at).bind(new.service_id).bind(number)).await?;
            }
            return Ok(Revision { current_at: Some(at), ..like });
        }
        if let Some(current) = current.filter(|current| current.digest == said.digest) {
            return Ok(current);
        }
        let revision = self.insert_revision(&new, said, (Some(at), None)).await?;
        self.forget_old_revisions(&new, false).await?;
        Ok(revision)
    }

    /// Adds a revision that the service does not point at, unless the current one or another one
    /// that is prepared says the same: then it is that one. Whether it is new is told with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prepare_revision(
        &mut self,
        new: NewRevision<'_>,
    ) -> Result<(Revision, bool), StoreError> {
        let said = Said::of(&new);
        let current = self.current_revision(new.service_id).await?;
        if let Some(same) = current.as_ref().filter(|current| current.digest == said.digest) {
            return Ok((same.clone(), false));
        }
        let text = format!("{REVISION} AND is_prepared = 1 AND digest = $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(new.service_id);
        let query = query.bind(&said.digest);
        let same = query.fetch_optional(&mut *self.sight().on).await?;
        if let Some(same) = same.as_ref().map(row).transpose()? {
            return Ok((same, false));
        }
        let based_on = current.map(|current| current.number);
        let revision = self.insert_revision(&new, said, (None, based_on)).await?;
        self.forget_old_revisions(&new, true).await?;
        Ok((revision, true))
    }

    async fn insert_revision(
        &mut self,
        new: &NewRevision<'_>,
        said: Said,
        (current_at, based_on): (Option<i64>, Option<i64>),
    ) -> Result<Revision, StoreError> {
        let Said { content, description, digest } = said;
        let latest = self.latest_revision(new.service_id).await?;
        let number = latest.map_or(1, |latest| latest.number + 1);
        if let (Some(digest), Some(text)) = (&description, new.description) {
            let statement = "INSERT INTO descriptions (digest, content) VALUES ($1, $2) \
                             ON CONFLICT (digest) DO NOTHING";
            self.run(sqlx::query(statement).bind(digest).bind(text)).await?;
        }
        let at = self.at();
        let statement = sqlx::query(
            "INSERT INTO service_revisions (service_id, number, digest, content, description, \
             actor, note, created_at, current_at, is_prepared, based_on) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        );
        let statement = statement.bind(new.service_id).bind(number).bind(&digest).bind(content);
        let statement = statement.bind(description.clone()).bind(new.actor).bind(new.note).bind(at);
        let is_prepared = i64::from(current_at.is_none());
        self.run(statement.bind(current_at).bind(is_prepared).bind(based_on)).await?;
        Ok(Revision {
            service_id: new.service_id.to_owned(),
            number,
            digest,
            content: new.content.clone(),
            description,
            actor: new.actor.to_owned(),
            note: new.note.to_owned(),
            created_at: at,
            published_at: None,
            current_at,
            based_on,
        })
    }

    /// Notes that a revision is published now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn publish_revision(
        &mut self,
        service_id: &str,
        number: i64,
    ) -> Result<(), StoreError> {
        let at = self.at();
        let statement = sqlx::query(
            "UPDATE service_revisions SET published_at = $1 WHERE service_id = $2 AND number = $3",
        );
        self.run(statement.bind(at).bind(service_id).bind(number)).await?;
        Ok(())
    }

    /// Forgets all revisions of a service.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_revisions(&mut self, service_id: &str) -> Result<(), StoreError> {
        let statement = sqlx::query("DELETE FROM service_revisions WHERE service_id = $1");
        if self.run(statement.bind(service_id)).await? > 0 {
            self.forget_descriptions().await?;
        }
        Ok(())
    }

    /// Those of one sort, in force once or prepared, beyond so many that were it last.
    async fn forget_old_revisions(
        &mut self,
        new: &NewRevision<'_>,
        are_prepared: bool,
    ) -> Result<(), StoreError> {
        let of = new.service_id;
        let number = |revision: Option<Revision>| revision.map_or(0, |revision| revision.number);
        let published = number(self.published_revision(of).await?);
        let current = number(self.current_revision(of).await?);
        let described = number(self.described_revision(of).await?);
        let statement = sqlx::query(
            "DELETE FROM service_revisions WHERE service_id = $1 AND is_prepared = $2 \
             AND number <> $3 AND number <> $4 AND number <> $5 AND number NOT IN (SELECT number \
             FROM service_revisions WHERE service_id = $1 AND is_prepared = $2 \
             ORDER BY COALESCE(current_at, created_at) DESC, number DESC LIMIT $6)",
        );
        let statement = statement.bind(of).bind(i64::from(are_prepared)).bind(published);
        if self.run(statement.bind(current).bind(described).bind(new.kept_max)).await? > 0 {
            self.forget_descriptions().await?;
        }
        Ok(())
    }

    /// Those that no revision refers to any more.
    async fn forget_descriptions(&mut self) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "DELETE FROM descriptions WHERE NOT EXISTS (SELECT 1 FROM service_revisions \
             WHERE service_revisions.description = descriptions.digest)",
        );
        self.run(statement).await?;
        Ok(())
    }
}

/// What a revision says, as it is written.
struct Said {
    content: String,
    description: Option<String>,
    digest: String,
}

impl Said {
    fn of(new: &NewRevision<'_>) -> Self {
        let content = new.content.to_string();
        let description = new.description.map(digest_of);
        let digest =
            digest_of(&format!("{content}\n{}", description.as_deref().unwrap_or_default()));
        Self { content, description, digest }
    }
}

/// The digest by which a text is known: `sha256:` and hex digits.
#[must_use]
pub fn digest_of(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn row(row: &AnyRow) -> Result<Revision, StoreError> {
    let content: String = row.try_get("content")?;
    let service_id: String = row.try_get("service_id")?;
    let number: i64 = row.try_get("number")?;
    let created_at: i64 = row.try_get("created_at")?;
    let current_at: Option<i64> = row.try_get("current_at")?;
    let is_prepared: i64 = row.try_get("is_prepared")?;
    let content = serde_json::from_str(&content)
        .map_err(|_| StoreError::Damaged(format!("revision {number} of {service_id}")))?;
    Ok(Revision {
        digest: row.try_get("digest")?,
        description: row.try_get("description")?,
        actor: row.try_get("actor")?,
        note: row.try_get("note")?,
        created_at,
        published_at: row.try_get("published_at")?,
        current_at: (is_prepared == 0).then(|| current_at.unwrap_or(created_at)),
        based_on: row.try_get("based_on")?,
        content,
        service_id,
        number,
    })
}
