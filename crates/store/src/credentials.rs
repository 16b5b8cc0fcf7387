//! Credentials of applications: keys that callers show, known by a digest alone.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::sessions::hash;
use crate::{Change, Page, Store, StoreError};

/// A key of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// `crd_…`.
    pub id: String,
    /// The id of the application.
    pub application: String,
    /// What its owner calls it.
    pub name: String,
    /// The SHA-256 digest of the key.
    pub secret_hash: [u8; 32],
    /// What it begins with.
    pub prefix: String,
    /// Its last four characters.
    pub last4: String,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it ends by itself, in microseconds UTC.
    pub expires_at: Option<i64>,
    /// When it was revoked, in microseconds UTC.
    pub revoked_at: Option<i64>,
}

/// A key that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// The id of the application.
    pub application: String,
    /// What its owner calls it.
    pub name: String,
    /// The SHA-256 digest of the key.
    pub secret_hash: [u8; 32],
    /// What it begins with.
    pub prefix: String,
    /// Its last four characters.
    pub last4: String,
    /// When it ends by itself, in microseconds UTC.
    pub expires_at: Option<i64>,
}

/// What is known of the key of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// The digest.
    pub secret_hash: [u8; 32],
    /// The key, with the name of its application; `None` where it has ended and was removed.
    pub held: Option<(Credential, String)>,
}

/// Digests that are asked for in one statement: SQLite and PostgreSQL both take many more.
const DIGESTS_AT_ONCE: usize = 500;

/// What every query of credentials begins with.
macro_rules! credentials {
    ($rest:literal) => {
        concat!(
            "SELECT id, application, name, secret_hash, prefix, last4, created_at, expires_at, \
             revoked_at FROM credentials ",
            $rest
        )
    };
}

reads! {
    /// One key, by id, also one that has ended.
    fn credential(id: &str) -> Option<Credential>;

    /// The keys of an application, by id, so the oldest first; also those that have ended.
    fn credentials_of(application: &str, page: &Page) -> (Vec<Credential>, Option<String>);

    /// The keys of all applications that were not revoked, by id.
    fn credentials(page: &Page) -> (Vec<Credential>, Option<String>);

    /// How many keys of an application have not ended.
    fn living_credentials_of(application: &str, now: i64) -> i64;

    /// Whether the key of a digest has ended and been removed: it is not let in again, as long as no
    /// [`ENDED_KEYS_MAX`] others have ended after it.
    fn has_ended(secret_hash: &[u8; 32]) -> bool;

    /// What is known of the keys of some digests, in no order.
    fn known_keys(secret_hashes: &[[u8; 32]]) -> Vec<KnownKey>;
}

async fn credential(sight: Sight<'_>, id: &str) -> Result<Option<Credential>, StoreError> {
    let query = sqlx::query(credentials!("WHERE id = $1")).bind(id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn credentials_of(
    sight: Sight<'_>,
    application: &str,
    page: &Page,
) -> Result<(Vec<Credential>, Option<String>), StoreError> {
    let query =
        sqlx::query(credentials!("WHERE application = $1 AND id > $2 ORDER BY id LIMIT $3"));
    let query = query.bind(application).bind(page.start()).bind(page.limit());
    let rows = query.fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |credential: &Credential| credential.id.clone()))
}

async fn credentials(
    sight: Sight<'_>,
    page: &Page,
) -> Result<(Vec<Credential>, Option<String>), StoreError> {
    let query =
        sqlx::query(credentials!("WHERE revoked_at IS NULL AND id > $1 ORDER BY id LIMIT $2"));
    let rows = query.bind(page.start()).bind(page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |credential: &Credential| credential.id.clone()))
}

async fn living_credentials_of(
    sight: Sight<'_>,
    application: &str,
    now: i64,
) -> Result<i64, StoreError> {
    let query = sqlx::query_scalar(
        "SELECT COUNT(*) FROM credentials WHERE application = $1 AND revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > $2)",
    );
    Ok(query.bind(application).bind(now).fetch_one(sight.on).await?)
}

async fn has_ended(sight: Sight<'_>, secret_hash: &[u8; 32]) -> Result<bool, StoreError> {
    let query = sqlx::query_scalar::<_, i64>("SELECT 1 FROM ended_keys WHERE secret_hash = $1");
    let found = query.bind(secret_hash.to_vec()).fetch_optional(sight.on).await?;
    Ok(found.is_some())
}

async fn known_keys(
    sight: Sight<'_>,
    secret_hashes: &[[u8; 32]],
) -> Result<Vec<KnownKey>, StoreError> {
    let mut known = Vec::new();
    for some in secret_hashes.chunks(DIGESTS_AT_ONCE) {
        let places: Vec<String> = (1..=some.len()).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        let text = format!(
            "SELECT c.id, c.application, c.name, c.secret_hash, c.prefix, c.last4, c.created_at, \
             c.expires_at, c.revoked_at, a.name AS application_name \
             FROM credentials c JOIN applications a ON a.id = c.application \
             WHERE c.secret_hash IN ({places})"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for hash in some {
            query = query.bind(hash.to_vec());
        }
        for found in &query.fetch_all(&mut *sight.on).await? {
            let credential = row(found)?;
            let secret_hash = credential.secret_hash;
            let held = Some((credential, found.try_get("application_name")?));
            known.push(KnownKey { secret_hash, held });
        }
        let text = format!("SELECT secret_hash FROM ended_keys WHERE secret_hash IN ({places})");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for hash in some {
            query = query.bind(hash.to_vec());
        }
        for found in &query.fetch_all(&mut *sight.on).await? {
            known.push(KnownKey { secret_hash: hash(found, "secret_hash")?, held: None });
        }
    }
    Ok(known)
}

/// Digests of keys that have ended which are kept: a hundred megabytes of them. Where a thousand
/// applications renew and remove a key every day, that is those of three years, and no export that
/// somebody still applies is as old.
pub const ENDED_KEYS_MAX: i64 = 1_000_000;

impl Store {
    /// Throws the digests of the keys away that ended before `kept` others; returns how many there
    /// were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_ended_keys(&self, kept: i64) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "DELETE FROM ended_keys WHERE ended_at < \
             (SELECT ended_at FROM ended_keys ORDER BY ended_at DESC LIMIT 1 OFFSET $1)",
        );
        let statement = statement.bind((kept - 1).max(0));
        Ok(statement.execute(self.writer()).await?.rows_affected())
    }
}

impl Change {
    /// Writes a key.
    ///
    /// # Errors
    /// When the same key is there, or was and has ended ([`StoreError::Taken`]), there is no such
    /// application ([`StoreError::Missing`]), or the database fails.
    pub async fn insert_credential(
        &mut self,
        new: NewCredential,
    ) -> Result<Credential, StoreError> {
        if self.has_ended(&new.secret_hash).await? {
            return Err(StoreError::Taken("the credential".to_owned()));
        }
        let (id, at) = (self.new_id("crd")?, self.at());
        let statement = sqlx::query(
            "INSERT INTO credentials (id, application, name, secret_hash, prefix, last4, \
             created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let statement = statement
            .bind(&id)
            .bind(&new.application)
            .bind(&new.name)
            .bind(new.secret_hash.to_vec())
            .bind(&new.prefix)
            .bind(&new.last4)
            .bind(at)
            .bind(new.expires_at);
        let run = self.run(statement).await;
        let about = About::NewOf("the credential", "application");
        run.map_err(|error| StoreError::about(error, about))?;
        self.touch_application(&new.application).await?;
        let NewCredential { application, name, secret_hash, prefix, last4, expires_at } = new;
        Ok(Credential {
            id,
            application,
            name,
            secret_hash,
            prefix,
            last4,
            created_at: at,
            expires_at,
            revoked_at: None,
        })
    }

    /// Revokes a key; `false` where it was revoked before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_credential(
        &mut self,
        credential: &mut Credential,
    ) -> Result<bool, StoreError> {
        let at = self.at();
        let statement = sqlx::query(
            "UPDATE credentials SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
        );
        let is_new = self.run(statement.bind(at).bind(&credential.id)).await? > 0;
        if is_new {
            credential.revoked_at = Some(at);
            self.touch_application(&credential.application).await?;
        }
        Ok(is_new)
    }

    /// Removes a key that has ended: nothing is kept of it but its digest, so that nobody brings it
    /// back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        self.note_ended("id", &credential.id).await?;
        let statement = sqlx::query("DELETE FROM credentials WHERE id = $1");
        self.run(statement.bind(&credential.id)).await?;
        self.touch_application(&credential.application).await
    }

    /// Keeps the digests of keys that have ended and are about to go: of one, by `id`, or of all of
    /// an `application`.
    pub(crate) async fn note_ended(
        &mut self,
        column: &'static str,
        value: &str,
    ) -> Result<(), StoreError> {
        let at = self.at();
        let text = format!(
            "INSERT INTO ended_keys (secret_hash, ended_at) \
             SELECT secret_hash, COALESCE(revoked_at, expires_at) FROM credentials \
             WHERE {column} = $1 AND (revoked_at IS NOT NULL OR expires_at <= $2) \
             ON CONFLICT (secret_hash) DO NOTHING"
        );
        let statement = sqlx::query(sqlx::AssertSqlSafe(text)).bind(value).bind(at);
        self.run(statement).await?;
        Ok(())
    }

    /// Calls a key by another name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename_credential(
        &mut self,
        credential: &mut Credential,
        name: &str,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE credentials SET name = $1 WHERE id = $2");
        self.run(statement.bind(name).bind(&credential.id)).await?;
        name.clone_into(&mut credential.name);
        Ok(())
    }

    /// Lets a key end at a time, in microseconds UTC, unless it ends before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_credential(
        &mut self,
        credential: &mut Credential,
        at: i64,
    ) -> Result<(), StoreError> {
        let end = credential.expires_at.map_or(at, |end| end.min(at));
        let statement = sqlx::query("UPDATE credentials SET expires_at = $1 WHERE id = $2");
        self.run(statement.bind(end).bind(&credential.id)).await?;
        credential.expires_at = Some(end);
        self.touch_application(&credential.application).await
    }
}

fn row(row: &AnyRow) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: row.try_get("id")?,
        application: row.try_get("application")?,
        name: row.try_get("name")?,
        secret_hash: hash(row, "secret_hash")?,
        prefix: row.try_get("prefix")?,
        last4: row.try_get("last4")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}
