//! Sessions: who is signed in, known by digests of what they carry alone.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::{Change, Store, StoreError};

/// How often it is written down that a session was seen, at most, in microseconds.
const SEEN_EVERY: i64 = 60_000_000;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 digest of the cookie's value.
    pub id_hash: [u8; 32],
    /// The id of the user.
    pub user: String,
    /// The SHA-256 digest of what guards it against requests forged across sites.
    pub csrf_hash: [u8; 32],
    /// From where it was begun.
    pub address: Option<String>,
    /// With what it was begun.
    pub agent: Option<String>,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it ends by itself, in microseconds UTC.
    pub expires_at: i64,
    /// When it was last seen, in microseconds UTC, to a minute.
    pub seen_at: i64,
}

/// What every query of sessions begins with.
macro_rules! sessions {
    ($rest:literal) => {
        concat!(
            "SELECT id_hash, user_id, csrf_hash, address, agent, created_at, expires_at, seen_at \
             FROM sessions ",
            $rest
        )
    };
}

reads! {
    /// One session, also one that has expired.
    fn session(id_hash: &[u8; 32]) -> Option<Session>;

    /// The sessions of a user, also those that have expired, the latest first.
    fn sessions_of(user: &str) -> Vec<Session>;
}

async fn session(sight: Sight<'_>, id_hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
    let query = sqlx::query(sessions!("WHERE id_hash = $1")).bind(id_hash.to_vec());
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn sessions_of(sight: Sight<'_>, user: &str) -> Result<Vec<Session>, StoreError> {
    let query = sqlx::query(sessions!("WHERE user_id = $1 ORDER BY created_at DESC, id_hash"));
    let rows = query.bind(user).fetch_all(sight.on).await?;
    rows.iter().map(row).collect()
}

impl Change {
    /// Writes a session.
    ///
    /// # Errors
    /// When there is no such user ([`StoreError::Missing`]), or the database fails.
    pub async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO sessions (id_hash, user_id, csrf_hash, address, agent, created_at, \
             expires_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let statement = statement
            .bind(session.id_hash.to_vec())
            .bind(&session.user)
            .bind(session.csrf_hash.to_vec())
            .bind(&session.address)
            .bind(&session.agent)
            .bind(session.created_at)
            .bind(session.expires_at)
            .bind(session.seen_at);
        let run = self.run(statement).await;
        let user = format!("user {}", session.user);
        run.map_err(|error| StoreError::about(error, About::NewOf("the session", &user)))?;
        Ok(())
    }

    /// Ends a session; `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_session(&mut self, id_hash: &[u8; 32]) -> Result<bool, StoreError> {
        let statement = sqlx::query("DELETE FROM sessions WHERE id_hash = $1");
        Ok(self.run(statement.bind(id_hash.to_vec())).await? > 0)
    }

    /// Ends all sessions of a user but one; returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_sessions_of(
        &mut self,
        user: &str,
        but: Option<&[u8; 32]>,
    ) -> Result<u64, StoreError> {
        // No digest is empty.
        let but = but.map(|hash| hash.to_vec()).unwrap_or_default();
        let statement = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2");
        Ok(self.run(statement.bind(user).bind(but)).await?)
    }
}

impl Store {
    /// Writes down that a session was seen now, at most once a minute, and not
    /// while somebody writes: nobody waits for that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch_session(&self, session: &Session) -> Result<(), StoreError> {
        let now = self.now();
        if now - session.seen_at < SEEN_EVERY {
            return Ok(());
        }
        let statement = sqlx::query("UPDATE sessions SET seen_at = $1 WHERE id_hash = $2");
        self.note(statement.bind(now).bind(session.id_hash.to_vec())).await
    }

    /// Throws away sessions that have expired; returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_sessions(&self) -> Result<u64, StoreError> {
        let statement = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(self.now());
        Ok(statement.execute(self.writer()).await?.rows_affected())
    }
}

fn row(row: &AnyRow) -> Result<Session, StoreError> {
    Ok(Session {
        id_hash: hash(row, "id_hash")?,
        user: row.try_get("user_id")?,
        csrf_hash: hash(row, "csrf_hash")?,
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        seen_at: row.try_get("seen_at")?,
    })
}

/// A digest of a row.
pub(crate) fn hash(row: &AnyRow, column: &str) -> Result<[u8; 32], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::Damaged(format!("a digest in {column}")))
}
