//! What the control side may ask of the running gateway about models: how those do that serve them,
//! and what consumers have used of their budgets.

use std::time::{Duration, SystemTime};

use crate::{Budget, ModelStrategy};

/// Models and their use, as the running gateway knows them.
pub trait ModelsPort: Send + Sync {
    /// Every listed model, in the order of the file.
    fn models(&self) -> Vec<ModelStatus>;

    /// Ends the rests of lanes of a model, listed or `provider/model`, and says how it does then.
    ///
    /// # Errors
    /// What there is not.
    fn ready(&self, model: &str, lanes: &LaneChoice) -> Result<ModelStatus, NoSuch>;

    /// Every consumer that has budgets, in the order of the file.
    fn usage(&self) -> Vec<ConsumerUsage>;
}

/// Which lanes of a model are meant; all where nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneChoice {
    /// Those at this provider.
    pub provider: Option<String>,
    /// Those by this credential.
    pub credential: Option<String>,
}

/// What there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSuch {
    /// A model of that name.
    Model,
    /// A lane of the model that is meant.
    Lane,
}

/// A model at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelStatus {
    /// Its name.
    pub name: String,
    /// How one of its deployments is chosen.
    pub strategy: ModelStrategy,
    /// The models that serve when none of its deployments does.
    pub fallbacks: Vec<String>,
    /// What serves it, in the order of the file.
    pub deployments: Vec<DeploymentStatus>,
}

/// A deployment at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentStatus {
    /// Whose it is.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// Its priority; 0 where priorities do not count.
    pub priority: u32,
    /// It by each of the provider's credentials; one where there is none.
    pub lanes: Vec<LaneStatus>,
}

/// A deployment by one credential, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneStatus {
    /// The credential; `None` where the provider needs none.
    pub credential: Option<String>,
    /// Its share of the model's requests while everybody is well, 0 to 1.
    pub share: f64,
    /// Requests in flight.
    pub requests_in_flight: u32,
    /// Tokens in flight.
    pub tokens_in_flight: u64,
    /// Requests since it is known.
    pub requests: u64,
    /// Failures since it is known.
    pub failures: u64,
    /// The share of failures of late, 0 to 1.
    pub failure_share: f64,
    /// What a first token takes, beside what the prompt adds; `None` while nobody knows.
    pub first_token: Option<Duration>,
    /// Tokens per second after the first; `None` while nobody knows.
    pub tokens_per_second: Option<f64>,
    /// Why it is passed over now, and for how long.
    pub rests: Option<(&'static str, Duration)>,
    /// What its provider says is left.
    pub quotas: Vec<QuotaStatus>,
}

/// What is left of a provider's quota, by its own words less what is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaStatus {
    /// What is counted: `requests`, `tokens`, `input_tokens` or `output_tokens`.
    pub of: &'static str,
    /// How much is left.
    pub left: u64,
    /// Of how much, if that is known.
    pub limit: Option<u64>,
    /// In how long all of it is there again.
    pub resets_in: Duration,
}

/// What a consumer has used of its budgets.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerUsage {
    /// The consumer's name.
    pub consumer: String,
    /// Its budgets, the shortest period first.
    pub budgets: Vec<BudgetUsage>,
}

/// What was used of one budget in the period that is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetUsage {
    /// The budget.
    pub budget: Budget,
    /// When the period began.
    pub began_at: SystemTime,
    /// When it ends.
    pub ends_at: SystemTime,
    /// What was spent, in tokens or nano-USD as the budget is.
    pub spent: u64,
    /// What requests in flight have reserved beside it.
    pub reserved: u64,
}
