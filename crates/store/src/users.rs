//! Users: who signs in, and how their sign-in stands.

use architrave_core::Secret;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `usr_…`.
    pub id: String,
    /// Lower case, one user's alone.
    pub email: String,
    /// What they are called.
    pub display_name: String,
    /// A hash that a password is checked with; `None` for who signs in elsewhere.
    pub password_hash: Option<Secret>,
    /// What they are on the whole platform.
    pub role: Option<String>,
    /// Whether they may sign in.
    pub state: String,
    /// Sign-ins that failed since the last one that did not.
    pub failures: i64,
    /// Until when no sign-in is tried, in microseconds UTC.
    pub locked_until: Option<i64>,
    /// Who they are to an identity provider.
    pub subject: Option<Subject>,
    /// How many times the user was written; failures of sign-ins do not count.
    pub revision: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// Who somebody is to an identity provider: `iss` and `sub` of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Whose word it is.
    pub issuer: String,
    /// Who it is to them.
    pub subject: String,
}

/// A user who is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Kept in lower case.
    pub email: String,
    /// What they are called.
    pub display_name: String,
    /// A hash that a password is checked with.
    pub password_hash: Option<Secret>,
    /// What they are on the whole platform.
    pub role: Option<String>,
    /// Whether they may sign in.
    pub state: String,
    /// Who they are to an identity provider.
    pub subject: Option<Subject>,
}

/// What every query of users begins with.
macro_rules! users {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, display_name, password_hash, role, state, failures, locked_until, \
             issuer, subject, revision, created_at, updated_at FROM users ",
            $rest
        )
    };
}

reads! {
    /// One user, by id.
    fn user(id: &str) -> Option<User>;

    /// One user, by email in any case.
    fn user_by_email(email: &str) -> Option<User>;

    /// One user, by who they are to an identity provider.
    fn user_by_subject(subject: &Subject) -> Option<User>;

    /// Users, by email.
    fn users(page: &Page) -> (Vec<User>, Option<String>);

    /// How many users there are.
    fn count_users() -> u64;
}

async fn user(sight: Sight<'_>, id: &str) -> Result<Option<User>, StoreError> {
    let query = sqlx::query(users!("WHERE id = $1")).bind(id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn user_by_email(sight: Sight<'_>, email: &str) -> Result<Option<User>, StoreError> {
    let query = sqlx::query(users!("WHERE email = $1")).bind(email.to_lowercase());
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn user_by_subject(sight: Sight<'_>, subject: &Subject) -> Result<Option<User>, StoreError> {
    let query = sqlx::query(users!("WHERE issuer = $1 AND subject = $2"));
    let query = query.bind(&subject.issuer).bind(&subject.subject);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn users(sight: Sight<'_>, page: &Page) -> Result<(Vec<User>, Option<String>), StoreError> {
    let query = sqlx::query(users!("WHERE email > $1 ORDER BY email LIMIT $2"));
    let rows = query.bind(page.start()).bind(page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |user: &User| user.email.clone()))
}

async fn count_users(sight: Sight<'_>) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(sight.on).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

impl Change {
    /// Writes a user who is not there yet.
    ///
    /// # Errors
    /// When somebody has the email or is that subject ([`StoreError::Taken`]), or the database
    /// fails.
    pub async fn insert_user(&mut self, user: NewUser) -> Result<User, StoreError> {
        let user = User {
            id: self.new_id("usr")?,
            email: user.email.to_lowercase(),
            display_name: user.display_name,
            password_hash: user.password_hash,
            role: user.role,
            state: user.state,
            failures: 0,
            locked_until: None,
            subject: user.subject,
            revision: 1,
            created_at: self.at(),
            updated_at: self.at(),
        };
        let (issuer, subject) = user.subject_parts();
        let statement = sqlx::query(
            "INSERT INTO users (id, email, display_name, password_hash, role, state, failures, \
             issuer, subject, revision, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, 1, $9, $9)",
        );
        let statement = statement
            .bind(&user.id)
            .bind(&user.email)
            .bind(&user.display_name)
            .bind(user.password_hash.as_ref().map(Secret::expose))
            .bind(&user.role)
            .bind(&user.state)
            .bind(issuer)
            .bind(subject)
            .bind(user.created_at);
        let run = self.run(statement).await;
        run.map_err(|error| StoreError::about(error, About::New(&user.words())))?;
        Ok(user)
    }

    /// Writes a user anew who is there in the revision of `user`; returns them as they are then.
    /// How their sign-in stands is left alone.
    ///
    /// # Errors
    /// When they are not there as that any more ([`StoreError::Stale`]), somebody else has the
    /// email or is that subject ([`StoreError::Taken`]), or the database fails.
    pub async fn update_user(&mut self, mut user: User) -> Result<User, StoreError> {
        user.email = user.email.to_lowercase();
        user.updated_at = self.at();
        let (issuer, subject) = user.subject_parts();
        let statement = sqlx::query(
            "UPDATE users SET email = $1, display_name = $2, password_hash = $3, role = $4, \
             state = $5, issuer = $6, subject = $7, updated_at = $8, revision = revision + 1 \
             WHERE id = $9 AND revision = $10",
        );
        let statement = statement
            .bind(&user.email)
            .bind(&user.display_name)
            .bind(user.password_hash.as_ref().map(Secret::expose))
            .bind(&user.role)
            .bind(&user.state)
            .bind(issuer)
            .bind(subject)
            .bind(user.updated_at)
            .bind(&user.id)
            .bind(user.revision);
        let run = self.run(statement).await;
        match run.map_err(|error| StoreError::about(error, About::New(&user.words())))? {
            0 => Err(StoreError::Stale(user.words())),
            _ => {
                user.revision += 1;
                Ok(user)
            }
        }
    }

    /// Writes how the sign-in of a user stands.
    ///
    /// # Errors
    /// When there is no such user ([`StoreError::Missing`]), or the database fails.
    pub async fn set_sign_in_standing(
        &mut self,
        id: &str,
        failures: i64,
        locked_until: Option<i64>,
    ) -> Result<(), StoreError> {
        let statement =
            sqlx::query("UPDATE users SET failures = $1, locked_until = $2 WHERE id = $3");
        match self.run(statement.bind(failures).bind(locked_until).bind(id)).await? {
            0 => Err(StoreError::Missing(format!("user {id}"))),
            _ => Ok(()),
        }
    }

    /// Removes a user in the revision of `user`, with their sessions, tokens and memberships.
    ///
    /// # Errors
    /// When they are not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn remove_user(&mut self, user: &User) -> Result<(), StoreError> {
        self.run(sqlx::query("DELETE FROM tokens WHERE owner = $1").bind(&user.id)).await?;
        let statement = sqlx::query("DELETE FROM users WHERE id = $1 AND revision = $2");
        match self.run(statement.bind(&user.id).bind(user.revision)).await? {
            0 => {
                self.spoil();
                Err(StoreError::Stale(user.words()))
            }
            _ => Ok(()),
        }
    }
}

impl User {
    fn subject_parts(&self) -> (Option<&str>, Option<&str>) {
        let subject = self.subject.as_ref();
        (subject.map(|subject| &*subject.issuer), subject.map(|subject| &*subject.subject))
    }

    fn words(&self) -> String {
        format!("user {}", self.email)
    }
}

fn row(row: &AnyRow) -> Result<User, StoreError> {
    let hash: Option<String> = row.try_get("password_hash")?;
    let (issuer, subject): (Option<String>, Option<String>) =
        (row.try_get("issuer")?, row.try_get("subject")?);
    Ok(User {
        id: row.try_get("id")?,
        email: row.try_get("email")?,
        display_name: row.try_get("display_name")?,
        password_hash: hash.map(Secret::new),
        role: row.try_get("role")?,
        state: row.try_get("state")?,
        failures: row.try_get("failures")?,
        locked_until: row.try_get("locked_until")?,
        subject: issuer.zip(subject).map(|(issuer, subject)| Subject { issuer, subject }),
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
