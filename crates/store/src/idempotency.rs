//! Idempotency keys: the same request, sent again, is answered as it was the first time. Answers
//! are sealed, since some show a secret once.

use serde_json::json;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::reads::{Sight, reads};
use crate::sessions::hash;
use crate::vault::Vault;
use crate::{Change, Store, StoreError};

/// For how long an answer is kept, in microseconds: a day.
const KEPT: i64 = 24 * 60 * 60 * 1_000_000;
/// After which a request without an answer counts as lost with the process that had it, in
/// microseconds; no write takes that long.
const IN_FLIGHT: i64 = 60 * 1_000_000;

/// A request that was made under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Who made it.
    pub actor: String,
    /// Under which key.
    pub key: String,
    /// The SHA-256 digest of what was asked.
    pub digest: [u8; 32],
    /// What was answered; `None` while it is in flight.
    pub answer: Option<Answered>,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// An answer as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// The fields of the head that matter.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What becomes of a request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdempotencyClaim {
    /// It is the first: it is to be done, and answered with [`Change::answer_idempotency`], or
    /// given up with [`Store::release_idempotency`].
    First,
    /// The first one is still being done.
    InFlight,
    /// The key was used for something else.
    OtherPayload,
    /// It was done, and this was the answer.
    Answered(Answered),
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may show a secret.
        formatter.debug_struct("Answered").field("status", &self.status).finish_non_exhaustive()
    }
}

reads! {
    /// What is known of a key, also of one that has expired.
    fn idempotency(actor: &str, key: &str) -> Option<Idempotency>;
}

async fn idempotency(
    sight: Sight<'_>,
    actor: &str,
    key: &str,
) -> Result<Option<Idempotency>, StoreError> {
    let query = "SELECT actor, key, digest, answer, created_at FROM idempotency \
                 WHERE actor = $1 AND key = $2";
    let found = sqlx::query(query).bind(actor).bind(key).fetch_optional(sight.on).await?;
    found.map(|found| row(&found, sight.vault)).transpose()
}

impl Store {
    /// Claims a key for a request with that digest, before the change that does it begins: it
    /// would wait for the end of that change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_idempotency(
        &self,
        actor: &str,
        key: &str,
        digest: &[u8; 32],
    ) -> Result<IdempotencyClaim, StoreError> {
        let now = self.now();
        // One statement, so that of two at the same time one is the first.
        let statement = sqlx::query(
            "INSERT INTO idempotency (actor, key, digest, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (actor, key) DO UPDATE SET digest = excluded.digest, answer = NULL, \
             created_at = excluded.created_at WHERE idempotency.created_at <= $5 \
             OR (idempotency.answer IS NULL AND idempotency.created_at <= $6)",
        );
        let statement = statement.bind(actor).bind(key).bind(digest.to_vec()).bind(now);
        let statement = statement.bind(now - KEPT).bind(now - IN_FLIGHT);
        if statement.execute(self.writer()).await?.rows_affected() > 0 {
            return Ok(IdempotencyClaim::First);
        }
        Ok(match self.idempotency(actor, key).await? {
            Some(known) if known.digest != *digest => IdempotencyClaim::OtherPayload,
            Some(Idempotency { answer: Some(answer), .. }) => IdempotencyClaim::Answered(answer),
            // Given up in between, it may be tried again.
            Some(Idempotency { answer: None, .. }) | None => IdempotencyClaim::InFlight,
        })
    }

    /// Gives a key up that was claimed: nothing was done under it, and no change is under way that
    /// would.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_idempotency(
        &self,
        actor: &str,
        key: &str,
        digest: &[u8; 32],
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "DELETE FROM idempotency \
             WHERE actor = $1 AND key = $2 AND digest = $3 AND answer IS NULL",
        );
        let statement = statement.bind(actor).bind(key).bind(digest.to_vec());
        statement.execute(self.writer()).await?;
        Ok(())
    }

    /// Throws answers away that were kept long enough; returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_idempotency(&self) -> Result<u64, StoreError> {
        let statement = sqlx::query("DELETE FROM idempotency WHERE created_at <= $1");
        let swept = statement.bind(self.now() - KEPT).execute(self.writer()).await?;
        Ok(swept.rows_affected())
    }
}

impl Change {
    /// Writes down what was answered under a key that was claimed, together with what was done.
    ///
    /// # Errors
    /// When another request has the key in the meantime ([`StoreError::Stale`]), or the database
    /// fails.
    pub async fn answer_idempotency(
        &mut self,
        actor: &str,
        key: &str,
        digest: &[u8; 32],
        answer: &Answered,
    ) -> Result<(), StoreError> {
        let sealed = self.store().vault().seal(&place(actor, key), &answer.text())?;
        let statement = sqlx::query(
            "UPDATE idempotency SET answer = $1 \
             WHERE actor = $2 AND key = $3 AND digest = $4 AND answer IS NULL",
        );
        let statement = statement.bind(sealed).bind(actor).bind(key).bind(digest.to_vec());
        match self.run(statement).await? {
            0 => {
                self.spoil();
                Err(StoreError::Stale("the use of the idempotency key".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Seals the answers anew.
pub(crate) async fn reseal(change: &mut Change) -> Result<u64, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT actor, key, answer FROM idempotency WHERE answer IS NOT NULL")
            .fetch_all(change.sight().on)
            .await?;
    let mut count = 0;
    for (actor, key, sealed) in rows {
        let (vault, place) = (change.store().vault(), place(&actor, &key));
        let sealed = vault.seal(&place, &vault.open(&place, &sealed)?)?;
        let statement =
            sqlx::query("UPDATE idempotency SET answer = $1 WHERE actor = $2 AND key = $3");
        change.run(statement.bind(sealed).bind(actor).bind(key)).await?;
        count += 1;
    }
    Ok(count)
}

impl Answered {
    fn text(&self) -> String {
        json!([self.status, self.headers, self.body]).to_string()
    }

    fn of_text(text: &str) -> Option<Self> {
        let (status, headers, body) = serde_json::from_str(text).ok()?;
        Some(Self { status, headers, body })
    }
}

fn row(row: &AnyRow, vault: &Vault) -> Result<Idempotency, StoreError> {
    let (actor, key): (String, String) = (row.try_get("actor")?, row.try_get("key")?);
    let sealed: Option<String> = row.try_get("answer")?;
    let opened = sealed.map(|sealed| vault.open(&place(&actor, &key), &sealed)).transpose()?;
    let damaged = || StoreError::Damaged("an answer under an idempotency key".to_owned());
    let answer = opened.map(|text| Answered::of_text(&text).ok_or_else(damaged)).transpose()?;
    let (digest, created_at) = (hash(row, "digest")?, row.try_get("created_at")?);
    Ok(Idempotency { actor, key, digest, answer, created_at })
}

fn place(actor: &str, key: &str) -> String {
    format!("idempotency\0{actor}\0{key}")
}
