//! Which keys the secrets of a database are sealed with: a wrong root key is told at the start,
//! not at the first secret.

use sqlx::{AnyConnection, AnyPool};

use crate::place::Engine;
use crate::vault::Vault;
use crate::{StoreError, migrate};

/// What is sealed with each key, to see that it is that key and not only its id.
const WORD: &str = "architrave";

/// Sees that every key the database was written with is among those given, and writes down that
/// the newest is one of them from now on.
pub(crate) async fn check(
    writer: &AnyPool,
    engine: Engine,
    vault: &Vault,
    at: i64,
) -> Result<(), StoreError> {
    let mut change = migrate::begin(writer, engine).await?;
    let checks: Vec<(String, String)> =
        sqlx::query_as("SELECT key_id, sealed FROM key_checks ORDER BY created_at")
            .fetch_all(&mut *change)
            .await?;
    for (id, sealed) in &checks {
        if !vault.knows(id) {
            return Err(StoreError::UnknownKey { id: id.clone() });
        }
        if vault.open(&place(id), sealed)? != WORD {
            return Err(StoreError::Damaged(format!("the check of the key {id}")));
        }
    }
    if !checks.iter().any(|(id, _)| id == vault.newest()) {
        write(&mut change, vault, at).await?;
    }
    change.commit().await?;
    Ok(())
}

/// Leaves the check of the newest key alone: nothing is sealed with another one any more.
pub(crate) async fn keep_newest(on: &mut AnyConnection, vault: &Vault) -> Result<(), sqlx::Error> {
    let others = sqlx::query("DELETE FROM key_checks WHERE key_id <> $1").bind(vault.newest());
    others.execute(on).await?;
    Ok(())
}

async fn write(on: &mut AnyConnection, vault: &Vault, at: i64) -> Result<(), StoreError> {
    let id = vault.newest();
    let sealed = vault.seal(&place(id), WORD)?;
    sqlx::query("INSERT INTO key_checks (key_id, sealed, created_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(sealed)
        .bind(at)
        .execute(on)
        .await?;
    Ok(())
}

fn place(id: &str) -> String {
    format!("key_check\0{id}")
}
