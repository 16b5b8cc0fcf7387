//! Settings: what there is one of, such as the setup code's digest. Secret ones are sealed.

use architrave_core::Secret;

use crate::reads::{Sight, reads};
use crate::{Change, StoreError};

reads! {
    /// A setting that is no secret.
    fn setting(key: &str) -> Option<String>;

    /// A setting that is a secret.
    fn secret_setting(key: &str) -> Option<Secret>;
}

async fn setting(sight: Sight<'_>, key: &str) -> Result<Option<String>, StoreError> {
    let query = "SELECT value FROM settings WHERE key = $1 AND is_sealed = 0";
    Ok(sqlx::query_scalar(query).bind(key).fetch_optional(sight.on).await?)
}

async fn secret_setting(sight: Sight<'_>, key: &str) -> Result<Option<Secret>, StoreError> {
    let query = "SELECT value FROM settings WHERE key = $1 AND is_sealed = 1";
    let found: Option<String> =
        sqlx::query_scalar(query).bind(key).fetch_optional(sight.on).await?;
    let opened = found.map(|sealed| sight.vault.open(&place(key), &sealed)).transpose()?;
    Ok(opened.map(Secret::new))
}

impl Change {
    /// Writes a setting that is no secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_setting(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.write_setting(key, value, 0).await
    }

    /// Writes a setting that is a secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_secret_setting(
        &mut self,
        key: &str,
        value: &Secret,
    ) -> Result<(), StoreError> {
        let sealed = self.store().vault().seal(&place(key), value.expose())?;
        self.write_setting(key, &sealed, 1).await
    }

    /// Removes a setting of either sort; `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_setting(&mut self, key: &str) -> Result<bool, StoreError> {
        let statement = sqlx::query("DELETE FROM settings WHERE key = $1").bind(key);
        Ok(self.run(statement).await? > 0)
    }

    async fn write_setting(
        &mut self,
        key: &str,
        value: &str,
        is_sealed: i64,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO settings (key, value, is_sealed, updated_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, \
             is_sealed = excluded.is_sealed, updated_at = excluded.updated_at",
        );
        self.run(statement.bind(key).bind(value).bind(is_sealed).bind(self.at())).await?;
        Ok(())
    }
}

/// Seals the secret settings anew.
pub(crate) async fn reseal(change: &mut Change) -> Result<u64, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT key, value FROM settings WHERE is_sealed = 1")
            .fetch_all(change.sight().on)
            .await?;
    let mut count = 0;
    for (key, sealed) in rows {
        let vault = change.store().vault();
        let sealed = vault.seal(&place(&key), &vault.open(&place(&key), &sealed)?)?;
        let statement = sqlx::query("UPDATE settings SET value = $1 WHERE key = $2");
        change.run(statement.bind(sealed).bind(key)).await?;
        count += 1;
    }
    Ok(count)
}

fn place(key: &str) -> String {
    format!("setting\0{key}")
}
