//! Sign-ins that have begun at an identity provider and are not over yet: known by a digest of what
//! the browser has alone, each good for one answer.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::{Store, StoreError};

/// So many may be under way at once: more than an office that begins its day, and little memory.
const UNDER_WAY_MAX: i64 = 10_000;

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The SHA-256 digest of what the browser brings back.
    pub id_hash: [u8; 32],
    /// The name of the identity provider.
    pub provider: String,
    /// Where it was told to send the browser.
    pub redirect_uri: String,
    /// Where the browser wants to be then: a path.
    pub return_to: String,
    /// When it is over, in microseconds UTC.
    pub expires_at: i64,
}

impl Store {
    /// Writes down that a sign-in has begun; `false` when too many have.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_sign_in(&self, sign_in: &SignIn) -> Result<bool, StoreError> {
        self.sweep_sign_ins().await?;
        let statement = sqlx::query(
            "INSERT INTO sign_ins (id_hash, provider, redirect_uri, return_to, expires_at) \
             SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM sign_ins) < $6",
        );
        let statement = statement
            .bind(sign_in.id_hash.to_vec())
            .bind(&sign_in.provider)
            .bind(&sign_in.redirect_uri)
            .bind(&sign_in.return_to)
            .bind(sign_in.expires_at)
            .bind(UNDER_WAY_MAX);
        Ok(statement.execute(self.writer()).await?.rows_affected() > 0)
    }

    /// Takes a sign-in that has begun and is not over: of two that ask, one gets it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_sign_in(&self, id_hash: &[u8; 32]) -> Result<Option<SignIn>, StoreError> {
        let statement = sqlx::query(
            "DELETE FROM sign_ins WHERE id_hash = $1 \
             RETURNING id_hash, provider, redirect_uri, return_to, expires_at",
        );
        let taken = statement.bind(id_hash.to_vec()).fetch_optional(self.writer()).await?;
        let taken = taken.as_ref().map(row).transpose()?;
        Ok(taken.filter(|sign_in| sign_in.expires_at > self.now()))
    }

    /// Throws away sign-ins that nobody has ended; returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_sign_ins(&self) -> Result<u64, StoreError> {
        let statement = sqlx::query("DELETE FROM sign_ins WHERE expires_at <= $1").bind(self.now());
        Ok(statement.execute(self.writer()).await?.rows_affected())
    }
}

fn row(row: &AnyRow) -> Result<SignIn, StoreError> {
    Ok(SignIn {
        id_hash: crate::sessions::hash(row, "id_hash")?,
        provider: row.try_get("provider")?,
        redirect_uri: row.try_get("redirect_uri")?,
        return_to: row.try_get("return_to")?,
        expires_at: row.try_get("expires_at")?,
    })
}
