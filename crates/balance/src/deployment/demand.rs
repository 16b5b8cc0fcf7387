//! What a request asks of the deployment it goes to.

use super::failure::Failure;
use super::load::Size;

/// No request is larger than this, in tokens: sums of sizes stay far from the end of numbers.
const TOKENS_MAX: u64 = 1 << 40;

/// One request, as far as the choice goes. Everything but the sizes may be left as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demand<'a> {
    /// Tokens of the prompt, as estimated.
    pub prompt_tokens: u64,
    /// Tokens that the answer may have at most.
    pub output_tokens_max: u64,
    /// Equal keys go to the same lane while it can take them, so that the provider's cache of
    /// prompts is of use: the hash of a session's name, of a prompt-cache key, of a consumer
    /// (see [`hash_key`](crate::hash_key)).
    pub affinity: Option<u64>,
    /// What the deployment must be able to do, in bits as those of its abilities.
    pub needs: u32,
    /// The price of this request at each deployment, in the fleet's order and any unit; `None`
    /// where it is not known. For `cheapest`; what is missing is not known.
    pub prices: &'a [Option<u64>],
    /// Deployments that this request may not go to, by their place in the fleet.
    pub excluded: &'a [usize],
    /// What was tried for this request, and how it failed.
    pub tried: &'a [Tried],
}

/// One lane of a fleet: a deployment, and a credential of its provider, in the order in which
/// they were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The place of the deployment.
    pub deployment: usize,
    /// The place of the credential in its deployment's; `None` when there are none.
    pub credential: Option<usize>,
}

/// An attempt of this request that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Where.
    pub place: Place,
    /// How.
    pub failure: Failure,
}

impl Demand<'_> {
    /// Its size, with an answer of `output` expected.
    pub(crate) fn size(&self, output: u64) -> Size {
        let output_max = self.output_tokens_max.min(TOKENS_MAX);
        Size {
            prompt: self.prompt_tokens.min(TOKENS_MAX),
            output: output.min(output_max),
            output_max,
        }
    }

    /// The price at a deployment, for comparing: what is not known is dearer than anything.
    pub(crate) fn price(&self, deployment: usize) -> u64 {
        self.prices.get(deployment).copied().flatten().unwrap_or(u64::MAX)
    }
}
