//! What the API does, apart from HTTP: each takes what is wanted in our types and answers in them.
//!
//! Who may was decided before (`judge.rs`); what is done is written with its row of the audit log,
//! or not at all.

pub(crate) mod applications;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod credentials;
mod csv;
pub(crate) mod limits;
pub(crate) mod notifications;
pub(crate) mod objects;
pub(crate) mod service_accounts;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod subscriptions;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod usage;
pub(crate) mod users;
mod writing;

pub(crate) use writing::{Done, Writing, entry};

use crate::api::Dependencies;
use crate::error::ApiError;
use crate::platform::Platform;

/// The database, or the refusal that there is none.
pub(crate) fn platform(dependencies: &Dependencies) -> Result<&Platform, ApiError> {
    dependencies.platform.as_ref().ok_or_else(ApiError::no_database)
}
