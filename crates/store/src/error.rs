//! What can go wrong with a database, by what a caller may do about it.

use sqlx::error::ErrorKind;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something of that name is there already.
    #[error("{0} exists already")]
    Taken(String),
    /// What is referred to is not there.
    #[error("there is no {0}")]
    Missing(String),
    /// Something else refers to it, so it cannot go.
    #[error("{0} is still in use")]
    InUse(String),
    /// It is not as it was when the caller read it.
    #[error("{0} has changed in the meantime")]
    Stale(String),
    /// An earlier statement of the change failed, so that it can only be dropped.
    #[error("a change of which a part has failed cannot be committed")]
    Broken,
    /// A text that the database cannot hold.
    #[error("a text holds the character NUL, which the database cannot keep")]
    NotText,
    /// Somebody else writes, for longer than is waited.
    #[error("the database is busy with another write")]
    Busy,
    /// The database does not answer.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// Its file is not where it was opened: what is written would be lost.
    #[error("the file of the database is gone, or is another: {0}")]
    Gone(String),
    /// A newer program has written it.
    #[error(
        "the database has version {found} and this program knows versions up to {known}: \
         run the program that wrote it, or a newer one"
    )]
    Newer {
        /// The version of the database.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// There is no key to seal with.
    #[error("secrets cannot be kept without a key to seal them with")]
    NoKey,
    /// Secrets are sealed with a key that was not given.
    #[error(
        "secrets of the database are sealed with the key {id}, which is not among the keys given: \
         give the root key with which the database was written"
    )]
    UnknownKey {
        /// What the key is known by; not the key.
        id: String,
    },
    /// What is kept is not what was written.
    #[error("{0} is damaged in the database")]
    Damaged(String),
    /// A secret is said to be where there is nothing.
    #[error("there is nothing at {0} to be sealed")]
    NoSuchPointer(String),
    /// The database cannot do it.
    #[error("{0}")]
    NotPossible(&'static str),
    /// The place is no place for a database.
    #[error("no database can be at {0}")]
    NoPlace(String),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// A file cannot be read or written.
    #[error("the file {file}: {error}")]
    File {
        /// Its path.
        file: String,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// Anything else that the database says.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

/// What a statement's failed constraint is about, in words for [`StoreError`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum About<'a> {
    /// A row that may be there already.
    New(&'a str),
    /// A row that may refer to one which is not there, in words, or may be there already.
    NewOf(&'a str, &'a str),
    /// A row that others may refer to.
    Old(&'a str),
}

impl StoreError {
    /// The failure of a statement about something.
    pub(crate) fn about(error: sqlx::Error, about: About<'_>) -> Self {
        let kind = error.as_database_error().map(|error| error.kind());
        match (kind, about) {
            (Some(ErrorKind::UniqueViolation), About::New(what) | About::NewOf(what, _)) => {
                Self::Taken(what.to_owned())
            }
            (Some(ErrorKind::ForeignKeyViolation), About::NewOf(_, other)) => {
                Self::Missing(other.to_owned())
            }
            (Some(ErrorKind::ForeignKeyViolation), About::Old(what)) => {
                Self::InUse(what.to_owned())
            }
            _ => error.into(),
        }
    }

    /// What is wrong with a file.
    pub(crate) fn file(file: &std::path::Path, error: std::io::Error) -> Self {
        Self::File { file: file.display().to_string(), error }
    }
}

/// `SQLITE_BUSY` and its variants; PostgreSQL's lock timeout and its end of an idle transaction.
const BUSY: [&str; 6] = ["5", "261", "517", "773", "55P03", "40P01"];
/// PostgreSQL's word for a NUL in a text.
const NOT_TEXT: &str = "22021";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(database) = error.as_database_error() {
            let code = database.code().unwrap_or_default();
            return match &*code {
                NOT_TEXT => Self::NotText,
                code if BUSY.contains(&code) => Self::Busy,
                _ => Self::Database(error),
            };
        }
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => {
                Self::Unreachable(error)
            }
            other => Self::Database(other),
        }
    }
}
