//! Backups of the embedded database, made while it is written.

use architrave_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::platform;
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::code::Code;
use crate::error::ApiError;
use crate::platform::backups::{Backup, BackupError, Backups};

/// A backup.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackupBody {
    /// The name of its file in the folder `backups` of the data folder; it has the time in it.
    name: String,
    bytes: u64,
    /// The name of the file with what was used, as `usage.db`; `null` where nothing was.
    usage: Option<String>,
    /// The name of the file with what consumers have spent, as `ledger`; `null` where there is none.
    ledger: Option<String>,
}

/// Every backup that is kept, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackupList {
    backups: Vec<BackupBody>,
}

fn body(backup: Backup) -> BackupBody {
    let Backup { name, bytes, usage, ledger } = backup;
    BackupBody { name, bytes, usage, ledger }
}

fn backups(dependencies: &Dependencies) -> Result<&Backups, ApiError> {
    let platform = platform(dependencies)?;
    platform.backups().ok_or_else(|| {
        let message = "make backups of PostgreSQL with pg_dump";
        ApiError::new(Code::BackupNotPossible, message)
    })
}

fn failed(error: BackupError) -> ApiError {
    match error {
        BackupError::Busy => ApiError::new(Code::BackupUnderWay, "a backup is being made"),
        BackupError::Store(StoreError::NotPossible(why)) => {
            ApiError::new(Code::BackupNotPossible, why)
        }
        BackupError::Store(error) => error.into(),
        BackupError::File(error) => {
            tracing::error!(%error, "the folder of backups cannot be used");
            let message = format!("the folder of backups cannot be used: {error}");
            ApiError::new(Code::BackupNotPossible, message)
        }
    }
}

/// The backups that there are.
pub(crate) async fn list(dependencies: &Dependencies) -> Result<BackupList, ApiError> {
    let all = backups(dependencies)?.list().await.map_err(failed)?;
    Ok(BackupList { backups: all.into_iter().map(body).collect() })
}

/// Makes one.
pub(crate) async fn make(dependencies: &Dependencies) -> Result<BackupBody, ApiError> {
    let platform = platform(dependencies)?;
    let stamp: String =
        time(platform.now()).chars().filter(|one| !matches!(one, '-' | ':' | '.')).collect();
    let usage = dependencies.usage.as_ref().map(|desk| &desk.store);
    let made = backups(dependencies)?.make((platform.store(), usage), &stamp).await;
    made.map(body).map_err(failed)
}
