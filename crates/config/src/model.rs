//! A model: the name that clients ask for, and the deployments that stand behind it.
//!
//! Not what a model can do or costs: that is the catalogue's.

mod pattern;
mod reference;

use architrave_core::name::ModelName;
use architrave_core::units::Rate;

pub use pattern::ModelPattern;
pub(crate) use pattern::ModelPatternText;
pub use reference::ModelRef;
pub(crate) use reference::{ModelNameText, ModelReference};

use crate::read::{Count, List, Name, NonEmpty, Ref, Scope, Shape, empty, record, scalar, words};
use crate::read::{Reader, Written};
use crate::snapshot::ProviderIndex;
use crate::tree::Node;

/// What clients ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name that they ask for.
    pub name: ModelName,
    /// How one of the deployments is chosen.
    pub strategy: ModelStrategy,
    /// What stands behind it; never empty.
    pub deployments: Vec<Deployment>,
    /// What is asked when none of them can serve, in this order.
    pub fallbacks: Vec<ModelRef>,
}

words! {
    /// How a deployment is chosen.
    pub enum ModelStrategy {
        /// By weight. The default.
        Weighted = "weighted",
        /// Those of the lowest priority that can serve, by weight.
        Priority = "priority",
        /// The fewest tokens in flight per weight.
        LeastBusy = "least_busy",
        /// The soonest first token and the most tokens per second.
        Fastest = "fastest",
        /// The lowest price of this very request.
        Cheapest = "cheapest",
    }
    later "marginal_cost";
}

record! {
    /// What clients ask for.
    #[derive(Debug)]
    pub(crate) struct ModelWritten => Model by finish {
        /// The name that clients ask for: 1 to 128 of `A-Za-z0-9._:/@+-`, matched exactly. It wins
        /// over a provider's model of the form `provider/model`.
        "name": Name<ModelName> => name: ModelName,
        /// How one of the deployments is chosen.
        "strategy": ModelStrategy = ModelStrategy::Weighted => strategy: ModelStrategy,
        /// What stands behind it.
        "deployments": NonEmpty<Deployment> => deployments: Vec<Deployment>,
        /// Models that are asked when no deployment can serve, in this order; each is listed
        /// here or of the form `provider/model`.
        "fallbacks": List<ModelReference> = Vec::new() => fallbacks: Vec<ModelRef>,
    }
}

record! {
    /// One concrete model behind a model.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Deployment {
        /// The provider that runs it.
        "provider": Ref<ProviderIndex> => pub provider: ProviderIndex,
        /// The name that the provider knows it by.
        "model": ProviderModel => pub model: String,
        /// Its share of the requests.
        "weight": Count<u32, 1, 1000> = 1 => pub weight: u32,
        /// Lower is used first (`priority` only).
        "priority": Count<u32, 0, 127> = 0 => pub priority: u32,
        /// What it may be given.
        "limits": DeploymentLimits = empty::<DeploymentLimits>() => pub limits: DeploymentLimits,
    }
}

record! {
    /// What a deployment may be given; beyond it, others are chosen.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct DeploymentLimits {
        /// Requests per time.
        "requests": Option<Rate> = None => pub requests: Option<Rate>,
        /// Tokens per time, of prompt and answer.
        "tokens": Option<Rate> = None => pub tokens: Option<Rate>,
        /// Requests in flight at once.
        "parallel": Option<Count<u32, 1, 10_000_000>> = None => pub parallel_max: Option<u32>,
    }
}

impl ModelWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Model> {
        if scope.count("deployments") == self.deployments.len() {
            self.check_deployments(scope);
        }
        let Self { name, strategy, deployments, fallbacks } = self;
        Some(Model { name, strategy, deployments, fallbacks })
    }

    /// A deployment twice would have its limits twice.
    fn check_deployments(&self, scope: &mut Scope<'_, '_, '_>) {
        let items = scope.node.get("deployments").map_or(&[][..], |list| list.items());
        for (at, (deployment, item)) in self.deployments.iter().zip(items).enumerate() {
            let is_same = |earlier: &Deployment| {
                earlier.provider == deployment.provider && earlier.model == deployment.model
            };
            if self.deployments[..at].iter().any(is_same) {
                scope.reader.refuse(item.place, "the same model of the same provider comes twice");
            }
        }
    }
}

/// The name that a provider has for a model.
pub(crate) struct ProviderModel;

/// The longest that any provider has are resource names of about 200 bytes.
const PROVIDER_MODEL_BYTES_MAX: usize = 512;

impl Written for ProviderModel {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        scalar(node, reader, "the name of a model, of visible ASCII without spaces", |text| {
            let fits = (1..=PROVIDER_MODEL_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic());
            fits.then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name at the provider", pattern: None }
    }
}
