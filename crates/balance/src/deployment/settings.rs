//! What a fleet is made of, as plain values: whoever reads the configuration fills them in.

use architrave_core::units::Rate;

/// How a fleet chooses among those of its lanes that may be used. Priorities come first in all
/// of them: who has the lowest number is asked while one of them may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Shares by weight, in a smooth order.
    #[default]
    Weighted,
    /// The lowest priority first, shares by weight within.
    Priority,
    /// The fewest tokens in flight for its weight.
    LeastBusy,
    /// The least time to the last token, as far as it can be foretold.
    Fastest,
    /// The lowest price of this very request; the least busy of those that cost the same.
    Cheapest,
}

/// One deployment of a model.
#[derive(Clone, Debug)]
pub struct DeploymentSettings<'a> {
    /// Whose it is.
    pub provider: &'a str,
    /// The name of the model there.
    pub model: &'a str,
    /// Its share; the credentials divide it among them. At 0 it is never chosen, only
    /// [taken](super::Fleet::take).
    pub weight: u32,
    /// Lower numbers come first.
    pub priority: u32,
    /// Its own limits.
    pub limits: DeploymentLimits,
    /// How many tokens prompt and answer may have together; `None` when not known.
    pub context_tokens: Option<u64>,
    /// What it can do, as bits that only the caller understands; all ones when not known.
    pub abilities: u32,
    /// The credentials to ask with; without any there is one lane that has none.
    pub credentials: Vec<CredentialSettings<'a>>,
}

/// One credential of a deployment's provider.
#[derive(Clone, Copy, Debug)]
pub struct CredentialSettings<'a> {
    /// Its name, unique in its provider.
    pub name: &'a str,
    /// Its share of its deployment.
    pub weight: u32,
    /// Changes when the secret does: what was refused before says nothing about a new one.
    pub fingerprint: u64,
}

/// What is not to be exceeded at one deployment, over all its credentials. Not the provider's
/// limits, of which nobody knows before its answers say so, but the operator's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeploymentLimits {
    /// Requests per time.
    pub requests: Option<Rate>,
    /// Tokens per time: the prompt's and the most that the answer may have, settled at the end.
    pub tokens: Option<Rate>,
    /// Requests in flight; 0 for no limit.
    pub parallel: u32,
}
