//! A database is copied whole into an empty one, of either engine: every row of every table, as it is,
//! with the secrets sealed as they are.

use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::place::Engine;
use crate::{AuditEntry, Store, StoreError};

/// Values that are bound to one statement: SQLite takes 32,766 of them, PostgreSQL 65,535.
const BOUND_MAX: usize = 2_000;

/// What a column holds, alike in both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Text,
    Number,
    Bytes,
}

/// A table with its columns.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Sort)],
}

macro_rules! tables {
    ($($name:ident { $($sort:ident: $($column:ident),+;)+ })+) => {
        &[$(Table {
            name: stringify!($name),
            columns: &[$($((stringify!($column), $crate::whole::Sort::$sort)),+),+],
        }),+]
    };
}
pub(crate) use tables;

/// Every table but those that a new database has filled by itself, each behind those that it refers to.
const TABLES: &[Table] = tables! {
    settings { Text: key, value; Number: is_sealed, updated_at; }
    key_checks { Text: key_id, sealed; Number: created_at; }
    teams {
        Text: id, name, display_name, description, budgets;
        Number: revision, created_at, updated_at;
    }
    users {
        Text: id, email, display_name, password_hash, role, state, issuer, subject;
        Number: failures, locked_until, revision, created_at, updated_at;
    }
    memberships { Text: team, user_id, role; Number: created_at; }
    service_accounts {
        Text: id, name, description, team, role; Number: revision, created_at, updated_at;
    }
    sessions {
        Bytes: id_hash, csrf_hash; Text: user_id, address, agent;
        Number: created_at, expires_at, seen_at;
    }
    sign_ins {
        Bytes: id_hash; Text: provider, redirect_uri, return_to; Number: expires_at;
    }
    tokens {
        Text: id, owner, name, prefix, last4, scopes; Bytes: secret_hash;
        Number: created_at, expires_at, last_used_at, revoked_at;
    }
    objects {
        Text: kind, name, id, team, body, secrets; Number: revision, created_at, updated_at;
    }
    descriptions { Text: digest, content; }
    service_revisions {
        Text: service_id, digest, content, description, actor, note;
        Number: number, created_at, published_at, current_at, is_prepared, based_on;
    }
    name_removals { Text: kind, name, holder; Number: removed_at; }
    applications {
        Text: id, name, description, team, owner; Number: revision, changed, created_at, updated_at;
    }
    application_removals { Text: name; Number: changed; }
    credentials {
        Text: id, application, name, prefix, last4; Bytes: secret_hash;
        Number: created_at, expires_at, revoked_at;
    }
    ended_keys { Bytes: secret_hash; Number: ended_at; }
    subscriptions {
        Text: id, application, plan, product, state, answers, reason, requested_by;
        Number: revision, created_at, updated_at;
    }
    notifications {
        Text: id, user_id, kind, subject, message, details; Number: created_at, read_at;
    }
    idempotency { Text: actor, key, answer; Bytes: digest; Number: created_at; }
    audit {
        Number: id, at;
        Text: actor, actor_name, via, action, kind, name, team, before, after, address, request_id;
    }
};

/// Those that number their rows themselves.
const NUMBERED: [&str; 2] = ["audit", "usage_writers"];

impl Store {
    /// Refuses one that anything is in.
    ///
    /// # Errors
    /// When there is something in it, or it fails.
    pub async fn check_empty(&self) -> Result<(), StoreError> {
        let mut lent = self.reader().await?;
        check_empty(&mut lent).await
    }

    /// Copies everything of this database into an empty one that is sealed with the same keys, as one
    /// change of it with a row of the audit log. Meanwhile nobody else can write here. Returns how many
    /// rows each table has, of those that have any.
    ///
    /// # Errors
    /// When there is something in the other one, or a database fails; then nothing was written.
    pub async fn copy_whole(
        &self,
        into: &Self,
        audit: AuditEntry,
    ) -> Result<Vec<(&'static str, u64)>, StoreError> {
        // Never committed: it keeps others from writing.
        let mut from = self.change().await?;
        let engine = into.engine();
        let mut change = into.change().await?;
        let to = change.sight().on;
        check_empty(to).await?;
        let mut copied = Vec::new();
        for table in TABLES {
            let rows = copy(from.sight().on, (&mut *to, engine), table).await?;
            copied.extend((rows > 0).then_some((table.name, rows)));
        }
        let number = sqlx::query_scalar("SELECT number FROM generations WHERE one = 1");
        let number: i64 = number.fetch_one(from.sight().on).await?;
        let after = sqlx::query("UPDATE generations SET number = $1 WHERE one = 1").bind(number);
        after.execute(&mut *to).await?;
        change.commit(audit).await?;
        Ok(copied)
    }
}

/// Refuses a database with rows in it, but for the check of the key that it is made with.
async fn check_empty(on: &mut AnyConnection) -> Result<(), StoreError> {
    for table in TABLES.iter().filter(|table| table.name != "key_checks") {
        let text = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        let found = sqlx::query(AssertSqlSafe(text)).fetch_optional(&mut *on).await?;
        if found.is_some() {
            return Err(StoreError::NotPossible(
                "there is something in the database that is to be filled already: it must be empty",
            ));
        }
    }
    Ok(())
}

/// Copies the rows of a table; returns how many there are.
pub(crate) async fn copy(
    from: &mut AnyConnection,
    (into, engine): (&mut AnyConnection, Engine),
    table: &Table,
) -> Result<u64, StoreError> {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let at_once = (BOUND_MAX / table.columns.len()).max(1);
    let select = format!("SELECT {names} FROM {}", table.name);
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(from);
    let (mut some, mut count) = (Vec::with_capacity(at_once), 0_u64);
    loop {
        let row = rows.try_next().await?;
        let is_end = row.is_none();
        some.extend(row);
        if some.len() == at_once || (is_end && !some.is_empty()) {
            count += insert(&mut *into, engine, (table, &names), &some).await?;
            some.clear();
        }
        if is_end {
            break;
        }
    }
    if engine == Engine::Postgres && count > 0 && NUMBERED.contains(&table.name) {
        // Who comes next is behind the last of them.
        let name = table.name;
        let text = format!(
            "SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT MAX(id) FROM {name}))"
        );
        sqlx::query(AssertSqlSafe(text)).fetch_one(into).await?;
    }
    Ok(count)
}

async fn insert(
    into: &mut AnyConnection,
    engine: Engine,
    (table, names): (&Table, &str),
    rows: &[AnyRow],
) -> Result<u64, StoreError> {
    let width = table.columns.len();
    let tuple = |row: usize| {
        let places = (1..=width).map(|column| format!("${}", row * width + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    let tuples: Vec<String> = (0..rows.len()).map(tuple).collect();
    let is_numbered = engine == Engine::Postgres && NUMBERED.contains(&table.name);
    let overriding = if is_numbered { " OVERRIDING SYSTEM VALUE" } else { "" };
    // A new database has the check of its newest key already.
    let again = if table.name == "key_checks" { " ON CONFLICT (key_id) DO NOTHING" } else { "" };
    let text = format!(
        "INSERT INTO {} ({names}){overriding} VALUES {}{again}",
        table.name,
        tuples.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for row in rows {
        for (place, (_, sort)) in table.columns.iter().enumerate() {
            query = match sort {
                Sort::Text => query.bind(row.try_get::<Option<String>, _>(place)?),
                Sort::Number => query.bind(row.try_get::<Option<i64>, _>(place)?),
                Sort::Bytes => query.bind(row.try_get::<Option<Vec<u8>>, _>(place)?),
            };
        }
    }
    Ok(query.execute(into).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Home, ada, each_store, entry};
    use crate::{AuditFilter, NewTeam, Page};

    /// The tables of an open file and their columns, sorted.
    async fn schema(on: &mut AnyConnection) -> Vec<(String, Vec<String>)> {
        let tables: Vec<(String,)> = sqlx::query_as(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
             ORDER BY name",
        )
        .fetch_all(&mut *on)
        .await
        .unwrap();
        let mut all = Vec::new();
        for (table,) in tables {
            let text = format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name");
            let columns: Vec<(String,)> =
                sqlx::query_as(AssertSqlSafe(text)).fetch_all(&mut *on).await.unwrap();
            all.push((table, columns.into_iter().map(|(column,)| column).collect()));
        }
        all
    }

    fn known(tables: &[Table]) -> Vec<(String, Vec<String>)> {
        let of = |table: &Table| {
            let mut columns: Vec<String> =
                table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
            columns.sort();
            (table.name.to_owned(), columns)
        };
        let mut all: Vec<_> = tables.iter().map(of).collect();
        all.sort();
        all
    }

    #[test]
    fn no_table_and_no_column_is_left_out() {
        each_store(async |home| {
            let store = home.open().await;
            if store.engine() == Engine::Postgres {
                return;
            }
            let mut there = schema(&mut home.raw().await).await;
            let by_itself = ["audit_retention", "generations", "migrations"];
            there.retain(|(name, _)| !by_itself.contains(&name.as_str()));
            assert_eq!(there, known(TABLES));
            let usage = crate::UsageStore::beside(&home.place, architrave_core::Clock::system());
            usage.open().await.unwrap();
            let mut there = schema(&mut home.raw_usage().await).await;
            there.retain(|(name, _)| name != "usage_migrations");
            assert_eq!(there, known(crate::usage::TABLES));
        });
    }

    #[test]
    fn everything_is_in_the_other_one_and_goes_on_from_there() {
        each_store(async |home| {
            let store = home.open().await;
            let mut change = store.change().await.unwrap();
            let user = change.insert_user(ada()).await.unwrap();
            let team = NewTeam {
                name: "blue".to_owned(),
                display_name: "Blue".to_owned(),
                description: String::new(),
            };
            change.insert_team(team).await.unwrap();
            change.put_membership("blue", &user.id, "owner").await.unwrap();
            change.commit(entry("create_team")).await.unwrap();
            for home in [Home::sqlite(), Home::postgres()] {
                let other = home.open().await;
                let copied = store.copy_whole(&other, entry("copy_database")).await.unwrap();
                let wanted = [("teams", 1), ("users", 1), ("memberships", 1), ("audit", 1)];
                assert_eq!(copied, wanted);
                assert_eq!(other.user(&user.id).await.unwrap().as_ref(), Some(&user));
                let mut change = other.change().await.unwrap();
                change.remove_membership("blue", &user.id).await.unwrap();
                change.commit(entry("remove_member")).await.unwrap();
                let page = Page::first(9);
                let (log, _) = other.audit(&AuditFilter::default(), &page).await.unwrap();
                let log: Vec<_> =
                    log.iter().map(|row| (row.id, row.entry.action.as_str())).collect();
                assert_eq!(log, [(3, "remove_member"), (2, "copy_database"), (1, "create_team")]);
                let again = store.copy_whole(&other, entry("copy_database")).await;
                assert!(matches!(again, Err(StoreError::NotPossible(_))), "{again:?}");
            }
        });
    }
}
