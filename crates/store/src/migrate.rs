//! The steps from an empty database to the one that this program knows, each whole or not at all.
//! A step only adds: while nodes are upgraded one by one, the older ones go on with what is there.

use sqlx::{Any, AnyPool, AssertSqlSafe, Executor as _, Transaction};

use crate::StoreError;
use crate::place::Engine;

/// One step.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) both: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// A row of steps, and the table that says which of them a database has taken.
pub(crate) struct Steps {
    pub(crate) table: &'static str,
    pub(crate) all: &'static [Migration],
}

/// The steps of the database of objects and people.
pub(crate) const OBJECTS: Steps = Steps { table: "migrations", all: MIGRATIONS };

/// Every step, in order; the version of a database is how many it has taken.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "begin",
        both: include_str!("../migrations/0001_begin.sql"),
        sqlite: include_str!("../migrations/0001_begin.sqlite.sql"),
        postgres: include_str!("../migrations/0001_begin.postgres.sql"),
    },
    Migration {
        name: "revisions",
        both: include_str!("../migrations/0002_revisions.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "sign_ins",
        both: include_str!("../migrations/0003_sign_ins.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "applications",
        both: include_str!("../migrations/0004_applications.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "team_budgets",
        both: include_str!("../migrations/0005_team_budgets.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "name_removals",
        both: include_str!("../migrations/0006_name_removals.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "prepared_revisions",
        both: include_str!("../migrations/0007_prepared_revisions.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "ended_keys",
        both: include_str!("../migrations/0008_ended_keys.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "ended_keys_by_end",
        both: include_str!("../migrations/0009_ended_keys_by_end.sql"),
        sqlite: "",
        postgres: "",
    },
];

/// All writers of a PostgreSQL database hold this lock, so that there is one at a time.
const ADVISORY_LOCK: i64 = 0x6172_6368_6974_7261;

/// Begins a transaction that is the only one which writes.
pub(crate) async fn begin(
    writer: &AnyPool,
    engine: Engine,
) -> Result<Transaction<'static, Any>, StoreError> {
    match engine {
        Engine::Sqlite => Ok(writer.begin_with("BEGIN IMMEDIATE").await?),
        Engine::Postgres => {
            let mut change = writer.begin().await?;
            let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ADVISORY_LOCK);
            change.execute(lock).await?;
            Ok(change)
        }
    }
}

/// Takes the steps that the database has not taken yet.
pub(crate) async fn migrate(
    writer: &AnyPool,
    engine: Engine,
    steps: &Steps,
    at: i64,
) -> Result<(), StoreError> {
    while step(writer, engine, steps, at).await? {}
    Ok(())
}

/// Takes one step; `false` when there is none left.
async fn step(
    writer: &AnyPool,
    engine: Engine,
    steps: &Steps,
    at: i64,
) -> Result<bool, StoreError> {
    let mut change = begin(writer, engine).await?;
    let table = steps.table;
    let made = format!(
        "CREATE TABLE IF NOT EXISTS {table} \
         (version BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)"
    );
    change.execute(AssertSqlSafe(made)).await?;
    let found = format!("SELECT COALESCE(MAX(version), 0) FROM {table}");
    let found = sqlx::query_scalar(AssertSqlSafe(found));
    let found: i64 = found.fetch_one(&mut *change).await?;
    let known = i64::try_from(steps.all.len()).expect("there are few migrations");
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let next = usize::try_from(found).ok().and_then(|taken| steps.all.get(taken));
    let Some(migration) = next else {
        return Ok(false);
    };
    change.execute(AssertSqlSafe(migration.text(engine))).await?;
    let taken = format!("INSERT INTO {table} (version, name, at) VALUES ($1, $2, $3)");
    let taken = sqlx::query(AssertSqlSafe(taken));
    taken.bind(found + 1).bind(migration.name).bind(at).execute(&mut *change).await?;
    change.commit().await?;
    Ok(true)
}

impl Migration {
    /// The statements for one of both: what SQLite and PostgreSQL call differently is written
    /// as SQLite has it.
    fn text(&self, engine: Engine) -> String {
        match engine {
            Engine::Sqlite => format!("{}\n{}", self.both, self.sqlite),
            Engine::Postgres => {
                let numbered = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
                let both = self.both.replace("INTEGER PRIMARY KEY AUTOINCREMENT", numbered);
                let both = both
                    .replace(" BLOB", " BYTEA")
                    .replace(" TEXT", " TEXT COLLATE \"C\"")
                    .replace(" WITHOUT ROWID", "");
                format!("{both}\n{}", self.postgres)
            }
        }
    }
}
