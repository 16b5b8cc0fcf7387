//! A fleet with its own time and chance, and the settings to make it from.

use std::cell::RefCell;
use std::time::Duration;

use architrave_config::{DeploymentLimits, ModelStrategy};
use architrave_core::Moment;

use crate::deployment::{
    Choice, CredentialSettings, Demand, DeploymentSettings, End, Failure, Fleet, Hindrance, Lanes,
    Place, Refused, Rested, Spent, Tried,
};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MS: Duration = Duration::from_millis(1);

/// The strategies that spread requests by weight when nothing else tells lanes apart.
pub(super) const STRATEGIES: [ModelStrategy; 5] = [
    ModelStrategy::Weighted,
    ModelStrategy::Priority,
    ModelStrategy::LeastBusy,
    ModelStrategy::Fastest,
    ModelStrategy::Cheapest,
];

/// A demand of a usual size.
pub(super) const DEMAND: Demand<'static> = Demand {
    prompt_tokens: 1000,
    output_tokens_max: 500,
    affinity: None,
    needs: 0,
    prices: &[],
    excluded: &[],
    tried: &[],
};

pub(super) const SPENT: Spent = Spent { prompt_tokens: 1000, output_tokens: 100 };

/// A deployment of `provider` with nothing special.
pub(super) fn deployment(provider: &str) -> DeploymentSettings<'_> {
    DeploymentSettings {
        provider,
        model: "llama",
        weight: 1,
        priority: 0,
        limits: DeploymentLimits::default(),
        context_tokens: None,
        abilities: u32::MAX,
        credentials: Vec::new(),
    }
}

pub(super) fn key(name: &str, weight: u32) -> CredentialSettings<'_> {
    CredentialSettings { name, weight, fingerprint: 0 }
}

/// Deployments of as many providers as there are weights.
pub(super) fn weighted(weights: &[u32]) -> Vec<DeploymentSettings<'static>> {
    const PROVIDERS: [&str; 8] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];
    let each = PROVIDERS.iter().zip(weights);
    each.map(|(provider, &weight)| DeploymentSettings { weight, ..deployment(provider) }).collect()
}

pub(super) fn place(deployment: usize) -> Place {
    Place { deployment, credential: None }
}

pub(super) struct Stage {
    pub(super) fleet: Fleet,
    pub(super) lanes: Lanes,
    pub(super) now: Moment,
    random: RefCell<fastrand::Rng>,
}

impl Stage {
    pub(super) fn new(strategy: ModelStrategy, deployments: &[DeploymentSettings<'_>]) -> Self {
        let lanes = Lanes::new();
        Self {
            fleet: Fleet::new("fast", strategy, deployments, &lanes),
            lanes,
            now: Moment::ZERO + SECOND,
            random: RefCell::new(fastrand::Rng::with_seed(7)),
        }
    }

    /// The same with other deployments, after a reload.
    pub(super) fn reloaded(self, deployments: &[DeploymentSettings<'_>]) -> Self {
        let fleet = Fleet::new("fast", self.fleet.strategy(), deployments, &self.lanes);
        Self { fleet, ..self }
    }

    pub(super) fn pass(&mut self, span: Duration) {
        self.now = self.now + span;
    }

    pub(super) fn choose(&self, demand: &Demand<'_>) -> Result<Choice, Refused> {
        self.fleet.choose(demand, self.now, &mut self.random.borrow_mut())
    }

    /// A choice that is made.
    pub(super) fn chosen(&self, demand: &Demand<'_>) -> Choice {
        self.choose(demand).expect("a lane can be used")
    }

    /// The deployment that a demand goes to, for no time at all.
    pub(super) fn pick(&self, demand: &Demand<'_>) -> usize {
        let choice = self.chosen(demand);
        choice.flight.finish(End::Declined, self.now);
        choice.place.deployment
    }

    /// Why a demand is refused.
    pub(super) fn refused(&self, demand: &Demand<'_>) -> Refused {
        self.choose(demand).map(|choice| choice.place).expect_err("nobody can be used")
    }

    /// How many of `count` demands go to each deployment, each over before the next.
    pub(super) fn spread(&self, count: usize, demand: &Demand<'_>) -> Vec<usize> {
        let deployments =
            self.fleet.status(self.now).last().map_or(0, |it| it.place.deployment + 1);
        let mut picks = vec![0; deployments];
        for _ in 0..count {
            picks[self.pick(demand)] += 1;
        }
        picks
    }

    /// Lets an attempt at `place` end like this, at once.
    pub(super) fn attempt(&self, place: Place, end: End) -> Option<Rested> {
        self.fleet.take(place, &DEMAND, self.now).expect("it is there").flight.finish(end, self.now)
    }

    pub(super) fn fail(&self, place: Place, failure: Failure) -> Option<Rested> {
        self.attempt(place, End::Failed(failure))
    }

    /// A streamed answer from `place`: its first token after `first`, then 100 tokens at `each`.
    /// Time passes.
    pub(super) fn stream(&mut self, place: Place, first: Duration, each: Duration) {
        let mut flight = self.fleet.take(place, &DEMAND, self.now).expect("it is there").flight;
        self.pass(first);
        flight.first_token(self.now);
        self.pass(each * 99);
        flight.finish(End::Answered(SPENT), self.now);
    }

    /// What hinders the lane at `place` now.
    pub(super) fn hindrance(&self, place: Place) -> Option<Hindrance> {
        let status = self.fleet.status(self.now);
        let lane = status.iter().find(|status| status.place == place).expect("it is there");
        lane.hindrance.map(|(hindrance, _)| hindrance)
    }
}

pub(super) fn tried(place: Place, failure: Failure) -> Tried {
    Tried { place, failure }
}
