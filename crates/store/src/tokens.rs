//! Tokens: what people and service accounts show to the API, known by a digest alone.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::sessions::hash;
use crate::{Change, Page, Store, StoreError};

/// How often it is written down that a token was used, at most, in microseconds.
const USED_EVERY: i64 = 60_000_000;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// `tok_…`.
    pub id: String,
    /// Whose: the id of a user or of a service account.
    pub owner: String,
    /// What the owner calls it.
    pub name: String,
    /// The SHA-256 digest of the token.
    pub secret_hash: [u8; 32],
    /// What it begins with.
    pub prefix: String,
    /// Its last four characters.
    pub last4: String,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it ends by itself, in microseconds UTC.
    pub expires_at: Option<i64>,
    /// When it was last used, in microseconds UTC, to a minute.
    pub last_used_at: Option<i64>,
    /// When it was revoked, in microseconds UTC.
    pub revoked_at: Option<i64>,
}

/// A token that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Whose: the id of a user or of a service account.
    pub owner: String,
    /// What the owner calls it.
    pub name: String,
    /// The SHA-256 digest of the token.
    pub secret_hash: [u8; 32],
    /// What it begins with.
    pub prefix: String,
    /// Its last four characters.
    pub last4: String,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// When it ends by itself, in microseconds UTC.
    pub expires_at: Option<i64>,
}

/// What every query of tokens begins with.
macro_rules! tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner, name, secret_hash, prefix, last4, scopes, created_at, expires_at, \
             last_used_at, revoked_at FROM tokens ",
            $rest
        )
    };
}

reads! {
    /// One token, by id, also one that has ended.
    fn token(id: &str) -> Option<Token>;

    /// One token, by the SHA-256 digest of it, also one that has ended.
    fn token_by_hash(secret_hash: &[u8; 32]) -> Option<Token>;

    /// The tokens of a user or a service account, by id, so the oldest first.
    fn tokens_of(owner: &str, page: &Page) -> (Vec<Token>, Option<String>);
}

async fn token(sight: Sight<'_>, id: &str) -> Result<Option<Token>, StoreError> {
    let query = sqlx::query(tokens!("WHERE id = $1")).bind(id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn token_by_hash(
    sight: Sight<'_>,
    secret_hash: &[u8; 32],
) -> Result<Option<Token>, StoreError> {
    let query = sqlx::query(tokens!("WHERE secret_hash = $1")).bind(secret_hash.to_vec());
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn tokens_of(
    sight: Sight<'_>,
    owner: &str,
    page: &Page,
) -> Result<(Vec<Token>, Option<String>), StoreError> {
    let query = sqlx::query(tokens!("WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3"));
    let query = query.bind(owner).bind(page.start()).bind(page.limit());
    let rows = query.fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |token: &Token| token.id.clone()))
}

impl Change {
    /// Writes a token.
    ///
    /// # Errors
    /// When the same token is there ([`StoreError::Taken`]), or the database fails.
    pub async fn insert_token(&mut self, token: NewToken) -> Result<Token, StoreError> {
        let (id, at) = (self.new_id("tok")?, self.at());
        let statement = sqlx::query(
            "INSERT INTO tokens (id, owner, name, secret_hash, prefix, last4, scopes, created_at, \
             expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        );
        let statement = statement
            .bind(&id)
            .bind(&token.owner)
            .bind(&token.name)
            .bind(token.secret_hash.to_vec())
            .bind(&token.prefix)
            .bind(&token.last4)
            .bind(serde_json::to_string(&token.scopes).expect("texts can be written"))
            .bind(at)
            .bind(token.expires_at);
        let run = self.run(statement).await;
        run.map_err(|error| StoreError::about(error, About::New("the token")))?;
        let NewToken { owner, name, secret_hash, prefix, last4, scopes, expires_at } = token;
        Ok(Token {
            id,
            owner,
            name,
            secret_hash,
            prefix,
            last4,
            scopes,
            created_at: at,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        })
    }

    /// Revokes a token; `false` when there is none, or it was revoked before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_token(&mut self, id: &str) -> Result<bool, StoreError> {
        let statement =
            sqlx::query("UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL");
        Ok(self.run(statement.bind(self.at()).bind(id)).await? > 0)
    }
}

impl Store {
    /// Writes down that a token was used now, at most once a minute, and not
    /// while somebody writes: nobody waits for that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch_token(&self, token: &Token) -> Result<(), StoreError> {
        let now = self.now();
        if token.last_used_at.is_some_and(|used| now - used < USED_EVERY) {
            return Ok(());
        }
        let statement = sqlx::query("UPDATE tokens SET last_used_at = $1 WHERE id = $2");
        self.note(statement.bind(now).bind(&token.id)).await
    }
}

fn row(row: &AnyRow) -> Result<Token, StoreError> {
    let id: String = row.try_get("id")?;
    let scopes: String = row.try_get("scopes")?;
    let damaged = |_| StoreError::Damaged(format!("token {id}"));
    Ok(Token {
        owner: row.try_get("owner")?,
        name: row.try_get("name")?,
        secret_hash: hash(row, "secret_hash")?,
        prefix: row.try_get("prefix")?,
        last4: row.try_get("last4")?,
        scopes: serde_json::from_str(&scopes).map_err(damaged)?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        last_used_at: row.try_get("last_used_at")?,
        revoked_at: row.try_get("revoked_at")?,
        id,
    })
}
