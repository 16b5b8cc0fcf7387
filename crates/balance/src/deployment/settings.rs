//! What a fleet is made of, as plain values: whoever reads the configuration fills them in.

use architrave_config::DeploymentLimits;

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
    /// Lower numbers come first, under `priority` alone.
    pub priority: u32,
    /// What is not to be exceeded there, over all credentials. Not the provider's limits, of
    /// which nobody knows before its answers say so, but the operator's.
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
