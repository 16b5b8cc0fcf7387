//! The running configuration as the API shows it; the actions on it are beside this file.

use architrave_config::ports::{ConfigStatus, Refusal, ReloadError};
use architrave_telemetry::stamp::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Fault, faults};

pub(crate) mod reload;
pub(crate) mod status;
pub(crate) mod validate;

/// Which configuration runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfigBody {
    generation: u64,
    loaded_at: Option<String>,
    file: Option<String>,
    last_error: Option<LastErrorBody>,
}

/// Why the latest configuration was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastErrorBody {
    at: String,
    message: String,
    errors: Vec<Fault>,
}

impl From<ConfigStatus> for ConfigBody {
    fn from(status: ConfigStatus) -> Self {
        Self {
            generation: status.generation,
            loaded_at: status.loaded_at.map(rfc3339),
            file: status.file.map(|path| path.display().to_string()),
            last_error: status.refused.map(LastErrorBody::from),
        }
    }
}

impl From<Refusal> for LastErrorBody {
    fn from(refusal: Refusal) -> Self {
        let errors = match &refusal.error {
            ReloadError::Invalid(errors) => faults(errors),
            ReloadError::NotPossible(_) => Vec::new(),
        };
        Self { at: rfc3339(refusal.at), message: refusal.error.to_string(), errors }
    }
}
