//! The doors between planes: what the control side may ask of the running gateway.
//!
//! `server` implements them and hands them over as trait objects, so that `control` needs to know
//! neither files nor workers. Nothing is implemented here.

mod desired;
mod directory;
mod identity;
mod models;
mod provider_test;
mod usage;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::SystemTime;

use crate::ConfigError;

pub use desired::{DesiredPort, StageError, Staged};
pub use directory::{
    CountedFor, DirectoryPort, LimitSort, LimitStanding, LimitUnit, SubscriptionLimits,
};
pub use identity::{IdentityPort, WebAnswer, WebError, WebQuestion};
pub use models::{
    BudgetUsage, ConsumerUsage, DeploymentStatus, LaneChoice, LaneStatus, ModelStatus, ModelsPort,
    NoSuch, QuotaStatus,
};
pub use provider_test::{CredentialTest, ProviderTestPort, TestError, TestFault, TestedProvider};
pub use usage::UsagePort;

/// An answer that takes a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The running configuration, and how to change it.
pub trait ConfigPort: Send + Sync {
    /// Whether traffic can be taken.
    fn readiness(&self) -> Readiness;

    /// Where the running configuration came from, and how the latest one offered fared.
    fn status(&self) -> ConfigStatus;

    /// Reads the file again and takes it whole, or changes nothing. Resolves when the new
    /// configuration is live on every worker.
    fn reload(&self) -> Answer<'_, Result<ConfigStatus, ReloadError>>;

    /// Says what is wrong with a configuration; takes nothing and changes nothing.
    ///
    /// The text may come from afar: `${file:…}` and `${env:…}` in it must not be resolved to
    /// anything that an error could then quote.
    fn validate(&self, text: String) -> Answer<'_, Result<(), Vec<ConfigError>>>;
}

/// Whether traffic can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet.
    Starting {
        /// What is missing: `configuration`, `certificates`, `listeners`.
        waiting_for: &'static str,
    },
    /// Yes.
    Ready,
    /// Not any more: what is in flight is being finished.
    Draining,
}

/// The running configuration and the latest one offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigStatus {
    /// 0 before the first configuration, then one more for each that is taken.
    pub generation: u64,
    /// When the running configuration was taken.
    pub loaded_at: Option<SystemTime>,
    /// The file it comes from.
    pub file: Option<PathBuf>,
    /// Why the latest configuration offered was refused; `None` when it was taken.
    pub refused: Option<Refusal>,
}

/// A configuration that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: SystemTime,
    /// Why.
    pub error: ReloadError,
}

/// Why a configuration was not taken. Everything goes on as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReloadError {
    /// It is faulty; never an empty list.
    #[error("{}", summary(.0))]
    Invalid(Vec<ConfigError>),
    /// It cannot be read or carried out: the file is missing, an address is taken.
    #[error("{0}")]
    NotPossible(String),
}

/// One line for log and probes: the first fault and how many there are.
fn summary(errors: &[ConfigError]) -> String {
    match errors {
        [] => "the configuration is faulty".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
